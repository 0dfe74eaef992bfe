"""Scenarios run in the background for the page and HTTP: started, watched, cancelled, gone on with; what they answer is kept like every run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from holdfast.model.city import City
from holdfast.model.errors import Conflict, HoldfastError, Invalid, NotFound

from .cities import open_city
from .definition import Definition, define
from .progress import Progress
from .scenario import run_scenario
from .scenario_depots import places

_KEPT = 20  # finished jobs remembered


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for beside the scenario; None leaves it to that. resume: go on with the finished blocks of the same request"""

    samples: int | None = None
    seed: int | None = None
    workers: int | None = None
    crews: dict[str, int] | None = None
    resume: bool = False
    order: str | None = None


@dataclass(slots=True)
class Job:
    """One scenario under way. status: running, done, cancelled or failed; then `run` or `error` says more; progress: how far it is."""

    name: str
    scenario: Definition
    wish: Wish
    status: str = "running"
    progress: Progress = field(default_factory=Progress)
    run: str = ""
    error: dict[str, Any] | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def as_json(self) -> dict[str, Any]:
        """For HTTP: the job, what was asked for, all that defines the scenario, and the fields of `Progress`."""
        return {"name": self.name, "scenario": self.scenario.name, "definition": self.scenario.as_json() | {"title": self.scenario.title}, "status": self.status,
                "run": self.run, "error": self.error, "stopping": self.cancelled.is_set(),
                "asked": asdict(self.wish), **self.progress.as_json()}  # fmt: skip


class Jobs:
    """The scenarios of one city that were started here. One runs at a time."""

    def __init__(self, city: City) -> None:
        self._city, self._url = city, city.repository.url
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._number = 0

    def start(self, scenario: str | Mapping[str, Any], wish: Wish | None = None) -> Job:
        """Start a preset, or a scenario given by the fields of its file. Files that it names lie in the city's folder, with a database in the present one.

        raises    NotFound, Invalid for what is wrong whatever the hazard's model makes of the city; Conflict while another one runs
        """
        wish, home = wish or Wish(), Path(self._url)
        definition = define(self._city.catalog, scenario, folder=home if home.is_dir() else Path.cwd(), samples=wish.samples, seed=wish.seed, crews=wish.crews, order=wish.order)
        places(self._city, definition.depots)  # a wrong request is refused now, not in the background
        if wish.workers is not None and wish.workers < 1:
            raise Invalid("a scenario needs at least one worker", fix="Give 1 or more, or leave it out", field="workers")
        with self._lock:
            if any(job.status == "running" for job in self._jobs.values()):
                raise Conflict("a scenario is running", fix="Wait for it or cancel it")
            self._number += 1
            job = self._jobs[str(self._number)] = Job(str(self._number), definition, wish)
            for name in list(self._jobs)[:-_KEPT]:
                del self._jobs[name]
        threading.Thread(target=self._run, args=(job,), name=f"scenario {definition.name}", daemon=True).start()
        return job

    def get(self, name: str) -> Job:
        """raises NotFound"""
        if name not in self._jobs:
            raise NotFound("there is no such job", fix="POST /api/scenarios starts one", job=name)
        return self._jobs[name]

    def all(self) -> list[Job]:
        """The newest first."""
        return list(reversed(self._jobs.values()))

    def cancel(self, name: str) -> Job:
        """Ask a job to stop after the block in hand."""
        job = self.get(name)
        job.cancelled.set()
        return job

    def _run(self, job: Job) -> None:
        def watch(progress: Progress) -> bool:
            job.progress = progress
            return not job.cancelled.is_set()

        try:
            with open_city(self._url) as city:
                finished = run_scenario(city, job.scenario, workers=job.wish.workers, resume=job.wish.resume, watch=watch, actor="web")
            job.run, job.status = finished.run, finished.status
        except HoldfastError as error:
            job.error, job.status = error.problem(), "failed"
        except Exception as error:  # the page must learn of it, and the server goes on
            job.error, job.status = {"title": "Error", "detail": f"{type(error).__name__}: {error}", "status": 500}, "failed"
            raise
