"""The findings that are on record: those of the last check, or of the imports when there was no check yet."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.app.summary import CHECK
from holdfast.model.city import City
from holdfast.model.errors import Invalid
from holdfast.model.finding import FINDING_SCHEMA, SEVERITIES
from holdfast.model.time import to_text

from .places import Places
from .views import findings_view


def findings_list(city: City, places: Places, severity: str | None, kind: str | None, limit: int) -> dict[str, Any]:
    """Findings on record, the worst first, with how many there are of each severity.

    severity, kind   only these
    limit            rows given; `total` says how many match
    """
    if severity is not None and severity not in SEVERITIES:
        raise Invalid(f"{severity!r} is no severity", fix=f"Use one of: {', '.join(SEVERITIES)}", field="severity")
    table, origin = _on_record(city)
    if kind is not None:
        table = table.filter(pc.equal(table["kind"], city.kind(kind).name))
    counted = {row["values"]: row["counts"] for row in pc.value_counts(table["severity"]).to_pylist()}
    if severity is not None:
        table = table.filter(pc.equal(table["severity"], severity))
    rank = pc.index_in(table["severity"], pa.array(SEVERITIES))
    shown = table.append_column("rank", rank).sort_by([("rank", "ascending"), ("rule", "ascending"), ("id", "ascending")]).drop_columns("rank").slice(0, limit)
    return origin | {"counts": dict.fromkeys(SEVERITIES, 0) | counted, "total": table.num_rows, "findings": findings_view(shown, places)}


def _on_record(city: City) -> tuple[pa.Table, dict[str, Any]]:
    runs = city.runs()
    checks = runs.filter(pc.equal(runs["capability"], CHECK))
    chosen = checks.slice(checks.num_rows - 1) if checks.num_rows else runs.filter(pc.equal(runs["capability"], "import"))
    kept = set(city.repository.files())
    names = [name for run in chosen["id"].to_pylist() if (name := f"results/{run}/findings.parquet") in kept]
    import pyarrow.parquet as pq

    tables = [pq.read_table(io.BytesIO(city.repository.get_file(name))).select(FINDING_SCHEMA.names) for name in names]
    at = to_text(chosen["ended_at"].to_numpy()[-1].astype("datetime64[ms]")) if chosen.num_rows else None
    origin = {"assessed_at": at, "from": "check" if checks.num_rows else "import", "check": CHECK if CHECK in city.catalog.capabilities else None}
    return (pa.concat_tables(tables) if tables else FINDING_SCHEMA.empty_table()), origin
