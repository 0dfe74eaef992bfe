"""Routes of the live what-if: overlays of changes on the warm networks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Query
from fastapi.responses import Response

from holdfast.app.what_if import ACTIONS, Change, Residents
from holdfast.model.city import City
from holdfast.model.errors import Invalid

from .places import Places
from .shapes import collection


def add_what_if_routes(app: FastAPI, city: City, places: Places) -> None:
    """Add them to the application; the networks are made ready with the first overlay."""
    residents = Residents(city)

    @app.get("/api/what-if/actions")
    def actions() -> dict[str, str]:
        """What can be done to an asset."""
        return ACTIONS

    @app.post("/api/what-if")
    def open_overlay(changes: Annotated[list[dict[str, Any]] | None, Body()] = None) -> dict[str, Any]:
        """A new overlay, with a list of changes {id, action, opening} if wanted; its effect."""
        given = [_change(entry) for entry in changes or []]
        name, overlay = residents.open()
        try:
            return {"overlay": name, **overlay.apply(*given).as_json()}
        except Exception:
            residents.close(name)
            raise

    @app.get("/api/what-if/{overlay}")
    def effect(overlay: str) -> dict[str, Any]:
        """The effect of all its changes."""
        return {"overlay": overlay, **residents.overlay(overlay).effect().as_json()}

    @app.get("/api/what-if/{overlay}/map")
    def on_map(overlay: str, areas: bool = False, limit: Annotated[int, Query(ge=1, le=200_000)] = 20_000) -> Response:
        """The assets touched by the last answer as GeoJSON: id and state, the worst first. areas: polygons as they are, otherwise as a point inside"""
        found = residents.overlay(overlay)
        marks = (found.last or found.effect()).marks
        return Response(collection(city, places, marks.slice(0, limit), areas=areas), media_type="application/geo+json")

    @app.post("/api/what-if/{overlay}/changes")
    def change(overlay: str, changes: Annotated[list[dict[str, Any]], Body()]) -> dict[str, Any]:
        """Add changes."""
        return {"overlay": overlay, **residents.overlay(overlay).apply(*(_change(entry) for entry in changes)).as_json()}

    @app.post("/api/what-if/{overlay}/{step}")
    def step(overlay: str, step: str) -> dict[str, Any]:
        """undo, redo or reset."""
        if step not in ("undo", "redo", "reset"):
            raise Invalid(f"{step!r} is no step", fix="Use undo, redo or reset", field="step")
        return {"overlay": overlay, **getattr(residents.overlay(overlay), step)().as_json()}

    @app.delete("/api/what-if/{overlay}")
    def close(overlay: str) -> dict[str, str]:
        """Forget it."""
        residents.close(overlay)
        return {"closed": overlay}


def _change(entry: dict[str, Any]) -> Change:
    try:
        opening = entry.get("opening")
        return Change(str(entry["id"]), str(entry["action"]), None if opening is None else float(opening))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Invalid("a change is an object {id, action, opening}", fix='For example {"id": "KIND:NAME", "action": "isolate"}', field="changes") from None
