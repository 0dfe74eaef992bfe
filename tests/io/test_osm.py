from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from holdfast.io.osm import FORMATS, sniff
from holdfast.io.osm_network import cut_ways
from holdfast.model.errors import Invalid
from io_catalog import read

OSM = FORMATS[0]

SMALL = """<?xml version="1.0"?><osm version="0.6" generator="test">
<node id="1" lon="0.000" lat="0.000"/><node id="2" lon="0.001" lat="0.000"><tag k="highway" v="traffic_signals"/></node>
<node id="3" lon="0.002" lat="0.000"/><node id="4" lon="0.001" lat="0.001"/><node id="5" lon="0.0012" lat="0.0012"/>
<node id="6" lon="0.003" lat="0.003"/><node id="7" lon="0.004" lat="0.003"/><node id="8" lon="0.004" lat="0.004"/><node id="9" lon="0.003" lat="0.004"/>
<node id="10" lon="0.005" lat="0.005"><tag k="amenity" v="hospital"/><tag k="name" v="市医院"/><tag k="beds" v="120"/></node>
<node id="11" lon="0.0" lat="0.001"><tag k="highway" v="bus_stop"/><tag k="ref" v="7"/></node>
<way id="20"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="maxspeed" v="30 mph"/><tag k="lanes" v="4"/><tag k="oneway" v="-1"/></way>
<way id="21"><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/><tag k="name" v="安澜路"/><tag k="surface" v="sett"/></way>
<way id="22"><nd ref="4"/><nd ref="5"/><nd ref="99"/><tag k="highway" v="footway"/></way>
<way id="23"><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="9"/><nd ref="6"/><tag k="building" v="apartments"/><tag k="building:levels" v="6"/><tag k="height" v="18 m"/>
 <tag k="amenity" v="school"/><tag k="addr:street" v="安澜路"/><tag k="addr:housenumber" v="5号"/><tag k="start_date" v="1998-05"/></way>
<way id="24"><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="9"/><nd ref="6"/><tag k="highway" v="service"/></way>
<way id="25"><nd ref="1"/><nd ref="4"/><tag k="highway" v="proposed"/></way>
</osm>"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "小城.osm"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_ways_are_cut_at_shared_nodes_and_turned_into_their_direction(small):
    tables, _ = read(OSM, small)
    streets = {row["id"].removeprefix("roads.street:"): row for row in tables["roads.street"].to_pylist()}
    assert set(streets) == {"20-1", "20-2", "21", "22", "24-1", "24-2"}
    assert (streets["20-1"]["from_id"], streets["20-1"]["to_id"]) == ("roads.junction:3", "roads.junction:2")
    assert streets["20-1"]["one_way"] and not streets["21"]["one_way"]
    first = shapely.from_wkb(streets["20-1"]["geometry"])
    assert first.coords[0] == (0.002, 0.0)


def test_a_closed_way_alone_becomes_two_streets_between_two_crossings(small):
    tables, _ = read(OSM, small)
    ring = [row for row in tables["roads.street"].to_pylist() if row["source_way"] == "24"]
    assert len(ring) == 2 and ring[0]["from_id"] != ring[0]["to_id"] == ring[1]["from_id"]


def test_tags_become_fields_with_units_and_codes(small):
    tables, _ = read(OSM, small)
    streets = {row["source_way"]: row for row in tables["roads.street"].to_pylist()}
    assert streets["20"]["speed_limit"] == pytest.approx(13.4112) and streets["20"]["lanes"] == 4 and streets["20"]["class"] == "trunk"
    assert streets["21"]["surface"] == "stone" and streets["21"]["class"] == "branch"
    building, = tables["buildings.building"].to_pylist()
    assert (building["id"], building["storeys"], building["height"], building["build_year"]) == ("buildings.building:w23", 6, 18.0, 1998)
    assert building["address"] == "安澜路5号"
    school, = tables["buildings.school"].to_pylist()
    assert school["building_id"] == "buildings.building:w23"
    hospital, = tables["buildings.hospital"].to_pylist()
    assert (hospital["name"], hospital["beds"]) == ("市医院", 120)
    signal, = tables["roads.signal"].to_pylist()
    assert signal["junction_id"] == "roads.junction:2"
    stop, = tables["roads.stop"].to_pylist()
    assert (stop["mode"], stop["code"]) == ("3", "7")


def test_nodes_outside_the_extract_are_reported_and_the_rest_is_kept(small):
    tables, delivery = read(OSM, small)
    assert delivery.findings.by_rule() == {"import.missing_node": 1}
    finding, = delivery.findings.table().to_pylist()
    assert finding["id"] == "roads.street:22" and finding["file"] == "小城.osm"
    line = next(row for row in tables["roads.street"].to_pylist() if row["source_way"] == "22")
    assert shapely.get_num_coordinates(shapely.from_wkb(line["geometry"])) == 2


def test_a_way_that_comes_back_to_itself_has_a_second_end():
    refs, xy = np.array([1, 2, 3, 4, 2]), np.array([[0, 0], [1, 0], [2, 0], [2, 1], [1, 0]], float)
    pieces = cut_ways(refs, xy, np.array([5]), np.zeros(1, bool))
    assert list(zip(pieces.start.tolist(), pieces.end.tolist(), strict=True)) == [(1, 2), (2, 3), (3, 2)]


def test_a_city_extract_gives_its_known_number_of_ways_and_a_sound_network(shared_data):
    tables, delivery = read(OSM, shared_data("roads/porto_alegre/poa_osm.pbf"))
    assert delivery.crs == "EPSG:4326" and delivery.facts["highways"] == 15_886
    streets, nodes = tables["roads.street"], tables["roads.junction"]
    assert streets.num_rows == 28_750 and nodes.num_rows == 20_441
    assert not pc.any(pc.equal(streets["from_id"], streets["to_id"])).as_py()
    known = nodes["id"]
    for column in ("from_id", "to_id"):
        assert pc.all(pc.is_in(streets[column], known)).as_py()
    where = dict(zip(known.to_pylist(), shapely.get_coordinates(shapely.from_wkb(nodes["geometry"].to_pylist())), strict=True))
    lines = shapely.from_wkb(streets["geometry"].to_pylist())
    for column, end in (("from_id", 0), ("to_id", -1)):
        assert np.array_equal(shapely.get_coordinates(shapely.get_point(lines, end)), np.array([where[i] for i in streets[column].to_pylist()]))
    drawn = len(set(streets["source_way"].to_pylist()))
    assert 15_600 < drawn < 15_886  # platforms, sites and planned ways are no streets
    assert tables["roads.signal"].num_rows == 1_662


def test_a_truncated_file_is_refused_with_its_name(shared_data, tmp_path):
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(shared_data("roads/porto_alegre/poa_osm.pbf").read_bytes()[:300_000])
    with pytest.raises(Invalid) as caught:
        read(OSM, cut)
    assert caught.value.where["file"] == "cut.osm.pbf" and caught.value.fix


@pytest.mark.parametrize("text", [SMALL[:900], "<osm>", "", "\x00\x01nonsense"])
def test_damaged_xml_is_refused(tmp_path, text):
    path = tmp_path / "bad.osm"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid):
        read(OSM, path)


def test_files_are_recognised_by_content(small, tmp_path):
    assert sniff(small, small.read_bytes()[:4096]) == 1.0
    assert sniff(tmp_path / "x.osm", b"PK\x03\x04") == 0.0
    assert sniff(tmp_path / "x.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader") == 1.0


def test_repeated_vertices_and_unknown_positions_do_not_break_the_cut():
    refs = np.array([1, 1, 2, 3, 4, 5])
    xy = np.array([[0, 0], [0, 0], [1, 0], [np.nan, np.nan], [2, 0], [3, 0]], float)
    pieces = cut_ways(refs, xy, np.array([4, 2]), np.zeros(2, bool))
    assert pieces.start.tolist() == [1, 4] and pieces.end.tolist() == [2, 5]
    assert pieces.lost.tolist() == [1, 0]
    nothing = cut_ways(np.array([7]), np.zeros((1, 2)), np.array([1]), np.zeros(1, bool))
    assert len(nothing.way) == 0
