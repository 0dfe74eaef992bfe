"""The batched solver: many scenarios of one water network, eight at a time, with EPANET's hydraulics.

Snapshots and extended periods, demand-driven or pressure-driven, with links forced open or closed, settings, leaks and demands of each case.
Everything in and out is SI and in the model's order; inside, lengths are feet (see `arrays`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.engines.network.hydraulic.answers import Cases, Period, Solution
from holdfast.engines.network.hydraulic.arrays import CFS, CLOSED, FOOT, Batch, Lanes, Output
from holdfast.engines.network.hydraulic.compile import Compiled, compile_model, emitter_law, pump_law, start_heads
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, NodeType, Status
from holdfast.engines.network.hydraulic.rules import ATTRIBUTES
from holdfast.engines.network.lanes import aligned_rows
from holdfast.engines.network.pack import pack

ENGINE = "holdfast hydraulic"
_WIDTH = 8
_COMMAND = {-1: 0, int(Status.CLOSED): 1, int(Status.OPEN): 2, int(Status.ACTIVE): 3}


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What an ensemble needs of extended periods, added up while solving.

    wanted, deficit  (case, node) [m3] demanded over the period, and not delivered of it
    lowest           (case, node) [m] lowest pressure; at most 0 where the junction was cut off for some time
    status, iterations, solutions  (case,) `CaseStatus`, iterations and hydraulic solutions of the period
    """

    wanted: np.ndarray
    deficit: np.ndarray
    lowest: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    solutions: np.ndarray
    engine: str = ENGINE


class Solver:
    """Solves cases of one model. Compiled state is not pickled; it is made anew where it is first used.

    model    the network
    threads  how many groups of eight lanes work at the same time
    """

    engine = ENGINE

    def __init__(self, model: HydraulicModel, threads: int = 1) -> None:
        self.model, self.threads = model, threads
        self._compiled: Compiled | None = None
        self._base: dict[tuple[int, bool], Output] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["model"], state["threads"])  # type: ignore[misc]

    def features(self) -> list[str]:
        """What this model uses that the solver cannot do, in plain words; with an empty list it can be solved."""
        m = self.model
        found = []
        kinds = set(m.link_type.tolist())
        if int(LinkType.PCV) in kinds:
            found.append("positional control valves (PCV)")
        if m.options.headloss not in {"H-W", "D-W", "C-M"}:
            found.append(f"head loss formula {m.options.headloss!r}")
        if m.options.demand_model not in {"DDA", "PDA"}:
            found.append(f"demand model {m.options.demand_model!r}")
        if ((m.link_type == LinkType.GPV) & (m.valve_curve < 0)).any():
            found.append("general purpose valves without a curve")
        for k in np.flatnonzero(m.link_type == LinkType.PUMP):
            found += self._pump(int(k))
        control = np.isin(m.link_type, (LinkType.PRV, LinkType.PSV, LinkType.FCV))
        at_source = (m.node_type[m.link_from] != NodeType.JUNCTION) | (m.node_type[m.link_to] != NodeType.JUNCTION)
        if (control & at_source).any():
            found.append("pressure or flow regulating valves directly at a tank or reservoir")
        tank = m.node_type == NodeType.TANK
        if (tank & (m.tank_curve < 0) & ~(m.tank_area > 0)).any():
            found.append("tanks without an area")
        unknown = {p.attribute for rule in m.rules for p in rule.premises} - set(ATTRIBUTES)
        return found + [f"rules on {name}" for name in sorted(unknown)]

    def _pump(self, k: int) -> list[str]:
        m = self.model
        if m.pump_curve[k] < 0:
            return [] if m.pump_power[k] > 0 else [f"pump {m.link_id[k]} without a curve or power"]
        try:
            pump_law(np.asarray(m.curves[m.pump_curve[k]], float), 0.0)
        except ValueError as error:
            return [f"pump {m.link_id[k]}: {error}"]
        return []

    @property
    def compiled(self) -> Compiled:
        if self._compiled is None:
            missing = self.features()
            if missing:
                raise NotImplementedError(f"the batched solver cannot do: {', '.join(missing)}")
            self._compiled = compile_model(self.model)
        return self._compiled

    def snapshot(self, cases: Cases | None = None, hour: float | np.ndarray = 0.0, *, warm: bool = False) -> Solution:
        """One solution per case, tanks at their initial levels.

        cases  what differs; None is the model as it is
        hour   [h] time since the start whose patterns hold, one number or (case,)
        warm   start from the flows of the undisturbed network, which takes about half the iterations; cold starts follow EPANET's path
        """
        cases = Cases(1) if cases is None else cases
        out = self._solve(cases, hour, 0, ("head", "supply", "flow"), warm=warm)
        return Solution(**self._fields(out, first=True), status=out.status, iterations=out.iterations, engine=ENGINE, notes=_notes(out.status))

    def extended(self, cases: Cases | None = None, hours: float | None = None, *, begin: float = 0.0, keep: tuple[str, ...] = ("head", "supply", "flow")) -> Period:
        """Cases through time, each on its own clock, reported at the common report times.

        cases  what differs; None is the model as it is
        hours  [h] length of the period; the model's duration by default
        begin  [h] time since the start at which the period begins, tanks at their initial levels
        keep   which results to write: "head", "supply" (wanted, delivered, leak), "flow" (flow, open); the others come back empty
        """
        cases = Cases(1) if cases is None else cases
        seconds = self._seconds(hours)
        out = self._solve(cases, begin, seconds, keep)
        time = np.arange(0, seconds + 1, self.compiled.limits.report_step, dtype=float)
        return Period(time=time, **self._fields(out, first=False), status=out.status, iterations=out.iterations, engine=ENGINE, notes=_notes(out.status))

    def ensemble(self, cases: Cases, hours: float | None = None, *, begin: float = 0.0) -> Ensemble:
        """As `extended`, but only what ensembles need is kept: volumes not delivered and lowest pressures."""
        out = self._solve(cases, begin, self._seconds(hours), ("sums",))
        return Ensemble(out.due, out.deficit, out.lowest, out.status, out.iterations, out.solutions)

    def _seconds(self, hours: float | None) -> int:
        return round(self.model.options.duration if hours is None else hours * 3600.0)

    def _fields(self, out: Output, *, first: bool) -> dict[str, np.ndarray]:
        place = self.compiled.place
        flow = out.flow[..., place] if out.flow.size else out.flow
        open_ = out.state[..., place] > CLOSED if out.state.size else out.state.astype(bool)
        fields = {"head": out.head, "wanted": out.wanted, "delivered": out.supply, "leak": out.leak, "flow": flow, "open": open_}
        return {name: values[:, 0] for name, values in fields.items()} if first else fields

    def _solve(self, cases: Cases, hour: float | np.ndarray, seconds: int, keep: tuple[str, ...], *, warm: bool = False) -> Output:
        """Make the arrays, share the cases among the threads, run."""
        from holdfast.engines.network.hydraulic.run import run

        c = self.compiled
        limits = c.limits._replace(duration=seconds)
        begin = np.broadcast_to(np.round(np.asarray(hour, float) * 3600.0).astype(np.int64), (cases.count,)).copy()
        batch = self._batch(cases, begin)
        if warm and cases.count:
            base = self._undisturbed(int(begin[0]))
            batch = batch._replace(flow=base.last_flow, ratio=base.last_ratio)
        out = self._output(cases.count, seconds // limits.report_step + 1, keep)
        shared = [pack(part) for part in (c.network, c.symbolic.factor, c.laws, c.devices, c.fixed, c.schedule, c.rules, limits, batch)]

        def work(i: int) -> None:
            packed = [*shared, pack(self._lanes(batch)), pack(out)]
            run(tuple(table for table, _ in packed), edges[i], edges[i + 1])

        parts = max(1, min(self.threads, cases.count // _WIDTH))
        edges = np.linspace(0, cases.count, parts + 1).astype(int)
        if not c.network.nodes - c.network.junctions:
            _without_source(out)
        elif parts == 1:
            work(0)
        else:
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(work, range(parts)))
        return out

    def _undisturbed(self, begin: int) -> Output:
        """Solution of the model as it is, to start others from."""
        key = (begin, True)
        if key not in self._base:
            self._base[key] = self._solve(Cases(1), begin / 3600.0, 0, ("end",))
        return self._base[key]

    def _batch(self, cases: Cases, begin: np.ndarray) -> Batch:
        c, m = self.compiled, self.model
        count, links = cases.count, c.network.links
        command = np.zeros((1, links), np.int8)
        if cases.status is not None:
            table = np.array([_COMMAND[v] for v in (-1, 0, 1, 2)], np.int8)
            command = np.ascontiguousarray(table[np.asarray(cases.status, np.int64) + 1][:, c.order])
        setting = np.ascontiguousarray(c.setting[None])
        if cases.setting is not None:
            kind = m.link_type[c.order[c.network.pipes:]]
            given = np.asarray(cases.setting, float)[:, c.order[c.network.pipes:]] / np.select([np.isin(kind, (3, 4, 5)), kind == 6], [FOOT, CFS], 1.0)
            setting = np.where(np.isnan(given), c.setting, given)
        factor = np.ones((1, 1)) if cases.factor is None else np.asarray(cases.factor, float).reshape(count, -1)
        if factor.shape[1] > 1:
            factor = np.ascontiguousarray(factor[:, c.laws.demand_node])
        drawn_node = np.zeros(0, np.int64) if cases.demand is None else np.flatnonzero((cases.demand[:, : c.network.junctions] != 0).any(0))
        drawn = np.zeros((count, 0)) if cases.demand is None else np.ascontiguousarray(cases.demand[:, drawn_node]) / CFS
        start, place, share, law = self._leaks(cases)
        return Batch(
            begin, np.ascontiguousarray(c.state[None]), setting, command, factor, start_heads(m)[None], start, place, share, law, c.emitter_node, c.emitter_law,
            drawn_node, drawn, np.zeros((0, links)), np.zeros((0, len(c.laws.demand_node))), False,
        )

    def _leaks(self, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Leaks of each case, flat and sorted by case."""
        c, m = self.compiled, self.model
        case, place, share, size = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
        if cases.emitter is not None:
            rows, nodes = np.nonzero(cases.emitter[:, : c.network.junctions] > 0)
            case.append(rows)
            place.append(nodes)
            share.append(np.full(len(rows), np.nan))
            size.append(cases.emitter[rows, nodes])
        if cases.breaks is not None:
            b = cases.breaks
            pipe = np.isin(m.link_type[b.link], (LinkType.CVPIPE, LinkType.PIPE))
            if not pipe.all() or not ((b.share > 0) & (b.share < 1)).all():
                raise ValueError("breaks must lie on pipes, at shares between 0 and 1 of their length")
            case.append(b.case)
            place.append(c.place[b.link])
            share.append(b.share)
            size.append(b.emitter)
        cases_, places, shares, sizes = (np.concatenate(parts) for parts in (case, place, share, size))
        sequence = np.argsort(cases_, kind="stable")
        start = np.searchsorted(cases_[sequence], np.arange(cases.count + 1))
        return start, places[sequence].astype(np.int64), shares[sequence], emitter_law(m, sizes[sequence])

    def _lanes(self, batch: Batch) -> Lanes:
        """Working arrays of eight lanes."""
        c = self.compiled
        n = c.network
        outlets, fixed = len(c.laws.demand_node), n.nodes - n.junctions
        at_node = np.isnan(batch.leak_share)
        case = np.repeat(np.arange(len(batch.begin)), np.diff(batch.leak_start))
        most = [np.bincount(case[which], minlength=1).max(initial=0) for which in (at_node, ~at_node)]
        leaks, breaks = len(batch.always_node) + int(most[0]), int(most[1])

        rows = aligned_rows
        head = rows(n.nodes)
        return Lanes(
            rows(n.links), rows(n.links), rows(n.links), head, rows(n.junctions), head[: n.junctions], rows(c.symbolic.entries), rows(n.links, np.int8),
            rows(len(c.devices.kind)), rows(n.links, np.int8), *(rows(outlets) for _ in range(6)), batch.drawn_node, rows(len(batch.drawn_node)),
            rows(n.junctions, np.int8), rows(n.junctions, np.int32), rows(n.junctions, np.int8),
            np.full((leaks, _WIDTH), -1, np.int64), *(rows(leaks) for _ in range(4)), np.full((breaks, _WIDTH), -1, np.int64),
            np.zeros((breaks, 11, _WIDTH)), rows(fixed), rows(fixed), rows(1), rows(len(c.schedule.pattern_start)), *(rows(1) for _ in range(6)),
        )

    def _output(self, count: int, steps: int, keep: tuple[str, ...]) -> Output:
        c = self.compiled
        n = c.network
        head, supply, flow, end, sums = (count if name in keep else 0 for name in ("head", "supply", "flow", "end", "sums"))
        outlets, devices = len(c.laws.demand_node), len(c.devices.kind)
        nan = np.float32(np.nan)
        return Output(
            np.full((head, steps, n.nodes), nan), *(np.full((supply, steps, n.nodes), nan) for _ in range(3)), np.full((flow, steps, n.links), nan),
            np.zeros((flow, steps, n.links), np.int8), np.zeros((sums, n.nodes)), np.zeros((sums, n.nodes)), np.full((sums, n.nodes), np.float32(np.inf)),
            np.full((end, n.nodes - n.junctions), np.nan), np.zeros((end, n.links)), np.zeros((end, outlets)), np.zeros((end, n.links), np.int8),
            np.zeros((end, devices)), np.zeros(count, np.int8), *(np.zeros(count, np.int32) for _ in range(3)),
        )


def _notes(status: np.ndarray) -> dict[int, str]:
    words = {1: "the iterations did not settle", 2: "the equations have no unique solution"}
    return {int(case): words[int(status[case])] for case in np.flatnonzero(status)}


def _without_source(out: Output) -> None:
    """A network without any fixed head delivers nothing and has no heads."""
    out.wanted[:], out.supply[:], out.leak[:], out.flow[:] = 0.0, 0.0, 0.0, 0.0
