"""EPANET files as water cities in memory, and a small network written by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.reader import read
from holdfast.engines.network.hydraulic.answers import Cases, Solution
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.model.delivery import Batch, ReadRequest
from holdfast.model.lifeline import CaseStatus
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


def give_up_on_the_last(monkeypatch: Any) -> None:
    """Let the batched solver give up on the last case of every batch of several, so that EPANET answers it."""
    real = Solver.snapshot

    def gives_up(self: Solver, cases: Cases, hour: Any, *, warm: bool = False) -> Solution:
        found = real(self, cases, hour, warm=warm)
        if cases.count > 1:
            found.status[-1], found.head[-1], found.flow[-1] = CaseStatus.DIVERGED, np.nan, np.nan
        return found

    monkeypatch.setattr(Solver, "snapshot", gives_up)


def order(wanted: list[str] | np.ndarray, ids: pa.Array) -> list[int]:
    """Position in `ids` of each name of a file."""
    place = {name.partition(":")[2]: at for at, name in enumerate(ids.to_pylist())}
    return [place[name] for name in wanted]


def pipe(name: str, start: str, end: str, length: float = 100.0, diameter: float = 0.2) -> dict[str, Any]:
    """A pipe row."""
    return {"id": name, "from_id": start, "to_id": end, "length": length, "diameter": diameter, "hazen_williams_c": 120.0}


ROW: dict[str, list[dict[str, Any]]] = {
    "junction": [{"id": n, "elevation": 0.0, "demand": 0.01, "population": 100.0} for n in "abcd"], "reservoir": [{"id": "r", "head": 40.0}],
    "pipe": [pipe("1", "water.reservoir:r", "a"), pipe("2", "a", "b"), pipe("3", "b", "c"), pipe("4", "c", "d")],
    "isolation_valve": [{"id": "v1", "pipe_id": "water.pipe:1", "node_id": "water.reservoir:r"}, {"id": "v2", "pipe_id": "water.pipe:2", "node_id": "water.junction:a"},
                        {"id": "v4", "pipe_id": "water.pipe:4", "node_id": "water.junction:c"}, {"id": "astray", "pipe_id": "water.pipe:99"}],
    "hydrant": [{"id": "h", "node_id": "d"}],
}  # fmt: skip
"""A reservoir and four junctions in a row, with valves, a valve on no pipe, and a hydrant at the end."""
