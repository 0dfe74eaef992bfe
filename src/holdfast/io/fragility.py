"""Fragility files of other tools: OpenQuake NRML 0.5 and IN-CORE JSON, as damage curves of Holdfast."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import DamageCurve, Source

G = 9.80665
_IMT = {"PGA": ("pga", G), "PGV": ("pgv", 0.01), "SA(0.3)": ("sa03", G), "SA(1.0)": ("sa10", G), "SA(1)": ("sa10", G)}
_UNITS = {"g": G, "mps": 1.0, "m/s": 1.0, "m": 1.0, "ft": 0.3048, "ft^3/s^2": 0.3048**3, "in/s": 0.0254, "cm/s": 0.01}
_DEMANDS = {"PGA": "pga", "PGV": "pgv", "PGD": "pgd", "WIND": "gust", "INUNDATIONDEPTH": "depth", "MOMENTUMFLUX": "momentum_flux", "0.2 SEC SA": "sa02",
            "0.3 SEC SA": "sa03", "1.0 SEC SA": "sa10"}
_NORMAL = re.compile(r"norm\.cdf\(\(math\.log\(\s*\w+\s*\)\s*-\s*(math\.log)?\(\s*([-\d.eE+]+)\s*\)\)\s*/\s*\(\s*([-\d.eE+]+)\s*\)\)")


@dataclass(frozen=True, slots=True)
class Table:
    """Fragility by points, straight lines between them.

    levels (level,) intensities [SI], chances (state, level) of reaching each state; below `onset` nothing is damaged
    """

    measure: str
    states: tuple[str, ...]
    levels: np.ndarray
    chances: np.ndarray
    onset: float

    def probabilities(self, intensity: np.ndarray) -> np.ndarray:
        """Probability of each state (..., states + 1), the first being no damage."""
        x = np.asarray(intensity, float)
        reach = np.stack([np.where(x < self.onset, 0.0, np.interp(x, self.levels, row)) for row in self.chances], axis=-1)
        full = np.concatenate([np.ones((*x.shape, 1)), reach, np.zeros((*x.shape, 1))], axis=-1)
        return full[..., :-1] - full[..., 1:]

    def lognormal(self, source: Source) -> DamageCurve:
        """The lognormal curves that come closest to the points. raises Invalid if a state has less than two points between 0 and 1"""
        from scipy.special import ndtri

        medians, betas = [], []
        for name, row in zip(self.states, self.chances, strict=True):
            use = (row > 0.0) & (row < 1.0) & (self.levels > 0.0)
            if use.sum() < 2:
                raise Invalid(f"state {name!r} has less than two points between 0 and 1", fix="Give more points")
            slope, shift = np.polyfit(np.log(self.levels[use]), ndtri(row[use]), 1, w=np.sqrt(row[use] * (1 - row[use])))
            medians.append(float(np.exp(-shift / slope)))
            betas.append(float(1.0 / slope))
        return DamageCurve(self.measure, self.states, tuple(medians), tuple(betas), source)


def read_nrml(path: str | Path) -> dict[str, Table | DamageCurve]:
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
    found: dict[str, Table | DamageCurve] = {}
    for function in root.iter(f"{space}fragilityFunction"):
        name = function.get("id", "")
        try:
            found[name] = _discrete(function, space, states) if function.get("format") == "discrete" else _continuous(function, space, states, path)
        except (AttributeError, KeyError, ValueError, TypeError) as error:
            raise Invalid(f"fragility function {name!r} is incomplete: {error}", fix="Correct the file", file=path) from error
    if not states or not found:
        raise Invalid("the file has no limit states or no fragility functions", fix="Give a fragility model in NRML 0.5", file=path)
    return found


def _discrete(function: ElementTree.Element, space: str, states: tuple[str, ...]) -> Table:
    levels = function.find(f"{space}imls")
    measure, unit = _IMT[levels.get("imt", "")]  # type: ignore[union-attr]
    rows = {poe.get("ls"): np.array((poe.text or "").split(), float) for poe in function.iter(f"{space}poes")}
    x = np.array((levels.text or "").split(), float)  # type: ignore[union-attr]
    chances = np.stack([rows[s] for s in states])
    if chances.shape[1] != len(x):
        raise ValueError(f"{chances.shape[1]} probabilities for {len(x)} levels")
    return Table(measure, states, x * unit, chances, float(levels.get("noDamageLimit", 0.0)) * unit)  # type: ignore[union-attr]


def _continuous(function: ElementTree.Element, space: str, states: tuple[str, ...], path: str | Path) -> DamageCurve:
    imls = function.find(f"{space}imls")
    measure, unit = _IMT[imls.get("imt", "")]  # type: ignore[union-attr]
    rows = {p.get("ls"): (float(p.get("mean", "nan")), float(p.get("stddev", "nan"))) for p in function.iter(f"{space}params")}
    mean, deviation = np.array([rows[s] for s in states]).T
    beta = np.sqrt(np.log1p((deviation / mean) ** 2))  # NRML gives the moments of the lognormal variable itself
    median = mean * np.exp(-0.5 * beta**2) * unit
    source = Source("OpenQuake fragility model", str(function.get("id")), "NRML 0.5", reference=Path(path).name)
    return DamageCurve(measure, states, tuple(map(float, median)), tuple(map(float, beta)), source)


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
