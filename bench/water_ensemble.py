"""A day of pipe closures, pressure-driven: the batched solver against EPANET's toolkit kept open, and against WNTR's EpanetSimulator.

Every scenario closes one pipe at the start. One core, process time, the same pipes in the same run; the toolkit flips the initial status,
initialises, runs and reads demands and pressures of all nodes at once at every step. A scenario that parts from EPANET is run through EPANET again
from files in another order, to see whether EPANET agrees with itself there; with LD_LIBRARY_PATH naming the library of bench/peers/epanet_quad.py
all scenarios are compared with an EPANET without round-off. WNTR is used when HOLDFAST_PEER_WNTR names an
interpreter that has it (and six); it adds a control that closes the pipe, runs, and removes it, as its own examples do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from time import process_time

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "water" / "literature"
HOURS, PRESSURE, SEED = 24, 20.0, 7
APART = 0.001  # share of node-hours more than 5 cm from EPANET, from which on a scenario counts as apart
COUNTS = {"ky10": (512, 24, 4), "Net3": (117, 117, 10)}  # scenarios of ours, of the toolkit and of WNTR

_WNTR = """
import json, random, sys, warnings
from time import process_time
warnings.simplefilter("ignore")
import wntr
path, hours, pressure, pipes = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), json.loads(sys.argv[4])
wn = wntr.network.WaterNetworkModel(path)
wn.options.time.duration = hours * 3600
wn.options.quality.parameter = "NONE"
wn.options.hydraulic.demand_model = "PDD"
wn.options.hydraulic.required_pressure, wn.options.hydraulic.minimum_pressure, wn.options.hydraulic.pressure_exponent = pressure, 0.0, 0.5
def run(name):
    pipe = wn.get_link(name)
    wn.add_control("close", wntr.network.controls.Control(wntr.network.controls.SimTimeCondition(wn, "=", 0),
                   wntr.network.controls.ControlAction(pipe, "status", wntr.network.LinkStatus.Closed)))
    result = wntr.sim.EpanetSimulator(wn).run_sim(file_prefix=sys.argv[5])
    wn.remove_control("close")
    return float(result.node["demand"].values.sum())
run(pipes[0])
start = process_time()
for name in pipes:
    run(name)
print(json.dumps({"seconds": (process_time() - start) / len(pipes), "version": wntr.__version__}))
"""


def _toolkit(path: Path, pipes: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """CPU seconds per scenario of the toolkit, and its hourly heads [m] and demands [m3/s], (case, step, node)."""
    from epanet import toolkit as en

    from hydraulic_model_of import Units, node_order, open_project, values

    project = open_project(path)
    units, order = Units(project), node_order(project)
    en.setdemandmodel(project, en.PDA, 0.0, PRESSURE / units.pressure, 0.5)
    en.settimeparam(project, en.DURATION, HOURS * 3600)
    en.openH(project)
    buffer = en.doubleArray(len(order))

    controlled = [en.getcontrol(project, c + 1)[1] for c in range(en.getcount(project, en.CONTROLCOUNT))]

    def hold(k: int, free: int) -> None:
        """The pipe's own controls must not open it."""
        for c, link in enumerate(controlled):
            if link == k + 1:
                en.setcontrolenabled(project, c + 1, free)
        en.setlinkvalue(project, int(k) + 1, en.INITSTATUS, free)

    def run(k: int, keep: bool) -> list:
        hold(k, 0)
        en.initH(project, en.INITFLOW)
        rows = []
        while True:
            time = en.runH(project)
            en.getnodevalues(project, en.DEMAND, buffer)
            en.getnodevalues(project, en.PRESSURE, buffer)
            if keep and time % 3600 == 0:
                rows.append((values(project, en.getnodevalues, en.HEAD, len(order))[order] * units.length,
                             values(project, en.getnodevalues, en.DEMANDFLOW, len(order))[order] * units.flow))
            if en.nextH(project) <= 0:
                break
        hold(k, 1)
        return rows

    run(pipes[0], False)
    start = process_time()
    for k in pipes:
        run(k, False)
    seconds = (process_time() - start) / len(pipes)
    kept = [run(k, True) for k in pipes]
    en.close(project)
    return seconds, np.array([[row[0] for row in rows] for rows in kept]), np.array([[row[1] for row in rows] for rows in kept])


def _wntr(path: Path, names: list[str]) -> dict | None:
    interpreter = os.environ.get("HOLDFAST_PEER_WNTR")
    if not interpreter:
        return None
    prefix = str(Path(os.environ.get("TMPDIR", "/tmp")) / "holdfast-bench-wntr")
    command = [interpreter, "-c", _WNTR, str(path), str(HOURS), str(PRESSURE), json.dumps(names), prefix]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


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
    from holdfast.engines.network.hydraulic.model import NodeType
    from holdfast.engines.network.hydraulic.solve import Solver
    from hydraulic_model_of import model_of

    path = DATA / f"{name}.inp"
    model = model_of(path, demand_model="PDA", required_pressure=PRESSURE, minimum_pressure=0.0, pressure_exponent=0.5, duration=HOURS * 3600.0)
    ours_count, toolkit_count, wntr_count = COUNTS[name]
    pipes = np.random.Generator(np.random.Philox(SEED)).permutation(np.flatnonzero(model.link_type == 1))[:ours_count]
    status = np.full((len(pipes), model.links), -1, np.int8)
    status[np.arange(len(pipes)), pipes] = 0
    cases, solver = Cases(len(pipes), status=status), Solver(model)
    solver.ensemble(cases.rows(np.arange(8)))
    solver.extended(cases.rows(np.arange(8)), keep=("head", "supply"))
    times: dict[str, list[float]] = {"ensemble": [], "extended": [], "toolkit": []}
    heads = supplies = None
    for _ in range(3):  # in turns, so that a busy machine slows all of them alike
        for mode, run_ in (("ensemble", lambda: solver.ensemble(cases)), ("extended", lambda: solver.extended(cases, keep=("head", "supply")))):
            start = process_time()
            result = run_()
            times[mode].append((process_time() - start) / cases.count)
        seconds, heads, supplies = _toolkit(path, pipes[:toolkit_count])
        times["toolkit"].append(seconds)
    peer = _wntr(path, [str(model.link_id[int(k)]) for k in pipes[:wntr_count]])
    junction = model.node_type == NodeType.JUNCTION
    hourly = (result.time % 3600) == 0
    head, supply = result.head[:toolkit_count, hourly][..., junction], result.delivered[:toolkit_count, hourly][..., junction]
    fed = np.isfinite(head)
    far = np.abs(head - heads[..., junction])
    share = np.array([(gap[own] > 0.05).mean() for gap, own in zip(far, fed, strict=True)])
    apart = np.flatnonzero(share > APART)
    explained = _apart_from_itself(path, pipes[apart])
    together = fed & (share <= APART)[:, None, None]
    rest, far = far[together], far[fed]
    missing = np.abs(supply.sum((1, 2)) - np.where(fed, supplies[..., junction], 0.0).sum((1, 2))) / supplies[..., junction].sum((1, 2))
    best = {mode: min(values) * 1e3 for mode, values in times.items()}
    return {
        "ours_ms": round(best["ensemble"], 3), "ours_all_results_ms": round(best["extended"], 3), "toolkit_ms": round(best["toolkit"], 3),
        "wntr_ms": round(peer["seconds"] * 1e3, 2) if peer else None, "wntr": peer["version"] if peer else "not installed: set HOLDFAST_PEER_WNTR",
        "over_toolkit": round(best["toolkit"] / best["ensemble"], 2), "over_toolkit_all_results": round(best["toolkit"] / best["extended"], 2),
        "over_wntr": round(peer["seconds"] * 1e3 / best["ensemble"], 1) if peer else None, "scenarios": [ours_count, toolkit_count, wntr_count],
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
