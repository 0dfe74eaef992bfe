"""A thousand heat demands of the published heat net of Schutterwald, against pandapipes case by case, in turns; CPU time for one case.

The peer is run by the interpreter named in HOLDFAST_PEER_PANDAPIPES, which has pandapipes 0.16.0. Without it no other program that solves
flow and heat together is installed, and the peer is this solver alone: one case a call, each from a cold start.
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
from holdfast.engines.network.gas.fluid import ambient_pressure
from holdfast.engines.network.heat.model import HeatModel, LinkType, model
from holdfast.engines.network.heat.solve import HeatCases, HeatResult, HeatSolver
from holdfast.io.pandapower_json import read_net

CASES, PEER_CASES, TURNS = 1000, 20, 5
NET = Path(__file__).resolve().parents[2] / "shared/data/gas_heat/pandapipes/sw_heat.json"
Told = tuple[np.ndarray, np.ndarray]  # lowest gauge pressure [Pa] and temperature at the return of the plant [K] of each case


def network(path: Path) -> tuple[HeatModel, int]:
    """The net straight from its file, and the node at which water returns to the plant."""
    net = read_net(path, "pandapipesNet")
    junction, pump, *frames = (net.table(name) for name in ("junction", "circ_pump_pressure", "pipe", "valve", "heat_consumer"))
    pipe, _, consumer = frames
    row = {label: i for i, label in enumerate(junction.index)}

    def at(frame: Any, name: str) -> np.ndarray:
        return np.array([row[int(label)] for label in frame.numbers(name)])

    def each(*values: Any) -> np.ndarray:
        return np.concatenate([np.broadcast_to(value, (len(frame),)) for value, frame in zip(values, frames, strict=True)])

    none, height = np.nan, junction.numbers("height_m")
    held, supplied, air = np.full(len(height), none), np.full(len(height), none), ambient_pressure(height)
    out, back = at(pump, "flow_junction"), at(pump, "return_junction")
    held[out] = pump.numbers("p_flow_bar") * 1e5 + air[out]
    held[back] = (pump.numbers("p_flow_bar") - pump.numbers("plift_bar")) * 1e5 + air[back]
    supplied[out] = pump.numbers("t_flow_k")
    ends = [np.concatenate([at(frame, f"{end}_junction") for frame in frames]) for end in ("from", "to")]
    made = model(len(height), ends, stagnant=261.15, elevation=height, held=held, supplied=supplied, link_type=each(0, 0, LinkType.CONSUMER),
                 diameter=each(pipe.numbers("diameter_m"), 0.2, 0.1), length=each(pipe.numbers("length_km") * 1e3, 0, 0), roughness=each(pipe.numbers("k_mm") * 1e-3, 1e-3, 1e-4),
                 transfer=each(pipe.numbers("alpha_w_per_m2k"), 0, 0), surroundings=each(pipe.numbers("text_k"), 293, 293), heat=each(none, none, consumer.numbers("qext_w")),
                 flow=each(none, none, consumer.numbers("controlled_mdot_kg_per_s")))  # fmt: skip
    return made, int(back[0])


def _told(made: HeatModel, back: int, result: HeatResult) -> Told:
    return (result.pressure - ambient_pressure(made.elevation)).min(axis=1), result.temperature[:, back]


@contextmanager
def _peer(made: HeatModel, back: int, solver: HeatSolver) -> Iterator[Callable[[list[float]], dict[str, Any]]]:
    """Who answers lists of factors with `seconds` a case, `lowest` pressures, temperatures `returned` and a name."""
    interpreter = os.environ.get("HOLDFAST_PEER_PANDAPIPES")
    if interpreter:
        with Program(interpreter, str(Path(__file__).parent / "peers" / "pandapipes_heat.py"), str(NET)) as program:
            yield lambda factor: (said := program.ask(factor=factor)) | {"name": f"pandapipes {said['version']} pipeflow, bidirectional"}
        return

    def alone(factor: list[float]) -> dict[str, Any]:
        start = process_time()
        found = [_told(made, back, solver.solve(HeatCases(1, heat=f * made.heat[None]), warm=False)) for f in factor]
        seconds, (lowest, returned) = (process_time() - start) / len(factor), np.concatenate(found, axis=1)
        return {"seconds": seconds, "lowest": lowest, "returned": returned, "name": "this solver, one cold case a call (HOLDFAST_PEER_PANDAPIPES names no interpreter)"}

    yield alone


def run() -> dict:
    """Median CPU milliseconds for one case; the ratio is the peer's over ours."""
    if not NET.exists():
        sys.exit(f"{NET.name} is not there: the net is expected beside the checkout in shared/data")
    made, back = network(NET)
    solver = HeatSolver(made)
    factor = np.random.default_rng(7).uniform(0.5, 3.0, CASES)
    solver.solve(HeatCases(8))  # compiles, and solves the undisturbed net
    cases, some, said = HeatCases(CASES, heat=factor[:, None] * made.heat), factor[:PEER_CASES].tolist(), []
    with _peer(made, back, solver) as peer:

        def theirs() -> float:
            said.append(peer(some))
            return said[-1]["seconds"]

        taken = in_turns(TURNS, ours=lambda: cpu(lambda: solver.solve(cases))() / CASES, peer=theirs)
    result = solver.solve(cases)
    lowest, returned = (values[:PEER_CASES] for values in _told(made, back, result))
    ours, other = taken["ours"], taken["peer"]
    return {
        "name": "heat_ensemble", "ours": round(ours.median * 1e3, 4), "peer": round(other.median * 1e3, 3), "unit": "ms CPU per case", "ratio": round(ratio(other, ours), 1),
        "detail": {"cases": CASES, "junctions": made.nodes, "consumers": int((made.link_type == LinkType.CONSUMER).sum()), "solved": int((result.status == 0).sum()),
                   "turns_of_flow_and_heat": round(float(result.turns.mean()), 2), "turns": TURNS, "ours ms": ours.told(1e3), "peer": said[-1]["name"], "peer ms": other.told(1e3),
                   "largest_difference_of_lowest_pressure": float(f"{np.abs(lowest / np.array(said[-1]['lowest']) - 1).max():.2e}"),
                   "largest_difference_of_return_temperature_K": float(f"{np.abs(returned - np.array(said[-1]['returned'])).max():.2e}"),
                   "return_temperature_K": [round(float(v), 2) for v in (returned.min(), returned.max())]},
    }  # fmt: skip
