"""Run a SWMM model in many cases and give the results as arrays in SI."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus

from . import results, units
from .changes import LINK_RESULTS, NODE_RESULTS, VOLUMES, Changes, Runs
from .deck import Deck
from .pool import Done, Job, Pool

_SI = {"depth": units.length, "head": units.length, "flooding": units.flow, "flow": units.flow}


def simulate(
    deck: Deck, cases: Sequence[Changes], *, series: Sequence[str] = (), pool: Pool | None = None, cancelled: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Runs:
    """SWMM's full dynamic wave (or whatever routing the model asks for) for each case.

    series     results over time to keep, of NODE_RESULTS and LINK_RESULTS; they take 4 bytes for each case, period and element
    pool       workers; default one for each core, at most as many as cases
    cancelled  when set, what is not yet run is CANCELLED
    progress   called with how many cases have ended, and how many there are
    returns    a case that fails has its status and message, and never stops the others
    raises     Invalid for an unknown series; NotFound for a link or outfall that the model does not have
    """
    for name in series:
        if name not in _SI:
            raise Invalid(f"there is no series {name!r}", fix=f"Series are: {', '.join(_SI)}", field="series")
    pool = pool or Pool(workers=min(len(cases), os.cpu_count() or 1))
    with tempfile.TemporaryDirectory(prefix="holdfast-swmm-") as folder:
        copy_files(deck, Path(folder))
        gathered = _Gathered(deck, len(cases), tuple(series))
        count, lock = [0], threading.Lock()

        def make(at: int) -> Callable[[], Job]:
            def job() -> Job:
                path = Path(folder) / f"case-{at}.inp"
                path.write_text(deck.text(cases[at]), encoding="utf-8", errors="surrogateescape")
                return Job(path, bool(series))

            return job

        def finished(at: int, done: Done) -> None:
            job = Job(Path(folder) / f"case-{at}.inp")
            with lock:
                gathered.take(at, done, job)
                count[0] += 1
                for path in (job.input, job.report, job.output, job.stats):
                    path.unlink(missing_ok=True)
                if progress is not None:
                    progress(count[0], len(cases))

        for change in cases:  # names are checked before anything runs
            deck.check(change)
        ended = pool.run([make(at) for at in range(len(cases))], cancelled, finished)
        return gathered.runs(ended)


def copy_files(deck: Deck, folder: Path) -> None:
    """Put the files that a model reads beside its cases."""
    for name in deck.files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(deck.folder / name, target)


@dataclass(slots=True)
class _Gathered:
    """Results as they come in."""

    deck: Deck
    cases: int
    series: tuple[str, ...]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    over_time: dict[str, list[np.ndarray | None]] = field(default_factory=dict)
    hours: np.ndarray = field(default_factory=lambda: np.empty(0))
    node: tuple[str, ...] = ()
    link: tuple[str, ...] = ()

    def take(self, at: int, done: Done, job: Job) -> None:
        if done.status != CaseStatus.SOLVED:
            return
        unit = self.deck.unit
        with np.load(job.stats) as found:
            stats = dict(found)
        self.node, self.link = tuple(stats.pop("node").tolist()), tuple(stats.pop("link").tolist())
        volume = units.length(unit) ** 3
        surface = stats.pop("surface") * units.rain_depth(unit) * units.plan_area(unit)
        stats["volume"] = np.concatenate([surface, stats.pop("routed") * volume])
        factors = {"flooded_volume": volume, "peak_depth": units.length(unit), "peak_flow": units.flow(unit)}
        for name, values in stats.items():
            self.arrays.setdefault(name, np.full((self.cases, len(values)), np.nan))[at] = values * factors.get(name, 1.0)
        if self.series:
            run = results.read(job.output)
            for name in self.series:
                self.over_time.setdefault(name, [None] * self.cases)[at] = run.series[name] * np.float32(_SI[name](unit))
            if len(run.hours) > len(self.hours):
                self.hours = np.array(run.hours)

    def runs(self, done: list[Done]) -> Runs:
        version = max((d.version for d in done), default=0)
        engine = f"SWMM {version // 10000}.{version // 1000 % 10}.{version % 1000}" if version else "SWMM"
        nodes, links = len(self.node), len(self.link)
        blank = {"flooded_volume": nodes, "flooded_hours": nodes, "peak_depth": nodes, "peak_flow": links, "volume": len(VOLUMES)}
        arrays = {name: self.arrays.get(name, np.full((self.cases, width), np.nan)) for name, width in blank.items()}
        series = {name: self._stacked(name) for name in self.series}
        return Runs(
            status=np.array([d.status for d in done], np.int8), message=tuple(d.message for d in done), node=self.node, link=self.link,
            continuity=np.array([d.balance for d in done], np.float64).reshape(-1, 3), seconds=np.array([d.seconds for d in done]),
            attempts=np.array([d.attempts for d in done], np.int8), hours=self.hours, series=series, engine=engine, **arrays,
        )  # fmt: skip

    def _stacked(self, name: str) -> np.ndarray:
        """(case, period, element); NaN for cases that were not solved and after the end of shorter ones."""
        parts = self.over_time.get(name, [])
        width = len(self.node) if name in NODE_RESULTS else len(self.link)
        whole = np.full((self.cases, len(self.hours), width), np.nan, np.float32)
        for at, part in enumerate(parts):
            if part is not None:
                whole[at, : len(part)] = part
        return whole


__all__ = ["LINK_RESULTS", "NODE_RESULTS", "Changes", "Deck", "Pool", "Runs", "copy_files", "simulate"]
