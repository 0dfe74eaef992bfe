"""Snapshots of a network with components out of service, remembered by state: with tanks that run dry and fill the same ones are asked for again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from holdfast.model.lifeline import ComponentState

_ROOM = 64 << 20  # bytes of snapshots that are kept


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What snapshots of some cases say.

    level     (case, outlet) float32, see `holdfast.model.lifeline.Served`        status  (case,) int8 `CaseStatus`
    engine    (case,) U80: name of the engine that answered                       detail  (case, ...) arrays by name
    away      (case, end) [m3/s] that leaves a tank through each end of a link at one
    beyond    (case, end) [m] head at the other end of that link
    """

    level: np.ndarray
    status: np.ndarray
    engine: np.ndarray
    detail: dict[str, np.ndarray]
    away: np.ndarray
    beyond: np.ndarray

    def put(self, rows: np.ndarray, other: Snapshots) -> None:
        """Take some cases from another answer."""
        for mine, theirs in zip(self.arrays(), other.arrays(), strict=True):
            mine[rows] = theirs

    def rows(self, index: np.ndarray) -> Snapshots:
        """The cases at `index`, in that order."""
        return Snapshots.made_of(self.detail, (part[index] for part in self.arrays()))

    def arrays(self) -> tuple[np.ndarray, ...]:
        """All arrays, cases first."""
        return self.level, self.status, self.engine, self.away, self.beyond, *self.detail.values()

    @staticmethod
    def made_of(names: Iterable[str], arrays: Iterable[np.ndarray]) -> Snapshots:
        """Snapshots of arrays in the order of `arrays`. names: of the detail"""
        level, status, engine, away, beyond, *detail = arrays
        return Snapshots(level, status, engine, dict(zip(names, detail, strict=True)), away, beyond)


class Remembered:
    """Solves each state of components once, as long as it is remembered; which stocks are spent is not looked at.

    solve  answers cases one by one             room  bytes kept; the oldest used are forgotten first
    """

    def __init__(self, solve: Callable[[ComponentState], Snapshots], room: int = _ROOM) -> None:
        self._solve, self._room = solve, room
        self._kept: OrderedDict[bytes, tuple[np.ndarray, ...]] = OrderedDict()
        self._details: tuple[str, ...] = ()
        self._most = 1

    def ask(self, state: ComponentState) -> Snapshots:
        """Snapshots of all cases, of which there is at least one."""
        names = _names(state)
        held = {name: self._kept.pop(name) for name in dict.fromkeys(names) if name in self._kept}
        new = {name: row for row, name in enumerate(names) if name not in held}
        if new:
            found = self._solve(state.rows(np.fromiter(new.values(), np.int64, len(new))))
            self._details = tuple(found.detail)
            self._most = max(self._room * len(new) // sum(part.nbytes for part in found.arrays()), 1)
            held |= {name: tuple(part[row].copy() for part in found.arrays()) for row, name in enumerate(new)}
        self._kept |= held
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return Snapshots.made_of(self._details, map(np.array, zip(*(held[name] for name in names), strict=True)))


def _names(state: ComponentState) -> list[bytes]:
    """What tells the states of the components of each case from others."""
    available, others = np.packbits(state.available, axis=1), (state.opening, state.command, state.hour)
    out = []
    for row in range(state.cases):
        digest = hashlib.blake2b(available[row].tobytes(), digest_size=16)
        for part in others:
            digest.update(b"-" if part is None or not part[row].any() else part[row].tobytes())
        out.append(digest.digest())
    return out
