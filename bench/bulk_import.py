"""Import of a million pipes with checks on, against ogr2ogr loading the same file into a GeoPackage without any."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench import pipe_files

COUNT = 1_000_000

_CHILD = """
import json, resource, sys
from time import perf_counter
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
city = create_city(sys.argv[1], crs=sys.argv[3])
start = perf_counter()
report = import_files(city, [sys.argv[2]], ImportOptions())
seconds = perf_counter() - start
print(json.dumps({"seconds": seconds, "assets": city.counts()["water.pipe"], "findings": report.findings.counts(),
                  "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
"""


def ours(folder: Path, file: Path) -> dict:
    """Import in a process of its own, so that its peak memory is its own."""
    out = subprocess.run([sys.executable, "-c", _CHILD, str(folder / f"city-{file.suffix[1:]}"), str(file), pipe_files.CRS], capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def peer(folder: Path, file: Path) -> float:
    """Seconds that ogr2ogr takes for the same file, spatial index included."""
    start = perf_counter()
    subprocess.run(["ogr2ogr", "-f", "GPKG", str(folder / "peer.gpkg"), str(file), "-nln", "water_pipe", "-gt", "unlimited"], check=True, capture_output=True)
    return perf_counter() - start


def run() -> dict:
    """Assets per second end to end; the ratio is ours over ogr2ogr on the same FlatGeobuf (Debian's GDAL reads no Parquet)."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    try:
        table, _ = pipe_files.pipes(COUNT)
        parquet, flat = folder / "water.pipe.parquet", folder / "water.pipe.fgb"
        pipe_files.write_geoparquet(table, parquet)
        pipe_files.write_flatgeobuf(table, flat)
        del table
        first, second = ours(folder, parquet), ours(folder, flat)
        other = peer(folder, flat) if shutil.which("ogr2ogr") else None
    finally:
        shutil.rmtree(folder)
    rate, same_file = COUNT / first["seconds"], COUNT / second["seconds"]
    peer_rate = None if other is None else COUNT / other
    return {
        "name": "bulk_import", "ours": round(rate), "peer": None if peer_rate is None else round(peer_rate), "unit": "assets/s",
        "ratio": None if peer_rate is None else round(same_file / peer_rate, 3),
        "detail": {"assets": first["assets"], "peak_gb": round(first["peak_gb"], 2), "flatgeobuf_ours": round(same_file), "findings": first["findings"],
                   "peer": "ogr2ogr to GPKG, same FlatGeobuf, no checks, no history"},
    }
