"""Routes of scenarios: presets, start, progress, cancel, going on. The answer is a run, see `/api/runs`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI

from holdfast.app.definition import presets
from holdfast.app.jobs import Jobs, Wish
from holdfast.model.city import City


def add_scenario_routes(app: FastAPI, city: City) -> None:
    """Add them to the application."""
    jobs = Jobs(city)

    @app.get("/api/scenarios")
    def scenarios() -> dict[str, Any]:
        """What can be rehearsed, and what was started."""
        found = presets(city.catalog)
        return {"presets": [{**d.as_json(), "title": d.title} for d in found.values()], "jobs": [job.as_json() for job in jobs.all()]}

    @app.post("/api/scenarios/{name}", status_code=202)
    def start(
        name: str, samples: Annotated[int | None, Body()] = None, seed: Annotated[int | None, Body()] = None, workers: Annotated[int | None, Body()] = None,
        crews: Annotated[dict[str, int] | None, Body()] = None, resume: Annotated[bool, Body()] = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Start a preset in the background. crews: by domain, instead of the settings; resume: go on with what the same request left finished."""
        return jobs.start(name, Wish(samples, seed, workers, crews, resume)).as_json()

    @app.get("/api/scenarios/jobs/{job}")
    def progress(job: str) -> dict[str, Any]:
        """How far it is: stage, cases by status, seconds, the rest estimated, people without so far."""
        return jobs.get(job).as_json()

    @app.delete("/api/scenarios/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        """Ask it to stop; what is finished is kept."""
        return jobs.cancel(job).as_json()
