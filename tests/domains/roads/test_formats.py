from pathlib import Path

import numpy as np
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.roads.formats import FORMATS, sniff
from holdfast.model.errors import Invalid
from io_catalog import read

TNTP = FORMATS[0]
NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 3
<ORIGINAL HEADER>~ \tInit node \tTerm node \tCapacity (veh/h)\tLength (km)\tFree Flow Time (h)\tB\tPower\tSpeed (km/h)\tToll\tType\t;
<END OF METADATA>

~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t3\t3600\t1.5\t0.05\t0.15\t4\t36\t0\t1\t;
\t3\t2\t1800\t2\t0.1\t0.15\t4\t36\t0\t2\t;
\t3\t2\t900\tx\t0.2\t0.15\t4\t36\t0\t2\t;
"""
NODES = "Node\tX\tY\t;\n1\t0\t0\t;\n2\t3000\t0\t;\n3\t1500\t0\t;\n"
TRIPS = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 70\n<END OF METADATA>\n\nOrigin 1\n 1 : 0.0; 2 : 50.0;\nOrigin 2\n 1 : 20; 9 : 5;\n"


def small(folder: Path, net: str = NET, trips: str = TRIPS) -> Path:
    for name, text in (("a_net.tntp", net), ("a_node.tntp", NODES), ("a_trips.tntp", trips)):
        (folder / name).write_text(text)
    return folder / "a_net.tntp"


def test_units_come_from_the_header_and_bad_cells_are_findings(tmp_path):
    tables, delivery = read(TNTP, small(tmp_path))
    streets = tables["roads.street"].to_pylist()
    assert [s["id"] for s in streets] == ["roads.street:1-3", "roads.street:3-2", "roads.street:3-2~2"]
    assert streets[0]["length"] == 1500.0 and streets[0]["free_flow_time"] == pytest.approx(180.0) and streets[0]["capacity"] == 1.0
    assert streets[0]["speed_limit"] == pytest.approx(10.0) and streets[2]["length"] is None
    assert tables["roads.zone_centroid"]["number"].to_pylist() == ["1", "2"] and tables["roads.junction"]["number"].to_pylist() == ["3"]
    assert [(d["origin_id"], d["trips"]) for d in tables["roads.demand"].to_pylist()] == [("roads.zone_centroid:1", 50.0), ("roads.zone_centroid:2", 20.0)]
    rules = delivery.findings.by_rule()
    assert rules == {"import.bad_number": 1, "import.count": 1, "import.missing_node": 1}
    bad = next(f for f in delivery.findings.table().to_pylist() if f["rule"] == "import.bad_number")
    assert (bad["row"], bad["column"], bad["file"]) == (11, "length", "a_net.tntp")
    assert delivery.crs is None


def test_a_folder_is_recognised_and_read(tmp_path):
    small(tmp_path)
    assert sniff(tmp_path, b"") > 0.5 and sniff(tmp_path / "a_net.tntp", NET.encode()) == 1.0
    assert read(TNTP, tmp_path)[0]["roads.street"].num_rows == 3
    (tmp_path / "b_net.tntp").write_text(NET)
    with pytest.raises(Invalid, match="2"):
        read(TNTP, tmp_path)


@pytest.mark.parametrize("net", ["", "<NUMBER OF ZONES> 2\n", NET.partition("~\tinit")[0], NET.replace("<END OF METADATA>", "")])
def test_a_network_without_links_or_metadata_is_refused(tmp_path, net):
    with pytest.raises(Invalid, match="no links"):
        read(TNTP, small(tmp_path, net))


def test_trips_are_no_entry(tmp_path):
    small(tmp_path)
    with pytest.raises(Invalid, match="_net"):
        read(TNTP, tmp_path / "a_trips.tntp")


@pytest.mark.parametrize(
    ("name", "links", "nodes", "zones", "pairs", "trips"), [("SiouxFalls", 76, 24, 0, 528, 360_600.0), ("Anaheim", 914, 416, 38, 1_406, 104_694.4)]
)
def test_published_networks_have_their_known_size(shared_data, name, links, nodes, zones, pairs, trips):
    tables, delivery = read(TNTP, shared_data(f"roads/tntp/{name}"))
    count = {kind: table.num_rows for kind, table in tables.items()}
    assert count["roads.street"] == links and count.get("roads.junction", 0) + count.get("roads.zone_centroid", 0) == nodes
    assert count.get("roads.zone_centroid", 0) == zones and count["roads.demand"] == pairs
    assert tables["roads.demand"]["trips"].to_numpy().sum() == pytest.approx(trips, abs=1e-6)
    assert delivery.crs == "EPSG:4326" and all(s["geometry"] is not None for s in tables["roads.street"].to_pylist())


def test_lengths_in_feet_agree_with_the_drawing(shared_data):
    tables, _ = read(TNTP, shared_data("roads/tntp/Anaheim"))
    table = tables["roads.street"]
    lines = shapely.from_wkb(table["geometry"].to_pylist())
    metres = shapely.length(shapely.transform(lines, lambda c: c * [111_320 * np.cos(np.radians(33.8)), 110_574]))
    inner = table["length"].to_numpy() > 0
    assert np.median(table["length"].to_numpy()[inner] / metres[inner]) == pytest.approx(1.0, abs=0.1)


def test_a_virtual_city_in_a_grid_of_feet(shared_data):
    tables, delivery = read(TNTP, shared_data("coupled/micropolis/transportation/high/transpo_net.tntp"), crs="local:ft")
    assert tables["roads.street"].num_rows == 210 and tables["roads.junction"].num_rows == 68
    assert delivery.facts["units"]["length"] == "kft" and delivery.facts["trips"] == 27_245.0
    first = tables["roads.street"].to_pylist()[0]
    assert first["id"] == "roads.street:T_L1" and first["length"] == pytest.approx(2.006092 * 304.8)


def test_lengths_of_unknown_unit_are_kept_aside(shared_data):
    tables, delivery = read(TNTP, shared_data("roads/tntp/SiouxFalls/SiouxFalls_net.tntp"))
    assert delivery.findings.by_rule()["import.unknown_unit"] == 1
    assert tables["roads.street"]["tntp_length"].to_pylist()[:2] == [6.0, 4.0] and tables["roads.street"]["length"].null_count == 76
    tables, delivery = read(TNTP, shared_data("roads/tntp/SiouxFalls/SiouxFalls_net.tntp"), parameters={"units": {"length": "mi"}})
    assert tables["roads.street"]["length"].to_pylist()[0] == pytest.approx(6 * 1609.344)


@pytest.mark.parametrize(("name", "crs"), [("SiouxFalls", "EPSG:32614"), ("Anaheim", "EPSG:32611")])
def test_an_exported_network_has_the_same_links_times_and_trips(shared_data, tmp_path, name, crs):
    with create_city(str(tmp_path / "city"), crs=crs) as city:
        import_files(city, [shared_data(f"roads/tntp/{name}/{name}_net.tntp")], ImportOptions(format="tntp"))
        facts = export_file(city, tmp_path / f"{name}_net.tntp")
    before, _ = read(TNTP, shared_data(f"roads/tntp/{name}"))
    after, delivery = read(TNTP, tmp_path / f"{name}_net.tntp")
    assert facts["assumed"] == 0 and delivery.facts["zones"] == {"SiouxFalls": 24, "Anaheim": 38}[name]
    key = ["id"]
    old, new = (t["roads.street"].to_pandas().set_index(key).sort_index() for t in (before, after))
    assert list(old.index) == list(new.index)
    for column in ("capacity", "free_flow_time", "delay_factor", "delay_power"):
        assert np.allclose(old[column], new[column], rtol=1e-12), column
    demand = [{(d["origin_id"].partition(":")[2], d["destination_id"].partition(":")[2]): d["trips"] for d in t["roads.demand"].to_pylist()} for t in (before, after)]
    assert demand[0] == demand[1]
