"""One solver for all cases: equal cases are solved once, each by the engine that fits; a case that fails gets its status."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.model.lifeline import CaseStatus

from . import newton, radial
from .batch import BatchSolver
from .model import Cases, Flow, PowerModel, base_cases
from .parts import live_nodes

_BLOCK, _CELLS = 256, 8_000_000  # cases, and nodes and branches, solved together: bounds memory


class Solver:
    """Power flow of one model. Picklable; remembers the undisturbed state.

    engine    "auto", or the name of one engine of `model.ENGINES` without "holdfast", for checks: "sweep", "power-grid-model", "newton"
    """

    def __init__(self, model: PowerModel, engine: str = "auto", threads: int = -1) -> None:
        self.model, self.engine = model, engine
        self.batch = BatchSolver(model, threads)
        self._base: Flow | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "engine": self.engine, "threads": self.batch.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @property
    def base(self) -> Flow:
        """The network as it stands, one case."""
        if self._base is None:
            self._base = self.solve(base_cases(self.model))
        return self._base

    def solve(self, cases: Cases, live: np.ndarray | None = None) -> Flow:
        """Solve a batch. live: (case, node) where the caller knows it already."""
        live = live_nodes(self.model, cases) if live is None else live
        index, back = distinct(self.model, cases, live)
        size = max(8, min(_BLOCK, _CELLS // (self.model.nodes + self.model.branches)))
        flows = [self._block(cases.rows(index[i : i + size]), live[index[i : i + size]]) for i in range(0, len(index), size)]
        if not flows:
            return _empty(self.model)
        whole = flows[0] if len(flows) == 1 else Flow(*(np.concatenate([getattr(f, name) for f in flows]) for name in Flow.__slots__))
        return whole if len(back) == len(index) and (back == np.arange(len(back))).all() else whole.rows(back)

    def _block(self, cases: Cases, live: np.ndarray) -> Flow:
        m, count = self.model, cases.count
        flow = _empty(m, count, live)
        todo = live.any(axis=1)
        holding = (cases.held & live[:, m.held_node]).any(axis=1)
        for name, code, mask in (("sweep", 1, ~holding), ("power-grid-model", 2, ~holding), ("newton", 3, holding)):
            chosen = np.flatnonzero(todo & mask if self.engine == "auto" else todo & (self.engine == name))
            if len(chosen) == 0:
                continue
            status, *answers = self._run(name, cases.rows(chosen), live[chosen])
            final = np.ones(len(chosen), bool) if name != "sweep" or self.engine != "auto" else status == CaseStatus.SOLVED
            rows = chosen[final]
            flow.status[rows], flow.engine[rows] = np.where(status == radial.MESHED, CaseStatus.FAILED, status)[final], code
            for target, found in zip((flow.voltage, flow.s_from, flow.s_to), answers, strict=True):
                found[status != CaseStatus.SOLVED] = np.nan
                target[rows] = found[final]
            todo[rows] = False
        return flow

    def _run(self, name: str, cases: Cases, live: np.ndarray) -> tuple[np.ndarray, ...]:
        if name == "sweep":
            return radial.solve(self.model, cases)
        return self.batch.solve(cases) if name == "power-grid-model" else newton.solve(self.model, cases, live)


def _empty(model: PowerModel, count: int = 0, live: np.ndarray | None = None) -> Flow:
    """Cases in which nothing is live: solved, no voltage anywhere, no flow."""
    live = np.zeros((count, model.nodes), bool) if live is None else live
    dark = np.full((count, model.nodes), np.nan + 0j)
    return Flow(np.zeros(count, np.int8), live, dark, np.zeros((count, model.branches), complex), np.zeros((count, model.branches), complex), np.zeros(count, np.int8))


def distinct(model: PowerModel, cases: Cases, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cases whose live part differs: their rows (u,), and for every case its place among them (case,)."""
    if cases.count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    bits = [live, cases.on_from & live[:, model.branch_from], cases.on_to & live[:, model.branch_to],
            cases.source & live[:, model.source_node], cases.held & live[:, model.held_node]]
    packed = np.packbits(np.concatenate(bits, axis=1), axis=1)
    factor = np.where(live[:, model.inject_node], cases.factor, 0.0)
    whole = ((factor == 0.0) | (factor == 1.0)).all()
    powers = np.packbits(factor > 0, axis=1) if whole else factor.view(np.uint8).reshape(cases.count, -1)
    key = np.ascontiguousarray(np.concatenate([packed, powers], axis=1))
    _, index, back = np.unique(key.view(np.dtype((np.void, key.shape[1]))).ravel(), return_index=True, return_inverse=True)
    order = np.argsort(index, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return index[order], place[back]
