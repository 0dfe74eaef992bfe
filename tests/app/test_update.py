"""Re-delivery: the difference is shown, facts are closed and appended, identity survives new numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from chain_city import AUTUMN, chain_city, delivery, update
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.update import UpdateOptions, apply_update, field_changes, plan_update
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.tables import asset_schema, conform
from holdfast.model.time import parse_instant


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with chain_city(tmp_path / "city") as made:
        yield made


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
    assert given.by_rule() == {"update.id_taken": 1}
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


def test_files_of_one_update_that_share_a_kind_are_compared_together(city: City) -> None:
    _, pipes = delivery(city, 6, diameter=0.3)
    update(city, [("water.pipe", pipes.slice(0, 2)), ("water.pipe", pipes.slice(2))])
    assert set(city.table("water.pipe")["diameter"].to_pylist()) == {0.3}
    assert city.counts()["water.pipe"] == 6


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
