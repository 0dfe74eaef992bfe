"""Who needs whom: dependency tables as links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.io import dependency
from holdfast.model.delivery import LINK_PLACE, Delivery, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.tables import LINK
from memory_city import make_catalog

CATALOG = make_catalog()


def read(path: Path, **request: Any) -> Delivery:
    return dependency.read(path, ReadRequest(CATALOG, **request))


def links(tmp_path: Path, body: str, **request: Any) -> tuple[list[dict[str, Any]], Delivery]:
    path = tmp_path / "deps.csv"
    path.write_text(body, "utf-8")
    delivery = read(path, **request)
    assert all(table.schema.names == [*LINK.names, *LINK_PLACE.names] for table in delivery.links)
    delivery.links = [table.select(LINK.names) for table in delivery.links]
    return [row for table in delivery.links for row in table.to_pylist()], delivery


def test_provider_needer_service_and_backup(tmp_path: Path) -> None:
    got, delivery = links(tmp_path, "provider,needer,service,backup_hours\npower.bus:1,water.pump:2,electricity,4\nwater.pipe:1,power.bus:1,供水,\n")
    assert got[0] == {"from_id": "power.bus:1", "to_id": "water.pump:2", "relation": "depends", "service": "electricity", "backup_hours": 4.0, "source": "deps.csv"}
    assert (got[1]["service"], got[1]["backup_hours"]) == ("water", None)
    assert len(delivery.findings) == 0


def test_chinese_headings_and_minutes(tmp_path: Path) -> None:
    got, _ = links(tmp_path, "供方,需方,服务,备用时长(分钟)\na,b,电力,90\n")
    assert got[0] | {"source": ""} == {"from_id": "a", "to_id": "b", "relation": "depends", "service": "electricity", "backup_hours": 1.5, "source": ""}


def test_columns_and_constants_by_mapping(tmp_path: Path) -> None:
    mapping = {"dependencies": {"provider": "A", "needer": "B", "service": "gas", "provider_kind": "gas.pipe", "needer_kind": "power.bus", "relation": "serves"}}
    got, _ = links(tmp_path, "A,B\n1,2\ngas.junction:9,2\n", mapping=mapping)
    assert [(r["from_id"], r["to_id"], r["service"], r["relation"]) for r in got] == [
        ("gas.pipe:1", "power.bus:2", "gas", "serves"), ("gas.junction:9", "power.bus:2", "gas", "serves"),
    ]  # fmt: skip


def test_rows_that_make_no_link_are_said(tmp_path: Path) -> None:
    body = "provider,needer,service,relation\na,b,electricity,depends\n,b,water,\na,a,water,\na,b,electricity,depends\na,c,magic,\na,d,gas,loves\n"
    got, delivery = links(tmp_path, body)
    assert [(r["to_id"], r["relation"]) for r in got] == [("b", "depends"), ("d", "depends")]
    found = {(row["rule"], row["row"]) for row in delivery.findings.table().to_pylist()}
    assert found == {("import.incomplete_link", 3), ("import.self_link", 4), ("import.duplicate_link", 5), ("import.unknown_service", 6), ("import.unknown_relation", 7)}


def test_a_backup_time_that_is_no_number(tmp_path: Path) -> None:
    got, delivery = links(tmp_path, "provider,needer,backup\na,b,long\n")
    assert got[0]["backup_hours"] is None
    assert delivery.findings.by_rule() == {"import.not_a_number": 1}


@pytest.mark.parametrize(
    ("body", "mapping", "words"),
    [
        ("a,b\n1,2\n", None, "who provides"),
        ("provider,needer,backup [week]\na,b,1\n", None, "no unit of time"),
        ("A,B\na,b\n", {"dependencies": {"provider": "A", "needer": "B", "service": "love"}}, "neither a column nor a service"),
        ("A,B\na,b\n", {"dependencies": {"provider": "A", "needer": "B", "relation": "love"}}, "neither a column nor a relation"),
    ],
)
def test_tables_that_cannot_be_read(body: str, mapping: dict[str, Any] | None, words: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=words):
        links(tmp_path, body, mapping=mapping)


def test_pairs_of_pumps_and_motors_generators_and_reservoirs(shared_data: Callable[[str], Path]) -> None:
    micropolis = read(shared_data("coupled/micropolis/dependencies.csv")).links[0].to_pylist()
    assert len(micropolis) == 8
    assert (micropolis[0]["from_id"], micropolis[0]["to_id"], micropolis[0]["service"]) == ("P_MP1", "W_WP1", "electricity")
    toy = read(shared_data("coupled/in2/dependecies.csv")).links[0].to_pylist()
    assert [(r["from_id"], r["to_id"], r["service"]) for r in toy] == [("P_MP1", "W_WP9", "electricity"), ("W_R9", "P_G3", "water")]
    assert [(r["row"], r["from_field"], r["to_field"]) for r in toy] == [(2, "power_id", "water_id"), (3, "water_id", "power_id")]


@pytest.mark.parametrize(
    ("head", "score"),
    [(b"water_id,power_id\n", 0.95), ("供方;需方\n".encode("gbk"), 0.9), (b"provider,needer\n", 0.9), (b"from,to,weight\n", 0.0), (b"a,b\n", 0.0), (b"", 0.0), (b"\n\n", 0.0)],
)
def test_what_looks_like_a_dependency_table(head: bytes, score: float) -> None:
    assert dependency.sniff(Path("a.csv"), head) == score
