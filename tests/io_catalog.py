"""A catalog of the domains that the geographic readers feed, and a way to read a file towards it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from holdfast.domains import base, buildings, roads
from holdfast.model.delivery import Delivery, Format, ReadRequest
from holdfast.model.spec import Catalog
from holdfast.model.tables import asset_schema, conform


@cache
def catalog() -> Catalog:
    domains = (base.DOMAIN, roads.DOMAIN, buildings.DOMAIN)
    return Catalog(domains=domains, kinds={kind.name: kind for domain in domains for kind in domain.kinds})


def read(form: Format, path: Path, **more: Any) -> tuple[dict[str, pa.Table], Delivery]:
    """All rows by kind, in declared columns with undeclared ones behind, and the delivery."""
    assert form.read is not None
    delivery = form.read(path, ReadRequest(catalog(), **more))
    tables: dict[str, list[pa.Table]] = {}
    for batch in delivery.batches:
        schema = asset_schema(catalog().kinds[batch.kind])
        table = conform(batch.table, schema)
        for name in batch.table.column_names:
            if name not in schema.names:
                table = table.append_column(name, batch.table[name])
        tables.setdefault(batch.kind, []).append(table)
    joined = {kind: pa.concat_tables(parts, promote_options="permissive") for kind, parts in tables.items()}
    for kind, table in joined.items():
        assert len(set(table["id"].to_pylist())) == table.num_rows, f"{kind} has repeated ids"
    return joined, delivery
