"""What differs between the cases of one hydraulic model, and what a solver answers; shared by the batched solver and EPANET."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from holdfast.model.lifeline import CaseStatus


@dataclass(frozen=True, slots=True)
class Breaks:
    """Pipes that leak somewhere on their way, one row per leak.

    case     (leak,) int64 row among the cases
    link     (leak,) int64 position of the pipe
    share    (leak,) float64 where on the pipe, from 0 at its start to 1 at its end
    emitter  (leak,) float64 [m3/s at 1 m]
    """

    case: np.ndarray
    link: np.ndarray
    share: np.ndarray
    emitter: np.ndarray

    def rows(self, index: np.ndarray) -> Breaks:
        """The leaks of the cases at `index`, numbered anew in that order."""
        parts = [np.flatnonzero(self.case == case) for case in index]
        leak = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
        case = np.repeat(np.arange(len(index)), [len(part) for part in parts])
        return Breaks(case, self.link[leak], self.share[leak], self.emitter[leak])


@dataclass(frozen=True, slots=True)
class Cases:
    """Changes of a model, one row per case; None leaves the model as it is.

    count    number of cases
    status   (case, link) int8: -1 as in the model, else a `Status` that no control changes
    setting  (case, link) float64: pump speed or valve setting in SI instead of the model's; NaN leaves it
    emitter  (case, node) float64 [m3/s at 1 m]: added to the model's emitters
    factor   (case,) or (case, node) float64: multiplies all demands
    demand   (case, node) float64 [m3/s]: demand on top that no pattern and no pressure changes, e.g. what a hydrant draws
    breaks   leaks on the way of pipes (batched solver only)
    """

    count: int
    status: np.ndarray | None = None
    setting: np.ndarray | None = None
    emitter: np.ndarray | None = None
    factor: np.ndarray | None = None
    demand: np.ndarray | None = None
    breaks: Breaks | None = None

    def rows(self, index: np.ndarray) -> Cases:
        """The cases at `index`, in that order."""
        parts = (self.status, self.setting, self.emitter, self.factor, self.demand)
        return Cases(len(index), *(None if part is None else part[index] for part in parts), None if self.breaks is None else self.breaks.rows(index))


@dataclass(frozen=True, slots=True)
class Solution:
    """Snapshots. NaN where a case was not solved; heads are also NaN where no source reaches.

    head      (case, node) [m]
    wanted    (case, node) [m3/s] demand
    delivered (case, node) [m3/s] of it
    leak      (case, node) [m3/s] through emitters
    flow      (case, link) [m3/s] from `link_from` to `link_to`
    open      (case, link) bool: whether water can pass
    status    (case,) int8 `CaseStatus`
    iterations (case,) int32
    engine    which engine answered
    notes     what the engine said of cases that were not solved, by case
    """

    head: np.ndarray
    wanted: np.ndarray
    delivered: np.ndarray
    leak: np.ndarray
    flow: np.ndarray
    open: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    engine: str
    notes: dict[int, str] = field(default_factory=dict)

    @property
    def solved(self) -> np.ndarray:
        return self.status == CaseStatus.SOLVED


@dataclass(frozen=True, slots=True)
class Period:
    """Extended period: as `Solution` with a time axis behind the case axis.

    time      (time,) [s] since the start
    head, wanted, delivered, leak  (case, time, node)
    flow, open  (case, time, link)
    quality   (case, time, node) or None: age [s], concentration [kg/m3] or share of the traced source
    """

    time: np.ndarray
    head: np.ndarray
    wanted: np.ndarray
    delivered: np.ndarray
    leak: np.ndarray
    flow: np.ndarray
    open: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    engine: str
    quality: np.ndarray | None = None
    notes: dict[int, str] = field(default_factory=dict)
