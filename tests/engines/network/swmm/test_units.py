"""Units of SWMM models against the engine itself: the same model written in each flow unit is the same model in SI."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.swmm import units
from holdfast.engines.network.swmm.changes import Changes
from holdfast.engines.network.swmm.deck import Deck
from holdfast.engines.network.swmm.simulate import simulate

MODEL = """[OPTIONS]
FLOW_UNITS {unit}
FLOW_ROUTING DYNWAVE
START_DATE 06/01/2025
START_TIME 00:00:00
END_DATE 06/01/2025
END_TIME 01:00:00
REPORT_STEP 00:05:00
ROUTING_STEP 2
[RAINGAGES]
G INTENSITY 0:10 1.0 TIMESERIES storm
[SUBCATCHMENTS]
S G J {area} 80 {width} 0.5 0
[SUBAREAS]
S 0.013 0.2 {hollow} {hollow} 25 OUTLET
[INFILTRATION]
S {fast} {slow} 4 7 0
[JUNCTIONS]
J {invert} {depth} 0 0 0
[OUTFALLS]
O {low} FREE NO
[CONDUITS]
C J O {length} 0.013 0 0
[XSECTIONS]
C CIRCULAR {pipe} 0 0 0
[TIMESERIES]
storm 0:00 {rain}
storm 0:10 0
"""
SI = {"length": 200.0, "width": 150.0, "invert": 12.0, "low": 8.0, "depth": 3.0, "pipe": 0.5}


def written(unit: str) -> str:
    """2 ha, 36 mm/h for ten minutes, in the units of the file."""
    metre, millimetre = units.length(unit), units.rain_depth(unit)
    numbers = {name: value / metre for name, value in SI.items()}
    rain = {"rain": 0.036 / millimetre, "fast": 0.076 / millimetre, "slow": 0.007 / millimetre, "hollow": 0.002 / millimetre}
    return MODEL.format(unit=unit, area=20_000.0 / units.plan_area(unit), **numbers, **rain)


@pytest.mark.parametrize("unit", [name for name in units.FLOW if name != "CMS"])
def test_one_model_in_every_flow_unit(unit, tmp_path):
    found = {}
    for name in ("CMS", unit):
        (tmp_path / f"{name}.inp").write_text(written(name), encoding="utf-8")
        found[name] = simulate(Deck.read(tmp_path / f"{name}.inp"), [Changes()], series=("depth", "flow"))
        assert found[name].status.tolist() == [0]
    own, other = found["CMS"], found[unit]
    assert own.peak_flow[0, 0] > 0.05
    np.testing.assert_allclose(other.peak_flow, own.peak_flow, rtol=5e-3)
    np.testing.assert_allclose(other.peak_depth, own.peak_depth, rtol=5e-3, atol=1e-3)
    np.testing.assert_allclose(other.volume, own.volume, rtol=5e-3, atol=0.2)
    np.testing.assert_allclose(other.series["flow"], own.series["flow"], rtol=0.02, atol=1e-3)


def test_a_unit_that_is_none_is_the_engines_default_and_letters_do_not_matter():
    assert units.flow("barrels") == units.flow("cfs") == 0.3048**3 and units.length("barrels") == units.length("Gpm") == 0.3048 and units.length("lps") == 1.0
    assert units.rain_depth("MGD") == 0.0254 and units.rain_depth("mld") == 1e-3 and units.plan_area("CMS") == 1e4
    assert units.plan_area("CFS") == pytest.approx(43_560 * 0.3048**2)
