"""One valve closed on a network of about 1,000 nodes: milliseconds until the changed state is known, against EPANET opened for the question."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

MODEL = Path(__file__).resolve().parents[2] / "shared" / "data" / "water" / "literature" / "ky10.inp"
TRIES = 40


def run() -> dict[str, Any]:
    """Median and worst answer of a resident city (all its networks, who is served) and median of opening the model in EPANET and solving once."""
    if not MODEL.exists():
        return {"name": "what_if", "ours": None, "peer": None, "unit": "ms", "ratio": None, "detail": {"skipped": "shared data are absent"}}
    from holdfast.app.cities import create_city
    from holdfast.app.importing import ImportOptions, import_files
    from holdfast.app.what_if import Change, Resident

    with tempfile.TemporaryDirectory() as folder, create_city(str(Path(folder) / "city"), crs="local") as city:
        import_files(city, [MODEL], ImportOptions(crs="local:m"))
        nodes = sum(city.counts().get(f"water.{kind}", 0) for kind in ("junction", "reservoir", "tank"))
        resident = Resident(city)
        pipes = city.table("water.pipe", columns=["id"])["id"].to_pylist()
        chosen = pipes[:: max(1, len(pipes) // TRIES)][:TRIES]
        resident.overlay().apply(Change(pipes[-1], "isolate"))  # compiles
        ours, solved = [], 0
        for pipe in chosen:
            start = time.perf_counter()
            effect = resident.overlay().apply(Change(pipe, "isolate"))
            ours.append(1000.0 * (time.perf_counter() - start))
            solved += effect.status == "solved"
        peer = [_epanet(Path(folder)) for _ in range(10)]
    detail = {"nodes": nodes, "worst ms": round(max(ours), 2), "solved": f"{solved} of {len(chosen)}", "peer": "EPANET toolkit: open the file, solve one snapshot"}
    mine, theirs = statistics.median(ours), statistics.median(peer)
    return {"name": "what_if", "ours": mine, "peer": theirs, "unit": "ms", "ratio": theirs / mine, "detail": detail}


def _epanet(folder: Path) -> float:
    from epanet import toolkit as en

    start = time.perf_counter()
    project = en.createproject()
    en.open(project, str(MODEL), str(folder / "r.rpt"), str(folder / "r.bin"))
    en.openH(project)
    en.initH(project, en.NOSAVE)
    en.runH(project)
    en.closeH(project)
    en.close(project)
    en.deleteproject(project)
    return 1000.0 * (time.perf_counter() - start)
