"""What a scenario is: a hazard with its parameters, how many samples, and how the city repairs; from a preset's name, a TOML file, or a mapping with its fields."""

from __future__ import annotations

import difflib
import inspect
import json
import re
import tomllib
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any

from holdfast.engines.scenario.rules import PRIORITIES
from holdfast.model.errors import HoldfastError, Invalid, NotFound
from holdfast.model.hazard import HazardModel, Sites
from holdfast.model.spec import Catalog, Hazard

from . import scenario_depots
from .scenario_fragility import check as check_fragility
from .scenario_fragility import source_files

HOURS: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 72.0, 120.0, 168.0, 240.0, 336.0, 504.0, 720.0)
"""Hours after the event at which the city is looked at, when a scenario does not say."""


_FIELDS = {"name": str, "title": str, "hazard": str, "samples": int, "seed": int, "hours": list, "parameters": dict, "crews": dict, "depots": dict, "order": str,
           "restoration": int, "fragility": dict}  # fmt: skip
_WORDS = {str: "text", int: "whole number", list: "list", dict: "table"}
_EXAMPLES = {"name": 'name = "north"', "title": 'title = "Shallow earthquake"', "hazard": 'hazard = "quake"', "samples": "samples = 200", "seed": "seed = 1",
             "hours": "hours = [0, 6, 24, 72]", "restoration": "restoration = 400", "parameters": "[parameters] and below it magnitude = 6.5",
             "crews": "[crews] and below it water = 3", "depots": '[depots] and below it power = "power.substation:S-1"', "order": 'order = "importance"',
             "fragility": '[fragility."buildings.building"] and below it file = "..."'}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """A scenario.

    name         preset, the stem of the file, or as given; names the folder of results and the run
    hazard       name of the hazard               parameters  of its model
    samples      number of cases; None means 1000, or all cases of a hazard that has so many
    seed         of all draws                     hours       after the event [h], rising from 0
    crews        repair crews by domain, in place of the setting; empty means the setting
    depots       ids of the assets that a domain's crews start from, in turn; a domain without starts at the middle of what it looks after
    order        rule by which crews choose what to mend next, see `engines.scenario.repair.priorities`
    restoration  number of candidate orders tried for the best repair order; 0 leaves it out
    fragility    damage laws by kind from files, before those that the kind declares; see `scenario_fragility`
    file         that it was read from, for errors; no part of what it is
    """

    name: str
    hazard: str
    parameters: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    samples: int | None = None
    seed: int = 1
    hours: tuple[float, ...] = HOURS
    crews: dict[str, int] = field(default_factory=dict)
    restoration: int = 400
    fragility: dict[str, dict[str, Any]] = field(default_factory=dict)
    depots: dict[str, list[str]] = field(default_factory=dict)
    order: str = "importance"
    file: str = field(default="", compare=False)

    def as_json(self) -> dict[str, Any]:
        """All of it but the title, for the run's record and its digest; `define` reads it back."""
        out = {"name": self.name, "hazard": self.hazard, "parameters": self.parameters, "samples": self.samples, "seed": self.seed, "hours": list(self.hours),
               "crews": self.crews, "depots": self.depots, "order": self.order, "restoration": self.restoration}  # fmt: skip
        return out | ({"fragility": self.fragility} if self.fragility else {})

    def model(self, catalog: Catalog, city: Any, sites: Sites) -> HazardModel:
        """The hazard's model on a city. raises what the model raises, with the file if there is one and the field that is wrong"""
        try:
            found: HazardModel = hazard_named(catalog, self.hazard).model(city, sites, **self.parameters)
        except HoldfastError as error:
            if "file" not in error.where:
                error.where = {**self.where, **error.where}
                if error.where.get("field") in self.parameters:
                    error.where["field"] = f"parameters.{error.where['field']}"
            raise
        return found

    @property
    def where(self) -> dict[str, str]:
        """What errors say about where it was read."""
        return {"file": self.file} if self.file else {}


def presets(catalog: Catalog) -> dict[str, Definition]:
    """Every named scenario that the hazards offer: `<hazard>-<preset>`."""
    return {f"{hazard.name}-{name}": Definition(f"{hazard.name}-{name}", hazard.name, dict(given), title=f"{hazard.title} {name}")
            for hazard in catalog.hazards for name, given in hazard.presets}  # fmt: skip


def define(catalog: Catalog, scenario: str | Mapping[str, Any] | Definition, *, folder: Path | None = None, **changes: Any) -> Definition:
    """The scenario of that name, that the TOML file describes, or that a mapping with the fields of such a file gives.

    scenario  a preset, a path that ends in .toml, a mapping (what is None in it counts as left out), or one that is defined
    folder    where the files lie that a mapping names; no other is read then. Left out, paths are as they are
    changes   fields that the caller sets instead, such as samples and seed; None leaves them
    raises    NotFound for an unknown name or file, Invalid; both name the file, if there is one, and the field
    """
    if isinstance(scenario, Definition):
        found = scenario
    elif not isinstance(scenario, str):
        found = _from_body(catalog, {key: value for key, value in scenario.items() if value is not None}, _inside(folder))
        _require_own_name(catalog, found)
    elif scenario.endswith(".toml"):
        found = _read(catalog, Path(scenario))
    else:
        found = _preset(catalog, scenario)
    found = replace(found, **{key: value for key, value in changes.items() if value is not None})
    found = replace(found, parameters=_typed(hazard_named(catalog, found.hazard), found.parameters, **found.where))
    _check(catalog, found, **found.where)
    return found


def _require_own_name(catalog: Catalog, found: Definition) -> None:
    """A preset's name stands for the preset, of which only these fields may be others: who goes on with a run by its name must not get another scenario."""
    known = presets(catalog).get(found.name)
    if known is None:
        return
    hazard = hazard_named(catalog, known.hazard)
    same = replace(known, title=found.title, samples=found.samples, seed=found.seed, crews=found.crews, order=found.order, parameters=_typed(hazard, known.parameters))
    if found.hazard != known.hazard or replace(found, parameters=_typed(hazard, found.parameters)) != same:
        raise Invalid(f"{found.name!r} is a preset, and this is another scenario", fix="Give it another name", field="name")


def _preset(catalog: Catalog, name: str) -> Definition:
    known = presets(catalog)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 3, 0.4)
    fix = f"Did you mean {' or '.join(near)}?" if near else f"Scenarios are: {', '.join(known)}; or give a file that ends in .toml"
    raise NotFound(f"there is no scenario {name!r}", fix=fix)


def hazard_named(catalog: Catalog, name: str, **where: Any) -> Hazard:
    """The hazard of that name. raises NotFound"""
    for hazard in catalog.hazards:
        if hazard.name == name:
            return hazard
    raise NotFound(f"there is no hazard {name!r}", fix=f"Hazards are: {', '.join(h.name for h in catalog.hazards)}", **where)


def _read(catalog: Catalog, path: Path) -> Definition:
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound("there is no such scenario file", fix="Check the path", file=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the scenario file is no TOML: {error}", fix="Correct the line named", file=path) from error
    return replace(_from_body(catalog, body, lambda name, _: str(path.parent / name), path.stem, file=path), file=str(path))


def _inside(folder: Path | None) -> Callable[[str, str], str]:
    """Path of a file that a field names: as it is, or, where there is a folder, in it and nowhere else."""

    def located(name: str, place: str) -> str:
        if folder is None:
            return name
        home = folder.resolve()
        path = None if "\0" in name else (home / name).resolve()
        if path is None or not path.is_relative_to(home):
            raise Invalid(f"the file {name!r} lies outside of the folder {home.name}", fix="Put it into that folder and name it from there", field=place)
        return str(path)

    return located


def _from_body(catalog: Catalog, body: dict[str, Any], located: Callable[[str, str], str], name: str = "", **where: Any) -> Definition:
    """A definition from its fields. located: path of a file that a field names; name: where the fields give none; where: for errors"""
    for key, value in body.items():
        if key not in _FIELDS:
            raise Invalid(f"a scenario has no field {key!r}", fix=f"Its fields are: {', '.join(_FIELDS)}", **where, field=key)
        if not isinstance(value, _FIELDS[key]) or isinstance(value, bool):
            raise Invalid(f"{value!r} is no {_WORDS[_FIELDS[key]]}", fix=f"Write for example {_EXAMPLES[key]}", **where, field=key)
    if "hazard" not in body:
        raise Invalid("the scenario names no hazard", fix=f'Write hazard = "{catalog.hazards[0].name if catalog.hazards else "quake"}"', **where, field="hazard")
    if not re.fullmatch(r"\w[\w.-]{0,63}", body.get("name", "a")):
        raise Invalid(f"{body['name']!r} cannot name a folder", fix="Use up to 64 letters, digits, points, hyphens and underscores", **where, field="name")
    given = body["parameters"] = dict(body.get("parameters", {}))
    for key in hazard_named(catalog, body["hazard"], **where, field="hazard").files:
        if isinstance(given.get(key), str) and given[key]:
            given[key] = located(given[key], f"parameters.{key}")
    if "hours" in body:
        if not all(isinstance(h, int | float) and not isinstance(h, bool) and isfinite(h) for h in body["hours"]):
            raise Invalid("an hour is no number", fix=f"Write for example {_EXAMPLES['hours']}", **where, field="hours")
        body["hours"] = tuple(float(h) for h in body["hours"])
    if "fragility" in body:
        body["fragility"] = source_files(body["fragility"], located)
    if "depots" in body:
        body["depots"] = scenario_depots.listed(body["depots"], **where)
    return Definition(**{"name": name or body["hazard"], **body})


def _check(catalog: Catalog, found: Definition, **where: Any) -> None:
    if found.samples is not None and found.samples < 1:
        raise Invalid("a scenario needs at least one sample", fix="Give samples of 1 or more", **where, field="samples")
    if found.seed < 0:
        raise Invalid("a seed is a whole number from 0 upwards", fix="Give for example a seed of 1", **where, field="seed")
    if found.restoration < 0:
        raise Invalid("the number of orders tried must not be negative", fix="Write restoration = 0 to leave the order of repairs out", **where, field="restoration")
    if list(found.hours) != sorted(set(found.hours)) or len(found.hours) < 2 or found.hours[0] != 0.0:
        raise Invalid("the hours must rise from 0", fix="Write for example hours = [0, 1, 6, 24, 72]", **where, field="hours")
    for kind, entry in found.fragility.items():
        if kind not in catalog.kinds:
            raise Invalid(f"there is no kind {kind!r}", fix="Give for example buildings.building", **where, field=f"fragility.{kind}")
        check_fragility(kind, entry, **where)
    if found.order not in PRIORITIES:
        raise Invalid(f"{found.order!r} is no rule of repairs", fix=f"Rules are: {', '.join(PRIORITIES)}", **where, field="order")
    domains = {d.name for d in catalog.domains}
    scenario_depots.check(found.depots, domains, **where)
    for name, number in found.crews.items():
        if name not in domains or not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise Invalid(f"crews of {name!r} are wrong", fix=f"Give a number of crews for each of: {', '.join(sorted(domains))}", **where, field=f"crews.{name}")


def _typed(hazard: Hazard, given: dict[str, Any], **where: Any) -> dict[str, Any]:
    """Parameters in the types of the signature of the hazard's model, so that 6 and 6.0 are one scenario. raises Invalid for other names and types"""
    from pydantic import TypeAdapter, ValidationError

    known = dict(list(inspect.signature(hazard.model).parameters.items())[2:])
    names = [name for name, p in known.items() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    hints = typing.get_type_hints(hazard.model)
    out = {}
    for key, value in given.items():
        if key not in names:
            raise Invalid(f"hazard {hazard.name} has no parameter {key!r}", fix=f"Its parameters are: {', '.join(names)}", **where, field=f"parameters.{key}")
        try:
            out[key] = TypeAdapter(hints[key]).validate_python(list(value) if isinstance(value, tuple) else value, strict=True)
        except ValidationError as error:
            wanted = inspect.formatannotation(hints[key]).replace(" | None", "")
            raise Invalid(f"{value!r} is no {wanted}", fix=f"Write for example {key} = {_example(wanted, known[key].default)}", **where, field=f"parameters.{key}") from error
    return out


def _example(wanted: str, default: Any) -> str:
    """A value as TOML: the default where it shows the type, else one made from the annotation."""
    if default not in (None, "", ()):
        return json.dumps(default)
    by_type = (("list[float]", "[0.0, 0.0, 1000.0, 2000.0]"), ("list[str]", '["water.pipe", "power.line"]'), ("dict", '{material = "PE"}'), ("float", "1.0"))
    return next((text for mark, text in by_type if mark in wanted), '"text"')
