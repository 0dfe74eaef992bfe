"""Demand as given, and made up from people: sums, findings, and what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.domains.roads.demand import nearest, travel, zones_of
from holdfast.domains.roads.network import load
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from road_town import town


def test_given_trips_are_per_second_and_by_hour(tmp_path: Path):
    with town(tmp_path / "city") as city:
        findings = Findings()
        found = travel(city, load(city), findings)
    assert found.source == "given" and len(findings) == 0 and found.demand.trips.sum() * 3600 == pytest.approx(1700)
    busiest = int(np.argmax(found.shares))
    assert found.at(busiest).trips.sum() * 3600 == pytest.approx(1700) and found.at(3).trips.sum() < 0.1 * found.at(busiest).trips.sum()
    assert found.shares.sum() == pytest.approx(1)


def test_bad_rows_of_demand_are_findings(tmp_path: Path):
    with town(tmp_path / "city", demand=False) as city:
        a, b = "roads.junction:0", "roads.junction:3"
        city.append("roads.demand", pa.table({
            "id": [f"roads.demand:{i}" for i in range(7)], "origin_id": [a, a, "roads.junction:none", a, a, a, a], "destination_id": [b, b, b, b, b, a, b],
            "trips": [100.0, -5.0, 10.0, None, 10.0, 50.0, 2400.0], "period": [3600.0, 3600.0, 3600.0, 3600.0, 0.0, 3600.0, 86400.0],
            "mode": ["car", None, None, None, None, "car", None],
        }))  # fmt: skip
        city.append("roads.demand", pa.table({"id": ["roads.demand:bus"], "origin_id": [a], "destination_id": [b], "trips": [70.0], "mode": ["bus"]}))
        findings = Findings()
        found = travel(city, load(city), findings)
    assert findings.by_rule() == {"roads.demand_node": 1, "roads.demand_number": 2, "roads.demand_period": 1}
    peak = found.shares.max() * 2400  # a day's trips: their share of the busiest hour
    assert found.demand.trips.tolist() == pytest.approx([(100 + peak) / 3600]) and found.assumptions == {"rows": 8, "left_out": 5, "other_modes": 1}


def test_people_make_trips_where_there_is_no_demand(tmp_path: Path):
    with town(tmp_path / "city", demand=False) as city:
        roads = load(city)
        found = travel(city, roads, Findings())
        per_head = 2.2 * 0.25 / 1.3
    facts = found.assumptions
    assert found.source == "gravity model" and facts["zones"] == 3 and facts["people"] == 6900 and facts["zones_from"] == "base.zone" and "recalled" in facts["sources"]
    assert found.demand.trips.sum() * 3600 == pytest.approx(6900 * per_head * found.shares.max() * (1 - facts["share_within_zones"]), rel=1e-3)
    both = dict(zip(zip(found.demand.origin_of.tolist(), found.demand.target.tolist(), strict=True), found.demand.trips.tolist(), strict=True))
    assert all(trips == pytest.approx(both[b, a]) for (a, b), trips in both.items())  # there and back
    assert both[0, 11] > both[11, 12] > 0


def test_zones_come_from_centroids_then_zones_then_buildings(tmp_path: Path):
    with town(tmp_path / "city", demand=False, people=False) as city:
        roads = load(city)
        assert zones_of(city, roads).source == "nothing"
        with pytest.raises(Invalid, match="no travel demand"):
            travel(city, roads, Findings())
        boxes = [shapely.box(x, y, x + 10, y + 10) for x, y in ((0, 0), (20, 0), (700, 300))]
        city.append("buildings.building", pa.table({
            "id": [f"buildings.building:{i}" for i in range(3)], "geometry": [shapely.to_wkb(b) for b in boxes], "population": [30, 20, 10],
        }))  # fmt: skip
        zones = zones_of(city, roads)
        assert zones.source == "buildings.building" and sorted(zones.people.tolist()) == [10, 50] and zones.jobs.sum() == 30
        place = shapely.to_wkb(shapely.Point(3, 3))
        city.append("roads.zone_centroid", pa.table({"id": ["roads.zone_centroid:Z"], "geometry": [place], "population": [99]}))
        again = load(city)
        zones = zones_of(city, again)
        assert zones.source == "roads.zone_centroid" and again.node_id[int(zones.node[0])].as_py() == "roads.zone_centroid:Z"
        assert nearest(again, np.array([[1.0, 1.0], [np.nan, 0.0]])).tolist() == [0, -1]


def test_shares_that_are_none_are_refused(tmp_path: Path):
    with town(tmp_path / "city") as city:
        city.settings.set("roads.hour_shares", [1.0] * 23, author="test")
        with pytest.raises(Invalid, match="hourly"):
            travel(city, load(city), Findings())
