"""What the reader of a scenario must know about its numbers, in sentences."""

from __future__ import annotations

from typing import Any

from holdfast.model.finding import Findings

from .definition import Definition

_FEW = 20  # cases below which 5 and 95 % are the extremes
_NOBODY = ("no people are known at any consumer, so nobody is counted; the tables assets, outage and lacking say what went without a service, and for how long. Give buildings, "
           "or points of use such as water.junction, a `population` and import them")  # fmt: skip


def notes_of(definition: Definition, task: Any, facts: dict[str, Any], findings: Findings, impact: Any, compared: bool) -> list[str]:
    """The notes.

    task      `case_block.Task`          facts     of the cascade, see `Cascade.facts`
    compared  cases are different things taken out, not draws of one event
    """
    notes = list(task.model.summary.get("notes", ()))
    if not task.world.people.any():
        notes.append(_NOBODY)
    notes += left_out(task.model, definition.samples)
    for service, count in facts["without_provider"].items() if facts["missing_provider"] == "outside" else ():
        uses = _some(count, f"use of {service} has no provider in the city; it counts", f"uses of {service} have no provider in the city; they count")
        notes.append(f"{uses} as served from outside")
    for service, count in facts["unserved_undisturbed"].items():
        notes.append(_some(count, f"consumer of {service} is", f"consumers of {service} are") + " not served even before the event and left out")
    notes += [f"network {name} cannot be solved even undisturbed; its providers count as serving while they work" for name in facts["unsolvable_undisturbed"]]
    notes += [f"{name}: {message} ({_some(count, 'time', 'times')})" for name, errors in facts["engine_errors"].items() for message, count in errors.items()]
    notes += of_findings(findings)
    if 1 < len(impact.case) < _FEW and not compared:
        notes.append(f"{len(impact.case)} cases are too few for a range: the 5 and 95 % are little but the least and the most")
    bad = int((~impact.good).sum())
    return [*notes, _some(bad, "case was not solved and does not count", "cases were not solved and do not count")] if bad else notes


def left_out(model: Any, samples: int | None) -> list[str]:
    """Whether fewer cases were asked for than a hazard has: a sweep is then not complete. samples: as asked for, None for all"""
    if model.cases is None or samples is None or samples >= model.cases:
        return []
    tried = "components were" if model.summary.get("sweep") == "n-1" else "cases were"
    return [f"{samples} of {model.cases} {tried} tried; leave --samples out to try all"]


def of_findings(findings: Findings) -> list[str]:
    """How many errors and warnings there are about the city's data."""
    counts = findings.counts()
    parts = [_some(counts[name], name, f"{name}s") for name in ("error", "warning") if counts[name]]
    return [f"{' and '.join(parts)} about the city's data, see the table findings"] if parts else []


def _some(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
