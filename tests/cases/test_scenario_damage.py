"""The Nepal scenario of OpenQuake: rupture, ground motion and expected damage by taxonomy, without looking at its code.

Reference: openquake.engine 3.26.2 (hazardlib and risklib), BooreEtAl2014 medians on its own rupture surface (mesh 1 km), discrete fragility
functions; expected number of buildings in each state. The demo's own two models are not ours, so the medians of one model that both have are used.
"""

from __future__ import annotations

import csv

import numpy as np
import pyproj
import pytest

from engines.scenario.worlds import bare_world
from holdfast.engines.scenario.damage import Sampler
from holdfast.engines.scenario.damage_law import probabilities
from holdfast.hazards.quake.motion import ground_motion
from holdfast.hazards.quake.rupture import Rupture, distances
from holdfast.io.fragility import read_nrml
from holdfast.model.hazard import Strike
from holdfast.model.spec import Kind, Source

FOLDER = "earthquake/openquake_scenario_damage"
RJB = [135.64432602, 117.10914203, 89.85673639, 332.36004927, 84.06300568]  # km, first five assets
RRUP = [144.06590051, 126.91303521, 102.52251459, 332.44012025, 97.44290507]
PGA = [0.01656914, 0.02118808, 0.03139799, 0.00187834, 0.03436585]  # g
EXPECTED = {
    "Concrete": (51, [8701.69, 1264.53, 2014.59, 2413.55, 2237.64]),
    "Unreinforced-Brick-Masonry": (2253, [1073430.69, 48120.41, 63446.70, 45146.07, 69331.14]),
    "Wood": (2253, [853270.53, 52646.76, 47895.86, 20040.51, 11027.35]),
    "Adobe": (2253, [1764361.38, 42679.96, 86702.11, 76187.77, 153017.79]),
    "Stone-Masonry": (2253, [690358.74, 34284.57, 65281.55, 53868.31, 98030.83]),
}


@pytest.fixture(scope="module")
def shaken(shared_data):
    with open(shared_data(f"{FOLDER}/exposure_model.csv"), newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    lon, lat = (np.array([float(r[name]) for r in rows]) for name in ("lon", "lat"))
    plan = pyproj.Proj(proj="aeqd", lon_0=84.4, lat_0=27.55, units="km")
    (x0, x1), (y0, y1) = plan([85.0, 83.8], [27.3, 27.8])
    strike = np.degrees(np.arctan2(x1 - x0, y1 - y0)) % 360.0
    out = 20.0 / np.tan(np.radians(30.0))  # the plane begins at 20 km depth, down dip from the trace
    right = np.radians(strike + 90.0)
    rupture = Rupture(7.0, (x0 + x1) / 2 + out * np.sin(right), (y0 + y1) / 2 + out * np.cos(right), 20.0, strike, 30.0, 3, float(np.hypot(x1 - x0, y1 - y0)), 60.0, 20.0)
    where = distances(rupture, *plan(lon, lat))
    pga = np.exp(ground_motion("BSSA14", "pga", rupture, where, np.full(len(rows), 760.0))[0])
    taxonomy, number = np.array([r["taxonomy"] for r in rows]), np.array([float(r["number"]) for r in rows])
    return where, pga, taxonomy, number, read_nrml(shared_data(f"{FOLDER}/structural_fragility_model.xml"))


def test_distances_and_ground_motion(shaken):
    where, pga, *_ = shaken
    assert where.rjb[:5] == pytest.approx(RJB, abs=1.1) and where.rrup[:5] == pytest.approx(RRUP, abs=1.1)
    assert pga[:5] / 9.80665 == pytest.approx(PGA, rel=0.02)


def test_expected_damage_by_taxonomy(shaken):
    _, pga, taxonomy, number, models = shaken
    for name, (assets, expected) in EXPECTED.items():
        mine = taxonomy == name
        found = (models[name].probabilities(pga[mine]) * number[mine, None]).sum(axis=0)
        assert mine.sum() == assets
        assert found == pytest.approx(expected, rel=0.03, abs=0.002 * number[mine].sum()), name


def test_sampled_damage_comes_to_the_same(shaken):
    _, pga, taxonomy, number, models = shaken
    for name in ("Wood", "Adobe"):
        mine = (taxonomy == name) & (pga > models[name].onset)
        law = models[name].lognormal(Source("OpenQuake demo"))
        world = bare_world([Kind("t.house", "node", "house", "屋", damage=(law,))], np.zeros(mine.sum()))
        strike = Strike({"pga": np.repeat(pga[None, mine], 200, axis=0).astype(np.float32)})
        state = Sampler(world).sample(strike, np.arange(200), 1).state
        sampled = np.array([(number[mine] * (state == s)).sum() / 200 for s in range(5)])
        expected = (probabilities(law, pga[mine]) * number[mine, None]).sum(axis=0)
        assert sampled / number[mine].sum() == pytest.approx(expected / number[mine].sum(), abs=0.005), name
        straight = (models[name].probabilities(pga[mine]) * number[mine, None]).sum(axis=0)
        assert expected / number[mine].sum() == pytest.approx(straight / number[mine].sum(), abs=0.06), name  # below 0.2 g the file has lines from zero
