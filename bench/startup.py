"""Import of the package, `holdfast --help`, and opening a city of 100,000 assets; peer: importing geopandas."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench import pipe_files
from holdfast.app.cities import create_city

REPEATS = 7


def _median(code: str) -> float:
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(perf_counter() - start)
    return statistics.median(times)


def run() -> dict:
    """Seconds over a bare interpreter; the ratio is geopandas' import over ours."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    try:
        city = create_city(str(folder / "city"), crs=pipe_files.CRS)
        city.append("water.pipe", pipe_files.pipes(100_000)[0])
        city.close()
        bare = _median("pass")
        ours = _median("import holdfast") - bare
        usage = _median("import sys; sys.argv = ['holdfast', '--help']\nfrom holdfast.cli import main\nmain()") - bare
        opening = _median(f"import holdfast; holdfast.open({str(folder / 'city')!r}).counts()") - bare
        other = _median("import geopandas") - bare
    finally:
        shutil.rmtree(folder)
    return {"name": "startup", "ours": round(ours, 3), "peer": round(other, 3), "unit": "s", "ratio": round(other / max(ours, 1e-3), 2),
            "detail": {"help_s": round(usage, 3), "open_and_count_s": round(opening, 3), "interpreter_s": round(bare, 3), "peer": "import geopandas"}}
