"""A city of six pipes in a row, and deliveries of the same row as it is later, for tests of updates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from holdfast.app.update import Update, UpdateOptions, apply_delivery
from holdfast.domains.water import DOMAIN as WATER
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.finding import Findings
from holdfast.model.tables import asset_schema, conform
from holdfast.model.time import parse_instant
from small_city import small_city

SPRING, AUTUMN = parse_instant("2024-03-01"), parse_instant("2025-09-01")


def chain_city(path: Path) -> City:
    """Pipes 0 to 5 between junctions 0 to 6, known since spring 2024."""
    made = small_city(path, WATER)
    nodes, pipes = delivery(made, 6)
    made.append("water.junction", nodes, valid_from=SPRING)
    made.append("water.pipe", pipes, valid_from=SPRING)
    return made


def delivery(city: City, count: int, prefix: str = "", diameter: float = 0.2, source: str = "first.gpkg", first: int = 0) -> tuple[pa.Table, pa.Table]:
    """A chain of pipes along the x axis, 10 m each; `prefix` numbers everything anew."""
    x = np.arange(first, first + count + 1) * 10.0
    name = [f"{prefix}{i}" for i in range(first, first + count + 1)]
    nodes = pa.table({
        "id": [f"water.junction:{n}" for n in name], "geometry": geometry.points(x, np.zeros(count + 1)), "elevation": np.full(count + 1, 5.0),
        "source": [source] * (count + 1)})  # fmt: skip
    ends = np.stack((np.column_stack((x[:-1], 0 * x[:-1])), np.column_stack((x[1:], 0 * x[1:]))), axis=1)
    pipes = pa.table({
        "id": [f"water.pipe:{n}" for n in name[:-1]], "geometry": geometry.lines(ends), "from_id": [f"water.junction:{n}" for n in name[:-1]],
        "to_id": [f"water.junction:{n}" for n in name[1:]], "diameter": np.full(count, diameter), "material": ["PE"] * count,
        "source": [source] * count})  # fmt: skip
    return conform(nodes, asset_schema(city.kind("water.junction"))), conform(pipes, asset_schema(city.kind("water.pipe")))


def update(city: City, pieces: list[tuple[str, pa.Table]], options: UpdateOptions | None = None, links: list[pa.Table] | None = None) -> Findings:
    """Apply a delivery of autumn 2025, as the import does."""
    options, findings = options or UpdateOptions(), Findings()
    with city.repository.write() as writer:
        apply_delivery(city, writer, Update(options.match, options.close, pieces, links or []), AUTUMN, findings)
    return findings
