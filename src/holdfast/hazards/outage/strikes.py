"""Which components are out in which case."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.scenario.damage_law import fits
from holdfast.engines.scenario.random import keys, uniform
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.hazard import Sites, Strike

from .importance import importance

SWEEPS = ("all", "n-1", "n-k", "attack")
_NAMED = 3  # ids spelled out in a label


@dataclass(frozen=True, slots=True)
class OutageModel:
    """Direct hits on chosen components. Fields as in `holdfast.model.hazard.HazardModel`.

    chosen  (c,) columns of the sites that can be out; of an ordered attack in that order
    count   how many of them are out in each case of an attack, (steps,)
    """

    measures: tuple[str, ...]
    cases: int
    summary: dict[str, Any]
    sites: int
    chosen: np.ndarray
    names: tuple[str, ...]
    items: np.ndarray
    sweep: str
    k: int
    count: np.ndarray
    order: str
    state: int

    def strike(self, cases: np.ndarray, seed: int) -> Strike:
        """Hits of the cases numbered `cases` (case,). raises Invalid for a case beyond the last"""
        cases = np.asarray(cases, np.int64)
        if len(cases) and (cases.max() >= self.cases or cases.min() < 0):
            raise Invalid(f"the sweep has {self.cases} cases, not {int(cases.max()) + 1}", fix=f"Ask for at most {self.cases} samples", field="samples")
        hit, labels = np.zeros((len(cases), self.sites), np.int8), []
        for row, case in enumerate(cases):
            out, label = self._out(int(case), seed)
            hit[row, self.chosen[out]] = self.state
            labels.append(label)
        return Strike(hit=hit, label=pa.array(labels, pa.string()))

    def _out(self, case: int, seed: int) -> tuple[np.ndarray, str]:
        """Positions in `chosen`, and the label."""
        if self.sweep == "all":
            out = np.arange(len(self.chosen))
            return out, self._label(out)
        if self.sweep == "n-1":
            out = np.array([case])
            return out, self._label(out)
        if self.sweep == "n-k":
            draw = uniform(seed, "outage", np.array([case]), self.items)[0]
            out = np.argpartition(draw, self.k - 1)[: self.k]
            return out, self._label(np.sort(out))
        step, repeat = case % len(self.count), case // len(self.count)
        number = int(self.count[step])
        if self.order == "random":
            draw = uniform(seed, "outage", np.array([repeat]), self.items)[0]  # one order for all steps of a repeat: shares grow
            return np.argsort(draw)[:number], f"{number} at random ({number / len(self.chosen):.0%}), order {repeat + 1}"
        return np.arange(number), f"{number} by {self.order} ({number / len(self.chosen):.0%})"

    def _label(self, out: np.ndarray) -> str:
        names = [self.names[i] for i in out[:_NAMED]]
        return " + ".join(names) + (f" + {len(out) - _NAMED} more" if len(out) > _NAMED else "")


def build(city: Any, sites: Sites, *, ids: Sequence[str] | str, kinds: Sequence[str] | str, where: dict[str, str], file: str, sweep: str, k: int, samples: int,
          order: str, share: float, steps: int, repeats: int, state: int) -> OutageModel:  # fmt: skip
    """See `holdfast.hazards.outage.model`."""
    _check(sweep=sweep, k=k, samples=samples, share=share, steps=steps, repeats=repeats, state=state)
    chosen = _choose(sites, _listed(ids), _listed(kinds), where, file)
    if sweep == "n-k" and k > len(chosen):
        raise Invalid(f"{k} of {len(chosen)} components cannot be out", fix="Give a smaller k or select more", field="k")
    count = np.zeros(0, np.int64)
    if sweep == "attack":
        count = np.unique(np.maximum(1, np.round(share * len(chosen) * np.arange(1, steps + 1) / steps).astype(np.int64)))
        if order != "random":
            chosen = chosen[np.argsort(-importance(city, sites, chosen, order), kind="stable")]
    cases = {"all": 1, "n-1": len(chosen), "n-k": samples, "attack": len(count) * (repeats if order == "random" else 1)}[sweep]
    names = sites.id.take(pa.array(chosen))
    summary = {"hazard": "outage", "sweep": sweep, "components": len(chosen), "kinds": sorted({str(i).partition(":")[0] for i in names.to_pylist()}), "cases": cases}
    if sweep == "n-k":
        summary["k"] = k
    if sweep == "attack":
        summary |= {"order": order, "shares": [round(float(c) / len(chosen), 4) for c in count]}
    return OutageModel((), cases, summary, len(sites), chosen, tuple(names.to_pylist()), keys(names), sweep, int(k), count, order, int(state))


def _listed(value: Sequence[str] | str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else list(value)


def _check(**given: Any) -> None:
    if given["sweep"] not in SWEEPS:
        raise Invalid(f"there is no sweep {given['sweep']!r}", fix=f"Sweeps are: {', '.join(SWEEPS)}", field="sweep")
    for name in ("k", "samples", "steps", "repeats"):
        if given[name] < 1:
            raise Invalid(f"{name} must be at least 1", fix=f"Give a larger {name}", field=name)
    if not 0.0 < given["share"] <= 1.0:
        raise Invalid("share must be above 0 and at most 1", fix="Give for example share = 0.3", field="share")
    if given["state"] not in (1, 2, 3, 4):
        raise Invalid("state must be 1, 2, 3 or 4", fix="Give state = 4 for destroyed", field="state")


def _choose(sites: Sites, ids: list[str], kinds: list[str], where: dict[str, str], file: str) -> np.ndarray:
    """Columns of the selected sites, rising."""
    wanted = ids + (_from_file(file) if file else [])
    if not wanted and not kinds:
        raise Invalid("nothing is selected", fix="Give ids, kinds or a file", field="ids")
    parts = []
    if wanted:
        at = pc.index_in(pa.array(wanted, sites.id.type), value_set=sites.id)
        lost = [name for name, found in zip(wanted, at.is_valid().to_pylist(), strict=True) if not found]
        if lost:
            raise NotFound(f"{len(lost)} components take no part in the scenario, the first is {lost[0]}", fix="Check the ids", field="ids")
        parts.append(np.asarray(at.to_numpy(zero_copy_only=False), np.int64))
    known = [kind.name for kind in sites.kinds]
    for name in kinds:
        if name not in known:
            raise NotFound(f"no component of kind {name!r} takes part", fix=f"Kinds here are: {', '.join(known)}", field="kinds")
        here = np.flatnonzero(sites.kind == known.index(name))
        parts.append(here[fits(tuple(where.items()), sites.tables.get(name), len(here), "where")] if where else here)
    chosen = np.unique(np.concatenate(parts))
    if not len(chosen):
        raise NotFound("no component fits the selection", fix="Loosen `where`", field="where")
    return chosen


def _from_file(path: str) -> list[str]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as handle:
            rows = [row[0].strip() for row in csv.reader(handle) if row and row[0].strip()]
    except FileNotFoundError as error:
        raise NotFound("there is no such file of components", fix="Check the path", file=Path(path)) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid("the file of components cannot be read", fix="Give a CSV or text file in UTF-8 with an id in the first column", file=Path(path)) from error
    return rows[1:] if rows and ":" not in rows[0] else rows
