"""Micropolis, all its lifelines, 10,000 samples of an earthquake of magnitude 6.5, against the cost of one disruption of a toy of 11 nodes.

The call is the one that `holdfast scenario mycity quake-m6.5 --samples 10000 --workers 2` makes, with everything in it: the city is read, cases go to two
processes and stream to Parquet, then come the impact, the order of repairs as the scenario has it, the report. Memory is the proportional set
size of this process and all below it, added up twice a second (pages that they share count once). HOLDFAST_BENCH_SAMPLES asks for fewer samples.

The peer is the public tools of bench/peers/coupled_disruption.py on the in2 toy, disruptions measured before and after in the interpreter named by
HOLDFAST_PEER_COUPLED; without it, InfraRisk's published 1.5 CPU s for the same toy. It does less for each: water, power and roads of 77 components.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.coupled_disruption import DATA as TOY
from bench.coupled_disruption import PUBLISHED, Ours
from bench.turns import Program

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "coupled" / "micropolis"
MAPPING = Path(__file__).resolve().parents[1] / "tests" / "cases" / "micropolis" / "gis.toml"
SAMPLES, WORKERS, SEED = int(os.environ.get("HOLDFAST_BENCH_SAMPLES", "10000")), 2, 1
TOYS = 3  # disruptions of the toy before, and after


def make_city(folder: Path) -> Any:
    """Micropolis from its published files."""
    from holdfast.app.cities import create_city
    from holdfast.app.importing import ImportOptions, import_files

    city = create_city(str(folder), crs="local", name="Micropolis")
    import_files(city, [SHARED / f"gis/{name}.shp" for name in ("buildings_v1", "lots_v1")], ImportOptions(crs="local:ft", mapping=MAPPING))
    networks = ("transportation/high/transpo_net.tntp", "water/high/water.inp", "power/high/power.json")
    import_files(city, [SHARED / name for name in networks], ImportOptions(crs="local:ft"))
    import_files(city, [SHARED / "dependencies.csv"])
    return city


class Memory:
    """The most memory that this process and all below it held together, looked at twice a second. Used as a context."""

    def __init__(self) -> None:
        self.peak, self.of = 0, "proportional set size"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(0.5):
            self.peak = max(self.peak, sum(self._held(process) for process in (own, *own.children(recursive=True))))

    def _held(self, process: psutil.Process) -> int:
        """Bytes of one process; all that is resident where the system does not tell what is shared."""
        try:
            return process.memory_full_info().pss
        except (AttributeError, psutil.AccessDenied):
            self.of = "resident set size, shared pages counted in each process"
            return process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return 0


def _cpu() -> float:
    """CPU seconds of this process and of those below it that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Toy:
    """CPU seconds of one disruption of the toy with public tools."""

    def __init__(self) -> None:
        self._python = os.environ.get("HOLDFAST_PEER_COUPLED")
        self._ours = Ours() if self._python else None
        self.seconds: list[float] = []

    def measure(self) -> None:
        """A few disruptions; the first warms up."""
        if self._python is None or self._ours is None:
            return
        with Program(self._python, str(Path(__file__).parent / "peers" / "coupled_disruption.py"), str(TOY)) as program:
            said = [program.ask(**self._ours.question(case, 60))["seconds"] for case in range(TOYS + 1)]
        self.seconds += said[1:]

    def median(self) -> tuple[float, str]:
        """Seconds, and whose."""
        if self.seconds:
            return median(self.seconds), f"WNTR, pandapower and networkx on in2, {min(self.seconds):.2f} to {max(self.seconds):.2f} s"
        return PUBLISHED, "InfraRisk on in2, published (HOLDFAST_PEER_COUPLED names no interpreter)"


def run() -> dict[str, Any]:
    """CPU seconds per case, everything from reading the city to the report; wall time and memory of the whole in the detail."""
    if not SHARED.exists():
        return {"name": "quake_micropolis", "ours": None, "peer": None, "unit": "CPU s per case", "ratio": None, "detail": {"skipped": "shared data are absent"}}
    from holdfast.app.scenario import run_scenario

    toy = Toy()
    toy.measure()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, make_city(Path(folder) / "city") as city:
        out = Path(folder) / "out"
        with Memory() as memory:
            begun, start = _cpu(), time.perf_counter()
            done = run_scenario(city, "quake-m6.5", samples=SAMPLES, seed=SEED, workers=WORKERS, out=out)
            wall, cpu = time.perf_counter() - start, (_cpu() - begun) / SAMPLES
        written = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    toy.measure()
    summary, (theirs, whose) = done.answer.summary, toy.median()
    return {
        "name": "quake_micropolis", "ours": round(cpu, 5), "peer": round(theirs, 3), "unit": "CPU s per case", "ratio": round(theirs / cpu, 1),
        "detail": {"samples": SAMPLES, "processes": WORKERS, "wall s": round(wall, 1), "wall minutes": round(wall / 60, 2), "cases": summary["cases"],
                   "peak GB of all processes": round(memory.peak / 1e9, 2), "memory is": memory.of, "wall s by stage": _stages(summary["seconds"], wall),
                   "seconds in the processes by stage of the cases": _inside(summary["seconds"]), "order of repairs": _order(summary),
                   "Parquet MB": round(written / 1e6, 1), "assets": summary["assets"], "peer": whose},
    }  # fmt: skip


def _stages(seconds: dict[str, float], wall: float) -> dict[str, float]:
    """Stages of the run as one waits for them; restoration is the search for the order of repairs."""
    stages = {name: round(value, 1) for name, value in seconds.items() if ":" not in name}
    return stages | {"impact, tables, report": round(wall - sum(stages.values()), 1)}


def _inside(seconds: dict[str, float]) -> dict[str, float]:
    """What the cases themselves took, added up over the processes."""
    return {name.removeprefix("cpu:"): round(value, 1) for name, value in seconds.items() if name.startswith("cpu:")}


def _order(summary: dict[str, Any]) -> str:
    found = summary.get("restoration", {})
    if "orders_judged" not in found:
        return found.get("left_out", "nothing to mend")
    return f"{found['orders_judged']} orders of {found['tasks']} repairs judged on {len(found['cases'])} cases, the default"
