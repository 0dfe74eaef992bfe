"""Routes of scenarios: presets, start, progress, cancel, going on. The answer is a run, see `/api/runs`."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query

from holdfast.app.definition import presets
from holdfast.app.jobs import Jobs, Wish
from holdfast.model.city import City
from holdfast.model.errors import Invalid


def add_scenario_routes(app: FastAPI, city: City) -> None:
    """Add them to the application."""
    jobs = Jobs(city)

    @app.get("/api/scenarios")
    def scenarios() -> dict[str, Any]:
        """What can be rehearsed, and what was started."""
        found = presets(city.catalog)
        return {"presets": [{**d.as_json(), "title": d.title} for d in found.values()], "jobs": [job.as_json() for job in jobs.all()]}

    @app.post("/api/scenarios", status_code=202)
    def start_defined(
        definition: Annotated[dict[str, Any], Body()], workers: Annotated[int | None, Query()] = None, resume: Annotated[bool, Query()] = False
    ) -> dict[str, Any]:  # fmt: skip
        """Start the scenario that the body defines, with the fields of a scenario file and a name if wanted. workers, resume: as with a preset."""
        _require_finite(definition)
        return jobs.start(definition, Wish(workers=workers, resume=resume)).as_json()

    @app.post("/api/scenarios/{name}", status_code=202)
    def start(
        name: str, samples: Annotated[int | None, Body()] = None, seed: Annotated[int | None, Body()] = None, workers: Annotated[int | None, Body()] = None,
        crews: Annotated[dict[str, int] | None, Body()] = None, resume: Annotated[bool, Body()] = False,
        order: Annotated[str | None, Body()] = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Start a preset in the background. crews: by domain, instead of the settings; order: rule of repairs; resume: go on with what the same request left finished."""
        return jobs.start(name, Wish(samples, seed, workers, crews, resume, order)).as_json()

    @app.get("/api/scenarios/jobs/{job}")
    def progress(job: str) -> dict[str, Any]:
        """How far it is: stage, cases by status, seconds, the rest estimated, people without so far."""
        return jobs.get(job).as_json()

    @app.delete("/api/scenarios/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        """Ask it to stop; what is finished is kept."""
        return jobs.cancel(job).as_json()


def _require_finite(value: Any, field: str = "") -> None:
    """JSON as such has no numbers that are not finite, Python's reader does. raises Invalid naming the field"""
    if isinstance(value, dict):
        for key, part in value.items():
            _require_finite(part, f"{field}.{key}" if field else key)
    elif isinstance(value, list):
        for part in value:
            _require_finite(part, field)
    elif isinstance(value, float) and not isfinite(value):
        raise Invalid(f"{value} is no number that JSON knows", fix="Give a finite number", field=field)
