"""A thousand demand cases of the published gas net of Schutterwald, against pandapipes case by case, in turns; CPU time for one case.

The peer is run by the interpreter named in HOLDFAST_PEER_PANDAPIPES, which has pandapipes 0.16.0. Without it the next best peer that is
installed is SciPy: the same equations, one case at a time, with a sparse LU factorisation.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from bench.turns import Program, cpu, in_turns, ratio
from holdfast.engines.network.gas.fluid import ambient_pressure, from_tables
from holdfast.engines.network.gas.model import GasModel, model
from holdfast.engines.network.gas.solve import GasCases, GasSolver
from holdfast.io.pandapower_json import read_net

CASES, PEER_CASES, TURNS = 1000, 20, 5
NET = Path(__file__).resolve().parents[2] / "shared/data/gas_heat/pandapipes/gas_net_schutterwald_1bar.json"

def network(path: Path) -> GasModel:
    """The net straight from its file."""
    net = read_net(path, "pandapipesNet")
    junction, pipe, sink, feed = (net.table(name) for name in ("junction", "pipe", "sink", "ext_grid"))
    height = junction.numbers("height_m")
    held = np.full(len(height), np.nan)
    at = feed.numbers("junction").astype(int)
    held[at] = feed.numbers("p_bar") * 1e5 + ambient_pressure(height[at])
    gas = from_tables(net.values["fluid"]["content"])
    assert gas is not None
    return model(len(height), (pipe.numbers("from_junction").astype(int), pipe.numbers("to_junction").astype(int)), gas, elevation=height, temperature=283.15, held=held,
                 demand=np.bincount(sink.numbers("junction").astype(int), weights=sink.numbers("mdot_kg_per_s"), minlength=len(height)),
                 length=pipe.numbers("length_km") * 1e3, diameter=pipe.numbers("diameter_m"), roughness=pipe.numbers("k_mm") * 1e-3)


def _scipy_case(made: GasModel, solver: GasSolver, demand: np.ndarray) -> np.ndarray:
    """One case by the same Newton steps with SciPy's LU. returns absolute pressures"""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    net, free = solver.net, np.flatnonzero(np.isnan(made.held))
    a, b, flow = made.link_from, made.link_to, solver._cold().flow[:, 0].copy()
    potential = np.where(np.isnan(made.held), solver.top, made.held**2)
    for _ in range(50):
        p1, p2 = np.sqrt(potential[a]), np.sqrt(potential[b])
        compress = net.offset + net.slope * 2 / 3 * (p1 + p2 - p1 * p2 / (p1 + p2))
        loss = compress * (net.linear + net.quadratic * np.abs(flow)) * flow
        loss -= 0.5 * (p1 + p2) * net.weight * (p1 / (net.offset + net.slope * p1) + p2 / (net.offset + net.slope * p2))
        g = 1.0 / (compress * (net.linear + 2 * net.quadratic * np.abs(flow)))
        push = flow - loss * g
        rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        matrix = coo_array((np.concatenate([g, g, -g, -g]), (rows, columns)), shape=(made.nodes, made.nodes)).tocsr()
        right = -demand - np.bincount(a, weights=push, minlength=made.nodes) + np.bincount(b, weights=push, minlength=made.nodes)
        held = np.setdiff1d(np.arange(made.nodes), free)
        new = potential.copy()
        new[free] = spsolve(matrix[free][:, free].tocsc(), right[free] - matrix[free][:, held] @ potential[held])
        moved, flow = np.abs(push + g * (new[a] - new[b]) - flow).sum(), push + g * (new[a] - new[b])
        still, potential = np.abs(new / potential - 1).max(), new
        if moved < 1e-7 * np.abs(flow).sum() and still < 1e-9:
            break
    return np.sqrt(potential)


@contextmanager
def _peer(made: GasModel, solver: GasSolver) -> Iterator[Callable[..., dict[str, Any]]]:
    """Who answers lists of factors with `seconds` a case, `lowest` pressures and a name."""
    interpreter = os.environ.get("HOLDFAST_PEER_PANDAPIPES")
    if interpreter:
        with Program(interpreter, str(Path(__file__).parent / "peers" / "pandapipes_demands.py"), str(NET)) as program:
            yield lambda factor: (said := program.ask(factor=factor)) | {"name": f"pandapipes {said['version']} pipeflow"}
        return

    def alone(factor: list[float]) -> dict[str, Any]:
        start = process_time()
        lowest = [float((_scipy_case(made, solver, f * made.demand) - made.ambient).min()) for f in factor]
        return {"seconds": (process_time() - start) / len(factor), "lowest": lowest, "name": "SciPy spsolve, same equations, one case at a time"}

    yield alone


def run() -> dict:
    """Median CPU milliseconds for one case; the ratio is the peer's over ours."""
    if not NET.exists():
        sys.exit(f"{NET.name} is not there: the net is expected beside the checkout in shared/data")
    made = network(NET)
    solver = GasSolver(made)
    factor = np.random.default_rng(7).uniform(0.5, 3.0, CASES)
    solver.solve(GasCases(8))  # compiles, and solves the undisturbed net
    cases, some, said = GasCases(CASES, demand=factor[:, None] * made.demand), factor[:PEER_CASES].tolist(), []
    with _peer(made, solver) as peer:

        def theirs() -> float:
            said.append(peer(factor=some))
            return said[-1]["seconds"]

        taken = in_turns(TURNS, ours=lambda: cpu(lambda: solver.solve(cases))() / CASES, peer=theirs)
    result, lowest = solver.solve(cases), np.array(said[-1]["lowest"])
    gauge = (result.pressure[:PEER_CASES] - made.ambient).min(axis=1)
    ours, other = taken["ours"], taken["peer"]
    return {
        "name": "gas_ensemble", "ours": round(ours.median * 1e3, 4), "peer": round(other.median * 1e3, 3), "unit": "ms CPU per case", "ratio": round(ratio(other, ours), 1),
        "detail": {"cases": CASES, "junctions": made.nodes, "solved": int((result.status == 0).sum()), "iterations": round(float(result.iterations.mean()), 2),
                   "turns": TURNS, "ours ms": ours.told(1e3), "peer": said[-1]["name"], "peer ms": other.told(1e3),
                   "largest_difference_of_lowest_pressure": float(f"{np.abs(gauge / lowest - 1).max():.2e}")},
    }  # fmt: skip
