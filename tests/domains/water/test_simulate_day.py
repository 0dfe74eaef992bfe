"""A day of the network: hydraulics against EPANET on the file, quality, and honest refusals."""

from __future__ import annotations

import numpy as np
import pytest

import epanet_oracle as oracle
from anlan import anlan
from holdfast.domains.water.simulate_day import simulate_day
from holdfast.model.errors import Invalid, NotFound
from water_files import ROW, city_of, city_of_rows


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("day") / "c")


@pytest.mark.clause("1b", "1k")
def test_the_reference_city_is_supplied_all_day(sample) -> None:
    answer = simulate_day(sample)
    assert answer.status == "done" and answer.summary["supplied_share"] == pytest.approx(1.0, abs=1e-4)
    assert answer.summary["points_without_water"] == answer.summary["points_short_of_water"] == answer.tables["worst"].num_rows == 0
    assert answer.summary["points_below_required_pressure"] == 0 and answer.summary["lowest_pressure_m"] >= 14
    hours = answer.tables["hours"]
    assert hours["hour"].to_pylist() == list(range(25)) and min(hours["lowest_pressure_m"].to_pylist()) > 0
    assert answer.summary["pump_energy_kwh"] > 100 and answer.summary["engine"]
    levels = answer.tables["tanks"]
    assert levels.num_rows == 25 * sample.counts()["water.tank"] and min(levels["level_m"].to_pylist()) > 0
    assert {plot.table for plot in answer.plots} <= set(answer.tables)


def test_pressures_of_a_file_are_those_of_epanet(shared_data, tmp_path) -> None:
    path = shared_data("water/literature/Net1.inp")
    expected = oracle.solve(path, tmp_path)
    answer = simulate_day(city_of(path))
    report = np.isin(expected["time"], np.arange(0, 86401, 3600))
    pressure = (expected["head"] - expected["elevation"])[report] * 0.3048
    lowest = dict(zip(expected["node"].tolist(), pressure.min(axis=0).tolist(), strict=True))
    for row in answer.tables["nodes"].to_pylist():
        assert row["lowest_pressure_m"] == pytest.approx(lowest[row["id"].partition(":")[2]], abs=0.02)
    stored = answer.tables["tanks"]["volume_m3"].to_pylist()
    assert max(stored) > min(stored) > 0
    assert answer.tables["pumps"]["hours_run"].to_pylist() == [pytest.approx(12.0, abs=2)]


def test_energy_is_what_the_pumps_lift_by_the_efficiency(shared_data) -> None:
    (pump,) = simulate_day(city_of(shared_data("water/literature/Net1.inp"))).tables["pumps"].to_pylist()
    assert pump["energy_kwh"] == pytest.approx(9.80665 * pump["flow_m3s"] * pump["head_m"] * pump["hours_run"] / 0.75, rel=0.05)


@pytest.mark.clause("1o")
def test_water_ages_and_loses_chlorine(shared_data) -> None:
    city = city_of(shared_data("water/literature/Net1.inp"))
    age = simulate_day(city, quality="age")
    assert age.summary["engine"].startswith("EPANET") and 0 < age.summary["mean_at_end"] < 24
    assert "age_h" in age.tables["nodes"].column_names
    chlorine = simulate_day(city, quality="chlorine")
    assert chlorine.summary["unit"] == "mg/L" and 0.1 < chlorine.summary["lowest_at_end"] < chlorine.summary["highest_at_end"] <= 1.0
    assert chlorine.summary["points_below_chlorine_limit"] == 0


def test_chlorine_is_that_of_epanet_on_the_file(shared_data, tmp_path) -> None:
    path = shared_data("water/literature/Net1.inp")
    expected = oracle.solve(path, tmp_path, quality=True)
    from holdfast.domains.water.quality import quality_of
    from holdfast.domains.water.study import Study
    from holdfast.engines.network.hydraulic.epanet import EpanetEngine
    from water_files import order

    study = Study(city_of(path))
    found = EpanetEngine(study.model).extended(quality=quality_of(study, "chlorine"))
    mine = found.quality[0, -1][order(expected["node"], study.model.node_id)] * 1000
    np.testing.assert_allclose(mine, expected["quality"][0], atol=0.01)


def test_the_share_of_one_source(shared_data) -> None:
    city = city_of(shared_data("water/literature/Net3.inp"))
    lake, river = (simulate_day(city, quality="trace", source=name).summary["mean_at_end"] for name in ("Lake", "River"))
    assert 0 < lake < river < 1


def test_a_closed_pipe_costs_its_customers_their_water(shared_data) -> None:
    city = city_of(shared_data("water/literature/Net3.inp"))
    whole, shut = simulate_day(city, pressure_driven=True), simulate_day(city, pressure_driven=True, closed=["233"])
    assert whole.summary["supplied_share"] > 0.97 and shut.summary["supplied_share"] < whole.summary["supplied_share"] - 0.1


def test_hours_without_water_count_as_below_the_required_pressure_and_are_told() -> None:
    """Half of a row of four is cut off from hour 4 to hour 9, and has a good pressure whenever it is not."""
    shut = {"control": [{"id": "1", "type": "CONTROL", "text": "LINK 3 CLOSED AT TIME 4\nLINK 3 OPEN AT TIME 9"}], "pipe": [row | {"diameter": 0.4} for row in ROW["pipe"]]}
    answer = simulate_day(city_of_rows(**ROW | shut))
    assert answer.summary["points_below_required_pressure"] == answer.summary["points_without_water"] == 2
    assert answer.summary["lowest_pressure_m"] > answer.summary["required_pressure_m"]
    assert answer.summary["supplied_share"] == pytest.approx(0.9) and answer.summary["findings"]["warning"] == answer.findings.counts()["warning"] > 0
    assert answer.tables["hours"]["points_without_water"].to_pylist() == [0] * 4 + [2] * 5 + [0] * 16
    assert answer.tables["nodes"]["hours_without_supply"].to_pylist() == pytest.approx([0, 0, 4.8, 4.8])
    assert {row["id"] for row in answer.tables["worst"].to_pylist()} == {"water.junction:c", "water.junction:d"}
    assert answer.findings.by_rule()["water.without_water"] == 1


def test_a_city_without_a_source_is_refused_with_the_reason() -> None:
    rows = [{"id": "a", "elevation": 0.0, "demand": 0.01}, {"id": "b", "elevation": 0.0}]
    pipe = {"id": "1", "from_id": "a", "to_id": "b", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0}
    with pytest.raises(Invalid, match="no reservoir and no tank"):
        simulate_day(city_of_rows(junction=rows, pipe=[pipe]))


@pytest.mark.parametrize(("given", "error"), [
    ({"hours": 0.0}, Invalid), ({"quality": "taste"}, Invalid), ({"closed": ["nowhere"]}, NotFound), ({"quality": "trace", "source": "moon"}, NotFound),
])  # fmt: skip
def test_bad_parameters_are_named(shared_data, given: dict, error: type) -> None:
    with pytest.raises(error) as caught:
        simulate_day(city_of(shared_data("water/literature/Net1.inp")), **given)
    assert caught.value.fix


def test_chlorine_that_nobody_doses_and_age_that_is_not_known_are_said() -> None:
    city = city_of_rows(**ROW)
    assert simulate_day(city, quality="chlorine").findings.by_rule()["water.no_dose"] == 1
    far = city_of_rows(**ROW | {"pipe": [row | {"length": 1000.0} for row in ROW["pipe"]]})  # the last node's water is on its way for 1.8 h
    short, long = (simulate_day(far, hours=hours, quality="age") for hours in (1.0, 24.0))
    assert short.findings.by_rule()["water.age_unknown"] >= 1 and "water.age_unknown" not in long.findings.by_rule()
    assert simulate_day(city, quality="trace").summary["traced_source"] == "water.reservoir:r"
