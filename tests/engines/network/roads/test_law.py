"""Link laws: the slope is the derivative, the area is the integral, and known values."""

import numpy as np
import pytest

from holdfast.engines.network.roads import law

CASES = {
    "constant": (law.CONSTANT, 60.0, 0.5, 0.0, 0.0, 5.0), "bpr": (law.BPR, 60.0, 0.5, 0.15, 4.0, 0.0), "bpr with a toll": (law.BPR, 60.0, 0.5, 0.15, 4.0, 7.0),
    "bpr, power 1": (law.BPR, 60.0, 0.5, 0.5, 1.0, 0.0), "bpr, power 2.7": (law.BPR, 60.0, 0.5, 0.8, 2.7, 0.0), "bpr, empty street free": (law.BPR, 0.0, 0.5, 0.15, 4.0, 0.0),
    "conical": (law.CONICAL, 60.0, 0.5, 6.0, 0.0, 0.0), "akcelik": (law.AKCELIK, 60.0, 0.5, 0.4, 3600.0, 0.0), "akcelik, long": (law.AKCELIK, 60.0, 0.5, 8.0, 900.0, 3.0),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("flow", [0.05, 0.3, 0.5, 0.8])
def test_slope_and_area_belong_to_the_time(case, flow):
    parameters = CASES[case]
    time, slope = law.time_and_slope(*parameters, flow)
    step = 1e-5
    numeric = (law.time_and_slope(*parameters, flow + step)[0] - law.time_and_slope(*parameters, flow - step)[0]) / (2 * step)
    assert slope == pytest.approx(numeric, rel=1e-5, abs=1e-6) and slope >= 0
    at = (np.arange(20_000) + 0.5) / 20_000 * flow
    integral = np.mean([law.time_and_slope(*parameters, x)[0] for x in at]) * flow
    assert law.area(*parameters, flow) == pytest.approx(integral, rel=1e-6)
    assert time >= parameters[1] + parameters[5] - 1e-9


def test_known_values():
    assert law.time_and_slope(law.BPR, 100.0, 2.0, 0.15, 4.0, 0.0, 2.0)[0] == pytest.approx(115.0)  # 15 % more at capacity
    assert law.time_and_slope(law.CONICAL, 100.0, 2.0, 6.0, 0.0, 0.0, 2.0)[0] == pytest.approx(200.0)  # twice at capacity
    assert law.time_and_slope(law.CONICAL, 100.0, 2.0, 6.0, 0.0, 0.0, 0.0)[0] == pytest.approx(100.0)
    for parameters in CASES.values():
        assert law.area(*parameters, 0.0) == pytest.approx(0.0, abs=1e-9)


def test_streets_that_are_closed_take_for_ever_and_add_nothing():
    columns = [np.array([v, v]) for v in (law.BPR, 60.0, 0.5, 0.15, 4.0, 0.0)]
    usable, flow = np.array([True, False]), np.array([0.5, 0.0])
    time, slope = np.empty(2), np.empty(2)
    law.all_times(*columns, usable, flow, time, slope)
    assert time[0] == pytest.approx(69.0) and np.isinf(time[1]) and slope[1] == 0
    assert law.objective(*columns, usable, flow) == pytest.approx(law.area(*CASES["bpr"], 0.5))
