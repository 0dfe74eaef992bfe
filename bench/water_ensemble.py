"""A day of pipe closures, pressure-driven: the batched solver against EPANET's toolkit kept open, and against WNTR's EpanetSimulator.

Every scenario closes one pipe at the start. One core, process time, all in turns in one run; the toolkit flips the initial status,
initialises, runs and reads demands and pressures of all nodes at once at every step. A scenario that parts from EPANET is run through EPANET again
from files in another order, to see whether EPANET agrees with itself there; with LD_LIBRARY_PATH naming the library of bench/peers/epanet_quad.py
all scenarios are compared with an EPANET without round-off. WNTR (bench/peers/wntr_closures.py) is used when HOLDFAST_PEER_WNTR names an interpreter
that has it, and six; it adds a control that closes the pipe, runs, and removes it, as its own examples do.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from bench.turns import Contestant, Program, cpu, in_turns, ratio

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "water" / "literature"
HOURS, PRESSURE, SEED, TURNS = 24, 20.0, 7, 5
APART = 0.001  # share of node-hours more than 5 cm from EPANET, from which on a scenario counts as apart
COUNTS = {"ky10": (512, 24, 4), "Net3": (117, 117, 10)}  # scenarios of ours, of the toolkit and of WNTR

class Toolkit:
    """The EPANET toolkit with its project kept open. Used as a context."""

    def __init__(self, path: Path) -> None:
        from epanet import toolkit as en

        from hydraulic_model_of import Units, node_order, open_project

        self.en, self.project = en, open_project(path)
        self.units, self.order = Units(self.project), node_order(self.project)
        en.setdemandmodel(self.project, en.PDA, 0.0, PRESSURE / self.units.pressure, 0.5)
        en.settimeparam(self.project, en.DURATION, HOURS * 3600)
        en.openH(self.project)
        self.buffer = en.doubleArray(len(self.order))
        self.controlled = [en.getcontrol(self.project, c + 1)[1] for c in range(en.getcount(self.project, en.CONTROLCOUNT))]

    def __enter__(self) -> Toolkit:
        return self

    def __exit__(self, *_: object) -> None:
        self.en.close(self.project)

    def _hold(self, pipe: int, free: int) -> None:
        """The pipe's own controls must not open it."""
        for c, link in enumerate(self.controlled):
            if link == pipe + 1:
                self.en.setcontrolenabled(self.project, c + 1, free)
        self.en.setlinkvalue(self.project, int(pipe) + 1, self.en.INITSTATUS, free)

    def run(self, pipe: int, keep: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        """A day without one pipe: hourly heads [m] and demands [m3/s] of the nodes where they are to be kept."""
        en, project, rows = self.en, self.project, []
        self._hold(pipe, 0)
        en.initH(project, en.INITFLOW)
        while True:
            time = en.runH(project)
            en.getnodevalues(project, en.DEMAND, self.buffer)
            en.getnodevalues(project, en.PRESSURE, self.buffer)
            if keep and time % 3600 == 0:
                rows.append((self._of_nodes(en.HEAD) * self.units.length, self._of_nodes(en.DEMANDFLOW) * self.units.flow))
            if en.nextH(project) <= 0:
                break
        self._hold(pipe, 1)
        return rows

    def _of_nodes(self, what: int) -> np.ndarray:
        from hydraulic_model_of import values

        return values(self.project, self.en.getnodevalues, what, len(self.order))[self.order]


def _wntr(path: Path, folder: str) -> AbstractContextManager[Program | None]:
    """WNTR with the model read, where an interpreter that has it is named."""
    python = os.environ.get("HOLDFAST_PEER_WNTR")
    script = Path(__file__).parent / "peers" / "wntr_closures.py"
    return Program(python, str(script), str(path), str(HOURS), str(PRESSURE), f"{folder}/run") if python else nullcontext()


def _apart_from_itself(path: Path, pipes: np.ndarray) -> list[bool]:
    """Whether EPANET parts from itself where its file lists junctions and pipes in another order, for each pipe closed."""
    from epanet_kept_open import Oracle, Twins

    with tempfile.TemporaryDirectory() as folder:
        oracle, twins = Oracle(path, PRESSURE, HOURS * 3600), Twins(path, Path(folder), PRESSURE, HOURS * 3600)
        found = [twins.parting(oracle.run(int(k)), int(k), enough=APART) > APART for k in pipes]
        oracle.close()
        twins.close()
    return found


def _network(name: str) -> dict:
    """All measurements on one network."""
    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.solve import Solver
    from hydraulic_model_of import model_of

    path = DATA / f"{name}.inp"
    model = model_of(path, demand_model="PDA", required_pressure=PRESSURE, minimum_pressure=0.0, pressure_exponent=0.5, duration=HOURS * 3600.0)
    ours_count, toolkit_count, wntr_count = COUNTS[name]
    pipes = np.random.Generator(np.random.Philox(SEED)).permutation(np.flatnonzero(model.link_type == 1))[:ours_count]
    status = np.full((len(pipes), model.links), -1, np.int8)
    status[np.arange(len(pipes)), pipes] = 0
    cases, solver = Cases(len(pipes), status=status), Solver(model)
    contestants = {"ours": lambda: solver.ensemble(cases), "ours_all_results": lambda: solver.extended(cases, keep=("head", "supply"))}
    turns: dict[str, Contestant] = {who: lambda call=call: cpu(call)() / len(pipes) for who, call in contestants.items()}  # type: ignore[misc]
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, Toolkit(path) as toolkit, _wntr(path, folder) as wntr:
        turns["toolkit"] = lambda: cpu(lambda: [toolkit.run(k) for k in pipes[:toolkit_count]])() / toolkit_count
        names, version = [str(model.link_id[int(k)]) for k in pipes[:wntr_count]], "not measured: HOLDFAST_PEER_WNTR names no interpreter"
        if wntr is not None:
            version = wntr.ask(pipes=names[:1])["version"]
            turns["wntr"] = lambda: wntr.ask(pipes=names)["seconds"]
        solver.ensemble(cases.rows(np.arange(8)))
        solver.extended(cases.rows(np.arange(8)), keep=("head", "supply"))
        toolkit.run(pipes[0])
        taken = in_turns(TURNS, **turns)
        kept = [toolkit.run(k, True) for k in pipes[:toolkit_count]]
    peers = [who for who in ("toolkit", "wntr") if who in taken]
    return {
        **{f"{who}_ms": round(seconds.median * 1e3, 3) for who, seconds in taken.items()}, **{f"over_{who}": round(ratio(taken[who], taken["ours"]), 2) for who in peers},
        **{f"all_results_over_{who}": round(ratio(taken[who], taken["ours_all_results"]), 2) for who in peers},
        "spans_ms": {who: seconds.told(1e3) for who, seconds in taken.items()}, "wntr": version, "scenarios": COUNTS[name], "turns": TURNS,
        **_agreement(path, model, pipes[:toolkit_count], solver.extended(cases, keep=("head", "supply")), kept),
    }  # fmt: skip


def _agreement(path: Path, model: Any, pipes: np.ndarray, result: Any, kept: list) -> dict[str, Any]:
    """How far heads and supply are from the toolkit's, hour by hour and node by node."""
    from holdfast.engines.network.hydraulic.model import NodeType

    heads, supplies = (np.array([[row[part] for row in rows] for rows in kept]) for part in (0, 1))
    junction, hourly, count = model.node_type == NodeType.JUNCTION, (result.time % 3600) == 0, len(pipes)
    head, supply = result.head[:count, hourly][..., junction], result.delivered[:count, hourly][..., junction]
    fed = np.isfinite(head)
    far = np.abs(head - heads[..., junction])
    share = np.array([(gap[own] > 0.05).mean() for gap, own in zip(far, fed, strict=True)])
    apart = np.flatnonzero(share > APART)
    explained = _apart_from_itself(path, pipes[apart])
    together = fed & (share <= APART)[:, None, None]
    rest, far = far[together], far[fed]
    missing = np.abs(supply.sum((1, 2)) - np.where(fed, supplies[..., junction], 0.0).sum((1, 2))) / supplies[..., junction].sum((1, 2))
    return {
        "not_solved": int((result.status != 0).sum()), "node_hours": int(fed.sum()), "head_over_5cm": float((far > 0.05).mean()),
        "scenarios_apart": len(apart), "of_them_epanet_parts_from_itself": int(sum(explained)), "head_over_5cm_in_the_others": float((rest > 0.05).mean()),
        "head_median_m": float(np.median(far)), "supply_worst_share": float(missing.max()), "supply_median_share": float(np.median(missing)),
    }


def run() -> dict:
    """CPU milliseconds per scenario on ky10; the ratio is the toolkit's over ours."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(ROOT / "tests"))
    found = {name: _network(name) for name in COUNTS}
    main = found["ky10"]
    return {"name": "water_ensemble", "ours": main["ours_ms"], "peer": main["toolkit_ms"], "unit": "ms CPU per 24 h scenario", "ratio": main["over_toolkit"],
            "detail": {"peer": "EPANET toolkit 2.3, project kept open", "required_pressure_m": PRESSURE, **found}}
