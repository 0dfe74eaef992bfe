"""Routes of kept runs: the list, one run, its tables and its report."""

from __future__ import annotations

import io
from typing import Annotated, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, Response

from holdfast.app import report, results
from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound

from .layers import rows
from .places import Places

PARQUET = "application/vnd.apache.parquet"


def add_run_routes(app: FastAPI, city: City, places: Places) -> None:
    """Add them to the application."""

    @app.get("/api/runs")
    def runs(capability: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> list[dict[str, Any]]:
        """Records of what was computed, the newest first."""
        return results.runs(city, capability)[:limit]

    @app.get("/api/runs/{run}")
    def one(run: str) -> dict[str, Any]:
        """One run: record, summary, and which tables it has."""
        found = results.kept(city, run)
        return {**found.record, "tables": {name: {"rows": t.num_rows, "columns": t.column_names} for name, t in found.answer.tables.items()}}

    @app.get("/api/runs/{run}/tables/{table}")
    def table(run: str, table: str, f: str = "json", limit: Annotated[int, Query(ge=1, le=1_000_000)] = 1000) -> Any:
        """Rows of one of its tables, as JSON or Parquet."""
        tables = results.kept(city, run).answer.tables
        if table not in tables:
            raise NotFound(f"the run has no table {table!r}", fix=f"Its tables are: {', '.join(tables) or 'none'}", run=run)
        if f == "parquet":
            sink = io.BytesIO()
            pq.write_table(tables[table], sink, compression="zstd")
            return Response(sink.getvalue(), media_type=PARQUET)
        if f != "json":
            raise Invalid(f"{f!r} is no output format", fix="Use f=json or f=parquet", field="f")
        return {"numberMatched": tables[table].num_rows, "rows": rows(tables[table].slice(0, limit))}

    @app.get("/api/runs/{run}/points/{table}")
    def points(run: str, table: str, value: str, limit: Annotated[int, Query(ge=1, le=200_000)] = 20_000) -> dict[str, Any]:
        """The rows of a table with columns x and y as points on the map: id, and the column `value`; the highest first."""
        tables = results.kept(city, run).answer.tables
        found = tables.get(table)
        if found is None or not {"id", "x", "y", value} <= set(found.column_names):
            raise NotFound(f"the run has no table {table!r} with id, x, y and {value}", fix="See the run's tables", run=run)
        found = found.filter(pc.greater(found[value], 0.0)).sort_by([(value, "descending")]).slice(0, limit)
        lon, lat = places.lonlat(found["x"].to_numpy(), found["y"].to_numpy())
        features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [round(float(a), 7), round(float(b), 7)]}, "properties": {"id": i, "value": v}}
                    for a, b, i, v in zip(lon, lat, found["id"].to_pylist(), found[value].to_pylist(), strict=True)]  # fmt: skip
        return {"type": "FeatureCollection", "features": features}

    @app.get("/api/runs/{run}/report", response_class=HTMLResponse)
    def page(run: str) -> str:
        """The run's report as one page."""
        found = results.kept(city, run)
        capability = city.catalog.capabilities.get(found.record["capability"])
        title, title_zh = (capability.title, capability.title_zh) if capability else (found.title, "")
        return report.as_html(title, title_zh, found.answer, results.meta(city, found.record))
