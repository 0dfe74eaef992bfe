"""Places of nets: degrees or a drawing, which axis comes first, two sets of coordinates, and courses of edges."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from net_files import ROADS, TOWN, point, reading


def test_geojson_points_are_degrees(tmp_path):
    found, crs = reading(tmp_path, [{"geo": point(*p)} for p in TOWN], ROADS)
    assert crs == "EPSG:4326"
    assert found.places.scale == pytest.approx(1.0, abs=0.02)
    assert found.points(np.array([2, -1])).to_pylist()[1] is None
    assert shapely.from_wkb(found.points(np.array([2])).to_pylist()[0]).equals(shapely.Point(7.8770, 48.4622))


def test_latitude_first_is_seen_from_the_lengths_and_turned(tmp_path):
    found, crs = reading(tmp_path, [{"geo": point(y, x)} for x, y in TOWN], ROADS)
    assert crs == "EPSG:4326"
    assert found.places.x.tolist() == [p[0] for p in TOWN]
    assert found.findings.by_rule() == {"import.axes_swapped": 1}


def test_rounded_coordinates_are_not_mistaken_for_swapped_ones(tmp_path):
    found, _ = reading(tmp_path, [{"geo": point(round(x, 3), round(y, 3))} for x, y in TOWN], ROADS)
    assert not found.places.swapped


def test_a_drawing_is_left_out_unless_somebody_says_what_it_is(tmp_path):
    drawing = [{"geo": point(0.5 * i, -1.0 * i)} for i in range(3)]
    found, crs = reading(tmp_path, drawing, ROADS)
    assert crs is None and np.isnan(found.places.x).all()
    assert found.findings.by_rule() == {"import.schematic_coordinates": 1}
    kept, crs = reading(tmp_path, drawing, ROADS, crs="local:m")
    assert crs is None and kept.places.x.tolist() == [0.0, 0.5, 1.0]


def test_a_geodata_table_states_no_crs_and_its_scale_shows_feet(tmp_path):
    places = [{"x": 0.0, "y": 0.0}, {"x": 100.0, "y": 0.0}, {"x": 100.0, "y": 50.0}]
    roads = [{"from_bus": 0, "to_bus": 1, "length_km": 0.03048}, {"from_bus": 1, "to_bus": 2, "length_km": 0.01524}]
    found, crs = reading(tmp_path, [{"vn_kv": 1.0}] * 3, roads, bus_geodata=places)
    assert crs is None and found.places.scale == pytest.approx(3.281, abs=0.001)


def test_nodes_without_geo_are_placed_by_their_geodata(tmp_path):
    metres = [(20.0 * i, 15.0 * (i % 3)) for i in range(9)]
    degrees = [(7.9 + x / 74_000, 48.4 + y / 111_200) for x, y in metres]
    buses = [{"vn_kv": 1.0, "geo": point(*p) if i != 4 else None} for i, p in enumerate(degrees)]
    lines = [{"from_bus": i, "to_bus": i + 1, "length_km": float(np.hypot(metres[i + 1][0] - metres[i][0], metres[i + 1][1] - metres[i][1])) / 1e3} for i in range(8)]
    found, _ = reading(tmp_path, buses, lines, bus_geodata=[{"x": x, "y": y} for x, y in metres])
    assert (found.places.x[4], found.places.y[4]) == pytest.approx(degrees[4], abs=1e-9)
    assert found.findings.by_rule() == {"import.placed_by_fit": 1}
    preferred, crs = reading(tmp_path, buses, lines, crs="EPSG:25832", bus_geodata=[{"x": x, "y": y} for x, y in metres])
    assert crs is None and preferred.places.x.tolist() == [x for x, _ in metres], "a projected CRS means the geodata table"


def test_courses_are_delivered_or_straight_or_nothing(tmp_path):
    bent = json.dumps({"type": "LineString", "coordinates": [TOWN[0], [7.8765, 48.4620], TOWN[1]]})
    roads = [{**ROADS[0], "geo": bent}, ROADS[1], {"from_bus": 2, "to_bus": 2, "length_km": 0.01}]
    found, _ = reading(tmp_path, [{"geo": point(*p)} for p in TOWN], roads)
    rows, (start, end) = found.attached("line", "test.line", "from_bus", "to_bus")
    lines = shapely.from_wkb(found.lines("line", rows, start, end).to_pylist())
    assert [None if line is None else shapely.get_num_coordinates(line) for line in lines] == [3, 2, None]
