"""Asks lifelines for the service at their outlets, each distinct component state once; a case that breaks a lifeline never stops the others."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from sys import intern
from time import perf_counter

import numpy as np

from holdfast.model.errors import HoldfastError
from holdfast.model.lifeline import CaseStatus, ComponentState, Lifeline, Served, Stocked

_BLOCK = 256  # cases that a lifeline is given at once
_BREAKS = (HoldfastError, ArithmeticError, ValueError, LookupError, RuntimeError, np.linalg.LinAlgError)
_OVERHEAD = 200  # bytes of one remembered solution besides its numbers


class Solutions:
    """Solutions of one lifeline, remembered by component state up to a number of bytes; the oldest used are forgotten first.

    outlet    (m,) outlets whose level is wanted
    stocks    number of stocks that the lifeline keeps
    limit     bytes kept
    engines   answered rows, solved now or remembered, by the engine that solved them
    seconds   spent in the lifeline           solved, reused   rows
    errors    messages of an engine that broke, with how often
    """

    def __init__(self, lifeline: Lifeline, outlet: np.ndarray, limit: int) -> None:
        self.lifeline, self.outlet = lifeline, outlet
        self.engines: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.seconds, self.solved, self.reused = 0.0, 0, 0
        self._first = ""  # the engine that answered first, which is for the undisturbed network
        self.stocks = len(lifeline.stock_id) if isinstance(lifeline, Stocked) else 0
        self._kept: OrderedDict[tuple[int, int], tuple[np.ndarray, int, np.ndarray, str]] = OrderedDict()
        self._room = max(1, limit // (4 * max(len(outlet) + self.stocks, 1) + _OVERHEAD))

    def answer(self, keys: np.ndarray, state_of: Callable[[np.ndarray], ComponentState]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Level (n, m) float32, status (n,) int8 and draw (n, stock) float32 for n states; a case that was not solved draws nothing.

        keys      (n, 2) uint64; equal keys are equal states
        state_of  gives the component states of some of the n rows
        """
        level, status = np.empty((len(keys), len(self.outlet)), np.float32), np.empty(len(keys), np.int8)
        draw = np.empty((len(keys), self.stocks), np.float32)
        names, engine = list(map(tuple, keys.tolist())), [""] * len(keys)
        first: dict[tuple[int, int], int] = {}
        for row, name in enumerate(names):
            held = self._kept.get(name)
            if held is None:
                first.setdefault(name, row)
            else:
                self._kept.move_to_end(name)
                level[row], status[row], draw[row], engine[row] = held
        self.reused += len(keys) - len(first)
        for start in range(0, len(first), _BLOCK):
            rows = np.fromiter(first.values(), np.int64, len(first))[start : start + _BLOCK]
            level[rows], status[rows], draw[rows], used = self._solve(state_of(rows))
            for row in rows.tolist():
                engine[row] = used
        for row, name in enumerate(names):  # rows with the state of an earlier one
            source = first.get(name)
            if source is not None and source != row:
                level[row], status[row], draw[row], engine[row] = level[source], status[source], draw[source], engine[source]
        for name, row in first.items():
            self._kept[name] = (level[row].copy(), int(status[row]), draw[row].copy(), engine[row])
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)
        self.engines.update(engine)
        return level, status, draw

    def untouched(self, rows: int) -> None:
        """Count rows in which the network is as in the undisturbed city, the state that was asked for first; nobody needs their numbers again."""
        self.engines[self._first] += rows

    def _solve(self, state: ComponentState) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
        start = perf_counter()
        served = self._serve(state)
        self.seconds += perf_counter() - start
        self.solved += state.cases
        level, status = np.asarray(served.level, np.float32)[:, self.outlet], np.asarray(served.status, np.int8).copy()
        broken = (status == CaseStatus.SOLVED) & ~np.isfinite(level).all(axis=1)
        status[broken] = CaseStatus.FAILED
        if broken.any():
            self.errors["solved, but a level is not a number"] += int(broken.sum())
        engine = intern(served.engine)  # one string for all remembered rows
        self._first = self._first or engine
        draw = np.zeros((state.cases, self.stocks), np.float32)
        if self.stocks:
            draw[status == CaseStatus.SOLVED] = served.draw[status == CaseStatus.SOLVED]
        return level, status, draw, engine

    def _serve(self, state: ComponentState) -> Served:
        """As the lifeline, but a block that breaks it is halved until the bad cases are found."""
        try:
            return self.lifeline.serve(state)
        except _BREAKS as error:
            if state.cases == 1:
                self.errors[f"{type(error).__name__}: {error}"] += 1
                nothing = np.full((1, len(self.lifeline.outlet_id)), np.nan, np.float32)
                return Served(nothing, np.array([CaseStatus.FAILED], np.int8), self.lifeline.engine, draw=np.zeros((1, self.stocks), np.float32))
        half = state.cases // 2
        parts = [self._serve(state.rows(rows)) for rows in (np.arange(half), np.arange(half, state.cases))]
        draw = np.concatenate([p.draw for p in parts]) if self.stocks else None
        return Served(np.concatenate([p.level for p in parts]), np.concatenate([p.status for p in parts]), parts[0].engine, draw=draw)
