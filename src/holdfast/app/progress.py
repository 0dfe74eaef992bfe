"""How far a running scenario is, in fields that the page, the command line and programs show in their own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from holdfast.model.lifeline import CaseStatus

STAGES = ("gather", "prepare", "cases", "order", "keep", "ended")
_LOOKED_AT = 24.0  # h after the event


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a running scenario.

    stage     gather: the city is read; prepare: the undisturbed city is solved and solvers are compiled; cases: they are computed; order: the best
              order of repairs is searched; keep: tables and report are written; ended
    done, total, resumed   cases computed, wanted, and of the former found from an earlier run
    cases     name of a `CaseStatus` in small letters -> number, of those computed
    seconds   since the start [s]
    rest      until the cases are computed [s], from the speed so far; None while there is none
    hour      after the event at which people were counted [h]
    people    service -> people without it at that hour over the solved cases so far: p5, p50, p95; services that some case takes from somebody
    """

    stage: str = STAGES[0]
    done: int = 0
    total: int = 0
    resumed: int = 0
    cases: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    rest: float | None = None
    hour: float | None = None
    people: dict[str, dict[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For HTTP and `--json`; seconds to a tenth."""
        return {**asdict(self), "seconds": round(self.seconds, 1), "rest": None if self.rest is None else round(self.rest, 1)}


Watch = Callable[[Progress], bool]
"""Is told of each stage and each finished block; False cancels the rest, what is finished is kept."""


class Teller:
    """Tells a watcher how a run goes; `now` is what was told last."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch, self._start = watch, perf_counter()
        self._people: list[np.ndarray] = []
        self._weight: list[np.ndarray] = []
        self._cases: Counter[str] = Counter()
        self._marks: list[tuple[float, int]] = []  # time and cases done, at the beginning of the cases and at each block
        self.now = Progress()

    def enter(self, stage: str, **known: Any) -> bool:
        """A stage begins. known: other fields of `Progress` that are known now"""
        rest = self.now.rest if stage == "cases" else None
        self.now = replace(self.now, stage=stage, rest=rest, seconds=perf_counter() - self._start, **known)
        return self._watch is None or self._watch(self.now)

    def follow(self, task: Any, total: int, folder: Path) -> Callable[[int, int, dict[str, Any]], bool]:
        """Begin the stage of the cases. task: `case_block.Task`; folder: of the blocks; returns the watcher of the ensemble"""
        from holdfast.engines.scenario import ensemble
        from holdfast.engines.scenario.case_block import frame_of
        from holdfast.engines.scenario.impact import from_tables

        frame = frame_of(task)
        at = int(np.argmin(np.abs(frame.hours - _LOOKED_AT)))
        self.enter("cases", total=total, hour=float(frame.hours[at]))
        self._marks.append((perf_counter(), 0))

        def tell(done: int, _: int, latest: dict[str, Any]) -> bool:
            first, fresh = not self._people, len(latest["cases"])
            resumed = done - fresh if first else self.now.resumed
            if first and resumed:  # the blocks of the earlier run count too
                latest = {name: ensemble.read(folder, name) for name in ("cases", "sums")}
            impact = from_tables(frame, latest)
            self._people.append(impact.people[impact.good][:, at])
            self._weight.append(impact.weight[impact.good])
            self._cases.update(CaseStatus(int(code)).name.lower() for code in impact.status)
            self._marks.append((perf_counter(), done - resumed))
            self.now = replace(self.now, rest=self._rest(total - done))
            return self.enter("cases", done=done, resumed=resumed, cases=dict(self._cases), people=self._without(frame.services))

        return tell

    def _without(self, services: tuple[str, ...]) -> dict[str, dict[str, float]]:
        """Quantiles of the people without each service over all solved cases so far."""
        from holdfast.engines.scenario.impact import spread

        people, weight = np.concatenate(self._people), np.concatenate(self._weight)
        lost = np.flatnonzero(people.any(axis=0))
        found = {services[s]: spread(people[:, s], weight) for s in lost}
        return {name: {q: values[q] for q in ("p5", "p50", "p95")} for name, values in found.items()}

    def _rest(self, left: int) -> float:
        """Seconds for the cases left, by the speed over the later half of the blocks; over all while they are few, because workers finish theirs in bunches."""
        begin = self._marks[len(self._marks) // 2] if len(self._marks) > 16 else self._marks[0]
        now, done = self._marks[-1]
        return (now - begin[0]) / max(done - begin[1], 1) * left
