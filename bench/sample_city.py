"""The reference city with 100,000 assets, generated and stored; peer: writing the same layers with geopandas to a GeoPackage."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from time import perf_counter

from holdfast.app.sample_city import create_sample_city

ASSETS = 100_000


def run() -> dict:
    """Seconds from nothing to a stored, linked city; the ratio is the peer's time for storing alone over ours for everything."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    try:
        start = perf_counter()
        city = create_sample_city(str(folder / "city"), assets=ASSETS, seed=7)
        seconds = perf_counter() - start
        counts = city.counts()
        frames = {kind: city.assets(kind) for kind in counts if city.kind(kind).geometry}
        links = city.links().num_rows
        city.close()
        start = perf_counter()
        for kind, frame in frames.items():
            frame.drop(columns=["valid_to", "superseded_at"]).to_file(folder / "peer.gpkg", layer=kind.replace(".", "_"), engine="pyogrio")
        other = perf_counter() - start
    finally:
        shutil.rmtree(folder)
    return {"name": "sample_city", "ours": round(seconds, 2), "peer": round(other, 2), "unit": "s", "ratio": round(other / seconds, 3),
            "detail": {"assets": sum(counts.values()), "kinds": len(counts), "links": links, "peer": "GeoDataFrame.to_file of the finished layers, no generation, no links"}}
