"""Re-delivery: the difference is shown, facts are closed and appended, identity survives new numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.update import UpdateOptions, apply_delivery, apply_update, diff_city, field_changes, plan_update
from holdfast.domains.water import DOMAIN as WATER
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.delivery import Delivery
from holdfast.model.errors import Conflict
from holdfast.model.tables import LINK, asset_schema, conform
from holdfast.model.time import parse_instant
from small_city import small_city

SPRING, AUTUMN = parse_instant("2024-03-01"), parse_instant("2025-09-01")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "city", WATER) as made:
        nodes, pipes = delivery(made, 6)
        made.append("water.junction", nodes, valid_from="2024-03-01")
        made.append("water.pipe", pipes, valid_from="2024-03-01")
        yield made


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


def update(city: City, pieces: list[tuple[str, pa.Table]], options: UpdateOptions | None = None, links: list[pa.Table] | None = None) -> Delivery:
    given = Delivery("test", (), links=links or [])
    with city.repository.write() as writer:
        apply_delivery(city, writer, pieces, given, AUTUMN, "second.gpkg", None, options)
        for table in given.links:
            writer.append_links(table, AUTUMN)
    return given


@pytest.mark.clause("1a", "4c")
def test_the_difference_is_shown_before_anything_is_done(city: City) -> None:
    _, pipes = delivery(city, 7, diameter=0.2)
    pipes = pipes.slice(1)
    before = city.repository.meta().get("last_stamp")
    plan = plan_update(city, [("water.pipe", pipes)], AUTUMN)
    assert plan.counts() == {"water.pipe": {"added": 1, "changed": 0, "closed": 1, "unchanged": 5}}
    assert {(r["id"], r["change"]) for r in plan.table().to_pylist()} == {("water.pipe:6", "added"), ("water.pipe:0", "closed")}
    assert city.repository.meta().get("last_stamp") == before and city.counts()["water.pipe"] == 6


@pytest.mark.clause("1a", "4c")
def test_facts_are_closed_and_appended_with_the_date_of_the_delivery(city: City) -> None:
    nodes, pipes = delivery(city, 6, diameter=0.3)
    update(city, [("water.junction", nodes), ("water.pipe", pipes.slice(1))])
    assert city.counts() == {"water.junction": 7, "water.pipe": 5}
    assert set(city.table("water.pipe")["diameter"].to_pylist()) == {0.3}
    old = city.as_of("2025-01-01").table("water.pipe")
    assert old.num_rows == 6 and set(old["diameter"].to_pylist()) == {0.2}
    log = field_changes(city.history("water.pipe:3")).to_pylist()
    assert [(r["change"], r["field"], r["old"], r["new"]) for r in log] == [("created", None, None, None), ("changed", "diameter", "0.2", "0.3")]
    assert log[1]["valid_from"].date().isoformat() == "2025-09-01" and log[1]["source"] == "first.gpkg"
    assert [r["change"] for r in field_changes(city.history("water.pipe:0")).to_pylist()] == ["created", "closed"]


@pytest.mark.clause("1a")
def test_diff_between_two_days(city: City) -> None:
    _, pipes = delivery(city, 7, diameter=0.3)
    update(city, [("water.pipe", pipes.slice(1))])
    rows = diff_city(city, "2024-06-01", "2025-12-01").to_pylist()
    assert {(r["id"], r["change"]) for r in rows} == {("water.pipe:0", "closed"), ("water.pipe:6", "added"), *((f"water.pipe:{i}", "changed") for i in range(1, 6))}
    assert {r["field"] for r in rows if r["change"] == "changed"} == {"diameter"}
    assert diff_city(city, "2024-06-01", "2025-01-01").num_rows == 0
    assert diff_city(city, "2024-06-01", "2025-12-01", ["water.junction"]).num_rows == 0
    assert {r["change"] for r in diff_city(city, "2024-01-01", "2024-06-01").to_pylist()} == {"added"}
    assert diff_city(city, "2024-06-01").num_rows == len(rows)
    assert diff_city(city, "2024-02-01", "2024-06-01", known=True).num_rows == 0, "nothing had been recorded by then"


def test_a_delivery_numbered_anew_keeps_identities(city: City) -> None:
    nodes, pipes = delivery(city, 6, prefix="N", diameter=0.3, source="second.gpkg")
    plan = plan_update(city, [("water.pipe", pipes), ("water.junction", nodes)], AUTUMN)
    assert plan.counts()["water.pipe"] == {"added": 0, "changed": 6, "closed": 0, "unchanged": 0}
    assert list(plan.changes["water.pipe"].fields) == ["diameter"]
    with city.repository.write() as writer:
        apply_update(writer, plan, AUTUMN)
    after = city.table("water.pipe").sort_by("id")
    assert after["id"].to_pylist() == [f"water.pipe:{i}" for i in range(6)]
    assert after["from_id"].to_pylist() == [f"water.junction:{i}" for i in range(6)]
    assert city.counts()["water.junction"] == 7


def test_a_new_asset_with_a_number_that_is_taken_gets_another(city: City) -> None:
    """The delivery moves all numbers by one, so that the new pipe comes with the number of a pipe that is still there."""
    x = np.arange(8) * 10.0
    ends = np.stack((np.column_stack((x[:-1], 0 * x[:-1])), np.column_stack((x[1:], 0 * x[1:]))), axis=1)
    order = [6, 0, 1, 2, 3, 4, 5]  # the pipe called i lies where pipe order[i] of the first delivery lay
    pipes = pa.table({"id": [f"water.pipe:{i}" for i in range(7)], "geometry": geometry.lines(ends[order])})
    given = update(city, [("water.pipe", conform(pipes, asset_schema(city.kind("water.pipe"))))])
    assert given.findings.by_rule() == {"update.id_taken": 1}
    assert sorted(city.table("water.pipe")["id"].to_pylist()) == sorted([*(f"water.pipe:{i}" for i in range(6)), "water.pipe:0-2"])


@pytest.mark.parametrize(("close", "left"), [("kind", 2), ("area", 4), ("source", 5), ("nothing", 6)])
def test_scope_of_closing(city: City, close: str, left: int) -> None:
    """Pipes 0..5; the delivery brings 0 and 3, so 1 and 2 lie in its area; only 5 came from the same source."""
    _, pipes = delivery(city, 6)
    _, other = delivery(city, 1, first=5, source="second.gpkg", diameter=0.7)
    update(city, [("water.pipe", other)], UpdateOptions(close="nothing"))
    part = pipes.take(pa.array([0, 3]))
    part = part.set_column(part.column_names.index("source"), "source", pa.array(["second.gpkg"] * 2))
    update(city, [("water.pipe", part)], UpdateOptions(close=close))  # type: ignore[arg-type]
    assert city.counts()["water.pipe"] == left


def test_an_older_delivery_does_not_undo_a_newer_fact(city: City) -> None:
    _, pipes = delivery(city, 6, diameter=0.3)
    update(city, [("water.pipe", pipes)])
    _, stale = delivery(city, 6, diameter=0.25)
    plan = plan_update(city, [("water.pipe", stale)], parse_instant("2025-01-01"))
    assert plan.counts()["water.pipe"] == {"added": 0, "changed": 0, "closed": 0, "unchanged": 6}
    assert plan.findings.by_rule() == {"update.newer_known": 6}


def test_same_kind_twice_in_one_update_is_refused(city: City) -> None:
    _, pipes = delivery(city, 6, diameter=0.3)
    with pytest.raises(Conflict, match="same kind"), city.repository.write() as writer:
        _, changes = apply_delivery(city, writer, [("water.pipe", pipes)], Delivery("test", ()), AUTUMN, "a")
        apply_delivery(city, writer, [("water.pipe", pipes)], Delivery("test", ()), AUTUMN, "b", changes)
    assert set(city.table("water.pipe")["diameter"].to_pylist()) == {0.2}


def test_links_are_compared_too(city: City) -> None:
    def links(hours: float, *ends: tuple[str, str]) -> pa.Table:
        return pa.Table.from_pylist(
            [{"from_id": f"water.junction:{a}", "to_id": f"water.junction:{b}", "relation": "depends", "service": "water", "backup_hours": hours} for a, b in ends],
            schema=LINK)  # fmt: skip

    with city.repository.write() as writer:
        writer.append_links(links(2.0, ("0", "1"), ("2", "3"), ("4", "3")), SPRING)
    nodes, _ = delivery(city, 6)
    given = update(city, [("water.junction", nodes)], links=[pa.concat_tables([links(2.0, ("0", "1")), links(8.0, ("2", "3")), links(1.0, ("5", "6"))])])
    assert sum(t.num_rows for t in given.links) == 3  # the changed one, the new one, and the neighbour opened again
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


def test_a_correction_shows_in_the_log(city: City) -> None:
    """Facts replaced from the same day on were never true, but the log still tells what was believed."""
    _, pipes = delivery(city, 6, diameter=0.35)
    plan = plan_update(city, [("water.pipe", pipes)], SPRING)
    with city.repository.write() as writer:
        apply_update(writer, plan, SPRING)
    log = field_changes(city.history("water.pipe:1")).to_pylist()
    assert [(r["change"], r["new"]) for r in log] == [("created", None), ("changed", "0.35")]
    assert log[0]["valid_from"] == log[1]["valid_from"] and log[0]["recorded_at"] < log[1]["recorded_at"]
    assert set(city.as_of("2024-06-01").table("water.pipe")["diameter"].to_pylist()) == {0.35}


@pytest.mark.clause("1a", "4c")
def test_a_real_network_delivered_again(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    """L-TOWN as it is changes nothing; with one pipe widened and one taken out, these two and nothing else."""
    model = shared_data("water/literature/L-TOWN.inp")
    lines = model.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("[PIPES]")) + 1
    rows = [i for i in range(first, first + 10) if lines[i].strip() and not lines[i].strip().startswith(";")]
    cells = lines[rows[0]].split()
    gone = lines[rows[1]].split()[0]
    lines[rows[0]] = "\t".join([*cells[:4], "999", *cells[5:]])
    del lines[rows[1]]
    edited = tmp_path / "edited.inp"
    edited.write_text("\n".join(lines))
    with create_city(str(tmp_path / "city"), crs="local") as town:
        import_files(town, [model], ImportOptions(crs="local:m", valid_from="2024-01-01"))
        before = town.counts()
        same = import_files(town, [model], ImportOptions(crs="local:m", update=True, valid_from="2025-01-01"))
        assert same.changes is not None and same.changes.num_rows == 0 and town.counts() == before
        report = import_files(town, [edited], ImportOptions(crs="local:m", update=True, valid_from="2026-01-01"))
        assert report.changes is not None
        assert [(r["id"], r["change"], r["field"], r["new"]) for r in report.changes.to_pylist()] == [
            (f"water.pipe:{cells[0]}", "changed", "diameter", "0.999"), (f"water.pipe:{gone}", "closed", None, None)]  # fmt: skip
