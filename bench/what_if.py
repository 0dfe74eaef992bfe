"""One pipe shut off on a network of about 1,000 nodes: milliseconds until the changed state is known, against EPANET opened for the question."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.turns import in_turns, ratio

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
        _epanet(Path(folder))
        rest, solved = iter(chosen), []

        def change() -> float:
            pipe, start = next(rest), time.perf_counter()
            effect = resident.overlay().apply(Change(pipe, "isolate"))
            seconds = time.perf_counter() - start
            solved.append(effect.status == "solved")
            return seconds

        taken = in_turns(len(chosen), ours=change, peer=lambda: _epanet(Path(folder)))
    ours, peer = taken["ours"], taken["peer"]
    detail = {"nodes": nodes, "worst ms": round(1e3 * max(ours.seconds), 2), "solved": f"{sum(solved)} of {len(chosen)}", "ours ms": ours.told(1e3), "peer ms": peer.told(1e3),
              "peer": "EPANET toolkit: open the file, solve one snapshot"}  # fmt: skip
    mine, theirs = 1e3 * ours.median, 1e3 * peer.median
    return {"name": "what_if", "ours": round(mine, 2), "peer": round(theirs, 2), "unit": "ms", "ratio": round(ratio(peer, ours), 2), "detail": detail}


def _epanet(folder: Path) -> float:
    """Seconds to open the model and solve it once."""
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
    return time.perf_counter() - start
