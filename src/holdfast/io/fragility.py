"""Fragility and consequence files of other tools: OpenQuake NRML 0.5 and CSV, IN-CORE JSON, as damage laws of Holdfast."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from holdfast.model.errors import Invalid, NotFound
from holdfast.model.fragility import fault_of
from holdfast.model.spec import Consequence, DamageCurve, DamageTable, Source

G = 9.80665
_IMT = {"PGA": ("pga", G), "PGV": ("pgv", 0.01), "SA(0.3)": ("sa03", G), "SA(1.0)": ("sa10", G), "SA(1)": ("sa10", G)}
_UNITS = {"g": G, "mps": 1.0, "m/s": 1.0, "m": 1.0, "ft": 0.3048, "ft^3/s^2": 0.3048**3, "in/s": 0.0254, "cm/s": 0.01}
_DEMANDS = {"PGA": "pga", "PGV": "pgv", "PGD": "pgd", "WIND": "gust", "INUNDATIONDEPTH": "depth", "MOMENTUMFLUX": "momentum_flux", "0.2 SEC SA": "sa02",
            "0.3 SEC SA": "sa03", "1.0 SEC SA": "sa10"}
_NORMAL = re.compile(r"norm\.cdf\(\(math\.log\(\s*\w+\s*\)\s*-\s*(math\.log)?\(\s*([-\d.eE+]+)\s*\)\)\s*/\s*\(\s*([-\d.eE+]+)\s*\)\)")


def read_nrml(path: str | Path) -> dict[str, DamageTable | DamageCurve]:
    """Fragility by taxonomy from an NRML 0.5 fragility model: discrete functions as tables, continuous ones as curves.

    raises    NotFound, or Invalid naming what is wrong
    """
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError as error:
        raise NotFound("there is no such fragility model", fix="Check the path", file=path) from error
    except (ElementTree.ParseError, OSError) as error:
        raise Invalid(f"the fragility model is no readable XML: {error}", fix="Correct the file", file=path) from error
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    states = tuple((root.findtext(f".//{space}limitStates") or "").split())
    found: dict[str, DamageTable | DamageCurve] = {}
    for function in root.iter(f"{space}fragilityFunction"):
        name = function.get("id", "")
        try:
            found[name] = _discrete(function, space, states, path) if function.get("format") == "discrete" else _continuous(function, space, states, path)
        except (AttributeError, KeyError, ValueError, TypeError) as error:
            raise Invalid(f"fragility function {name!r} is incomplete: {error}", fix="Correct the file", file=path) from error
    if not states or not found:
        raise Invalid("the file has no limit states or no fragility functions", fix="Give a fragility model in NRML 0.5", file=path)
    return found


def _discrete(function: ElementTree.Element, space: str, states: tuple[str, ...], path: str | Path) -> DamageTable:
    imls = function.find(f"{space}imls")
    measure, unit = _IMT[imls.get("imt", "")]  # type: ignore[union-attr]
    rows = {poe.get("ls"): tuple(float(p) for p in (poe.text or "").split()) for poe in function.iter(f"{space}poes")}
    levels = tuple(float(x) * unit for x in (imls.text or "").split())  # type: ignore[union-attr]
    chances, limit = tuple(rows[s] for s in states), imls.get("noDamageLimit")  # type: ignore[union-attr]
    # a file that begins with some damage and names no limit says nothing of what lies below
    onset = float(limit) * unit if limit is not None else (levels[0] if any(row[0] > 0.0 for row in chances) else 0.0)
    law = DamageTable(measure, states, levels, chances, _source(function, path), onset)
    if fault := fault_of(law):
        raise ValueError(fault)
    return law


def _source(function: ElementTree.Element, path: str | Path) -> Source:
    return Source("OpenQuake fragility model", str(function.get("id")), "NRML 0.5", reference=Path(path).name)


def _continuous(function: ElementTree.Element, space: str, states: tuple[str, ...], path: str | Path) -> DamageCurve:
    imls = function.find(f"{space}imls")
    measure, unit = _IMT[imls.get("imt", "")]  # type: ignore[union-attr]
    rows = {p.get("ls"): (float(p.get("mean", "nan")), float(p.get("stddev", "nan"))) for p in function.iter(f"{space}params")}
    mean, deviation = np.array([rows[s] for s in states]).T
    beta = np.sqrt(np.log1p((deviation / mean) ** 2))  # NRML gives the moments of the lognormal variable itself
    median = mean * np.exp(-0.5 * beta**2) * unit
    return DamageCurve(measure, states, tuple(map(float, median)), tuple(map(float, beta)), _source(function, path))


def read_losses(path: str | Path) -> dict[str, dict[str, float]]:
    """Loss by taxonomy and damage state, as a share of the value, from a consequence file of OpenQuake (CSV).

    raises    NotFound, or Invalid naming row and field
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as handle:
            rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    except FileNotFoundError as error:
        raise NotFound("there is no such consequence file", fix="Check the path", file=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"the consequence file cannot be read: {error}", fix="Give CSV in UTF-8", file=path) from error
    fixed = ("taxonomy", "risk_id", "consequence", "loss_type", "peril")
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 2):
        name = row.get("risk_id") or row.get("taxonomy")
        if name is None or row.get("consequence") is None:
            raise Invalid("the file needs the columns risk_id (or taxonomy), consequence and one for each state", fix="Correct the head", file=path, field="risk_id")
        if row["consequence"] != "losses":
            continue
        for state, text in row.items():
            if state not in fixed:
                found.setdefault(name, {})[str(state)] = _share(text, path, number, state)
    if not found:
        raise Invalid("the file has no consequence of the kind losses", fix="Give a share of loss for each state", file=path, field="consequence")
    return found


def _share(text: Any, path: str | Path, row: int, field: Any) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{text!r} is no number", fix="Give a share from 0 to 1", file=path, row=row, field=str(field)) from error
    if not 0.0 <= value <= 1.0:
        raise Invalid(f"a loss of {value:g} is outside 0 to 1", fix="Give the share of the value that is lost", file=path, row=row, field=str(field))
    return value


def with_losses(law: DamageTable | DamageCurve, losses: dict[str, float], *, works: int = 0, days: Sequence[float] = ()) -> DamageTable | DamageCurve:
    """The law with consequences of its states.

    losses    share of the value by state            works  number of states, from the lightest, in which the asset still works
    days      median days of work by one crew, for each state; left out: none
    raises    Invalid for a state without a loss, or days that do not match the states
    """
    missing = [s for s in law.states if s not in losses]
    if missing:
        raise Invalid(f"the state {missing[0]!r} has no loss", fix=f"Give one for each of: {', '.join(law.states)}", field=missing[0])
    if days and len(days) != len(law.states):
        raise Invalid(f"{len(days)} repair times are given for {len(law.states)} states", fix="Give one for each state", field="days")
    hours = [24.0 * d for d in days] or [0.0] * len(law.states)
    return replace(law, consequences=tuple(Consequence(s, i < works, h, loss=losses[s]) for i, (s, h) in enumerate(zip(law.states, hours, strict=True))))


def read_incore(path: str | Path) -> DamageCurve:
    """A lognormal fragility set of IN-CORE (curves written as a normal distribution of the logarithm of one demand).

    raises    NotFound, or Invalid if the curves are of another form
    """
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound("there is no such fragility set", fix="Check the path", file=path) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the fragility set is no JSON: {error}", fix="Correct the file", file=path) from error
    states, medians, betas = [], [], []
    for curve in body.get("fragilityCurves", []):
        rules = curve.get("rules", [])
        match = _NORMAL.search(rules[0].get("expression", "")) if isinstance(rules, list) and len(rules) == 1 else None
        if match is None:
            raise Invalid("a curve is not a lognormal distribution of one demand", fix="Only such fragility sets can be read", file=path)
        value = float(match[2])
        medians.append(value if match[1] else float(np.exp(value)))
        betas.append(float(match[3]))
        states.append(str(curve.get("returnType", {}).get("description", "")))
    demand, unit = (body.get("demandTypes") or [""])[0], (body.get("demandUnits") or [""])[0]
    if not states or demand.upper() not in _DEMANDS or unit not in _UNITS:
        raise Invalid(f"the demand {demand!r} in {unit!r} is not known", fix=f"Known are {', '.join(sorted(_DEMANDS))} in {', '.join(_UNITS)}", file=path)
    source = Source("IN-CORE fragility set", str(body.get("description", "")), "", "found", ", ".join(body.get("authors", [])))
    return DamageCurve(_DEMANDS[demand.upper()], tuple(states), tuple(m * _UNITS[unit] for m in medians), tuple(betas), source)
