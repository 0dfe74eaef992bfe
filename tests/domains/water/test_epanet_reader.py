"""What the EPANET reader makes of each section, and of damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.domains.drainage.formats.reader import sniff as sniff_swmm
from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.reader import read, sniff
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid, NotFound
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
FOOT, GPM = 0.3048, 0.003785411784 / 60
MODEL = """[TITLE]
A small model
[JUNCTIONS]
;ID Elev Demand Pattern
 J1  100  10  P1 ;corner
 J2  110
 J3  90   5
[RESERVOIRS]
 R1  200  P1
[TANKS]
 T1  150  10  0  20  50  0  V1  YES
[PIPES]
 1  J1  J2  1000  12  100  0.5  CV
 2  J2  J3  500   8   120  Closed
 3  J2  T1  50    12  130  0    Open
[PUMPS]
 PU R1 J1 HEAD C1 SPEED 1.1 PATTERN P1
 PW R1 J1 POWER 10
[VALVES]
 V  J3  J1  8  PRV  50  0
 G  J3  J2  8  GPV  C2  0
[TAGS]
 NODE J1 old town
 LINK 1 lead
[DEMANDS]
 J3  3  P1 ;homes
 J3  2     ;leak
[STATUS]
 PW  Closed
 V   Open
[PATTERNS]
 P1  1.0  0.5
 P1  1.5
[CURVES]
 C1  0  300
 C1  500 250
 C2  0 0
 C2  100 5
 V1  0 0
 V1  20 30000
[CONTROLS]
 LINK 2 OPEN IF NODE T1 BELOW 5
 LINK 2 CLOSED IF NODE J2 ABOVE 60
 LINK V 40 AT TIME 5
[RULES]
 RULE night
 IF SYSTEM CLOCKTIME >= 10 PM
 AND TANK T1 LEVEL ABOVE 18
 AND NODE J1 PRESSURE BELOW 30
 AND PIPE 1 FLOW > 100
 THEN PUMP PU SETTING IS 0.8
 ELSE VALVE V SETTING IS 45
 PRIORITY 3
[EMITTERS]
 J2 4
[QUALITY]
 J1 0.5
[SOURCES]
 R1 CONCEN 1.2 P1
[REACTIONS]
 Order Bulk 1
 Global Bulk -0.5
 Bulk 1 -0.7
 Wall 1 -1
 Tank T1 -0.3
[MIXING]
 T1 2COMP 0.25
[ENERGY]
 Global Price 0.1
 PUMP PU PRICE 0.2
 PUMP PU EFFIC C3
[TIMES]
 Duration 24:00
[OPTIONS]
 Units GPM
 Headloss H-W
 Quality Chlorine mg/L
 Emitter Exponent 0.5
 Demand Model PDA
 Required Pressure 20
[COORDINATES]
 J1 0 0
 J2 1000 0
 J3 1000 500
 R1 -50 0
[VERTICES]
 1 500 20
[LABELS]
 10 20 "a label" J1
[BACKDROP]
 UNITS Feet
[END]
"""


def load(tmp_path: Path, text: str | bytes) -> tuple[Delivery, TableCity]:
    path = tmp_path / "model.inp"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    delivery = read(path, ReadRequest(CATALOG))
    return delivery, TableCity(CATALOG, delivery.batches)


def found(delivery: Delivery, rule: str) -> list[dict]:
    return [row for row in delivery.findings.table().to_pylist() if row["rule"] == f"import.{rule}"]


@pytest.fixture
def model(tmp_path) -> tuple[Delivery, TableCity]:
    return load(tmp_path, MODEL)


def test_nodes_are_in_si(model) -> None:
    _, city = model
    junctions = city.rows("water.junction")
    assert junctions["J1"]["elevation"] == pytest.approx(100 * FOOT, rel=1e-15)
    assert junctions["J1"]["demand"] == pytest.approx(10 * GPM) and junctions["J1"]["demand_pattern"] == "water.pattern:P1"
    assert junctions["J1"]["comment"] == "corner" and junctions["J1"]["tag"] == "old town"
    assert junctions["J1"]["initial_quality"] == pytest.approx(0.5e-3)
    assert junctions["J2"]["emitter_coefficient"] == pytest.approx(4 * GPM / (FOOT / 0.4333) ** 0.5)
    tank, reservoir = city.rows("water.tank")["T1"], city.rows("water.reservoir")["R1"]
    assert tank["diameter"] == pytest.approx(50 * FOOT) and tank["overflow"] is True and tank["volume_curve"] == "water.curve:V1"
    assert tank["mixing"] == "2COMP" and tank["mixing_fraction"] == 0.25 and tank["bulk_coefficient"] == pytest.approx(-0.3 / 86400)
    assert reservoir["head"] == pytest.approx(200 * FOOT) and reservoir["source_concentration"] == pytest.approx(1.2e-3)


def test_demands_replace_those_of_the_junction(model) -> None:
    row = model[1].rows("water.junction")["J3"]
    assert row["demand"] == pytest.approx(5 * GPM)
    assert [(entry["category"], entry.get("pattern")) for entry in json.loads(row["demands"])] == [("homes", "water.pattern:P1"), ("leak", None)]


def test_links_are_in_si(model) -> None:
    _, city = model
    pipes, pumps, valves = (city.rows(f"water.{kind}") for kind in ("pipe", "pump", "valve"))
    assert pipes["1"]["diameter"] == pytest.approx(12 * 0.0254) and pipes["1"]["length"] == pytest.approx(1000 * FOOT)
    assert pipes["1"]["hazen_williams_c"] == 100 and pipes["1"]["minor_loss"] == 0.5 and pipes["1"]["check_valve"] is True
    assert pipes["1"]["wall_coefficient"] == pytest.approx(-FOOT / 86400) and pipes["1"]["tag"] == "lead"
    assert pipes["2"]["initial_status"] == "CLOSED" and pipes["2"]["from_id"] == "water.junction:J2" and pipes["3"]["to_id"] == "water.tank:T1"
    assert pumps["PU"]["speed"] == 1.1 and pumps["PU"]["energy_price"] == 0.2 and pumps["PU"]["efficiency_curve"] == "water.curve:C3"
    assert pumps["PW"]["power"] == pytest.approx(7456.9987) and pumps["PW"]["initial_status"] == "CLOSED"
    assert valves["V"]["setting_head"] == pytest.approx(50 * FOOT / 0.4333) and valves["V"]["initial_status"] == "OPEN" and valves["G"]["curve"] == "water.curve:C2"


def test_curves_follow_their_use(model) -> None:
    curves = model[1].rows("water.curve")
    assert curves["C1"]["use"] == "PUMP" and json.loads(curves["C1"]["x"])[1] == pytest.approx(500 * GPM)
    assert curves["V1"]["use"] == "VOLUME" and json.loads(curves["V1"]["y"])[1] == pytest.approx(30000 * FOOT**3)
    assert curves["C2"]["use"] == "HEADLOSS"
    assert [row["value"] for row in found(model[0], "missing_record")] == ["C3"]


def test_controls_and_rules_have_si_numbers(model) -> None:
    rows = model[1].rows("water.control")
    assert rows["CONTROL-1"]["text"].split()[-1] == repr(5 * FOOT)
    assert float(rows["CONTROL-2"]["text"].split()[-1]) == pytest.approx(60 * FOOT / 0.4333)
    assert float(rows["CONTROL-3"]["text"].split()[2]) == pytest.approx(40 * FOOT / 0.4333)
    rule = rows["RULE-1"]["text"].split("\n")
    assert rule[0] == "RULE night" and rule[1].endswith(">= 10 PM")
    assert float(rule[2].split()[-1]) == pytest.approx(18 * FOOT) and float(rule[3].split()[-1]) == pytest.approx(30 * FOOT / 0.4333)
    assert float(rule[4].split()[-1]) == pytest.approx(100 * GPM) and rule[5].endswith("0.8")
    assert float(rule[6].split()[-1]) == pytest.approx(45 * FOOT / 0.4333) and rule[7] == "PRIORITY 3"


def test_places_and_options(model) -> None:
    delivery, city = model
    assert delivery.crs is None and delivery.facts["flow_unit"] == "GPM" and delivery.facts["rows"]["water.pipe"] == 3
    assert [row["id"] for row in found(delivery, "no_coordinates")] == ["water.tank:T1"]
    options = city.rows("water.option")
    assert options["OPTIONS.UNITS"]["value"] == "GPM" and options["TITLE.1"]["text"] == "A small model" and options["LABELS.1"]["text"] == '10 20 "a label" J1'
    assert float(options["OPTIONS.REQUIRED_PRESSURE"]["value"]) == pytest.approx(20 * FOOT / 0.4333)


@pytest.mark.parametrize(
    ("old", "new", "rule", "part"),
    [
        (" J2  110", " J2  high", "bad_number", {"column": "elevation", "value": "high", "id": "water.junction:J2", "row": 6}),
        (" 1  J1  J2  1000", " 1  J1  JX  1000", "missing_node", {"column": "to_id", "value": "JX", "id": "water.pipe:1", "row": 13}),
        (" J3  90   5", " J1  90   5", "duplicate_id", {"value": "J1", "row": 7}),
        (" 2  J2  J3  500   8   120  Closed", " 2  J2  J3  500", "few_columns", {"kind": "water.pipe", "row": 14}),
        ("[TAGS]", "[WEIGHTS]\n a b c\n[TAGS]", "unknown_section", {"value": "WEIGHTS", "severity": "warning"}),
        (" LINK 2 OPEN IF NODE T1 BELOW 5", " LINK 2 OPEN SOMETIMES", "bad_control", {"kind": "water.control"}),
        (" V  J3  J1  8  PRV  50  0", " V  J3  J1  8  XYZ  50  0", "unknown_code", {"value": "XYZ", "column": "type"}),
        (" Units GPM", " Units ELL", "unknown_code", {"value": "ELL"}),
        (" J2 4\n", " J9 4\n", "missing_node", {"value": "J9"}),
        (" P1  1.5", " P1  nan", "bad_number", {"value": "nan"}),
        ("[END]", "", "no_end", {"severity": "warning"}),
    ],
)
def test_bad_lines_are_findings(tmp_path, old: str, new: str, rule: str, part: dict) -> None:
    assert old in MODEL
    delivery, city = load(tmp_path, MODEL.replace(old, new))
    row = found(delivery, rule)[0]
    assert {key: row[key] for key in part} == part
    assert row["file"] == "model.inp" and row["fix"] and row["message"]
    assert city.table("water.junction").num_rows >= 2


def test_unknown_sections_are_kept_behind_the_end(tmp_path) -> None:
    from holdfast.domains.water.formats.writer import write

    _, city = load(tmp_path, MODEL.replace("[TAGS]", "[WEIGHTS]\n a b ;c\n[TAGS]"))
    write(city, tmp_path / "out.inp")
    text = (tmp_path / "out.inp").read_text()
    assert text.index("[END]") < text.index("[WEIGHTS]\na b ;c")
    again, _ = load(tmp_path, text)
    assert [row["value"] for row in found(again, "unknown_section")] == ["WEIGHTS"]


def test_chinese_names_in_either_encoding(tmp_path) -> None:
    text = MODEL.replace("J1", "西门").replace("A small model", "供水管网模型")
    for codec in ("utf-8", "gbk", "utf-8-sig"):
        delivery, city = load(tmp_path, text.encode(codec))
        assert "西门" in city.rows("water.junction"), codec
        assert len(found(delivery, "encoding")) == (codec == "gbk")


def test_files_that_are_no_model(tmp_path) -> None:
    for content, message in ((b"\x00\x01\x02[JUNCTIONS]", "not text"), (b"hello\nworld\n", r"no \[SECTION\]"), (b"[PIPES]\n 1 a b 1 1 1\n[OPTIONS]\n", "no nodes")):
        with pytest.raises(Invalid, match=message) as caught:
            load(tmp_path, content)
        assert caught.value.where["file"] == "model.inp" and caught.value.fix
    with pytest.raises(NotFound):
        read(tmp_path / "absent.inp", ReadRequest(CATALOG))


@pytest.mark.parametrize("section", ["[PIPES]", "[VALVES]", "[DEMANDS]", "[CURVES]", "[RULES]"])
def test_a_truncated_file_is_refused(tmp_path, section: str) -> None:
    cut = MODEL[: MODEL.index(section) + len(section) + 12]
    with pytest.raises(Invalid, match="stops in section") as caught:
        load(tmp_path, cut)
    assert caught.value.where["row"] == cut.count("\n") + 1


def test_sniff_tells_epanet_from_swmm(shared_data, tmp_path) -> None:
    for name in ("water/literature/L-TOWN.inp", "water/ky4_gis/Net6.inp", "coupled/in2/water/water.inp"):
        path = shared_data(name)
        assert sniff(path, path.read_bytes()[:65536]) > 0.8 and sniff_swmm(path, b"") == 0
    for name in ("drainage/swmm_examples/examples/Example4.inp", "drainage/swmm_models/Session18_GreenvilleSnowmelt.inp"):
        path = shared_data(name)
        assert sniff_swmm(path, path.read_bytes()[:65536]) > 0.8 and sniff(path, b"") == 0
    (tmp_path / "x.inp").write_bytes(b"\xff\x00 nothing")
    assert sniff(tmp_path / "x.inp", b"") == 0 and sniff(tmp_path / "absent.inp", b"") == 0


def test_nodes_and_vertices_in_different_coordinates(shared_data) -> None:
    """The coastal variant of KY4 has its nodes in degrees and its vertices still in state-plane feet."""
    delivery = read(shared_data("water/ky4_gis/coastal_ky4.inp"), ReadRequest(CATALOG))
    assert len(found(delivery, "vertices_elsewhere")) == 683
    assert delivery.facts["coordinates"] == "deg"


def test_richmond_is_drawn_in_millimetres_of_the_british_grid(shared_data) -> None:
    from holdfast.model.geometry import bounds

    batches = {batch.kind: batch.table for batch in read(shared_data("water/literature/Richmond_standard.inp"), ReadRequest(CATALOG)).batches}
    box = bounds(batches["water.junction"]["geometry"])
    east, north = np.median(box[:, 0]) / 1000, np.median(box[:, 1]) / 1000
    assert 412_000 < east < 422_000 and 496_000 < north < 504_000  # EPSG:27700 around Richmond, Yorkshire


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
