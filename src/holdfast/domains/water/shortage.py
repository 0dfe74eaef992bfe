"""Who goes without water in a simulated period: points of use cut off or short of what they want, when, and how many people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.hydraulic.answers import Period

from .study import Study, node_table

_NOTHING = 0.001  # share of the demand below which a point counts as without water: the accuracy of the heads gives no less
_FULL = 0.99  # share of the demand below which it counts as short
_NAMED = 100  # points in the table of the worst
_SPANS = 5  # spans of time in a message


@dataclass(frozen=True, slots=True)
class Shortage:
    """What points of use, the junctions that want water at some time, do not get. Only what the answer settled counts.

    use    (junction,) bool: a point of use
    dry    (time, junction) bool: cut off from every source, or given nothing of what it wants; cut off also where nobody uses water
    short  (time, junction) bool: a point of use that is dry or gets less than 99 % of what it wants
    below  (time, junction) bool: wants water at a negative pressure, which demands that do not depend on pressure ignore
    """

    use: np.ndarray
    dry: np.ndarray
    short: np.ndarray
    below: np.ndarray


def shortage(study: Study, found: Period) -> Shortage:
    """Shortage of the first case of a period."""
    at = np.flatnonzero(study.junction)
    head, wanted, delivered = found.head[0][:, at], np.maximum(found.wanted[0][:, at], 0.0), found.delivered[0][:, at]
    settled = np.isfinite(found.head[0]).any(axis=1)[:, None]
    use = (wanted > 0).any(axis=0)
    cut = np.isnan(head) & settled
    dry = cut | ((wanted > 0) & (delivered <= _NOTHING * wanted))
    short = use & (dry | ((wanted > 0) & (delivered < _FULL * wanted)))
    return Shortage(use, dry, short, (wanted > 0) & (head < study.model.elevation[at]) & ~dry)


def hours_of(found: Period, state: np.ndarray) -> np.ndarray:
    """(...) hours of the period in a state (time, ...), each report time counting alike."""
    return state.mean(axis=0) * found.time[-1] / 3600


def spans(found: Period, state: np.ndarray) -> str:
    """When a state (time,) holds, in words: each report time stands for the time up to the next one."""
    edge = np.diff(np.concatenate([[0], state.astype(np.int8), [0]]))
    start, stop = np.flatnonzero(edge > 0), np.minimum(np.flatnonzero(edge < 0), len(state) - 1)
    hour = found.time / 3600
    said = [f"{hour[a]:.4g} to {hour[b]:.4g} h" if b > a else f"{hour[a]:.4g} h" for a, b in zip(start[:_SPANS].tolist(), stop[:_SPANS].tolist(), strict=True)]
    return ", ".join(said) + (f" and {len(start) - _SPANS} more times" if len(start) > _SPANS else "")


def _missing(study: Study, found: Period) -> np.ndarray:
    """(time, junction) water wanted and not delivered, each report time counting alike [m3]."""
    at = np.flatnonzero(study.junction)
    return np.maximum(np.maximum(found.wanted[0][:, at], 0.0) - np.maximum(found.delivered[0][:, at], 0.0), 0.0) * found.time[-1] / len(found.time)


def people_of(study: Study) -> np.ndarray:
    """(junction,) people who draw from each; NaN where the city counts nobody."""
    people = study.people()[study.junction]
    return people if people.sum() > 0 else np.full(len(people), np.nan)


def worst(study: Study, found: Period, lack: Shortage, people: np.ndarray) -> pa.Table:
    """The points of use that are short, the longest without water first, then by the volume they miss: at most 100 rows.

    people  (junction,) as `people_of`
    """
    at = np.flatnonzero(study.junction)
    without, few, lost = hours_of(found, lack.dry), hours_of(found, lack.short), _missing(study, found).sum(axis=0)
    rows = np.flatnonzero(lack.short.any(axis=0))
    rows = rows[np.lexsort((-lost[rows], -few[rows], -without[rows]))][:_NAMED]
    first = np.argmax(lack.short[:, rows], axis=0)
    last = len(found.time) - 1 - np.argmax(lack.short[::-1, rows], axis=0)
    return node_table(study, at[rows], hours_without_water=without[rows], hours_short=few[rows], first_hour=found.time[first] / 3600, last_hour=found.time[last] / 3600,
                      missing_m3=lost[rows], people=people[rows])  # fmt: skip


def report(study: Study, found: Period, lack: Shortage, people: np.ndarray) -> dict[str, Any]:
    """Findings of what points of use go without, and the keys of the summary that count them. people as of `worst`."""
    dry, lost = lack.dry & lack.use, _missing(study, found)
    for rule, state, what, fix in (
        ("without_water", dry, "get no water", "See the table `worst`; look for empty tanks, stopped pumps and closed links at that time"),
        ("short_supply", lack.short & ~dry, "get less than they want", "See the table `worst`; their pressure is below what their full demand takes"),
        ("negative_pressure", lack.below, "draw water at a negative pressure, which cannot be", "Simulate with pressure_driven"),
    ):
        if state.any():
            longest, value, message = _told(study, found, lack, state, people, lost)
            study.findings.add(f"water.{rule}", "warning", message.format(what), fix=fix, kind="water.junction", id=longest, value=value)
    who = dry.any(axis=0)
    crowd = people[who].sum() if who.any() else 0.0
    return {"points_without_water": int(who.sum()), "hours_without_water": round(float(hours_of(found, dry.any(axis=1))), 3),
            "people_without_water": None if np.isnan(crowd) else round(float(crowd)), "points_short_of_water": int(lack.short.any(axis=0).sum()),
            "missing_m3": round(float(lost.sum()), 3)}  # fmt: skip


def _told(study: Study, found: Period, lack: Shortage, state: np.ndarray, people: np.ndarray, lost: np.ndarray) -> tuple[str, str, str]:
    """Of points in a state (time, junction): the one that is in it longest, for how long, and a message to be told `what` they suffer. lost: (time, junction) [m3]"""
    who, at = state.any(axis=0), np.flatnonzero(study.junction)
    longest = int(np.lexsort((-(lost * state).sum(axis=0), -state.sum(axis=0)))[0])
    crowd, volume = people[who].sum(), float((lost * state).sum())
    message = f"{int(who.sum())} of {int(lack.use.sum())} points of use{'' if np.isnan(crowd) else f', of {crowd:,.0f} people,'} {{}} at {spans(found, state.any(axis=1))}"
    if volume > 0:
        wanted = float(np.maximum(found.wanted[0][:, at], 0.0).sum(axis=1).mean() * found.time[-1])
        message += f"; they miss {volume:.4g} of the {wanted:.4g} m3 that the network is asked for in all"
    return study.model.node_id[int(at[longest])].as_py(), f"{hours_of(found, state[:, longest]):.4g} h", message
