"""Ground motion models against the figures of pygmm, and what every model must do."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from holdfast.hazards.quake import gb18306
from holdfast.hazards.quake.motion import MEASURES, MODELS, G, ground_motion, tree
from holdfast.hazards.quake.rupture import Distances, Rupture, distances, make_rupture
from holdfast.model.errors import Invalid

STYLE = {"strike_slip": 1, "normal": 2, "reverse": 3}
with open(Path(__file__).with_name("gmm_points.csv"), newline="", encoding="utf-8") as handle:
    POINTS = list(csv.DictReader(line for line in handle if not line.startswith("#")))


with open(Path(__file__).with_name("gmm_2008_points.csv"), newline="", encoding="utf-8") as handle:
    OLDER = list(csv.DictReader(line for line in handle if not line.startswith("#")))


def evaluated(row, measure):
    number = {key: float(row[key]) for key in ("magnitude", "dip", "top", "width", "depth", "rrup", "rjb", "rx", "vs30")}
    rupture = Rupture(number["magnitude"], 0.0, 0.0, number["depth"], 0.0, number["dip"], STYLE[row["style"]], 0.0, number["width"], number["top"])
    one = {key: np.array([number[key]]) for key in ("rrup", "rjb", "rx")}
    return ground_motion(row["model"], measure, rupture, Distances(**one, u=one["rx"], v=one["rx"]), np.array([number["vs30"]]), row["region"])


@pytest.mark.parametrize("model", ["BSSA14", "CB14", "CY14"])
@pytest.mark.parametrize("measure", MEASURES)
def test_medians_and_deviations_are_those_of_pygmm(model, measure):
    rows = [r for r in POINTS if r["model"] == model]
    assert len(rows) >= 80
    unit = 0.01 if measure == "pgv" else G
    for row in rows:
        mean, between, within = evaluated(row, measure)
        assert np.exp(mean[0]) / unit == pytest.approx(float(row[measure]), rel=1e-4), row
        assert np.hypot(between[0], within[0]) == pytest.approx(float(row[f"{measure}_sd"]), rel=1e-4), row


@pytest.mark.parametrize("model", ["BA08", "CY08"])
@pytest.mark.parametrize("measure", MEASURES)
def test_medians_and_deviations_are_those_of_hazardlib(model, measure):
    rows = [r for r in OLDER if r["model"] == model]
    assert len(rows) >= 80
    unit = 0.01 if measure == "pgv" else G
    for row in rows:
        number = {key: float(row[key]) for key in ("magnitude", "dip", "top", "width", "rrup", "rjb", "rx", "vs30", "z1")}
        rupture = Rupture(number["magnitude"], 0.0, 0.0, number["top"], 0.0, number["dip"], STYLE[row["style"]], 0.0, number["width"], number["top"])
        one = {key: np.array([number[key]]) for key in ("rrup", "rjb", "rx")}
        where, soil = Distances(**one, u=one["rx"], v=one["rx"]), {"z1": number["z1"], "measured": row["measured"] == "1"}
        mean, between, within = ground_motion(model, measure, rupture, where, np.array([number["vs30"]]), **soil)
        assert np.exp(mean[0]) / unit == pytest.approx(float(row[measure]), rel=2e-6), row
        assert [between[0], within[0]] == pytest.approx([float(row[f"{measure}_tau"]), float(row[f"{measure}_phi"])], rel=1e-6), row


def test_measured_ground_and_thick_sediments():
    rupture = make_rupture(6.5, 0.0, 0.0, 10.0, 0.0, 90.0, "strike_slip")
    where, vs30 = distances(rupture, np.array([20.0]), np.zeros(1)), np.array([300.0])
    for model in ("CY08", "CY14"):
        mean, between, within = ground_motion(model, "pga", rupture, where, vs30)
        sure = ground_motion(model, "pga", rupture, where, vs30, measured=True)
        assert sure[0] == mean and sure[1] == between and sure[2] < within
    usual, deep = (ground_motion("CY08", "sa10", rupture, where, vs30, z1=z)[0][0] for z in (None, 900.0))
    assert deep > usual


@pytest.mark.parametrize("model", MODELS)
def test_shaking_falls_with_distance_and_grows_with_magnitude(model):
    away = np.geomspace(1.0, 200.0, 40)
    vs30 = np.full(40, 400.0)
    small, large = (make_rupture(m, 0.0, 0.0, 10.0, 0.0, 90.0, "strike_slip") for m in (5.5, 7.0))
    for measure in MEASURES:
        mean, between, within = ground_motion(model, measure, large, distances(large, away, np.zeros(40)), vs30)
        assert (np.diff(mean) <= 1e-9).all() and ((between > 0.1) & (within > 0.2) & (within < 1.0)).all()
        assert (ground_motion(model, measure, small, distances(small, away, np.zeros(40)), vs30)[0] < mean).all()


def test_soft_ground_amplifies_velocity():
    rupture = make_rupture(6.5, 0.0, 0.0, 10.0, 0.0, 90.0, "strike_slip")
    where = distances(rupture, np.array([30.0, 30.0]), np.zeros(2))
    for model in MODELS[:3]:
        soft, rock = ground_motion(model, "pgv", rupture, where, np.array([200.0, 900.0]))[0]
        assert soft > rock + 0.3


@pytest.mark.parametrize("measure", ["pga", "pgv"])
@pytest.mark.parametrize("region", gb18306.REGIONS)
def test_zonation_relation_is_continuous_and_elliptical(measure, region):
    for row in gb18306.TABLE[measure][region]:
        below, above = (gb18306.along(row, m, np.array([5.0, 50.0])) for m in (6.5, 6.5 + 1e-9))
        assert np.allclose(below, above, rtol=0.0, atol=0.02)  # lg units
    axis = gb18306.median(measure, region, 6.8, np.array([40.0, 0.0]), np.array([0.0, 40.0])) / np.log(10.0)
    shift = np.log10(980.665) if measure == "pga" else 0.0
    long, short = gb18306.TABLE[measure][region]
    assert axis == pytest.approx([gb18306.along(long, 6.8, 40.0) - shift, gb18306.along(short, 6.8, 40.0) - shift], abs=1e-6)
    between = gb18306.median(measure, region, 6.8, np.array([28.28]), np.array([28.28]))[0] / np.log(10.0)
    assert min(axis) < between < max(axis)


def test_zonation_relation_by_hand():
    # 1.979 + 0.671 * 6 = 6.005; exp(0.399 * 6) = 10.957; lg(20 + 2.088 * 10.957) = 1.63223; 6.005 - 2.315 * 1.63223 = 2.2264
    assert gb18306.along(gb18306.TABLE["pga"]["east"][0], 6.0, np.array([20.0]))[0] == pytest.approx(2.2264, abs=1e-4)


def test_tree_of_models():
    names, weights = tree("BSSA14:3, CY14:1")
    assert names == ("BSSA14", "CY14") and weights.tolist() == [0.75, 0.25]
    for text, match in (("XX", "XX"), ("CB14:a", "weight"), ("CB14:0", "above 0")):
        with pytest.raises(Invalid, match=match):
            tree(text)
    rupture = make_rupture(6.0, 0.0, 0.0, 10.0, 0.0, 90.0, "strike_slip")
    with pytest.raises(Invalid, match="Mars"):
        ground_motion("BSSA14", "pga", rupture, distances(rupture, np.zeros(1), np.zeros(1)), np.ones(1), "Mars")
