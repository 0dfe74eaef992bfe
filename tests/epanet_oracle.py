"""EPANET itself: solve a file and give every head and flow."""

from __future__ import annotations

import ctypes
import warnings
from pathlib import Path

import numpy as np
from epanet import toolkit as en

Results = dict[str, np.ndarray]


def solve(path: Path, folder: Path, *, quality: bool = False) -> Results:
    """Hydraulics of the whole period, or with `quality` the quality at the end: arrays (steps, nodes or links) in the file's units."""
    project = en.createproject()
    report = folder / f"{path.stem}-report.txt"
    try:
        en.open(project, str(path), str(report), str(folder / f"{path.stem}.bin") if quality else "")
    except Exception as error:
        en.close(project)  # the report is complete only now
        lines = [line.strip() for line in report.read_text(errors="replace").splitlines() if line.strip()]
        raise AssertionError(f"EPANET does not take {path.name}: {[line for line in lines if 'Error' in line][:8]}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _run(project)
        if quality:
            en.solveH(project)
            en.solveQ(project)
            found["quality"] = np.array([_values(project, en.getnodevalues, en.QUALITY, len(found["node"]))])
    en.close(project)
    en.deleteproject(project)
    return found


def _run(project: int) -> Results:
    nodes, links = en.getcount(project, en.NODECOUNT), en.getcount(project, en.LINKCOUNT)
    out: dict[str, list] = {"time": [], "head": [], "demand": [], "flow": []}
    en.openH(project)
    en.initH(project, 0)
    step = 1
    while step > 0:
        out["time"].append(en.runH(project))
        out["head"].append(_values(project, en.getnodevalues, en.HEAD, nodes))
        out["demand"].append(_values(project, en.getnodevalues, en.DEMAND, nodes))
        out["flow"].append(_values(project, en.getlinkvalues, en.FLOW, links))
        step = en.nextH(project)
    en.closeH(project)
    found = {name: np.array(values) for name, values in out.items()}
    found["node"] = np.array([en.getnodeid(project, i + 1) for i in range(nodes)])
    found["link"] = np.array([en.getlinkid(project, i + 1) for i in range(links)])
    found["kind"] = np.array([en.getnodetype(project, i + 1) for i in range(nodes)])
    found["elevation"] = np.array([en.getnodevalue(project, i + 1, en.ELEVATION) for i in range(nodes)])
    return found


def _values(project: int, get, code: int, count: int) -> np.ndarray:
    array = en.doubleArray(count)
    get(project, code, array)
    address = ctypes.cast(int(array.cast()), ctypes.POINTER(ctypes.c_double))
    return np.ctypeslib.as_array(address, (count,)).copy()


def deviation(first: Results, second: Results) -> tuple[float, float]:
    """Largest difference of heads (file's units), and of flows relative to the larger of the flow and a thousandth of the largest; ids matched."""
    node_order, link_order = _order(first["node"], second["node"]), _order(first["link"], second["link"])
    assert list(first["time"]) == list(second["time"])
    head = np.abs(first["head"] - second["head"][:, node_order]).max()
    scale = np.maximum(np.abs(first["flow"]), max(np.abs(first["flow"]).max() * 1e-3, 1e-9))
    flow = (np.abs(first["flow"] - second["flow"][:, link_order]) / scale).max()
    return float(head), float(flow)


def _order(names: np.ndarray, other: np.ndarray) -> list[int]:
    place = {name: i for i, name in enumerate(other)}
    assert len(place) == len(names)
    return [place[name] for name in names]
