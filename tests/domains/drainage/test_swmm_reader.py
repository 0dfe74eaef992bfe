"""What the SWMM reader makes of each section, of files the model uses, and of damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import swmm_oracle as swmm
from holdfast.domains.drainage.domain import DOMAIN
from holdfast.domains.drainage.formats.external import base_name, locate
from holdfast.domains.drainage.formats.reader import read
from holdfast.domains.drainage.formats.writer import write
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid, NotFound
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
FOOT, CFS, INCH, ACRE = 0.3048, 0.3048**3, 0.0254, 4046.8564224
MODEL = """[TITLE]
Small
[OPTIONS]
FLOW_UNITS CFS
INFILTRATION HORTON
FLOW_ROUTING KINWAVE
START_DATE 01/01/2020
START_TIME 00:00:00
END_DATE 01/01/2020
END_TIME 02:00:00
REPORT_STEP 00:05:00
WET_STEP 00:05:00
DRY_STEP 00:05:00
ROUTING_STEP 30
[EVAPORATION]
CONSTANT 0.0
[RAINGAGES]
;town gauge
G1 INTENSITY 0:05 1.0 TIMESERIES rain
[SUBCATCHMENTS]
S1 G1 j1 10 50 500 0.5 0
S2 * S1 5 25 300 1 0
[SUBAREAS]
S1 0.01 0.1 0.05 0.1 25 OUTLET
S2 0.01 0.1 0.05 0.1 25 PERVIOUS 60
[INFILTRATION]
S1 3 0.5 4 7 0
S2 80 0.5 7 0 0 CURVE_NUMBER
[JUNCTIONS]
;upstream manhole
J1 100 10 0 2 50
J2 98 10
[OUTFALLS]
O1 90 FIXED 91.5 YES
[DIVIDERS]
D1 97 C3 CUTOFF 5
[STORAGE]
ST 95 12 1 FUNCTIONAL 0 0 500 0 0
SU 94 10 0 TABULAR AREA 0 0.5
[CONDUITS]
C1 J1 D1 400 0.013 0.5 0 0 0
C2 D1 ST 300 0.015 * 1
C3 D1 J2 100 0.013 0 0
C4 J2 SU 100 0.013 0 0
[PUMPS]
P1 ST O2 PC ON 3 1
[ORIFICES]
OR SU O3 SIDE 0.5 0.65 YES 0
[WEIRS]
W1 SU O1 TRANSVERSE 2 3.33 NO 0 0
[OUTLETS]
OL J2 O4 0 FUNCTIONAL/DEPTH 2 0.5 NO
[XSECTIONS]
C1 CIRCULAR 2 0 0 0 2
C2 TRAPEZOIDAL 3 4 1 1.5 1
C3 CUSTOM 2 SH 0 0 1
C4 IRREGULAR T1 0 0 0
OR RECT_CLOSED 1 2 0 0
W1 RECT_OPEN 3 6 0 0
[TRANSECTS]
NC 0.05 0.05 0.03
X1 T1 3 0 10 0 0 0 0 0
GR 5 0 0 5 5 10
[LOSSES]
C1 0.1 0.2 0 YES 0.5
[CONTROLS]
RULE R1
IF NODE ST DEPTH > 4
THEN PUMP P1 STATUS = ON
PRIORITY 1
[INFLOWS]
j1 FLOW hydro FLOW 1.0 2.0 0.5 daily
[DWF]
J2 FLOW 0.2 "daily" "" ""
[CURVES]
PC PUMP2 1 2 4 5
PC 8 6
AREA STORAGE 0 100
AREA 10 200
SH SHAPE 0 1
SH 1 1
[TIMESERIES]
rain 0:00 0.5 0:30 1.0
rain 1:00 0
hydro 01/01/2020 00:00 1
hydro 01:00 3
temp 0 50
[PATTERNS]
daily HOURLY 1 1 1 1 1 1 1 1 1 1 1 1
daily 1 1 1 1 1 1 1 1 1 1 1 1
[REPORT]
NODES ALL
LINKS ALL
[TAGS]
Node J1 old
[COORDINATES]
J1 0 0
J2 100 0
D1 50 50
[VERTICES]
C3 80 40
[POLYGONS]
S1 0 0
S1 10 0
S1 10 10
ST 1 1
[SYMBOLS]
G1 5 5
"""


def load(tmp_path: Path, text: str | bytes = MODEL) -> tuple[Delivery, TableCity]:
    path = tmp_path / "model.inp"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    delivery = read(path, ReadRequest(CATALOG))
    return delivery, TableCity(CATALOG, delivery.batches)


def found(delivery: Delivery, rule: str) -> list[dict]:
    return [row for row in delivery.findings.table().to_pylist() if row["rule"] == f"import.{rule}"]


@pytest.fixture
def model(tmp_path) -> tuple[Delivery, TableCity]:
    return load(tmp_path)


def test_nodes_are_in_si(model) -> None:
    _, city = model
    hole = city.rows("drainage.manhole")["J1"]
    assert hole["elevation"] == pytest.approx(100 * FOOT) and hole["ground_elevation"] == pytest.approx(110 * FOOT) and hole["comment"] == "upstream manhole"
    assert hole["surcharge_depth"] == pytest.approx(2 * FOOT) and hole["ponded_area"] == pytest.approx(50 * FOOT**2) and hole["tag"] == "old"
    outfall, divider = city.rows("drainage.outfall")["O1"], city.rows("drainage.divider")["D1"]
    assert outfall["stage"] == pytest.approx(91.5 * FOOT) and outfall["flap_gate"] is True
    assert divider["cutoff_flow"] == pytest.approx(5 * CFS) and divider["diverted_link"] == "C3"
    storage = city.rows("drainage.storage")
    assert storage["ST"]["area"] == pytest.approx(500 * FOOT**2) and storage["SU"]["area_curve"] == "drainage.curve:AREA" and storage["SU"]["evaporation_share"] == 0.5


def test_links_are_in_si(model) -> None:
    _, city = model
    conduits = city.rows("drainage.conduit")
    assert conduits["C1"]["length"] == pytest.approx(400 * FOOT) and conduits["C1"]["diameter"] == pytest.approx(2 * FOOT) and conduits["C1"]["barrels"] == 2
    assert conduits["C1"]["from_elevation"] == pytest.approx(100.5 * FOOT) and conduits["C1"]["to_elevation"] == pytest.approx(97 * FOOT)
    assert conduits["C1"]["flap_gate"] is True and conduits["C1"]["seepage_rate"] == pytest.approx(0.5 * INCH / 3600)
    assert conduits["C2"]["from_offset"] == 0 and conduits["C2"]["width"] == pytest.approx(4 * FOOT) and json.loads(conduits["C2"]["section_parameters"]) == ["1", "1.5"]
    assert conduits["C3"]["section_curve"] == "SH" and conduits["C4"]["section_curve"] == "T1"
    pump, weir, outlet = city.rows("drainage.pump")["P1"], city.rows("drainage.weir")["W1"], city.rows("drainage.outlet")["OL"]
    assert pump["startup_depth"] == pytest.approx(3 * FOOT) and pump["curve"] == "drainage.curve:PC"
    assert weir["discharge_coefficient"] == pytest.approx(3.33 * FOOT**0.5) and weir["from_elevation"] == pytest.approx(96 * FOOT)
    assert json.loads(outlet["coefficients"])[0] == pytest.approx(2 * CFS / FOOT**0.5)
    assert city.rows("drainage.orifice")["OR"]["flap_gate"] is True


def test_surface_is_in_si(model) -> None:
    _, city = model
    one, two = (city.rows("drainage.subcatchment")[name] for name in ("S1", "S2"))
    assert one["area"] == pytest.approx(10 * ACRE) and one["impervious_share"] == 0.5 and one["slope"] == pytest.approx(0.005)
    assert one["outlet"] == "drainage.manhole:J1", "ids are taken in any case of letters"
    assert two["outlet"] == "drainage.subcatchment:S1" and two["rain_gauge"] is None and two["route_to"] == "PERVIOUS" and two["routed_share"] == pytest.approx(0.6)
    assert one["impervious_storage"] == pytest.approx(0.05 * INCH) and two["infiltration"] == "CURVE_NUMBER"
    gauge = city.rows("drainage.rain_gauge")["G1"]
    assert gauge["format"] == "INTENSITY" and gauge["series"] == "drainage.series:rain" and gauge["comment"] == "town gauge"


def test_records_follow_their_use(model) -> None:
    _, city = model
    series, curves = city.rows("drainage.series"), city.rows("drainage.curve")
    assert series["rain"]["use"] == "INTENSITY" and json.loads(series["rain"]["values"]) == pytest.approx([0.5 * INCH / 3600, INCH / 3600, 0])
    assert series["hydro"]["use"] == "INFLOW" and json.loads(series["hydro"]["times"]) == ["01/01/2020 00:00", "01:00"]
    assert series["temp"]["use"] == "OTHER" and json.loads(series["temp"]["values"]) == [50.0]
    assert json.loads(curves["PC"]["x"]) == pytest.approx([FOOT, 4 * FOOT, 8 * FOOT]) and json.loads(curves["PC"]["y"])[0] == pytest.approx(2 * CFS)
    hole = city.rows("drainage.manhole")
    assert hole["J1"]["inflow_scale"] == 2 and hole["J1"]["inflow_baseline"] == pytest.approx(0.5 * CFS) and hole["J1"]["inflow_pattern"] == "drainage.pattern:daily"
    assert hole["J2"]["dry_weather_flow"] == pytest.approx(0.2 * CFS)
    sections = {row["section"] for row in city.rows("drainage.section").values()}
    assert sections == {"TITLE", "OPTIONS", "EVAPORATION", "TRANSECTS", "CONTROLS", "REPORT", "POLYGONS"}


def test_places(model) -> None:
    delivery, city = model
    lines = city.table("drainage.conduit")
    shapes = dict(zip(lines["id"].to_pylist(), geometry.decode(lines["geometry"]), strict=True))
    assert np.asarray(shapes["drainage.conduit:C3"].coords).tolist() == [[50, 50], [80, 40], [100, 0]]
    assert shapes["drainage.conduit:C2"] is None, "a storage unit without coordinates"
    assert len(found(delivery, "no_coordinates")) == 3
    assert geometry.decode(city.table("drainage.subcatchment")["geometry"])[0].area == pytest.approx(50)


def test_offsets_given_as_levels_are_written_as_levels(tmp_path) -> None:
    text = MODEL.replace("FLOW_ROUTING KINWAVE", "FLOW_ROUTING KINWAVE\nLINK_OFFSETS ELEVATION").replace("0.013 0.5 0 0 0", "0.013 100.7 97.3 0 0")
    _, city = load(tmp_path, text)
    row = city.rows("drainage.conduit")["C1"]
    assert row["from_offset"] == pytest.approx(0.7 * FOOT) and row["to_elevation"] == pytest.approx(97.3 * FOOT)
    write(city, tmp_path / "out.inp")
    line = next(line for line in (tmp_path / "out.inp").read_text().splitlines() if line.startswith("C1 ") and "D1" in line)
    assert line.split()[5:7] == ["100.7", "97.3"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "part"),
    [
        ("J2 98 10", "J2 deep 10", "bad_number", {"column": "elevation", "value": "deep", "id": "drainage.manhole:J2"}),
        ("C3 D1 J2 100", "C3 D1 JX 100", "missing_node", {"column": "to_id", "value": "JX", "id": "drainage.conduit:C3"}),
        ("J2 98 10", "j1 98 10", "duplicate_id", {"value": "j1"}),
        ("C3 D1 J2 100 0.013 0 0", "C3 D1 J2", "few_columns", {"kind": "drainage.conduit"}),
        ("[TAGS]", "[WEIGHTS]\na b c\n[TAGS]", "unknown_section", {"value": "WEIGHTS", "severity": "warning"}),
        ("S1 G1 j1", "S1 G9 j1", "missing_gauge", {"value": "G9", "id": "drainage.subcatchment:S1"}),
        ("S2 * S1", "S2 * nowhere", "missing_node", {"column": "outlet", "value": "nowhere"}),
        ("C2 TRAPEZOIDAL", "C2 HEXAGONAL", "unknown_code", {"column": "shape", "value": "HEXAGONAL"}),
        ("FLOW_UNITS CFS", "FLOW_UNITS BUCKETS", "unknown_code", {"value": "BUCKETS"}),
        ("P1 ST O2 PC", "P1 ST O2 NOPE", "missing_record", {"value": "NOPE", "column": "curve"}),
        ("hydro 01:00 3", "hydro 01:00 3 02:00", "few_columns", {"kind": "drainage.series"}),
        ("G1 INTENSITY 0:05 1.0 TIMESERIES rain", "G1 VOLUME 0:05 1.0 FILE gone.dat STA IN", "missing_file", {"value": "gone.dat", "severity": "warning"}),
    ],
)
def test_bad_lines_are_findings(tmp_path, old: str, new: str, rule: str, part: dict) -> None:
    assert old in MODEL
    delivery, _ = load(tmp_path, MODEL.replace(old, new))
    (row, *_) = [row for row in found(delivery, rule) if {key: row[key] for key in part} == part]
    assert row["file"] == "model.inp" and row["fix"] and row["message"] and row["row"]


def test_unknown_sections_are_written_back(tmp_path) -> None:
    _, city = load(tmp_path, MODEL.replace("[TAGS]", "[WEIGHTS]\na b ;c\n[TAGS]"))
    write(city, tmp_path / "out.inp")
    assert "[WEIGHTS]\na b ;c" in (tmp_path / "out.inp").read_text()


def test_files_in_other_encodings(tmp_path, shared_data) -> None:
    delivery, city = load(tmp_path, MODEL.replace("J1", "雨水井").encode("gbk"))
    assert "雨水井" in city.rows("drainage.manhole") and found(delivery, "encoding")[0]["value"] == "gb18030"
    latin = read(shared_data("drainage/swmm_models/Session25_Greenville_6LIDControls_All_LID_Usage.inp"), ReadRequest(CATALOG))
    rows = TableCity(CATALOG, latin.batches).rows("drainage.subcatchment")
    assert rows["C10"]["snow_pack"] == "BORLÄNGE"


@pytest.mark.parametrize("section", ["[JUNCTIONS]", "[CONDUITS]", "[XSECTIONS]", "[SUBAREAS]"])
def test_a_truncated_file_is_refused(tmp_path, section: str) -> None:
    cut = MODEL[: MODEL.index(section) + len(section) + 14]
    with pytest.raises(Invalid, match=r"stops in section|neither nodes") as caught:
        load(tmp_path, cut)
    assert caught.value.where["row"] == cut.count("\n") + 1 and caught.value.fix


def test_files_that_are_no_model(tmp_path) -> None:
    for content, message in ((b"\x00\x01[JUNCTIONS]", "not text"), (b"hello\n", r"no \[SECTION\]"), (b"[OPTIONS]\nFLOW_UNITS CFS\n", "neither nodes nor")):
        with pytest.raises(Invalid, match=message):
            load(tmp_path, content)
    with pytest.raises(NotFound):
        read(tmp_path / "absent.inp", ReadRequest(CATALOG))


RUNS = MODEL[: MODEL.index("[RAINGAGES]")] + """[RAINGAGES]
G1 INTENSITY 1:00 1.0 FILE "data\\Rain 1.dat" STA01 IN
[SUBCATCHMENTS]
S1 G1 J1 10 50 500 0.5 0
[SUBAREAS]
S1 0.01 0.1 0.05 0.1 25 OUTLET
[INFILTRATION]
S1 3 0.5 4 7 0
[JUNCTIONS]
J1 100 10
[OUTFALLS]
O1 90 FREE NO
[CONDUITS]
C1 J1 O1 400 0.013 0 0
[XSECTIONS]
C1 CIRCULAR 2 0 0 0
[INFLOWS]
J1 FLOW hydro
[TIMESERIES]
hydro FILE flows.txt
[REPORT]
SUBCATCHMENTS ALL
NODES ALL
LINKS ALL
[COORDINATES]
J1 0 0
O1 100 0
"""
RAIN = "STA01 2020 1 1 0 0 0.5\nSTA01 2020 1 1 1 0 1.5\n"


def test_external_files_travel_with_the_model(tmp_path) -> None:
    """A rain file in a folder beside the model, named with backslashes, and a series file; the export runs on its own."""
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source / "data", target):
        folder.mkdir(parents=True)
    (source / "data" / "Rain 1.dat").write_text(RAIN)
    (source / "flows.txt").write_text("01/01/2020 00:00 1\n01/01/2020 01:00 3\n")
    text = RUNS
    delivery, city = load(source, text)
    assert delivery.findings.by_rule().keys() <= {"import.no_coordinates"}
    assert {row["reference"] for row in city.rows("drainage.file").values()} == {"data\\Rain 1.dat", "flows.txt"}
    facts = write(city, target / "copy.inp")
    assert facts["files"] == ["Rain 1.dat", "flows.txt"] and (target / "Rain 1.dat").read_text() == RAIN
    assert '"Rain 1.dat"' in (target / "copy.inp").read_text()
    linux = source / "linux.inp"
    linux.write_text(text.replace("data\\Rain 1.dat", "data/Rain 1.dat"))
    first, second = swmm.run(linux, source), swmm.run(target / "copy.inp", target)
    assert first["runoff"].max() > 0 and swmm.deviation(first, second) <= (0.01, 1e-6, 1e-6)


def test_no_file_outside_the_models_folder_is_read(tmp_path) -> None:
    (tmp_path / "secret.dat").write_text(RAIN)
    inside = tmp_path / "model"
    inside.mkdir()
    (inside / "link.dat").symlink_to(tmp_path / "secret.dat")
    for name in ("../secret.dat", str(tmp_path / "secret.dat"), "..\\secret.dat", "link.dat"):
        assert locate(inside, name) is None, name
        delivery, city = load(inside, MODEL.replace("G1 INTENSITY 0:05 1.0 TIMESERIES rain", f'G1 INTENSITY 1:00 1.0 FILE "{name}" STA IN'))
        assert found(delivery, "missing_file") and city.table("drainage.file").num_rows == 0
    assert base_name("../../etc/passwd") == "passwd" and base_name("C:\\rain\\a.dat") == "a.dat" and base_name("..") == "file"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("swmm_models/Session9_SI_PUMP_MID.inp", "m"), ("swmm_models/Session25_Greenville_6LIDControls_All_LID_Usage.inp", "ft"),
        ("swmm_models/Session4_40_Subs_327_Links.inp", "ft"), ("swmm_examples/user/user4.inp", "ft"), ("swmm_models/Session6_singapore.inp", "schematic"),
        ("swmm_examples/examples/Example5.inp", "schematic"), ("pystorms/theta.inp", "schematic"),
    ],
)  # fmt: skip
def test_coordinates_are_what_the_conduit_lengths_say(shared_data, name: str, unit: str) -> None:
    assert read(shared_data(f"drainage/{name}"), ReadRequest(CATALOG)).facts["coordinates"] == unit


def test_the_pump_model_lies_in_bangalow(shared_data) -> None:
    """Its coordinates are MGA zone 56, EPSG:28356: they fall on the Australian village that its gauge is named after."""
    from holdfast.model.crs import to_lonlat

    delivery = read(shared_data("drainage/swmm_models/Session9_SI_PUMP_MID.inp"), ReadRequest(CATALOG))
    city = TableCity(CATALOG, delivery.batches)
    middle = np.nanmedian(geometry.centre(city.table("drainage.manhole")["geometry"]), axis=0)
    lon, lat = to_lonlat("EPSG:28356", *middle)
    assert (lon, lat) == (pytest.approx(153.52, abs=0.03), pytest.approx(-28.69, abs=0.03)) and "BANGALOW_GAUGE" in city.rows("drainage.rain_gauge")


def test_report_files_keep_their_names(shared_data, tmp_path) -> None:
    """The official LID example names report files with a leading dot and backslash."""
    city = TableCity(CATALOG, read(shared_data("drainage/swmm_examples/examples/Example4.inp"), ReadRequest(CATALOG)).batches)
    write(city, tmp_path / "copy.inp")
    assert '".\\lid_ITS1.txt"' in (tmp_path / "copy.inp").read_text()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(MODEL)), noise=st.text(max_size=30), at=st.integers(0, len(MODEL)))
def test_any_damage_is_a_finding_or_a_clear_error(tmp_path, cut: int, noise: str, at: int) -> None:
    text = (MODEL[:at] + noise + MODEL[at:])[: max(cut, 1)]
    try:
        delivery, _ = load(tmp_path, text.encode("utf-8", "surrogatepass"))
    except HoldfastError as error:
        assert error.fix or error.where
    else:
        assert delivery.findings.counts()
