"""Power flow of any network without voltage-controlled generators through power-grid-model, many cases in one call.

Nodes that closed couplers join in all cases of a call are one node; a coupler that differs between cases is a branch of
`COUPLING` per unit. Models are kept and used again while neither changes.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from holdfast.model.lifeline import CaseStatus

from .model import BASE, Cases, Law, PowerModel

COUPLING = 1e-8
"""Impedance of a coupler that differs between cases [pu on 1 MVA]: 40 MVA fall by 4e-7 pu; less would cost digits."""

TOLERANCE, LIMIT = 1e-9, 50
STIFF = 1e20  # short-circuit power of a source [VA]: its voltage is held
_LAWS = {Law.POWER: 0, Law.CURRENT: 2, Law.IMPEDANCE: 1}  # power-grid-model's LoadGenType
_KEPT = 8


class BatchSolver:
    """power-grid-model for one `PowerModel`. Picklable; models are built anew where it is unpickled.

    threads   for one call: -1 none, 0 all cores
    """

    def __init__(self, model: PowerModel, threads: int = -1) -> None:
        self.model, self.threads = model, threads
        self._models: OrderedDict[bytes, tuple[Any, np.ndarray, np.ndarray]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def solve(self, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Solve the cases.

        returns   status (case,) int8 `CaseStatus`; voltage (case, node) complex [pu], NaN where dead;
                  s_from, s_to (case, branch) complex [VA]
        """
        m = self.model
        on_from, on_to = cases.on_from & cases.node[:, m.branch_from], cases.on_to & cases.node[:, m.branch_to]
        whole = on_from & on_to
        fixed = m.ideal & whole.all(axis=0)
        switched = np.flatnonzero(m.ideal & ~fixed & whole.any(axis=0))
        grid, seat, edges = self._built(fixed, switched)
        update = self._update(cases, on_from, on_to, edges)
        out = grid.calculate_power_flow(
            symmetric=True, error_tolerance=TOLERANCE, max_iterations=LIMIT, update_data=update, threading=self.threads, continue_on_batch_error=True,
            output_component_types={"node": {"energized", "u_pu", "u_angle"}, "generic_branch": {"p_from", "q_from", "p_to", "q_to"}},
        )
        status = np.zeros(cases.count, np.int8)
        error = grid.batch_error
        if error is not None:
            status[np.asarray(error.failed_scenarios, np.int64)] = [_verdict(text) for text in error.error_messages]
        node, branch = out["node"], out.get("generic_branch")
        live = (node["energized"] == 1)[:, seat] & cases.node & (status == 0)[:, None]
        voltage = np.where(live, (node["u_pu"] * np.exp(1j * node["u_angle"]))[:, seat], np.nan)
        powers = []
        for end in ("from", "to"):
            s = np.zeros((cases.count, m.branches), complex)
            if branch is not None:
                s[:, edges] = branch[f"p_{end}"] + 1j * branch[f"q_{end}"]
                s[:, m.ideal] = 0.0
            s[status != 0] = np.nan
            powers.append(s)
        return status, voltage, powers[0], powers[1]

    def _update(self, cases: Cases, on_from: np.ndarray, on_to: np.ndarray, edges: np.ndarray) -> dict[str, Any]:
        """What differs from case to case, by columns; what is the same in all is not repeated."""
        update: dict[str, Any] = {"source": {"id": self._ids(cases.count, "source"), "status": cases.source & cases.node[:, self.model.source_node]}}
        update["source"]["status"] = update["source"]["status"].astype(np.int8)
        if len(edges):
            first, last = on_from[:, edges].astype(np.int8), on_to[:, edges].astype(np.int8)
            update["generic_branch"] = {"id": self._ids(cases.count, "branch", edges), "from_status": first, "to_status": last}
        if len(self.model.inject_node):
            power = self.model.inject_s * (cases.factor * cases.node[:, self.model.inject_node])
            update["sym_load"] = {"id": self._ids(cases.count, "load"), "p_specified": np.ascontiguousarray(power.real), "q_specified": np.ascontiguousarray(power.imag)}
        return update

    def _ids(self, count: int, what: str, edges: np.ndarray | None = None) -> np.ndarray:
        m = self.model
        first = {"branch": m.nodes, "source": m.nodes + m.branches, "load": m.nodes + m.branches + len(m.source_node)}[what]
        size = {"branch": 0 if edges is None else len(edges), "source": len(m.source_node), "load": len(m.inject_node)}[what]
        own = np.arange(size) if edges is None else edges
        return np.ascontiguousarray(np.broadcast_to((first + own).astype(np.int32), (count, size)))

    def _built(self, fixed: np.ndarray, switched: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        """The model with these couplers closed for good and those as branches; (node,) rows of its nodes; its branches."""
        key = np.packbits(fixed).tobytes() + switched.tobytes()
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        built = self._build(fixed, switched)
        self._models[key] = built
        if len(self._models) > _KEPT:
            self._models.popitem(last=False)
        return built

    def _build(self, fixed: np.ndarray, switched: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        from power_grid_model import PowerGridModel, initialize_array

        m = self.model
        joined = coo_array((np.ones(int(fixed.sum()), np.int8), (m.branch_from[fixed], m.branch_to[fixed])), shape=(m.nodes, m.nodes))
        _, seat = connected_components(joined.tocsr(), directed=False)
        _, first = np.unique(seat, return_index=True)
        node = initialize_array("input", "node", len(first))
        node["id"], node["u_rated"] = np.arange(len(first)), m.node_rated[first]
        edges = np.sort(np.concatenate([np.flatnonzero(~m.ideal), switched]))
        edges = edges[seat[m.branch_from[edges]] != seat[m.branch_to[edges]]]
        data = {"node": node, "generic_branch": self._branches(edges, seat)}
        source = initialize_array("input", "source", len(m.source_node))
        source["id"], source["node"], source["status"] = self._ids(1, "source")[0], seat[m.source_node], m.source_on
        source["u_ref"], source["u_ref_angle"], source["sk"] = np.abs(m.source_v), np.angle(m.source_v), STIFF
        load = initialize_array("input", "sym_load", len(m.inject_node))
        load["id"], load["node"], load["status"] = self._ids(1, "load")[0], seat[m.inject_node], 1
        load["type"] = np.array([_LAWS[Law(law)] for law in range(3)], np.int8)[m.inject_law]
        load["p_specified"], load["q_specified"] = m.inject_s.real, m.inject_s.imag
        data |= {"source": source, "sym_load": load}
        grid = PowerGridModel({kind: array for kind, array in data.items() if len(array)}, system_frequency=m.frequency)
        return grid, seat, edges

    def _branches(self, edges: np.ndarray, seat: np.ndarray) -> np.ndarray:
        from power_grid_model import initialize_array

        m = self.model
        branch = initialize_array("input", "generic_branch", len(edges))
        z, y = m.branch_z[edges], m.branch_y[edges]
        z = np.where(m.ideal[edges], COUPLING * (0.1 + 1j) * m.node_rated[m.branch_to[edges]] ** 2 / BASE, z)
        branch["id"] = self._ids(1, "branch", edges)[0]
        branch["from_node"], branch["to_node"] = seat[m.branch_from[edges]], seat[m.branch_to[edges]]
        branch["from_status"], branch["to_status"] = m.branch_on_from[edges], m.branch_on_to[edges]
        branch["r1"], branch["x1"], branch["g1"], branch["b1"] = z.real, z.imag, y.real, y.imag
        branch["k"], branch["theta"] = np.abs(m.branch_ratio[edges]), np.angle(m.branch_ratio[edges])
        branch["sn"] = BASE
        return branch


def _verdict(text: str) -> int:
    """What an error message of power-grid-model means."""
    if "singular" in text.lower() or "sparse matrix" in text.lower():
        return CaseStatus.SINGULAR
    if "iteration" in text.lower() or "converge" in text.lower():
        return CaseStatus.DIVERGED
    return CaseStatus.FAILED
