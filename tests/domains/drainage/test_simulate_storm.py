"""Storms through the reference city, a small model in which everything can fail, and a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.domains.drainage import DOMAIN
from holdfast.domains.drainage.simulate_storm import simulate_storm
from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city
from swmm_models import SMALL


@pytest.fixture(scope="module")
def small(model_city, tmp_path_factory) -> City:
    path = tmp_path_factory.mktemp("small") / "small.inp"
    path.write_text(SMALL.partition("[REPORT]")[0].replace("[EVENTS]\n06/01/2025 00:00 06/01/2025 01:30\n", ""), encoding="utf-8")
    return model_city(path)


@pytest.mark.clause("1c", "1k", "1q")
def test_anlan_carries_the_storm_it_was_designed_for_and_floods_in_a_greater_one(anlan: City):
    usual = simulate_storm(anlan)
    assert usual.summary["rain_mm"] == pytest.approx(57.71, abs=0.01) and usual.summary["hours"] == 6.0 and usual.summary["engine"] == "SWMM 5.2.4"
    assert usual.summary["flooded_m3"] < 1.0 and abs(usual.summary["routing_error_percent"]) < 1.0 and usual.findings.counts()["warning"] == 0
    table = usual.tables["over_time"]
    assert np.nansum(table["rain"].to_numpy()) * 300 * 1e3 == pytest.approx(57.71, abs=0.02)
    balance = {row["item"]: row["value"] for row in usual.tables["balance"].to_pylist()}
    assert balance["rainfall"] == pytest.approx(balance["infiltration"] + balance["runoff"], rel=0.02)
    assert balance["inflow"] == pytest.approx(balance["outflow"] + balance["flooding"], rel=0.02)
    great = simulate_storm(anlan, return_period=50.0, duration=3600.0, hours=3.0)
    flooded = great.tables["flooded"]
    assert great.summary["flooded_nodes"] == flooded.num_rows > 0 and great.summary["flooded_m3"] == pytest.approx(sum(flooded["volume"].to_pylist()), abs=2.0)
    assert (np.diff(flooded["volume"].to_numpy()) <= 0).all() and np.isfinite(flooded["x"].to_numpy()).all() and min(flooded["hours"].to_pylist()) > 0
    assert great.tables["links"]["use"][0].as_py() > usual.tables["links"]["use"][0].as_py()
    for plot in great.plots:
        assert {plot.x, *plot.y} <= set(great.tables[plot.table].column_names)


@pytest.mark.clause("1q")
def test_water_outside_that_stands_high_holds_the_storm_back(anlan: City):
    level = max(anlan.table("drainage.outfall", columns=["elevation"])["elevation"].to_pylist()) + 6.0
    held = simulate_storm(anlan, tide=level, hours=3.0)
    free = simulate_storm(anlan, hours=3.0)
    assert held.summary["flooded_m3"] > free.summary["flooded_m3"] + 100 and held.summary["outflow_m3"] < free.summary["outflow_m3"]


def test_stored_rain_gives_what_the_model_gave(shared_data, model_city):
    city = model_city(shared_data("drainage/swmm_examples/user/user1.inp"))
    found = simulate_storm(city, rain="stored")
    assert (round(found.summary["runoff_error_percent"], 3), round(found.summary["routing_error_percent"], 3)) == (-0.411, 0.089)
    assert found.summary["flooded_m3"] == pytest.approx(1934.7, abs=0.1) and found.tables["flooded"].num_rows == found.summary["flooded_nodes"] > 3
    assert found.summary["rain_mm"] is None and found.tables["over_time"]["rain"].null_count == found.tables["over_time"].num_rows


def test_pumps_gates_and_sewers_can_be_out(small: City):
    base = simulate_storm(small, rain="drainage.series:storm", hours=2.0)
    assert base.summary["rain_mm"] == pytest.approx(160 / 6, abs=0.01)
    dry = simulate_storm(small, rain="drainage.series:storm", hours=2.0, pumps_out=True)
    assert base.tables["over_time"]["pumped"].to_numpy().max() > 0.05 and dry.tables["over_time"]["pumped"].to_numpy().max() == 0.0
    flows = {name: {row["id"]: row["peak_flow"] for row in answer.tables["links"].to_pylist()} for name, answer in (("base", base), ("dry", dry))}
    assert flows["dry"]["drainage.orifice:Gate"] > flows["base"]["drainage.orifice:Gate"]
    shut = simulate_storm(small, rain="drainage.series:storm", hours=2.0, out=["drainage.orifice:Gate", "drainage.conduit:Main"])
    closed = {row["id"]: row["peak_flow"] for row in shut.tables["links"].to_pylist()}
    assert closed["drainage.orifice:Gate"] == 0.0 and closed["drainage.conduit:Main"] < 1e-5 and shut.summary["flooded_m3"] > base.summary["flooded_m3"]
    assert shut.tables["flooded"]["id"][0].as_py() == "drainage.manhole:High"


def test_a_station_that_is_out_stops_its_pumps(anlan: City):
    station = anlan.table("drainage.pump_station", columns=["id"])["id"][0].as_py()
    whole, out = (simulate_storm(anlan, hours=1.0, return_period=2.0, out=names) for names in (None, [station]))
    assert whole.summary["out_of_service"] == 0 and out.summary["out_of_service"] == 1
    assert out.tables["over_time"]["pumped"].to_numpy().sum() < whole.tables["over_time"]["pumped"].to_numpy().sum()


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"out": ["drainage.manhole:R1"]}, Invalid, "no pump, station"), ({"out": ["drainage.pump:none"]}, Invalid, "no pump, station"),
        ({"rain": "drainage.series:none"}, NotFound, "no rain series"), ({"hours": -1.0}, Invalid, "cannot be simulated"),
        ({"return_period": 0.0}, Invalid, "no rain"), ({"duration": -5.0}, Invalid, "duration"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(anlan: City, given, error, said: str):
    with pytest.raises(error, match=said):
        simulate_storm(anlan, **given)


def test_a_city_without_sewers_and_one_that_swmm_refuses(tmp_path: Path, model_city):
    with pytest.raises(NotFound, match="no drainage network"):
        simulate_storm(small_city(tmp_path / "none", DOMAIN))
    (tmp_path / "bad.inp").write_text(SMALL.replace("River 8 FREE NO\n", "").replace("Main High River 200 0.013 0 0", "Main High Well 200 0.013 0 0").replace(
        "Sea 8 FIXED 8.1 YES\n", "Sea 8 TIDAL nowhere YES\n"), encoding="utf-8")  # fmt: skip
    with pytest.raises(Invalid, match="SWMM does not run this network: ERROR"):
        simulate_storm(model_city(tmp_path / "bad.inp"), hours=1.0)
