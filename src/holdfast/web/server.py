"""HTTP API and page of one city. Routes are generic: what a domain declares appears in them without a line here."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from holdfast import __version__
from holdfast.app.running import parameters_of, run_capability
from holdfast.app.summary import summarise
from holdfast.model.city import City
from holdfast.model.errors import HoldfastError, Invalid, NotFound, Unavailable
from holdfast.model.spec import Capability

from .findings import findings_list
from .layers import LayerIndex, choose, feature_collection, rows
from .places import Places
from .runs import add_run_routes
from .scenarios import add_scenario_routes
from .views import catalog_view, history_view, links_view
from .what_if import add_what_if_routes

PAGE = Path(__file__).parent / "page"
PROBLEM = "application/problem+json"
STOP_SECONDS = 5  # how long a stopping server waits for answers under way
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(city: City) -> FastAPI:
    """The web application of one open city."""
    app = FastAPI(title="Holdfast", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    index = LayerIndex(city)
    bounds = index.city_bounds()
    places = Places.of(city, None if bounds is None else ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2))
    _add_errors(app)
    _add_city_routes(app, city, index, places)
    _add_asset_routes(app, city, index, places)
    _add_capability_routes(app, city)
    add_run_routes(app, city, places)
    add_scenario_routes(app, city)
    add_what_if_routes(app, city, places)
    _add_page(app)
    return app


def serve(city: City, host: str = "127.0.0.1", port: int = 8600) -> None:
    """Serve a city until interrupted; the address is printed on standard error.

    host      address to listen on; the default is reachable from this computer only
    raises    Unavailable if the address cannot be listened on
    """
    import uvicorn

    _require_free(host, port)
    app = create_app(city)
    print(f"{city.name}: http://{host}:{port}  (Ctrl+C stops)", file=sys.stderr, flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=STOP_SECONDS)


def _require_free(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Unavailable(f"{host}:{port} cannot be listened on: {error.strerror or error}", fix="Choose another with --port or --host") from error


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HoldfastError)
    def known(_: Request, error: HoldfastError) -> JSONResponse:
        return JSONResponse(error.problem(), error.http_status, media_type=PROBLEM)

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        refused = Invalid(f"{first['msg']}", fix="Correct the request", field=str(first["loc"][-1]))
        return JSONResponse(refused.problem(), refused.http_status, media_type=PROBLEM)

    @app.middleware("http")
    async def secure(request: Request, follow: Any) -> Response:
        response: Response = await follow(request)
        response.headers.update(HEADERS)
        return response


def _add_city_routes(app: FastAPI, city: City, index: LayerIndex, places: Places) -> None:
    @app.get("/api/summary")
    def summary() -> dict[str, Any]:
        """What the city holds, what is wrong with it, which needs nobody meets, and where it lies."""
        return summarise(city) | {"place": _place(index, places)}

    @app.get("/api/catalog")
    def catalog() -> dict[str, Any]:
        """Every declaration of this installation."""
        return catalog_view(city.catalog)

    @app.get("/api/kinds")
    def kinds() -> dict[str, int]:
        """Number of assets by kind."""
        return city.counts()

    @app.get("/api/findings")
    def findings(severity: str | None = None, kind: str | None = None, limit: Annotated[int, Query(ge=1, le=100_000)] = 200) -> dict[str, Any]:
        """Findings on record, the worst first."""
        return findings_list(city, places, severity, kind, limit)


def _add_asset_routes(app: FastAPI, city: City, index: LayerIndex, places: Places) -> None:
    @app.get("/api/assets/{kind}")
    def assets(
        kind: str, bbox: str | None = None, limit: int = 1000, as_of: str | None = None, f: str = "json", columns: str | None = None
    ) -> Response:
        """Assets of one kind.

        bbox      min x, min y, max x, max y: longitude and latitude with f=geojson, city coordinates [m] otherwise
        as_of     ISO-8601 instant: what held then, as known now
        columns   comma-separated; all when left out (GeoJSON: id and name)
        """
        if f not in ("json", "geojson"):
            raise Invalid(f"{f!r} is no output format", fix="Use f=json or f=geojson", field="f")
        box = None if bbox is None else _box(bbox)
        view = city if as_of is None else city.as_of(as_of)
        wanted = columns.split(",") if columns else []
        if f == "geojson":
            in_city = None if box is None else places.city_box(*box)
            found = choose(view, index, kind, in_city, limit, list(dict.fromkeys(["id", "name", *wanted, "geometry"])))
            return Response(feature_collection(found, places), media_type="application/geo+json")
        found = choose(view, index, kind, box, limit, wanted or None)
        return JSONResponse({"kind": kind, "numberMatched": found.matched, "numberReturned": found.table.num_rows, "rows": rows(found.table)})

    @app.get("/api/history/{asset_id:path}")
    def history(asset_id: str) -> dict[str, Any]:
        """Every version of one asset."""
        return history_view(city, places, asset_id)

    @app.get("/api/links/{asset_id:path}")
    def links(asset_id: str) -> dict[str, Any]:
        """Links from and to one asset."""
        return links_view(city, asset_id)


def _add_capability_routes(app: FastAPI, city: City) -> None:
    @app.get("/api/capabilities")
    def capabilities() -> list[dict[str, Any]]:
        """What can be run, what it tells, and its parameters as the signatures say."""
        return [_capability(capability) for capability in city.catalog.capabilities.values()]

    @app.post("/api/run/{capability}")
    def run(capability: str, parameters: Annotated[dict[str, Any] | None, Body()] = None) -> dict[str, Any]:
        """Run a capability and keep what it answers. The body is one JSON object of its parameters."""
        ran = run_capability(city, capability, parameters, actor="web")
        answer = ran.answer
        return {
            "run": ran.run,
            "status": answer.status,
            "summary": answer.summary,
            "tables": {name: {"rows": table.num_rows, "columns": table.column_names} for name, table in answer.tables.items()},
            "findings": None if answer.findings is None else answer.findings.counts(),
        }


def _add_page(app: FastAPI) -> None:
    @app.get("/api/{rest:path}", include_in_schema=False)
    def no_route(rest: str) -> None:
        raise NotFound("there is no such route", fix="/api/openapi.json lists the routes", path=f"/api/{rest}")

    @app.get("/favicon.ico", include_in_schema=False)
    def no_icon() -> Response:
        """Browsers ask for one with every report; the page carries its own."""
        return Response(status_code=204)

    if not (PAGE / "index.html").is_file():

        @app.get("/", include_in_schema=False)
        def no_page() -> None:
            raise NotFound("the page was not built", fix="Run: make setup (needs Node.js 20.19 or newer)")

        return

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/assets", StaticFiles(directory=PAGE / "assets"))


def _capability(capability: Capability) -> dict[str, Any]:
    return {
        "name": capability.name,
        "title": capability.title,
        "title_zh": capability.title_zh,
        "about": capability.about,
        "about_zh": capability.about_zh,
        "clauses": capability.clauses,
        "writes": capability.writes,
        "parameters": [parameter.as_json() for parameter in parameters_of(capability)],
    }


def _place(index: LayerIndex, places: Places) -> dict[str, Any]:
    box = index.city_bounds()
    if box is not None:
        lon, lat = places.lonlat([box[0], box[0], box[2], box[2]], [box[1], box[3], box[1], box[3]])
        box = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    return {"crs_title": places.title, "georeferenced": places.georeferenced, "datum": places.datum, "bounds": box, "coverage": index.coverage()}


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid(f"{text!r} is no box", fix="Write min x,min y,max x,max y", field="bbox") from None
    if not (west <= east and south <= north):
        raise Invalid(f"{text!r} is no box: a minimum is above its maximum", fix="Write min x,min y,max x,max y", field="bbox")
    return west, south, east, north
