"""Routes of scenarios: presets, start, progress, cancel. The answer is a run, see `/api/runs`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI

from holdfast.app.definition import presets
from holdfast.app.jobs import Jobs
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
        name: str, samples: Annotated[int | None, Body()] = None, seed: Annotated[int | None, Body()] = None, workers: Annotated[int | None, Body()] = None
    ) -> dict[str, Any]:
        """Start a preset in the background."""
        return jobs.start(name, samples=samples, seed=seed, workers=workers).as_json()

    @app.get("/api/scenarios/jobs/{job}")
    def progress(job: str) -> dict[str, Any]:
        """How far it is, with the impact so far in words."""
        return jobs.get(job).as_json()

    @app.delete("/api/scenarios/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        """Ask it to stop; what is finished is kept."""
        return jobs.cancel(job).as_json()
