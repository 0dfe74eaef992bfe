"""The storm formula and its hyetograph."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.drainage.storm import Formula
from holdfast.model.errors import Invalid

ANLAN = Formula(21.6, 0.76, 14.0, 0.84)


def test_the_intensity_is_that_of_the_formula():
    litres = 167 * 21.6 * (1 + 0.76 * np.log10(3)) / (20 + 14) ** 0.84  # L/s/ha
    assert float(ANLAN.intensity(3, 1200)) == pytest.approx(litres * 1e-3 / 1e4, rel=3e-3)  # 167 stands for 1000 / 6


@pytest.mark.parametrize("duration", [3600.0, 7200.0, 10_000.0])
def test_the_storm_holds_the_heaviest_rain_of_every_duration(duration: float):
    hours, rate = ANLAN.chicago(5, duration, 0.4, 60)
    depth = np.concatenate([[0], np.cumsum(rate[:-1] * np.diff(hours) * 3600)])
    assert rate[-1] == 0 and hours[0] == 0 and hours[-1] == pytest.approx(duration / 3600)
    assert depth[-1] == pytest.approx(float(ANLAN.intensity(5, duration)) * duration)
    top = 0.4 * duration / 3600
    for part in (0.1, 0.3, 0.7):
        inside = np.interp([top * (1 - part), top + (hours[-1] - top) * part], hours, depth)
        assert inside[1] - inside[0] == pytest.approx(float(ANLAN.intensity(5, part * duration)) * part * duration, rel=0.01)
    assert abs(hours[rate.argmax()] - top) <= 60 / 3600


def test_numbers_that_make_no_rain_are_refused(anlan):
    assert Formula.of(anlan) == ANLAN
    for wrong in (lambda: ANLAN.rate(0), lambda: ANLAN.rate(0.01), lambda: ANLAN.chicago(2, 0, 0.4, 60), lambda: ANLAN.chicago(2, 60, 1.0, 60)):
        with pytest.raises(Invalid):
            wrong()
