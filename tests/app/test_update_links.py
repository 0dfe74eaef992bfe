"""Links of a newer delivery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from chain_city import SPRING, chain_city, delivery, update
from holdfast.model.city import City
from holdfast.model.tables import LINK


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with chain_city(tmp_path / "city") as made:
        yield made


def test_links_are_compared_too(city: City) -> None:
    def links(hours: float, *ends: tuple[str, str]) -> pa.Table:
        return pa.Table.from_pylist(
            [{"from_id": f"water.junction:{a}", "to_id": f"water.junction:{b}", "relation": "depends", "service": "water", "backup_hours": hours} for a, b in ends],
            schema=LINK)  # fmt: skip

    with city.repository.write() as writer:
        writer.append_links(links(2.0, ("0", "1"), ("2", "3"), ("4", "3")), SPRING)
    nodes, _ = delivery(city, 6)
    update(city, [("water.junction", nodes)], links=[pa.concat_tables([links(2.0, ("0", "1")), links(8.0, ("2", "3")), links(1.0, ("5", "6"))])])
    now = {(r["from_id"][-1], r["to_id"][-1]): r["backup_hours"] for r in city.links().to_pylist()}
    assert now == {("0", "1"): 2.0, ("2", "3"): 8.0, ("4", "3"): 2.0, ("5", "6"): 1.0}
    assert city.links().num_rows == 4


def test_links_of_closed_assets_end(city: City) -> None:
    with city.repository.write() as writer:
        row = {"from_id": "water.junction:0", "to_id": "water.junction:1", "relation": "depends", "service": "water", "backup_hours": None}
        writer.append_links(pa.Table.from_pylist([row], schema=LINK), SPRING)
    nodes, _ = delivery(city, 6)
    update(city, [("water.junction", nodes.slice(1))])
    assert city.links().num_rows == 0 and city.as_of("2025-01-01").links().num_rows == 1



