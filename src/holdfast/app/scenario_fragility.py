"""Damage laws that a scenario brings along: fragility files in place of what the kinds declare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from holdfast.model.errors import Invalid
from holdfast.model.spec import DamageCurve, DamageTable, Kind

FIELDS = {"file": str, "function": str, "field": str, "values": dict, "consequences": str, "loss": list, "works": int, "days": list}


def check(kind: str, given: Any, **where: Any) -> None:
    """One entry of `[fragility]`. raises Invalid naming the field"""
    place = f"fragility.{kind}"
    if not isinstance(given, dict):
        raise Invalid("the fragility of a kind is a table", fix='Write [fragility."buildings.building"] and below it file = "..."', **where, field=place)
    for key, value in given.items():
        if key not in FIELDS:
            raise Invalid(f"there is no field {key!r}", fix=f"Fields are: {', '.join(FIELDS)}", **where, field=f"{place}.{key}")
        if not isinstance(value, FIELDS[key]) or isinstance(value, bool):
            raise Invalid(f"{value!r} is no {FIELDS[key].__name__}", fix=f"Correct {key}", **where, field=f"{place}.{key}")
    if "file" not in given:
        raise Invalid("no fragility file is named", fix='Write file = "fragility.xml" (NRML 0.5)', **where, field=f"{place}.file")
    if ("function" in given) == ("field" in given):
        raise Invalid("which function an asset has is not clear", fix="Give either function, one for all, or field, whose value names it", **where, field=f"{place}.function")
    if ("consequences" in given) == ("loss" in given):
        raise Invalid("what the states cost is not clear", fix="Give either consequences, a file, or loss, one share for each state", **where, field=f"{place}.loss")


def laws_of(kind: str, given: dict[str, Any]) -> tuple[DamageCurve | DamageTable, ...]:
    """The laws of one entry.

    raises    NotFound for a file, Invalid naming what is wrong in it
    """
    from holdfast.io.fragility import read_losses, read_nrml, with_losses

    place, functions = f"fragility.{kind}", read_nrml(given["file"])
    one = given.get("function")
    if one is not None and one not in functions:
        raise Invalid(f"the file has no function {one!r}", fix=f"Its functions are: {', '.join(functions)}", file=given["file"], field=f"{place}.function")
    strange = set(given.get("values", {})) - set(functions)
    if strange:
        raise Invalid(f"the file has no function {sorted(strange)[0]!r}", fix=f"Its functions are: {', '.join(functions)}", file=given["file"], field=f"{place}.values")
    table = read_losses(given["consequences"]) if "consequences" in given else None
    out = []
    for name, law in functions.items():
        if one is not None and name != one:
            continue
        if table is not None and name not in table:
            raise Invalid(f"there are no consequences of {name!r}", fix="Add its row", file=given["consequences"], field=f"{place}.consequences")
        loss = table[name] if table is not None else dict(zip(law.states, map(float, given["loss"]), strict=False))
        when = () if one is not None else ((given["field"], str(given.get("values", {}).get(name, name))),)
        out.append(replace(with_losses(law, loss, works=given.get("works", 0), days=tuple(map(float, given.get("days", ())))), when=when))
    return tuple(out)


def with_fragility(kinds: tuple[Kind, ...], given: dict[str, dict[str, Any]]) -> tuple[Kind, ...]:
    """The kinds with the laws of the files before their own: an asset that no function of a file is for keeps its own laws, as do other measures."""
    laws = {name: laws_of(name, entry) for name, entry in given.items()}
    return tuple(replace(kind, damage=(*laws[kind.name], *kind.damage)) if kind.name in laws else kind for kind in kinds)


def source_files(given: dict[str, dict[str, Any]], located: Callable[[str, str], str]) -> dict[str, dict[str, Any]]:
    """The entries with the paths of their files. located: path of a file as named, and the field that names it"""
    return {kind: {key: located(value, f"fragility.{kind}.{key}") if key in ("file", "consequences") and isinstance(value, str) else value for key, value in entry.items()}
            if isinstance(entry, dict) else entry for kind, entry in given.items()}  # fmt: skip
