"""An AC power network as arrays in SI units, three phases in balance. It knows nothing of a city.

Everything with two ends is one form: an ideal transformer at the first end, then a pi section. Loads, generators, shunts and
the impedance part of wards are injections. `holdfast.domains.power.grid` makes a model from a city.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

import numpy as np

BASE = 1e6
"""Power base of all per-unit numbers [VA]."""


class BranchKind(IntEnum):
    """What a branch stands for. COUPLER: no impedance, its ends are one node while it is closed."""

    LINE = 0
    TRANSFORMER = 1
    WINDING = 2  # one of the three windings of a three-winding transformer
    IMPEDANCE = 3
    COUPLER = 4


class Law(IntEnum):
    """How an injection follows the voltage: its power goes with voltage to this power."""

    POWER = 0
    CURRENT = 1
    IMPEDANCE = 2


@dataclass(frozen=True)
class PowerModel:
    """One network.

    node_rated      (node,) nominal voltage [V]
    node_on         (node,) bool in service
    node_low, node_high  (node,) permitted voltage [pu]; NaN where none is given
    branch_kind     (branch,) `BranchKind`
    branch_from, branch_to    (branch,) node
    branch_z        (branch,) complex series impedance [ohm], seen from the second end; 0 for couplers
    branch_y        (branch,) complex shunt admittance, both halves together [S], seen from the second end
    branch_ratio    (branch,) complex ratio of the voltages in pu, first over second end, without load
    branch_limit_from, branch_limit_to  (branch,) permitted current [A]; inf for none
    branch_on_from, branch_on_to        (branch,) bool whether each end is connected
    inject_node     (injection,) node;  inject_s complex consumption at 1 pu [VA], negative for generation;  inject_law `Law`
    source_node     (source,) node of external grids;  source_v complex held voltage [pu];  source_on bool
    held_node       (held,) node of voltage-controlled generators;  held_v magnitude [pu];  held_p generated power [W];  held_on bool
    forming_source  (forming,) source that stands for a unit able to feed an island; off unless it does
    forming_power   (forming,) most power that it gives [W]
    forming_inject, forming_held   (forming,) the injection or held generator that is off while it does, -1 none
    """

    node_rated: np.ndarray
    node_on: np.ndarray
    node_low: np.ndarray
    node_high: np.ndarray
    branch_kind: np.ndarray
    branch_from: np.ndarray
    branch_to: np.ndarray
    branch_z: np.ndarray
    branch_y: np.ndarray
    branch_ratio: np.ndarray
    branch_limit_from: np.ndarray
    branch_limit_to: np.ndarray
    branch_on_from: np.ndarray
    branch_on_to: np.ndarray
    inject_node: np.ndarray
    inject_s: np.ndarray
    inject_law: np.ndarray
    source_node: np.ndarray
    source_v: np.ndarray
    source_on: np.ndarray
    held_node: np.ndarray
    held_v: np.ndarray
    held_p: np.ndarray
    held_on: np.ndarray
    forming_source: np.ndarray
    forming_power: np.ndarray
    forming_inject: np.ndarray
    forming_held: np.ndarray
    frequency: float = 50.0

    @property
    def nodes(self) -> int:
        return len(self.node_rated)

    @property
    def branches(self) -> int:
        return len(self.branch_from)

    @cached_property
    def ideal(self) -> np.ndarray:
        """(branch,) bool: couplers."""
        return self.branch_kind == BranchKind.COUPLER

    @cached_property
    def z_pu(self) -> np.ndarray:
        return self.branch_z * BASE / self.node_rated[self.branch_to] ** 2

    @cached_property
    def half_y_pu(self) -> np.ndarray:
        """(branch,) complex shunt admittance at each end of the pi section."""
        return 0.5 * self.branch_y * self.node_rated[self.branch_to] ** 2 / BASE

    @cached_property
    def incidence(self) -> tuple[np.ndarray, np.ndarray]:
        """(node + 1,) and (2 branch,): branches at each node, in compressed rows."""
        node = np.concatenate([self.branch_from, self.branch_to])
        order = np.argsort(node, kind="stable")
        return np.searchsorted(node[order], np.arange(self.nodes + 1)).astype(np.int64), (order % max(self.branches, 1)).astype(np.int32)

    @cached_property
    def injections_at(self) -> tuple[np.ndarray, np.ndarray]:
        """(node + 1,) and (injection,): injections at each node, in compressed rows."""
        order = np.argsort(self.inject_node, kind="stable")
        return np.searchsorted(self.inject_node[order], np.arange(self.nodes + 1)).astype(np.int64), order.astype(np.int32)

    def __getstate__(self) -> dict[str, object]:
        cached = {"ideal", "z_pu", "half_y_pu", "incidence", "injections_at"}
        return {name: value for name, value in self.__dict__.items() if name not in cached}

    def with_power(self, inject_s: np.ndarray) -> PowerModel:
        """The same network with other injections [VA]."""
        return replace(self, inject_s=inject_s)


@dataclass(frozen=True, slots=True)
class Cases:
    """What differs from case to case; every array has its cases in rows.

    node        (case, node) bool in service
    on_from, on_to  (case, branch) bool ends connected
    factor      (case, injection) float64, times the injection's power
    source      (case, source) bool
    held        (case, held) bool
    """

    node: np.ndarray
    on_from: np.ndarray
    on_to: np.ndarray
    factor: np.ndarray
    source: np.ndarray
    held: np.ndarray

    @property
    def count(self) -> int:
        return self.node.shape[0]

    def rows(self, index: np.ndarray) -> Cases:
        """The cases at `index`, in that order."""
        return Cases(*(getattr(self, name)[index] for name in ("node", "on_from", "on_to", "factor", "source", "held")))

    def with_factor(self, factor: np.ndarray) -> Cases:
        return replace(self, factor=factor)


def base_cases(model: PowerModel, count: int = 1) -> Cases:
    """`count` copies of the network as it stands, writable."""

    def copies(row: np.ndarray, dtype: type = bool) -> np.ndarray:
        return np.tile(np.asarray(row, dtype), (count, 1))

    source = model.source_on.copy()
    source[model.forming_source] = False
    return Cases(copies(model.node_on), copies(model.branch_on_from), copies(model.branch_on_to), copies(np.ones(len(model.inject_node)), np.float64),
                 copies(source), copies(model.held_on))


@dataclass(frozen=True, slots=True)
class Flow:
    """Answers of a batch. Numbers of cases that were not solved, and of what has no power, are NaN.

    status      (case,) int8 `holdfast.model.lifeline.CaseStatus`
    live        (case, node) bool connected to a source that is on
    voltage     (case, node) complex [pu]
    s_from, s_to  (case, branch) complex power into each end [VA]; 0 where nothing flows
    engine      (case,) int8 index into `ENGINES`
    """

    status: np.ndarray
    live: np.ndarray
    voltage: np.ndarray
    s_from: np.ndarray
    s_to: np.ndarray
    engine: np.ndarray

    def rows(self, index: np.ndarray) -> Flow:
        """The cases at `index`, in that order."""
        return Flow(*(getattr(self, name)[index] for name in ("status", "live", "voltage", "s_from", "s_to", "engine")))

    @property
    def magnitude(self) -> np.ndarray:
        """(case, node) voltage magnitude [pu]."""
        return np.abs(self.voltage)

    @property
    def loss(self) -> np.ndarray:
        """(case,) active power lost in branches [W]."""
        return (self.s_from.real + self.s_to.real).sum(axis=1)

    def loading(self, model: PowerModel) -> np.ndarray:
        """(case, branch) higher of the two ends' current over what is permitted; 0 where nothing flows or nothing is known."""
        found = np.zeros(self.s_from.shape)
        for power, node, limit in ((self.s_from, model.branch_from, model.branch_limit_from), (self.s_to, model.branch_to, model.branch_limit_to)):
            volts = np.abs(self.voltage[:, node]) * model.node_rated[node]
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.abs(power) / (np.sqrt(3.0) * volts * limit)
            np.fmax(found, np.where(np.isfinite(share), share, 0.0), out=found)
        return np.where(np.isnan(self.s_from.real), np.nan, found)


ENGINES = ("none", "holdfast sweep", "power-grid-model", "holdfast newton")
"""Which engine answered a case. none: nothing was live, so there was nothing to solve."""
