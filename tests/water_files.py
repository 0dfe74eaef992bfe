"""EPANET files as water cities in memory, and a small network written by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.reader import read
from holdfast.model.delivery import Batch, ReadRequest
from holdfast.model.tables import asset_schema
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
LITERATURE = ("Hanoi", "L-TOWN", "Net1", "Net3", "Net3-NH2CL", "Richmond_standard", "ky10", "ky4")


@cache
def city_of(path: Path) -> TableCity:
    """The city of one file; do not change its tables."""
    return TableCity(CATALOG, read(path, ReadRequest(CATALOG)).batches)


def city_of_text(text: str, folder: Path) -> TableCity:
    """The city of a file given as text."""
    path = folder / "network.inp"
    path.write_text(text)
    return TableCity(CATALOG, read(path, ReadRequest(CATALOG)).batches)


def city_of_rows(**kinds: list[dict[str, Any]]) -> TableCity:
    """A city of rows by noun: `junction=[{"id": "a", ...}]`; ids and ends get the prefixes of their kinds, "a" being a junction unless it says more."""

    def full(name: str) -> str:
        return name if "." in name else f"water.junction:{name}"

    batches = []
    for noun, rows in kinds.items():
        kind = f"water.{noun}"
        made = []
        for row in rows:
            cells = {**row, "id": f"{kind}:{row['id']}"}
            for end in ("from_id", "to_id", "node_id"):
                if end in cells:
                    cells[end] = full(cells[end])
            made.append(cells)
        schema = asset_schema(CATALOG.kinds[kind])
        names = {name for row in made for name in row}
        batches.append(Batch(kind, pa.table({name: pa.array([row.get(name) for row in made], schema.field(name).type) for name in sorted(names)})))
    return TableCity(CATALOG, batches)


def order(wanted: list[str] | np.ndarray, ids: pa.Array) -> list[int]:
    """Position in `ids` of each name of a file."""
    place = {name.partition(":")[2]: at for at, name in enumerate(ids.to_pylist())}
    return [place[name] for name in wanted]
