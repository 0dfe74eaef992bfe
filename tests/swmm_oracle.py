"""SWMM itself, one model per process: run a file and give every head, flow and runoff."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

SCRIPT = """
import sys, numpy as np
from swmm.toolkit import solver, output, shared_enum as e
inp, rpt, out, npz = sys.argv[1:]
solver.swmm_open(inp, rpt, out)
solver.swmm_start(1)
while solver.swmm_step() > 0:
    pass
solver.swmm_end()
errors = solver.swmm_get_mass_balance()
solver.swmm_report()
solver.swmm_close()
h = output.init()
output.open(h, out)
periods = output.get_times(h, e.Time.NUM_PERIODS)
areas, nodes, links = output.get_proj_size(h)[:3]
data = {"balance": np.array(list(errors)), "periods": periods}
for name, count, kind, attributes, result in (
    ("node", nodes, e.ElementType.NODE, (("depth", e.NodeAttribute.INVERT_DEPTH), ("head", e.NodeAttribute.HYDRAULIC_HEAD), ("flooding", e.NodeAttribute.FLOODING_LOSSES)),
     output.get_node_attribute),
    ("link", links, e.ElementType.LINK, (("flow", e.LinkAttribute.FLOW_RATE),), output.get_link_attribute),
    ("area", areas, e.ElementType.SUBCATCH, (("runoff", e.SubcatchAttribute.RUNOFF_RATE),), output.get_subcatch_attribute),
):
    data[name] = np.array([output.get_elem_name(h, kind, i) for i in range(count)])
    for label, code in attributes:
        data[label] = np.array([result(h, t, code) for t in range(periods)]) if count else np.zeros((periods, 0))
output.close(h)
np.savez(npz, **data)
"""


Results = dict[str, np.ndarray]


def run(path: Path, folder: Path) -> Results:
    """Results of a file by name: (periods, elements) in the file's units; balance is (runoff, routing, quality) in percent."""
    target = folder / f"{path.stem}-result.npz"
    command = [sys.executable, "-c", SCRIPT, str(path), str(folder / f"{path.stem}.rpt"), str(folder / f"{path.stem}.out"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        report = folder / f"{path.stem}.rpt"
        errors = [line for line in report.read_text(errors="replace").splitlines() if "ERROR" in line][:5] if report.exists() else []
        raise AssertionError(f"SWMM did not run {path.name}: {done.stderr[-500:]} {errors}")
    with np.load(target) as found:
        return dict(found)


def shortened(path: Path, folder: Path, hours: float) -> Path:
    """A copy of a file that ends so many hours after its start; files that it uses are not copied."""
    text = path.read_bytes().decode("latin-1")
    find = {name: re.search(rf"^\s*{name}\s+(\S+)", text, re.M) for name in ("START_DATE", "START_TIME")}
    start = datetime.strptime(f"{find['START_DATE'].group(1)} {find['START_TIME'].group(1)}", "%m/%d/%Y %H:%M:%S")
    end = start + timedelta(hours=hours)
    for name, value in (("END_DATE", f"{end:%m/%d/%Y}"), ("END_TIME", f"{end:%H:%M:%S}")):
        text = re.sub(rf"^(\s*{name}\s+)\S+", rf"\g<1>{value}", text, count=1, flags=re.M)
    copy = folder / path.name
    copy.write_bytes(text.encode("latin-1"))
    return copy


def deviation(first: Results, second: Results) -> tuple[float, float, float]:
    """Largest difference of heads, and of flows and runoff relative to the largest, with names matched."""
    out = []
    for names, field in (("node", "head"), ("link", "flow"), ("area", "runoff")):
        place = {name: i for i, name in enumerate(second[names])}
        order = [place[name] for name in first[names]]
        assert first[field].shape == second[field].shape
        if first[field].size == 0:
            out.append(0.0)
            continue
        scale = 1.0 if field == "head" else max(np.abs(first[field]).max(), 1e-9)
        out.append(float(np.abs(first[field] - second[field][:, order]).max() / scale))
    return out[0], out[1], out[2]
