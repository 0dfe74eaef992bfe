"""Plants at their capacity: they give no more, their water is colder, rooms too, and findings say which plant and how much is missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from holdfast.domains.heat import DOMAIN
from holdfast.domains.heat.simulate_cold_day import simulate_cold_day
from sampled import tables
from small_city import small_city


def city_with(folder, share, districts=1):
    """The sample's heat network, as often as asked, side by side; share: of the first plant's capacity, None for not recorded."""
    city = small_city(folder, DOMAIN)
    for kind, table in tables("heat").items():
        copies = []
        for number in range(districts):
            copy = table
            for at, column in enumerate(table.schema):
                if column.type == pa.string() and number:
                    copy = copy.set_column(at, column, pc.replace_substring_regex(copy[column.name], r"^(heat\.\w+:)", rf"\1x{number}"))
            if kind == "heat.plant" and not number:
                at = table.column_names.index("capacity")
                value = pa.nulls(table.num_rows, pa.float64()) if share is None else pc.multiply(table["capacity"], share)
                copy = copy.set_column(at, table.schema.field(at), value)
            copies.append(copy)
        city.append(kind, pa.concat_tables(copies))
    return city


def columns(answer, *names):
    return [answer.tables["plants"][name].to_numpy(zero_copy_only=False) for name in names]


def rules(answer):
    return {row["rule"]: row for row in answer.findings.table().to_pylist()}


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return simulate_cold_day(city_with(tmp_path_factory.mktemp("heat") / "c", 0.7), hours=30.0)


@pytest.mark.clause("1f", "1k")
def test_a_plant_gives_no_more_than_it_can_and_a_finding_says_how_much_is_missing(short):
    wanted, given, capacity = columns(short, "wanted", "given", "capacity")
    assert short.status == "done" and (wanted > capacity).all() and given == pytest.approx(capacity, rel=1.1e-3)
    assert short.summary["hours_at_capacity"] == {"heat.plant:H0": 30}
    row, worst = rules(short)["heat.plant_capacity"], int(wanted.argmax())
    assert row["id"] == "heat.plant:H0" and row["severity"] == "warning" and row["kind"] == "heat.plant"
    assert f"wanted {wanted.max() / 1e6:.3g} MW in hour {worst}, capacity {capacity[0] / 1e6:.3g} MW" in row["message"] and "in 30 hours" in row["message"]
    assert "12 of 12 consumers" in rules(short)["heat.short_capacity"]["message"]
    assert not {"heat.short_late", "heat.short_supply", "heat.short_reheat"} & set(rules(short))


def test_what_arrives_is_what_is_given_less_the_losses_and_rooms_follow(short, anlan):
    (given,), hours, whole = columns(short, "given"), short.tables["hours"], simulate_cold_day(anlan, hours=30.0)
    delivered = hours["delivered"].to_numpy()
    assert (delivered < given).all() and (delivered > 0.95 * given).all()
    assert (hours["supply"].to_numpy() < whole.tables["hours"]["supply"].to_numpy()).all()
    assert short.summary["coldest_room_k"] < whole.summary["coldest_room_k"] - 1.0


def test_a_plant_that_cannot_keep_its_district_warm_leaves_the_others_as_they_are(tmp_path):
    answer = simulate_cold_day(city_with(tmp_path / "c", 0.5, districts=2), hours=24.0)
    assert set(answer.summary["hours_at_capacity"]) == {"heat.plant:H0"}
    building = answer.tables["buildings"].to_pylist()
    cold, warm = ([row["lowest_room"] for row in building if row["id"].startswith("heat.consumer:x1") is other] for other in (False, True))
    assert len(cold) == len(warm) and max(cold) < 291.0 and min(warm) > 293.0
    wanted, given, capacity = (values.reshape(-1, 2) for values in columns(answer, "wanted", "given", "capacity"))
    assert (given[:, 0] < wanted[:, 0]).all() and given[:, 1] == pytest.approx(wanted[:, 1], rel=1e-6) and (wanted[:, 1] < capacity[:, 1]).all()


def test_only_the_coldest_hours_are_short_where_little_is_missing(tmp_path):
    answer = simulate_cold_day(city_with(tmp_path / "c", 0.8), hours=24.0)
    wanted, given, capacity = columns(answer, "wanted", "given", "capacity")
    over = wanted > capacity
    assert 0 < over.sum() < 24 and over[6] and not over[18] and answer.summary["hours_at_capacity"] == {"heat.plant:H0": int(over.sum())}
    assert np.array_equal(given[~over], wanted[~over]) and (given <= capacity * 1.0011).all()


def test_an_unknown_capacity_limits_nothing_and_is_said(tmp_path, anlan):
    answer, whole = simulate_cold_day(city_with(tmp_path / "c", None), hours=8.0), simulate_cold_day(anlan, hours=8.0)
    assert rules(answer)["heat.no_capacity"]["severity"] == "info" and "heat.no_capacity" not in rules(whole)
    assert answer.tables["plants"]["capacity"].null_count == 8 and answer.tables["hours"].equals(whole.tables["hours"])


def test_a_plant_that_is_out_is_not_called_on(anlan):
    answer = simulate_cold_day(anlan, hours=10.0, plants=["heat.plant:H0"], fails_at=2.0, lasts=4.0, pumps_run=True)
    wanted, given = columns(answer, "wanted", "given")
    assert (wanted[2:6] == 0.0).all() and (given[2:6] == 0.0).all() and (wanted[:2] > 0.0).all()
