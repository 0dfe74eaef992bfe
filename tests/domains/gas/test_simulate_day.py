"""A day of gas in the reference city and in a real net."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.domains.gas import DOMAIN
from holdfast.domains.gas.settings import DAY
from holdfast.domains.gas.simulate_day import simulate_day
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city

FIGURES = Path(__file__).parents[2] / "engines/network/gas/schutterwald.npz"
"""Pressures and flows of pandapipes; tests/peers/pandapipes_figures.py makes them."""


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


def of_junctions(city, figures, name):
    """Junction ids and a figure of pandapipes for each, by the number that the file gives the junction."""
    rows = city.table("gas.junction", columns=["id", "source_index"]).to_pydict()
    place = {number: i for i, number in enumerate(figures["junction"].tolist())}
    return dict(zip(rows["id"], figures[name][[place[number] for number in rows["source_index"]]].tolist(), strict=True))


@pytest.mark.clause("1e", "1k")
def test_the_peak_of_a_real_town_is_that_of_pandapipes(schutterwald):
    """At hour 18 the share of the day is 1, so that design demand is taken: every pressure of the town, and the lowest 97,846.83 Pa (pandapipes 0.16.0)."""
    figures = np.load(FIGURES)
    answer = simulate_day(schutterwald, hours=2.0, start=18.0)
    assert answer.status == "done" and answer.summary["consumers_short"] == 0 and DAY[18] == 1.0
    first = answer.tables["hours"].to_pylist()[0]
    assert first["lowest_pressure"] == pytest.approx(97_846.83, abs=0.01) and first["delivered"] == pytest.approx(first["wanted"], rel=1e-8)
    expected = of_junctions(schutterwald, figures, "pressure_nikuradse")
    rows = answer.tables["junctions"].to_pylist()
    assert len(rows) == len(expected) == 2559 and max(abs(row["lowest"] / expected[row["id"]] - 1) for row in rows) < 1e-8
    numbers = dict(zip(*schutterwald.table("gas.pipe", columns=["id", "source_index"]).to_pydict().values(), strict=True))
    flow = dict(zip(figures["pipe"].tolist(), np.abs(figures["flow_nikuradse"]).tolist(), strict=True))
    assert max(abs(row["flow"] - flow[numbers[row["id"]]]) for row in answer.tables["pipes"].to_pylist()) < 1e-8


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
