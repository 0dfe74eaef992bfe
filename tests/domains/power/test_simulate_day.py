"""A day of the grid: own profiles where there are, else the cited curve."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.power.daily_curve import CURVE, CURVE_SOURCE, factors
from holdfast.domains.power.grid import build_grid
from holdfast.domains.power.simulate_day import simulate_day
from holdfast.model.errors import Invalid

LV, MV = "power/simbench/1-LV-urban6--0-sw.json", "power/simbench/1-MV-urban--0-sw.json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("day") / "c")


@pytest.mark.clause("1d", "1k")
def test_the_reference_city_over_a_day(sample):
    answer = simulate_day(sample)
    hours = answer.tables["hours"]
    assert answer.status == "done" and hours.num_rows == 24 and answer.summary["with_own_profile"] == 0
    demand = hours["demand"].to_numpy()
    assert np.allclose(demand / demand.max(), CURVE), "loads without a profile follow the curve"
    assert hours["hour"][int(demand.argmax())].as_py() == 18.0
    supply, losses = hours["supply"].to_numpy(), hours["losses"].to_numpy()
    assert np.allclose(supply, demand + losses) and (losses > 0).all()
    assert answer.summary["energy_demand_j"] == pytest.approx(demand.sum() * 3600)
    assert hours["lowest_voltage_pu"].to_numpy().min() == pytest.approx(answer.summary["lowest_voltage_pu"], abs=1e-5)
    assert answer.summary["lowest_voltage_pu"] > 0.93 and answer.summary["highest_loading"] < 1.0
    assert answer.tables["buses"].num_rows == sample.counts()["power.bus"]
    assert CURVE_SOURCE.mark == "found" and CURVE.max() == 1.0 and len(CURVE) == 24


def test_simbench_follows_its_own_profiles(net_city):
    city = net_city(LV)
    grid = build_grid(city)
    factor, found = factors(city, grid, np.array([0.0, 10.25, 168.0]))
    assert found == len(grid.model.inject_s) == 116
    assert np.array_equal(factor[0], factor[2]), "a week is repeated"
    answer = simulate_day(city, hours=48.0, step=0.5)
    hours = answer.tables["hours"]
    assert hours.num_rows == 96 and answer.summary["curve"] == "profiles of the loads" and answer.summary["unsolved"] == 0
    made = hours["generation"].to_numpy()
    assert made[48:60].max() == 0.0 < made[70:76].min(), "the sun shines at noon of the second day, not at night"
    assert not np.allclose(hours["demand"].to_numpy()[:48], hours["demand"].to_numpy()[48:])


def test_steps_of_other_length_and_hours_that_make_no_sense(sample):
    assert simulate_day(sample, hours=3.0, step=0.25).tables["hours"].num_rows == 12
    for arguments, field in (({"hours": 0.0}, "hours"), ({"hours": 1e6}, "hours"), ({"step": 0.0}, "step"), ({"hours": 2.0, "step": 3.0}, "hours")):
        with pytest.raises(Invalid) as caught:
            simulate_day(sample, **arguments)
        assert caught.value.where["field"] == field and caught.value.fix


def test_hours_without_a_solution_are_marked_and_the_others_stand(built):
    line = {"name": "L", "from_bus": 0, "to_bus": 1, "length_km": 10.0, "r_ohm_per_km": 0.3, "x_ohm_per_km": 0.3, "in_service": True}
    city = built({"bus": [{"vn_kv": 10.0}, {"vn_kv": 10.0}], "line": [line], "ext_grid": [{"bus": 0, "vm_pu": 1.0}], "load": [{"bus": 1, "p_mw": 8.0}]})
    answer = simulate_day(city)
    status = answer.tables["hours"]["status"].to_numpy()
    assert answer.status == "diverged" and 0 < answer.summary["unsolved"] == (status != 0).sum() < 24
    voltage = answer.tables["hours"]["lowest_voltage_pu"].to_numpy(zero_copy_only=False)
    assert (np.isnan(voltage.astype(float)) == (status != 0)).all()
    assert status[3] == 0 and status[18] != 0, "the night is solved, the evening is not"


def test_a_dark_grid_is_simulated(built):
    answer = simulate_day(built({"bus": [{"vn_kv": 10.0}], "load": [{"bus": 0, "p_mw": 1.0}]}), hours=2.0)
    assert answer.status == "done" and answer.summary["lowest_voltage_pu"] is None and answer.summary["energy_demand_j"] == 0.0
