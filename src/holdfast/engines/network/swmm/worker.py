"""The process in which SWMM runs, one model after the other: `python -m holdfast.engines.network.swmm.worker`.

It reads one JSON request per line and answers each by one JSON line; arrays go through files. It ends when its input ends, so that none is
left behind. The engine writes to standard output, which is therefore put aside for answers before the engine is loaded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

LONGEST_MESSAGE = 2000


def serve() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.close(quiet)
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(answer(request)) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one file.

    request   input, report, output: paths; stats: path of the arrays to write; series: whether results over time are kept
    returns   done, message, seconds, balance (3,), version
    """
    from swmm.toolkit import solver

    os.chdir(Path(request["input"]).parent)  # files that a model writes besides land there
    begun = process_time()
    reply: dict[str, Any] = {"done": False, "message": "", "version": int(solver.swmm_get_version())}
    opened = started = False
    try:
        solver.swmm_open(request["input"], request["report"], request["output"])
        opened = True
        solver.swmm_start(1 if request["series"] else 0)
        started = True
        while solver.swmm_step() > 0:
            pass
        stats = statistics(solver)  # the engine forgets them when the simulation ends
        started = False
        solver.swmm_end()
        reply["balance"] = [float(v) for v in solver.swmm_get_mass_balance()]
        np.savez(request["stats"], **stats)
        reply["done"] = True
    except Exception as error:  # the toolkit raises plain exceptions for whatever the engine says
        reply["message"] = str(error).strip() or type(error).__name__
    finally:
        for open_, close in ((started, solver.swmm_end), (opened, solver.swmm_close)):
            if open_:
                _quietly(close)
        if not opened:
            _quietly(solver.swmm_close)
    if not reply["done"]:
        reply["message"] = (_errors(Path(request["report"])) or reply["message"])[:LONGEST_MESSAGE]
    reply["seconds"] = process_time() - begun
    return reply


def statistics(solver: Any) -> dict[str, np.ndarray]:
    """What the engine counted over the whole run, in the units of the model: names, per node, per link, and totals.

    Only asked for what the engine keeps: a model without links has no statistics of nodes (reading them ends the process), and asking for the
    runoff of a model without subcatchments would change its error of continuity.
    """
    from swmm.toolkit.shared_enum import ObjectType, SubcatchProperty

    count = {name: solver.project_get_count(getattr(ObjectType, name)) for name in ("NODE", "LINK", "SUBCATCH")}
    nodes = [solver.node_get_stats(i) for i in range(count["NODE"])] if count["LINK"] else []
    links = [solver.link_get_stats(i) for i in range(count["LINK"])]
    surface, routing = np.zeros(3), solver.system_get_routing_totals()
    if count["SUBCATCH"]:
        runoff = solver.system_get_runoff_totals()
        area = sum(solver.subcatch_get_parameter(i, SubcatchProperty.AREA) for i in range(count["SUBCATCH"]))
        surface = np.array([runoff.rainfall, runoff.infil, runoff.runoff], np.float64) * area  # depth times area of all subcatchments
    inflow = routing.dwInflow + routing.wwInflow + routing.gwInflow + routing.iiInflow + routing.exInflow
    flooded = {"flooded_volume": [s.volFlooded for s in nodes], "flooded_hours": [s.timeFlooded for s in nodes], "peak_depth": [s.maxDepth for s in nodes]}
    if len(nodes) < count["NODE"]:  # no links: nowhere flooded if the total says so, not known by node if not
        none = 0.0 if routing.flooding == 0.0 else np.nan
        flooded = {name: [np.nan if name == "peak_depth" else none] * count["NODE"] for name in flooded}
    return {
        "node": np.array([solver.project_get_id(ObjectType.NODE, i) for i in range(count["NODE"])], np.str_),
        "link": np.array([solver.project_get_id(ObjectType.LINK, i) for i in range(len(links))], np.str_),
        **{name: np.array(values, np.float64) for name, values in flooded.items()}, "peak_flow": np.array([s.maxFlow for s in links], np.float64),
        "surface": surface, "routed": np.array([inflow, routing.outflow, routing.flooding], np.float64),
    }  # fmt: skip


def _errors(report: Path) -> str:
    """The first errors that the engine wrote."""
    if not report.exists():
        return ""
    lines = report.read_text(encoding="utf-8", errors="replace").splitlines()
    found = []
    for i, line in enumerate(lines):
        if "ERROR" in line:
            found.append(" ".join(part.strip() for part in lines[i : i + 2] if part.strip()))
    return "; ".join(found[:5])


def _quietly(close: Any) -> None:
    """Close what is left of a run that failed; the engine complains where there is nothing to close."""
    try:
        close()
    except Exception:
        return


if __name__ == "__main__":
    serve()
