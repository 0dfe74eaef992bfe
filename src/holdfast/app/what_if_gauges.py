"""Readings of the networks before and after a change: pressures, temperatures, travel times, from the answers that the cascade got anyway."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.gauge import Gauge, Gauged
from holdfast.model.lifeline import CaseStatus, ComponentState, Served

_KEPT = 64  # states of a network whose readings are remembered


class Listening:
    """A lifeline that remembers what its gauges said in the last states it was asked for alone; otherwise it is the lifeline itself."""

    def __init__(self, lifeline: Any) -> None:
        self._lifeline = lifeline
        self.gauges: tuple[Gauge, ...] = lifeline.gauges if isinstance(lifeline, Gauged) else ()
        self._kept: OrderedDict[bytes, dict[str, np.ndarray]] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lifeline, name)

    def serve(self, state: ComponentState) -> Served:
        """As the lifeline."""
        served: Served = self._lifeline.serve(state)
        if state.cases == 1 and self.gauges:
            good = served.status[0] == CaseStatus.SOLVED
            self._kept[_key(state)] = {g.detail: np.array(served.detail[g.detail][0], np.float64) for g in self.gauges if good and g.detail in served.detail}
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return served

    def read(self, state: ComponentState) -> dict[str, np.ndarray]:
        """Detail -> (place,) readings in one state; empty where it has no solution."""
        if not self.gauges:
            return {}
        if _key(state) not in self._kept:
            self.serve(state)
        return self._kept[_key(state)]


def _key(state: ComponentState) -> bytes:
    digest = hashlib.blake2b(np.packbits(state.available).tobytes(), digest_size=16)
    for part in (state.opening, state.command, state.hour, state.spent):
        digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.digest()


def changed(line: Listening, before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> pa.Table:
    """Readings that differ by more than the step of their gauge: id, quantity, before, after [SI]; null where there is nothing to read.

    before, after   as `Listening.read` gave them
    """
    parts = []
    for gauge in line.gauges:
        if gauge.detail not in before or gauge.detail not in after:
            continue
        old, new = before[gauge.detail], after[gauge.detail]
        here, there = np.isfinite(old), np.isfinite(new)
        moved = (here != there) | (here & there & (np.abs(np.where(here & there, new - old, 0.0)) > gauge.step))
        at = np.flatnonzero(moved & np.asarray(gauge.id.is_valid()))
        values = {"before": pa.array(old[at], mask=~here[at]), "after": pa.array(new[at], mask=~there[at])}
        parts.append(pa.table({"id": gauge.id.take(pa.array(at)), "quantity": pa.array([gauge.quantity] * len(at), pa.string()), **values}))
    return pa.concat_tables(parts) if parts else NOTHING


NOTHING = pa.table({"id": pa.array([], pa.string()), "quantity": pa.array([], pa.string()), "before": pa.array([], pa.float64()), "after": pa.array([], pa.float64())})
