"""`city.network("water")` on a million pipes, cold, against building the same graph from pyogrio's table with pandas."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import pipe_files
from holdfast.app.cities import create_city

COUNT = 1_000_000

_OURS = """
import json, sys
from time import perf_counter
import holdfast
start = perf_counter()
city = holdfast.open(sys.argv[1])
opened = perf_counter() - start
network = city.network("water")
print(json.dumps({"open": opened, "seconds": perf_counter() - start - opened, "nodes": network.nodes, "edges": network.edges, "unresolved": int((network.edge_from < 0).sum())}))
"""

_PEER = """
import json, sys
from time import perf_counter
import pandas as pd
from pyogrio.raw import read_arrow
start = perf_counter()
_, nodes = read_arrow(sys.argv[1] + "/city.gpkg", layer="water_junction", columns=["id"])
_, edges = read_arrow(sys.argv[1] + "/city.gpkg", layer="water_pipe", columns=["id", "from_id", "to_id", "shape_length"])
index = pd.Index(nodes["id"].to_pandas())
start_of, end_of = index.get_indexer(edges["from_id"].to_pandas()), index.get_indexer(edges["to_id"].to_pandas())
print(json.dumps({"seconds": perf_counter() - start}))
"""


def _child(code: str, city: Path) -> dict:
    out = subprocess.run([sys.executable, "-c", code, str(city)], capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def run() -> dict:
    """Seconds in a fresh process, best of three; the ratio is the peer's over ours."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    try:
        city = create_city(str(folder / "city"), crs=pipe_files.CRS)
        pipes, nodes = pipe_files.pipes(COUNT)
        city.append("water.junction", nodes)
        city.append("water.pipe", pipes)
        city.close()
        rounds = [(_child(_OURS, folder / "city"), _child(_PEER, folder / "city")) for _ in range(3)]
    finally:
        shutil.rmtree(folder)
    best, other = min((r[0] for r in rounds), key=lambda r: r["seconds"]), min(r[1]["seconds"] for r in rounds)
    return {
        "name": "network_load", "ours": round(best["seconds"], 3), "peer": round(other, 3), "unit": "s", "ratio": round(other / best["seconds"], 3),
        "detail": {"nodes": best["nodes"], "edges": best["edges"], "open_s": round(best["open"], 3), "unresolved": best["unresolved"],
                   "peer": "pyogrio.read_arrow of two layers and pandas Index.get_indexer"},
    }
