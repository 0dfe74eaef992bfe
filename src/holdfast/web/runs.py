"""Routes of kept runs: the list, one run, its tables, figures and report."""

from __future__ import annotations

import io
from typing import Annotated, Any

import pyarrow.parquet as pq
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, Response

from holdfast.app import figures, report, results
from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound

from .layers import rows
from .places import Places
from .shapes import collection, select

PARQUET = "application/vnd.apache.parquet"


def add_run_routes(app: FastAPI, city: City, places: Places) -> None:
    """Add them to the application."""

    @app.get("/api/runs")
    def runs(capability: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> list[dict[str, Any]]:
        """Records of what was computed, the newest first."""
        return results.runs(city, capability)[:limit]

    @app.get("/api/runs/{run}")
    def one(run: str) -> dict[str, Any]:
        """One run: record, summary, and which tables and figures it has."""
        found = results.kept(city, run)
        plots = [{"title": plot.title, "title_zh": plot.title_zh, "table": plot.table, "kind": plot.kind, "colour": plot.colour} for plot in figures.drawable(found.answer)]
        return {**found.record, "tables": {name: {"rows": t.num_rows, "columns": t.column_names} for name, t in found.answer.tables.items()}, "figures": plots}

    @app.get("/api/runs/{run}/figures/{number}")
    def figure(run: str, number: int) -> Response:
        """One of its figures as SVG, as the report has it; counted from 0 in the order of `figures`."""
        answer = results.kept(city, run).answer
        plots = figures.drawable(answer)
        if not 0 <= number < len(plots):
            raise NotFound(f"the run has no figure {number}", fix=f"It has {len(plots)}, counted from 0", run=run)
        return Response(figures.svg(plots[number], answer.tables[plots[number].table]), media_type="image/svg+xml")

    @app.get("/api/runs/{run}/tables/{table}")
    def table(run: str, table: str, f: str = "json", service: str | None = None, limit: Annotated[int, Query(ge=1, le=1_000_000)] = 1000) -> Any:
        """Rows of one of its tables, as JSON or Parquet. service: only those of a service"""
        found = results.table(city, run, table)
        if service is not None:
            found = select(found, (), service, found.num_rows)
        if f == "parquet":
            sink = io.BytesIO()
            pq.write_table(found, sink, compression="zstd")
            return Response(sink.getvalue(), media_type=PARQUET)
        if f != "json":
            raise Invalid(f"{f!r} is no output format", fix="Use f=json or f=parquet", field="f")
        return {"numberMatched": found.num_rows, "rows": rows(found.slice(0, limit))}

    @app.get("/api/runs/{run}/points/{table}")
    def points(run: str, table: str, value: str, service: str | None = None, limit: Annotated[int, Query(ge=1, le=200_000)] = 20_000) -> dict[str, Any]:
        """The rows of a table with columns x and y as points on the map: id, people, and the columns of `value` (comma-separated); the highest first."""
        values = value.split(",")
        found = select(results.table(city, run, table), values, service, limit)
        if not {"x", "y"} <= set(found.column_names):
            raise NotFound(f"the table {table!r} has no x and y", fix="Ask for its shapes instead", run=run)
        lon, lat = places.lonlat(found["x"].to_numpy(), found["y"].to_numpy())
        features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [a, b]}, "properties": row}
                    for a, b, row in zip(lon.tolist(), lat.tolist(), rows(found.select(["id", *values, *({"people"} & set(found.column_names))])), strict=True)]  # fmt: skip
        return {"type": "FeatureCollection", "features": features}

    @app.get("/api/runs/{run}/shapes/{table}")
    def shapes(
        run: str, table: str, value: str | None = None, service: str | None = None, areas: bool = False, limit: Annotated[int, Query(ge=1, le=200_000)] = 20_000
    ) -> Response:  # fmt: skip
        """The rows of a table with a column id as the geometry of their assets, every column a property.

        value     comma-separated columns: only rows where one is above zero, the highest first; else the rows as they stand
        service   only rows of a service
        areas     polygons as they are; otherwise as a point inside
        """
        found = select(results.table(city, run, table), value.split(",") if value else (), service, limit)
        return Response(collection(city, places, found, areas=areas), media_type="application/geo+json")

    @app.get("/api/runs/{run}/report", response_class=HTMLResponse)
    def page(run: str) -> str:
        """The run's report as one page."""
        found = results.kept(city, run)
        return report.as_html(*results.titles_of(city, found), found.answer, results.meta(city, found.record), report.names_of(city))
