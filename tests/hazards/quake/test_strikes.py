"""The earthquake over the reference city and over a local grid."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
from pyproj import Geod
from scipy import stats

from holdfast.hazards.quake import HAZARD, model
from holdfast.hazards.quake.motion import G, ground_motion
from holdfast.hazards.quake.rupture import distances, make_rupture
from holdfast.hazards.quake.strikes import truncated
from holdfast.model.crs import transformer
from holdfast.model.errors import Invalid


@pytest.mark.clause("1k", "4b")
def test_presets_shake_the_city(anlan, anlan_sites):
    middle = []
    for name in ("m6.0", "m6.5", "m7.0"):
        hazard = model(anlan, anlan_sites, **dict(dict(HAZARD.presets)[name]))
        json.dumps(hazard.summary)
        assert "none was given" in hazard.summary["epicentre_from"] and "slope" in hazard.summary["site_conditions"]
        assert hazard.cases is None and {"pga", "pgv"} <= set(hazard.measures)
        middle.append(hazard.summary["median"]["pga"]["middle"])
    assert middle == sorted(middle) and 0.1 * G < middle[0] < middle[2] < 1.0 * G
    by_map = model(anlan, anlan_sites, **dict(dict(HAZARD.presets)["m6.5-china"]))
    assert by_map.summary["gmm"]["GB18306"]["weight"] == 0.5


def test_cases_are_the_same_in_any_block_and_process(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites)
    whole = hazard.strike(np.arange(150), 5)
    part = pickle.loads(pickle.dumps(hazard)).strike(np.array([140, 0, 65]), 5)
    for name, values in whole.intensity.items():
        assert np.array_equal(part.intensity[name], values[[140, 0, 65]]), name
        assert values.dtype == np.float32 and np.isfinite(values).all() and (values >= 0).all()
    assert part.label.to_pylist() == [whole.label[i].as_py() for i in (140, 0, 65)]
    assert not np.array_equal(hazard.strike(np.arange(150), 6).intensity["pga"], whole.intensity["pga"])


def test_residuals_have_the_deviations_of_the_model(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, gmm="BSSA14", vs30=400.0, correlation="none", truncation=0.0, liquefaction="none", measures="pga,pgv,sa03,sa10")
    strike = hazard.strike(np.arange(600), 2)
    assert hazard.measures == ("pga", "pgv", "sa03", "sa10")
    residual = {}
    for m, name in enumerate(hazard.motions):
        logs = np.log(strike.intensity[name].astype(float)) - hazard.table.mean[0, m]
        event = logs.mean(axis=1)
        tau, phi = float(hazard.table.between[0, m, 0]), float(hazard.table.within[0, m, 0])
        assert event.std() == pytest.approx(tau, rel=0.1) and (logs - event[:, None]).std() == pytest.approx(phi, rel=0.02)
        residual[name] = logs - event[:, None]
    assert np.corrcoef(residual["pga"].ravel(), residual["pgv"].ravel())[0, 1] == pytest.approx(0.73, abs=0.02)
    assert np.corrcoef(residual["pgv"].ravel(), residual["sa10"].ravel())[0, 1] == pytest.approx(0.78, abs=0.02)


def test_neighbours_shake_alike(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, gmm="CB14", correlation="varied", liquefaction="none")
    logs = np.log(hazard.strike(np.arange(800), 2).intensity["pga"].astype(float))
    logs -= logs.mean(axis=0)
    xy = anlan_sites.xyz[:, :2]
    far = int(np.argmax(np.hypot(*(xy - xy[0]).T)))
    near = int(np.argsort(np.hypot(*(xy - xy[0]).T))[3])
    corr = [np.corrcoef(logs[:, 0], logs[:, i])[0, 1] for i in (near, far)]
    assert corr[0] > 0.9 > corr[1]


def test_the_tree_is_drawn_by_weight(anlan, anlan_sites):
    labels = np.array(model(anlan, anlan_sites, gmm="BSSA14:3,CY14:1").strike(np.arange(1000), 3).label.to_pylist())
    assert set(labels) == {"BSSA14", "CY14"} and (labels == "BSSA14").mean() == pytest.approx(0.75, abs=0.06)


def test_truncation_cuts(anlan, anlan_sites):
    cut = model(anlan, anlan_sites, gmm="BSSA14", truncation=1.0, liquefaction="none", correlation="none")
    logs = np.log(cut.strike(np.arange(400), 1).intensity["pga"].astype(float)) - cut.table.mean[0, 0]
    assert np.abs(logs).max() <= (cut.table.between[0, 0] + cut.table.within[0, 0]).max() + 1e-4
    event = logs.mean(axis=1, keepdims=True)
    inner = (logs - event) / cut.table.within[0, 0]
    assert inner.std() == pytest.approx(stats.truncnorm(-1.0, 1.0).std(), rel=0.02)
    assert (np.abs(inner) > 0.95).mean() == pytest.approx(2 * stats.truncnorm(-1.0, 1.0).sf(0.95), rel=0.15)  # none are heaped at the limit


@pytest.mark.parametrize("limit", [0.5, 2.0, 3.0, 6.0])
def test_truncated_numbers_are_normal_within_the_limit(limit):
    z = np.random.default_rng(1).standard_normal(200_000)
    found = np.interp(z, np.linspace(-6.0, 6.0, len(truncated(limit))), truncated(limit))
    assert np.abs(found).max() <= limit and stats.kstest(found, stats.truncnorm(-limit, limit).cdf).pvalue > 1e-3
    assert len(truncated(0.0)) == 0


def test_a_city_without_a_place_on_earth(anlan, anlan_sites):
    sites = dataclasses.replace(anlan_sites, crs="local", xyz=anlan_sites.xyz - np.array([*anlan_sites.xyz[0, :2], 0.0]))
    hazard = model(anlan, sites, x=0.0, y=0.0, vs30="II", magnitude=6.0)
    assert hazard.summary["epicentre"] == [0.0, 0.0] and (hazard.strike(np.arange(4), 1).intensity["pga"] > 0).all()
    for given in ({"lon": 113.0, "lat": 27.0}, {"shakemap": "/none.npy"}):
        with pytest.raises(Invalid, match="no place on Earth"):
            model(anlan, sites, vs30=300.0, **given)


def test_epicentre_by_longitude_is_where_it_is(anlan, anlan_sites):
    at = anlan_sites.xyz[0, :2] + np.array([20_000.0, 5_000.0])
    lon, lat = (float(v[0]) for v in transformer(anlan.crs, "EPSG:4326")(at[:1], at[1:2]))
    hazard = model(anlan, anlan_sites, lon=lon, lat=lat)
    assert hazard.summary["epicentre"] == pytest.approx(at.tolist(), abs=1.0)


def test_assets_without_coordinates_are_left_alone(anlan, anlan_sites):
    xyz = anlan_sites.xyz.copy()
    xyz[5] = np.nan
    strike = model(anlan, dataclasses.replace(anlan_sites, xyz=xyz)).strike(np.arange(10), 1)
    assert all((values[:, 5] == 0).all() for values in strike.intensity.values()) and (strike.intensity["pga"][:, 4] > 0).all()


def test_a_catalogue_has_its_own_number_of_cases(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, a=3.5, b=0.9, years=500, radius=60_000.0, vs30=300.0)
    rate = hazard.summary["events_per_year"]
    assert hazard.cases == round(500 * rate) and rate == pytest.approx(10 ** (3.5 - 4.5) - 10 ** (3.5 - 6.75))
    strike = hazard.strike(np.arange(hazard.cases), 4)
    again = hazard.strike(np.array([3]), 4)
    assert np.array_equal(again.intensity["pga"][0], strike.intensity["pga"][3]) and strike.label[3].as_py().startswith("M ")
    x = float(np.nanmedian(anlan_sites.xyz[:, 0]))
    y = float(np.nanmedian(anlan_sites.xyz[:, 1]))
    on = model(anlan, anlan_sites, a=3.5, fault=[x - 2e4, y, x + 2e4, y], vs30=300.0)
    assert on.cases is None and on.summary["catalogue"]["source"] == "fault"


def test_medians_of_the_city_are_those_of_the_model(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, x=500_000.0, y=3_000_000.0, gmm="CY14", vs30=300.0, mechanism="reverse")
    rupture = make_rupture(6.5, 500.0, 3_000.0, 10.0, 45.0, 45.0, "reverse")
    where = distances(rupture, anlan_sites.xyz[:, 0] / 1000, anlan_sites.xyz[:, 1] / 1000)
    expected = ground_motion("CY14", "pga", rupture, where, np.full(len(anlan_sites), 300.0))[0]
    assert np.allclose(hazard.table.mean[0, 0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "match"),
    [({"magnitude": 11.0}, "magnitude"), ({"x": 1.0}, "go together"), ({"lon": 500.0, "lat": 1.0}, "degrees"), ({"mechanism": "thrusting"}, "thrusting"),
     ({"source": "blob"}, "blob"), ({"measures": "pgx"}, "pgx"), ({"correlation": -5.0}, "correlation"), ({"groundwater": -1.0}, "groundwater"),
     ({"gmm": "none"}, "none"), ({"region": "moon"}, "moon"), ({"a": 4.0, "fault": [0, 0, 0, 0]}, "fault"), ({"depth": 0.0}, "depth"),
     ({"a": 4.0, "fault": [0, "x", 0, 0]}, "fault"), ({"magnitude": "big"}, "magnitude is no number"), ({"depth": float("nan")}, "depth"), ({"strike": True}, "strike"),
     ({"shakemap": 3}, "shakemap is no text"), ({"gmm": ["CB14"]}, "gmm"), ({"gmm": {"CB14": "x"}}, "weight"), ({"gmm": {}}, "or none"), ({"gmm": "CB14,CB14"}, "twice"),
     ({"measured": 1}, "measured"), ({"vs30": None}, "vs30"), ({"correlation": float("inf")}, "correlation"), ({"truncation": -1.0}, "truncation"),
     ({"sediments": -1.0}, "sediments"), ({"shakemap": "a.xml", "rupture_file": "b.xml"}, "either shakemap or rupture_file"), ({"uncertainty": "u.xml"}, "shakemap as well"),
     ({"years": 100.0}, "years"), ({"fault": [0, 0, 1, 1]}, "catalogue"), ({"rupture_file": "/none.xml", "a": 3.0}, "one event")],
)
def test_bad_parameters_are_named(anlan, anlan_sites, given, match):
    with pytest.raises(Invalid, match=match):
        model(anlan, anlan_sites, **given)


def _km(note: str) -> float:
    return float(note.partition(" is ")[2].partition(" km")[0].replace(",", ""))


def test_a_far_epicentre_is_noted(anlan, anlan_sites):
    x, y = np.nanmedian(anlan_sites.xyz[:, :2], axis=0)
    note = model(anlan, anlan_sites, x=5e6, y=float(y)).summary["notes"][0]
    assert "check x, y" in note and _km(note) == pytest.approx((5e6 - x) / 1e3, abs=1.0)
    lon, lat = transformer(anlan.crs, "EPSG:4326")(np.array([x]), np.array([y]))
    note = model(anlan, anlan_sites, lon=90.0, lat=30.0).summary["notes"][0]
    assert "check lon, lat" in note and _km(note) == pytest.approx(Geod(ellps="WGS84").inv(90.0, 30.0, lon[0], lat[0])[2] / 1e3, rel=0.006)


def test_the_place_of_a_forgotten_coordinate_is_noted(anlan, anlan_sites):
    assert _km(model(anlan, anlan_sites, lon=0.0, lat=0.0).summary["notes"][0]) > 11_000.0


def test_an_epicentre_nearby_is_not_noted(anlan, anlan_sites):
    x, y = np.nanmedian(anlan_sites.xyz[:, :2], axis=0)
    assert "notes" not in model(anlan, anlan_sites, x=float(x) + 4.9e5, y=float(y)).summary and "notes" not in model(anlan, anlan_sites).summary
    assert "notes" in model(anlan, anlan_sites, x=float(x) + 5.1e5, y=float(y)).summary
    assert "notes" not in model(anlan, anlan_sites, x=float(x) + 5.1e5, y=float(y), a=3.0, radius=50_000.0).summary, "the disc of a catalogue reaches the city"
