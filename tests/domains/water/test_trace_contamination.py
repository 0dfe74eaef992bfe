"""Where a substance goes, and where it came from."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.water.backtrack import Travel, latest_departures
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.domains.water.trace_contamination import trace_contamination
from holdfast.model.errors import Invalid, NotFound
from water_files import ROW, city_of, city_of_rows

SPEED = np.array([0.04, 0.03, 0.02, 0.01]) / (np.pi / 4 * 0.2**2)  # of the four pipes [m/s]


@pytest.mark.clause("1b", "1o")
def test_it_arrives_after_the_travel_time_and_reaches_only_what_lies_below() -> None:
    answer = trace_contamination(city_of_rows(**ROW), node="a", start=1.0, lasting=0.5, hours=6.0)
    rows = {row["id"].partition(":")[2]: row for row in answer.tables["reached"].to_pylist()}
    assert set(rows) == {"a", "b", "c", "d"}
    minutes = np.cumsum(100 / SPEED[1:]) / 60
    for node, expected in zip("bcd", minutes, strict=True):
        assert rows[node]["minutes_after_start"] == pytest.approx(expected, abs=11), "read every ten minutes"
        assert rows[node]["hours_above"] == pytest.approx(0.5, abs=0.2) and rows[node]["peak_share"] == pytest.approx(1.0, abs=0.01)
    assert answer.summary["people_reached"] == 400 and answer.summary["customers_reached"] == 1
    below = trace_contamination(city_of_rows(**ROW), node="c", hours=6.0)
    assert {row["id"].partition(":")[2] for row in below.tables["reached"].to_pylist()} == {"c", "d"}


def test_a_reservoir_is_marked_no_longer_than_asked() -> None:
    answer = trace_contamination(city_of_rows(**ROW), node="r", start=1.0, lasting=1.0, hours=6.0)
    rows = {row["id"].partition(":")[2]: row for row in answer.tables["reached"].to_pylist()}
    assert rows["a"]["hours_above"] == pytest.approx(1.0, abs=0.2)


def test_backward_times_are_the_travel_times() -> None:
    model = hydraulic_model(city_of_rows(**ROW))
    flow = np.tile([0.04, 0.03, 0.02, 0.01], (25, 1))
    travel = Travel.of(model, np.arange(25) * 3600.0, flow)
    found = latest_departures(travel, 3, 86400.0)
    np.testing.assert_allclose(86400 - found, np.append(np.cumsum((100 / SPEED)[::-1])[[2, 1, 0]], [0.0, np.cumsum((100 / SPEED)[::-1])[3]]), rtol=1e-6)
    assert np.isneginf(latest_departures(travel, 0, 86400.0)[[1, 2, 3]]).all()


def test_water_that_turns_back_must_come_again() -> None:
    model = hydraulic_model(city_of_rows(**ROW))
    flow = np.tile([0.04, 0.03, 0.02, 0.01], (25, 1))
    flow[10:12, 3] = -0.01
    travel = Travel.of(model, np.arange(25) * 3600.0, flow)
    before, after = (travel.entered(3, 3, hour * 3600.0) for hour in (10.0, 14.0))
    assert before == pytest.approx(36000 - 100 / SPEED[3]) and after == pytest.approx(14 * 3600 - 100 / SPEED[3])
    assert travel.entered(3, 3, 12.05 * 3600) == pytest.approx(before), "what comes out just after the turn had gone in at the same end"
    assert travel.entered(3, 3, 10.0) == -np.inf


@pytest.mark.clause("1o")
def test_the_entry_is_among_the_few_that_explain_what_was_found(shared_data) -> None:
    """Forward by EPANET from a node, then backward from three places it reached and ten it did not."""
    city = city_of(shared_data("water/literature/Net3.inp"))
    forward = trace_contamination(city, node="121", lasting=24.0)
    reached = forward.tables["reached"]["id"].to_pylist()
    spared = [name for name in city.table("water.junction")["id"].to_pylist() if name not in reached]
    backward = trace_contamination(city, detections=[reached[len(reached) // 3], reached[len(reached) // 2], reached[-1]], clean=spared[:10])
    rows = backward.tables["candidates"].to_pylist()
    rank = [row["id"] for row in rows].index("water.junction:121") + 1
    assert rank <= 20 and rows[rank - 1]["detections_explained"] == 1.0
    assert backward.summary["share_of_network_excluded"] > 0.4 and backward.summary["clean"] == len(spared[:10])


@pytest.mark.parametrize(("given", "error"), [
    ({}, Invalid), ({"node": "a", "detections": ["b"]}, Invalid), ({"node": "a", "hours": 0.0}, Invalid), ({"node": "a", "start": 30.0}, Invalid),
    ({"node": "zzz"}, NotFound), ({"detections": ["zzz"]}, NotFound), ({"node": "a", "threshold": 2.0}, Invalid),
])  # fmt: skip
def test_bad_parameters_are_named(given: dict, error: type) -> None:
    with pytest.raises(error) as caught:
        trace_contamination(city_of_rows(**ROW), **given)
    assert caught.value.fix
