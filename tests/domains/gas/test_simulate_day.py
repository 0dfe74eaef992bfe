"""A day of gas in the reference city and in a real net."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.gas import DOMAIN
from holdfast.domains.gas.settings import DAY
from holdfast.domains.gas.simulate_day import simulate_day
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city


@pytest.mark.clause("1e", "1k")
def test_anlan_is_supplied_all_day(anlan):
    answer = simulate_day(anlan)
    assert answer.status == "done" and answer.summary["unsolved"] == answer.summary["consumers_short"] == 0
    hours = answer.tables["hours"]
    wanted, delivered = hours["wanted"].to_numpy(), hours["delivered"].to_numpy()
    assert hours.num_rows == 24 and np.allclose(wanted / wanted.max(), DAY) and np.allclose(delivered, wanted, rtol=1e-6)
    assert answer.summary["mass_delivered_kg"] == pytest.approx(wanted.sum() * 3600, rel=1e-6)
    lowest = hours["lowest_pressure"].to_numpy()
    assert lowest.argmin() in (11, 18) and lowest.min() > 2000.0
    junctions = answer.tables["junctions"]
    assert (junctions["lowest"].to_numpy() <= junctions["highest"].to_numpy()).all() and set(junctions["hour"].to_pylist()) <= set(range(24))
    assert 0 < answer.summary["highest_speed"] < 15.0
    for plot in answer.plots:
        assert {plot.x, *plot.y} <= set(answer.tables[plot.table].column_names)


def test_a_cold_spell_leaves_consumers_short(anlan):
    answer = simulate_day(anlan, hours=2.0, start=11.0, demand_factor=8.0)
    assert answer.status == "done" and answer.summary["consumers_short"] > 0
    least = answer.tables["consumers"]["least_share"].to_numpy()
    assert (np.diff(least) >= 0).all() and 0 <= least[0] < 0.999
    assert answer.summary["mass_delivered_kg"] < answer.summary["mass_wanted_kg"]


def test_bad_requests(anlan, tmp_path):
    with pytest.raises(NotFound, match="gas network"):
        simulate_day(small_city(tmp_path / "c", DOMAIN))
    for wrong in ({"hours": 0.0}, {"start": 30.0}, {"demand_factor": 0.0}):
        with pytest.raises(Invalid):
            simulate_day(anlan, **wrong)
