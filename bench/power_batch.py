"""1,000 power flows of a grid of 179 buses, each with one line out and other loads, against pandapower one by one.

The grid is pandapower's MV Oberrhein (20 kV, 179 buses, two substations, 181 lines). The interpreter named by HOLDFAST_PEER_PANDAPOWER writes it as
pandapower JSON, which is imported as any other file, and solves the same 1,000 cases; voltages must agree within 1e-4 pu, losses within 0.1 %, and the same buses
be dead in each. Without that interpreter the grid is SimBench's urban 10 kV grid (144 buses, and two of them on one external grid, 287) and the peer
power-grid-model, one case a call. CPU seconds, in turns.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.turns import Contestant, Program, cpu, in_turns, ratio
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.power.grid import Grid, build_grid
from holdfast.engines.network.power.batch import BatchSolver
from holdfast.engines.network.power.model import Cases, Flow, PowerModel
from holdfast.engines.network.power.solve import Solver

DATA = Path(os.environ.get("HOLDFAST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "power" / "simbench" / "1-MV-urban--0-sw.json"
PEER = Path(__file__).parent / "peers" / "pandapower_outages.py"
CASES, PEER_CASES, TURNS = 1_000, 40, 5
PER_NODE = ("node_rated", "node_on", "node_low", "node_high")
PER_BRANCH = tuple(name for name in PowerModel.__dataclass_fields__ if name.startswith("branch_"))


def doubled(model: PowerModel) -> PowerModel:
    """Two copies on the first copy's external grid."""
    n = model.nodes
    columns: dict[str, Any] = {name: getattr(model, name) for name in PowerModel.__dataclass_fields__}
    for name in (*PER_NODE, *PER_BRANCH, "inject_s", "inject_law"):
        columns[name] = np.concatenate([columns[name], columns[name]])
    shared = int(model.source_node[0])
    moved = np.where(np.arange(n) == shared, shared, np.arange(n) + n).astype(np.int32)
    columns["node_on"] = columns["node_on"] & (np.arange(2 * n) != n + shared)
    for name in ("branch_from", "branch_to", "inject_node"):
        columns[name] = np.concatenate([getattr(model, name), moved[getattr(model, name)]])
    return PowerModel(**columns)


def on_two(model: PowerModel, cases: Cases) -> float:
    """CPU seconds on two copies of the grid."""
    solver = Solver(doubled(model))
    both = Cases(*(np.concatenate([getattr(cases, name)] * 2, axis=1) for name in ("node", "on_from", "on_to", "factor")), cases.source, cases.held)
    assert (solver.solve(both).status == 0).all()
    return in_turns(TURNS, ours=cpu(lambda: solver.solve(both)))["ours"].median


def cases_of(grid: Grid, seed: int = 5) -> tuple[Cases, dict[str, np.ndarray]]:
    """Cases, and what the peer must be told of them."""
    rng = np.random.Generator(np.random.Philox(seed))
    lines, loads = grid.span("line"), grid.span("load")
    out = rng.integers(0, lines.stop - lines.start, CASES)
    factor = rng.uniform(0.5, 1.2, (CASES, loads.stop - loads.start)).round(4)
    available = grid.base(CASES)
    available[np.arange(CASES), lines.start + out] = False
    cases = grid.cases(available)
    whole = cases.factor.copy()
    mine = np.flatnonzero((grid.inject_component >= loads.start) & (grid.inject_component < loads.stop))
    whole[:, mine] *= factor[:, grid.inject_component[mine] - loads.start]
    names = [name.partition(":")[2] for name in grid.component_id.to_pylist()]
    return cases.with_factor(whole), {"out": out, "factor": factor, "line_names": np.array(names[lines]), "load_names": np.array(names[loads])}


def one_by_one(model: PowerModel, cases: Cases) -> Contestant:
    """CPU seconds that power-grid-model needs with one case a call, from some of them."""
    solver = BatchSolver(model)
    rows = [cases.rows(np.array([case])) for case in range(PEER_CASES)]
    solver.solve(rows[0])
    turn = cpu(lambda: [solver.solve(row) for row in rows])
    return lambda: turn() / PEER_CASES * cases.count


class Pandapower:
    """The peer with the grid read; each turn solves the next part of the cases, so that all turns together solve all of them. Used as a context."""

    def __init__(self, python: str, folder: Path, net: Path, told: dict[str, np.ndarray]) -> None:
        np.savez(folder / "cases.npz", **told)
        self.folder, self.version, self.files = folder, "", []
        self._program = Program(python, str(PEER), "solve", str(net), str(folder / "cases.npz"))

    def __enter__(self) -> Pandapower:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.__exit__()

    def turn(self) -> float:
        """CPU seconds that all cases would take at the speed of this part."""
        first, part = len(self.files) * CASES // TURNS, CASES // TURNS
        self.files.append(self.folder / f"answers-{first}.npz")
        said = self._program.ask(first=first, end=first + part, answers=str(self.files[-1]))
        self.version = said["version"]
        return said["seconds"] / part * CASES

    def apart(self, flow: Flow) -> dict[str, float]:
        """How far its answers are from ours; raises AssertionError where they disagree."""
        parts = [np.load(file) for file in self.files]
        voltage, loss = (np.concatenate([part[name] for part in parts]) for name in ("voltage", "loss"))
        apart, lost = float(np.nanmax(np.abs(voltage - flow.magnitude))), float(np.abs(flow.loss / loss - 1.0).max())
        assert np.array_equal(np.isnan(voltage), np.isnan(flow.magnitude)), "other buses are dead"
        assert apart < 1e-4 and lost < 1e-3, (apart, lost)
        return {"largest_difference_pu": apart, "largest_difference_losses": lost}


def read(net: Path, folder: Path) -> Grid:
    """The grid of a pandapower file, through a city."""
    city = create_city(str(folder / "city"), crs="EPSG:25832")
    import_files(city, [net], ImportOptions())
    grid = build_grid(city)
    assert grid is not None
    return grid


def run() -> dict:
    """Median CPU seconds for 1,000 cases; the ratio is the peer's over ours, on the same grid and cases."""
    python = os.environ.get("HOLDFAST_PEER_PANDAPOWER")
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        net = folder / "oberrhein.json" if python else DATA
        if python:
            subprocess.run([python, str(PEER), "write", str(net)], check=True)
        grid = read(net, folder)
        cases, told = cases_of(grid)
        solver, batch = Solver(grid.model), BatchSolver(grid.model)
        flow, packed = solver.solve(cases), batch.solve(cases)
        assert (flow.status == 0).all()
        mine = {"ours": cpu(lambda: solver.solve(cases)), "packed": cpu(lambda: batch.solve(cases))}
        detail: dict[str, Any] = {"cases": CASES, "grid": net.stem, "buses": grid.model.nodes, "buses_dead_at_most": int((~flow.live).sum(axis=1).max()), "turns": TURNS}
        if python:
            with Pandapower(python, folder, net, told) as other:
                taken = in_turns(TURNS, **mine, peer=other.turn)
            detail |= {"peer": f"pandapower {other.version}, runpp a case, all cases once over the turns"} | other.apart(flow)
        else:
            taken = in_turns(TURNS, **mine, peer=one_by_one(grid.model, cases))
            detail |= {"peer": "power-grid-model, one case a call (HOLDFAST_PEER_PANDAPOWER names no interpreter)", "peer_cases_timed": PEER_CASES,
                       "largest_difference_pu": float(np.nanmax(np.abs(np.abs(packed[1]) - flow.magnitude))),
                       "seconds_on_287_buses": round(on_two(grid.model, cases), 4)}
    ours, theirs = taken["ours"], taken["peer"]
    detail |= {"ours s": ours.told(), "peer s": theirs.told(), "power_grid_model_batch_s": round(taken["packed"].median, 4)}
    return {"name": "power_batch", "ours": round(ours.median, 4), "peer": round(theirs.median, 3), "unit": "s", "ratio": round(ratio(theirs, ours), 1), "detail": detail}
