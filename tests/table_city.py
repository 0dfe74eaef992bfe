"""The part of a city that writers use, from batches in memory, and the installed declarations of one domain."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa

from holdfast.model.delivery import Batch
from holdfast.model.spec import Catalog, Domain
from holdfast.model.tables import asset_schema, conform


def catalog_of(domain: Domain) -> Catalog:
    return Catalog(domains=(domain,), kinds={kind.name: kind for kind in domain.kinds}, networks={net.name: net for net in domain.networks})


class TableCity:
    """A city of plain tables. tables: kind -> table as a reader gave it."""

    def __init__(self, catalog: Catalog, batches: Iterable[Batch]) -> None:
        self.catalog = catalog
        self.tables: dict[str, pa.Table] = {}
        for batch in batches:
            have = self.tables.get(batch.kind)
            self.tables[batch.kind] = batch.table if have is None else pa.concat_tables([have, batch.table], promote_options="permissive")

    def table(self, kind: str) -> pa.Table:
        schema = asset_schema(self.catalog.kinds[kind])
        table = self.tables.get(kind, pa.table({"id": pa.array([], pa.string())}))
        further = [name for name in table.column_names if name not in schema.names]
        if further:
            extra = [json.dumps({k: v for k, v in row.items() if v is not None}) for row in table.select(further).to_pylist()]
            table = table.drop_columns(further).append_column("extra", pa.array(extra, pa.string()))
        return conform(table, schema)

    def rows(self, kind: str) -> dict[str, dict]:
        """Rows by what follows the colon of their id."""
        return {row["id"].partition(":")[2]: row for row in self.table(kind).drop_columns("geometry").to_pylist()}
