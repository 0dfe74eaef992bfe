import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from holdfast.io.gtfs import FORMATS, sniff
from holdfast.model.errors import Invalid
from io_catalog import read

GTFS = FORMATS[0]
FILES = {
    "agency.txt": "agency_id,agency_name\nA,安澜公交\n",
    "stops.txt": 'stop_id,stop_name,stop_lat,stop_lon\n1,"Main, north",30.0,114.0\n2,南站,30.01,114.0\n3,East,30.01,114.01\n4,Nowhere,,\n',
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,7,Seven,3\nM,A,M1,Metro,401\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id,shape_id\nR,W,t1,0,S\nR,W,t2,0,S\nR,E,t3,1,\nM,W,t4,0,\n",
    "stop_times.txt": "trip_id,stop_id,stop_sequence,departure_time\nt1,2,2,8:10\nt1,1,1,8:00\nt2,1,1,9:00\nt3,3,1,8:00\nt3,1,2,8:20\nt4,1,1,7:00\nt4,3,2,7:05\nt9,1,1,7:00\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday\nW,1,1,1,1,1,0,0\nE,0,0,0,0,0,1,1\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nS,30.01,114.0,10\nS,30.0,114.0,9\n",
}


def packed(folder: Path, **change: str | None) -> Path:
    path = folder / "公交.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**FILES, **{k.replace("_txt", ".txt"): v for k, v in change.items()}}.items():
            if text is not None:
                archive.writestr(name, text)
    return path


def test_stops_and_lines_with_working_day_departures(tmp_path):
    tables, delivery = read(GTFS, packed(tmp_path))
    stops = {row["id"]: row for row in tables["roads.stop"].to_pylist()}
    assert stops["roads.stop:1"]["name"] == "Main, north" and stops["roads.stop:1"]["departures"] == 3.0  # t3 runs at weekends only
    assert stops["roads.stop:4"]["geometry"] is None
    lines = {row["route"] + (row["direction"] or ""): row for row in tables["roads.transit_line"].to_pylist()}
    assert json.loads(lines["R0"]["stops"]) == ["roads.stop:1", "roads.stop:2"]
    assert lines["R0"]["trips"] == 2.0 and lines["R1"]["trips"] == 0.0 and lines["M0"]["mode"] == "1" and lines["R0"]["operator"] == "安澜公交"
    assert shapely.get_coordinates(shapely.from_wkb(lines["R0"]["geometry"])).tolist() == [[114.0, 30.0], [114.0, 30.01]]
    assert shapely.get_num_coordinates(shapely.from_wkb(lines["M0"]["geometry"])) == 2  # no shape: from stop to stop
    assert delivery.findings.by_rule() == {"import.missing_trip": 1, "import.no_coordinates": 1}


def test_a_folder_reads_like_an_archive(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert sniff(tmp_path, b"") > 0.9
    assert read(GTFS, tmp_path)[0]["roads.stop"].num_rows == 4


def test_rows_with_a_comma_too_many_are_findings(tmp_path):
    _, delivery = read(GTFS, packed(tmp_path, routes_txt=FILES["routes.txt"] + "X,A,1,a,b,3\n"))
    assert delivery.findings.by_rule()["import.bad_row"] == 1


@pytest.mark.parametrize("name", ["stops_txt", "stop_times_txt", "routes_txt"])
def test_a_feed_without_a_needed_file_is_refused(tmp_path, name):
    with pytest.raises(Invalid, match=name.replace("_txt", ".txt")) as caught:
        read(GTFS, packed(tmp_path, **{name: None}))
    assert caught.value.where["file"] == "公交.zip"


def test_a_truncated_archive_is_refused(shared_data, tmp_path):
    path = tmp_path / "cut.zip"
    path.write_bytes(shared_data("roads/porto_alegre/poa_eptc.zip").read_bytes()[:200_000])
    assert sniff(path, b"PK\x03\x04") == 0.0
    with pytest.raises(Invalid):
        read(GTFS, path)


def test_a_damaged_member_is_refused(tmp_path):
    path = packed(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.find(b"Main, north")
    data[at : at + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"stops\.txt"):
        read(GTFS, path)


@pytest.mark.parametrize(("name", "stops", "lines", "mode"), [("poa_eptc.zip", 3_986, 201, "3"), ("poa_trensurb.zip", 24, 3, None)])
def test_the_feeds_of_a_real_city(shared_data, name, stops, lines, mode):
    path = shared_data(f"roads/porto_alegre/{name}")
    assert sniff(path, path.read_bytes()[:100]) > 0.9
    tables, delivery = read(GTFS, path)
    assert tables["roads.stop"].num_rows == stops and tables["roads.transit_line"].num_rows == lines and delivery.crs == "EPSG:4326"
    assert mode is None or set(tables["roads.transit_line"]["mode"].to_pylist()) == {mode}
    known = set(tables["roads.stop"]["id"].to_pylist())
    for row in tables["roads.transit_line"].to_pylist():
        served = json.loads(row["stops"])
        assert len(served) > 1 and set(served) <= known and row["geometry"] is not None
    xy = shapely.get_coordinates(shapely.from_wkb(tables["roads.stop"]["geometry"].to_pylist()))
    assert np.all((xy > [-51.5, -30.4]) & (xy < [-50.9, -29.5]))
