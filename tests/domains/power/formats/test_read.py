"""pandapower nets in a city: every row, every unit, and the same answer when the problem is solved again."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from domains.power.rebuild import column, solve_newton, solve_pgm
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.power.formats import FORMATS
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.spec import Catalog
from net_files import point, save_net


@pytest.fixture(scope="module")
def imported(tmp_path_factory, shared_data):
    """`imported(name)` is a city with that file, and its import report; each file is imported once."""

    @cache
    def load(name: str, crs: str | None = None, city_crs: str = "EPSG:25832"):
        city = create_city(str(tmp_path_factory.mktemp("city") / "c"), crs=city_crs)
        return city, import_files(city, [shared_data(name)], ImportOptions(crs=crs))

    return load


MV, LV, TOWN = "power/simbench/1-MV-urban--0-sw.json", "power/simbench/1-LV-urban6--0-sw.json", "power/pandapower/lv_schutterwald.json"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (MV, {"bus": 144, "line": 147, "transformer": 2, "switch": 305, "load": 139, "generator": 134, "external_grid": 1, "meter": 44, "substation": 2}),
        (LV, {"bus": 59, "line": 57, "transformer": 1, "switch": 116, "load": 111, "generator": 5, "external_grid": 1}),
        (TOWN, {"bus": 2940, "line": 3000, "transformer": 14, "switch": 378, "load": 2757, "external_grid": 14}),
    ],
)
def test_every_row_arrives(imported, name, kinds):
    city, report = imported(name)
    counts = city.counts()
    assert {kind: counts[f"power.{kind}"] for kind in kinds} == kinds
    assert report.findings.counts()["error"] == 0


@pytest.mark.parametrize(
    ("name", "low", "high", "line_loss", "loss"),
    [(MV, 0.9662, 1.0250, None, 0.2941e6), (LV, 0.9813, 1.0250, None, 0.0083e6), (TOWN, 0.86899, 0.96500, 0.11093e6, None)],
)
def test_the_same_problem_has_the_reference_answer(imported, name, low, high, line_loss, loss):
    """Voltages to 1e-4, losses to 0.5 %, although power-grid-model puts the iron of a transformer elsewhere than the reference did."""
    city, _ = imported(name)
    answer = solve_pgm(city.table)
    assert not np.isnan(answer["voltage"]).any()
    assert answer["voltage"].min() == pytest.approx(low, abs=1e-4)
    assert answer["voltage"].max() == pytest.approx(high, abs=1e-4)
    if line_loss:
        assert answer["line_loss"].sum() == pytest.approx(line_loss, rel=0.005)
    if loss:
        assert answer["line_loss"].sum() + answer["transformer_loss"].sum() == pytest.approx(loss, rel=0.005)


@pytest.mark.parametrize("name", [MV, LV])
def test_voltages_agree_bus_by_bus(imported, name):
    """The SimBench files bring pandapower's own answer, kept as a record."""
    city, _ = imported(name)
    records = city.table("power.record").to_pylist()
    result = json.loads(next(row["content"] for row in records if row["source_table"] == "res_bus"))
    bus = city.table("power.bus")
    expected = dict(zip(result["index"], result["columns"]["vm_pu"], strict=True))
    wanted = np.array([expected[label] for label in bus["source_index"].to_pylist()], dtype=float)
    assert np.abs(solve_pgm(city.table)["voltage"] - wanted).max() < 2e-6


def test_the_highest_loading_is_the_reference_one(imported):
    city, _ = imported(MV)
    assert solve_pgm(city.table)["line_loading"].max() == pytest.approx(0.719, abs=5e-4)


def test_a_tap_changer_without_type_does_nothing(imported):
    """SimBench states tap position -1 but no tap changer type; counting it would lift the busbars by more than 1 %."""
    city, _ = imported(MV)
    transformer = city.table("power.transformer")
    assert transformer["tap_changer"].to_pylist() == [None, None] and transformer["tap_position"].to_pylist() == [-1.0, -1.0]


@pytest.mark.parametrize(("name", "loss", "slack", "low"), [("case33bw", 202.68e3, 3.9177e6, 0.91309), ("case118", 132.863e6, 513.863e6, 0.943)])
def test_literature_cases_have_their_known_losses(imported, name, loss, slack, low):
    """Baran and Wu's feeder loses 202.68 kW; the 118-bus case loses 132.863 MW with 513.863 MW at the slack [recalled]."""
    city, report = imported(f"power/pandapower/{name}.json")
    answer = solve_newton(city.table)
    assert answer["loss"] == pytest.approx(loss, rel=2e-5)
    assert answer["slack"].real.sum() == pytest.approx(slack, rel=2e-5)
    assert answer["voltage"].min() == pytest.approx(low, abs=1e-5)
    assert report.findings.by_rule()["import.schematic_coordinates"] == 1, "their coordinates are a drawing"
    assert city.table("power.bus")["geometry"].null_count == city.table("power.bus").num_rows


def test_cost_tables_are_kept(imported):
    city, _ = imported("power/pandapower/case118.json")
    costs = [json.loads(row["content"]) for row in city.table("power.record").to_pylist() if row["source_table"] == "poly_cost"]
    assert len(costs) == 54
    assert costs[0]["cp1_eur_per_mw"] == 40.0 and {"element", "et"} <= set(costs[0])


def test_profiles_are_records_of_their_own(imported):
    city, _ = imported(MV)
    profile = next(row for row in city.table("power.profile").to_pylist() if row["name"] == "G0-A_pload")
    assert profile["element"] == "load" and profile["interval"] == 900.0 and profile["steps"] == 672
    assert len(json.loads(profile["values"])) == 672
    assert "G0-A" in set(city.table("power.load")["profile"].to_pylist())


def test_schutterwald_lies_where_it_is(imported):
    city, _ = imported(TOWN)
    from pyproj import Transformer

    xy = shapely.get_coordinates(shapely.from_wkb(city.table("power.bus")["geometry"].to_numpy()))
    longitude, latitude = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True).transform(*xy.T)
    assert longitude.min() > 7.86 and longitude.max() < 7.91 and latitude.min() > 48.44 and latitude.max() < 48.48
    lines = city.table("power.line")
    ratio = shapely.length(shapely.from_wkb(lines["geometry"].to_numpy())) / column(lines, "length")
    assert np.median(ratio) == pytest.approx(1.0, abs=0.01)


def test_micropolis_becomes_a_city_of_its_own(imported):
    city, report = imported("coupled/micropolis/power/micropolis_power.json", "local:m", "local")
    counts = city.counts()
    assert (counts["power.bus"], counts["power.line"], counts["power.transformer"], counts["power.switch"], counts["power.load"]) == (1225, 378, 789, 61, 791)
    assert report.files[0]["facts"]["distance over length"] == pytest.approx(1.0)
    load = city.table("power.load").to_pylist()
    assert all(row["p"] == pytest.approx(sum(row[f"p_{phase}"] for phase in "abc")) for row in load)
    switches = city.table("power.switch").to_pylist()
    assert {row["element_type"] for row in switches} == {"bus"} and {row["to_id"].partition(":")[0] for row in switches} == {"power.bus"}
    network = city.network("power")
    assert np.bincount(network.components())[0] == 1225, "transformers, lines and couplers join all buses"


@pytest.mark.parametrize("variant", ["high", "med", "low"])
def test_variants_of_micropolis_keep_the_names_that_the_dependency_table_uses(shared_data, variant):
    _, batches = read(shared_data(f"coupled/micropolis/power/{variant}/power.json"))
    ids = {row["id"] for row in rows(batches, "power.load")}
    needed = {line.split(",")[1] for line in shared_data("coupled/micropolis/dependencies.csv").read_text(encoding="utf-8").split()[1:]}
    assert len(ids) == 791 and {f"power.load:{name}" for name in needed} <= ids


# small nets


def read(path: Path, **request):
    delivery = FORMATS[0].read(path, ReadRequest(Catalog(), **request))
    return delivery, list(delivery.batches)


def rows(batches, kind: str) -> list[dict]:
    return [row for batch in batches if batch.kind == kind for row in batch.table.to_pylist()]


BUSES = [{"name": "a", "vn_kv": 110.0, "in_service": True, "geo": point(11.0, 53.0)}, {"name": "b", "vn_kv": 10.0, "geo": point(11.001, 53.0)},
         {"name": "c", "vn_kv": 10.0, "geo": point(11.002, 53.0)}]
LINE = {"name": "L", "from_bus": 1, "to_bus": 2, "length_km": 0.067, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.1, "c_nf_per_km": 300.0, "g_us_per_km": 2.0, "max_i_ka": 0.3,
        "df": 0.9, "parallel": 2, "type": "cs", "std_type": "NAYY", "in_service": True, "max_loading_percent": 80.0, "endtemp_degree": 160.0}


def test_units_become_si(tmp_path):
    trafo = {"hv_bus": 0, "lv_bus": 1, "sn_mva": 25.0, "vn_hv_kv": 110.0, "vn_lv_kv": 10.5, "vk_percent": 12.0, "vkr_percent": 0.4, "pfe_kw": 14.0, "i0_percent": 0.07,
             "shift_degree": 150.0, "tap_side": "hv", "tap_pos": -2, "tap_neutral": 0, "tap_step_percent": 1.5, "tap_changer_type": "Ratio"}
    path = save_net(tmp_path / "n.json", "pandapowerNet", {
        "bus": BUSES, "line": [LINE], "trafo": [trafo], "load": [{"bus": 2, "p_mw": 0.4, "q_mvar": 0.1, "const_z_p_percent": 30.0, "scaling": 0.5}],
        "storage": [{"bus": 2, "p_mw": 0.1, "max_e_mwh": 2.0, "soc_percent": 40.0}], "shunt": [{"bus": 1, "q_mvar": -0.5, "vn_kv": 10.0, "step": 2}],
        "ext_grid": [{"bus": 0, "vm_pu": 1.02, "va_degree": 30.0, "s_sc_max_mva": 1000.0}], "ward": [{"bus": 1, "ps_mw": 1.0, "qz_mvar": 0.2}],
        "impedance": [{"from_bus": 1, "to_bus": 2, "rft_pu": 0.01, "sn_mva": 10.0}]}, f_hz=60.0)
    delivery, batches = read(path)
    assert delivery.crs == "EPSG:4326" and delivery.facts["frequency"] == 60.0
    line, transformer = rows(batches, "power.line")[0], rows(batches, "power.transformer")[0]
    expected = {"length": 67.0, "resistance": 2e-4, "reactance": 1e-4, "capacitance": 3e-10, "conductance": 2e-9, "rated_current": 300.0, "derating": 0.9, "parallel": 2,
                "line_type": "cs", "laying": "ZM", "category": "GD01", "max_loading": 0.8, "end_temperature": 433.15, "nominal_voltage": 10e3}
    assert {k: line[k] for k in expected} == pytest.approx(expected)
    expected = {"rated_power": 25e6, "hv_voltage": 110e3, "lv_voltage": 10.5e3, "short_circuit_voltage": 0.12, "short_circuit_resistance": 0.004, "iron_loss": 14e3,
                "no_load_current": 7e-4, "phase_shift": math.radians(150), "tap_position": -2.0, "tap_step": 0.015, "tap_changer": "Ratio", "tap_side": "hv"}
    assert {k: transformer[k] for k in expected} == pytest.approx(expected)
    load, battery = rows(batches, "power.load")[0], rows(batches, "power.battery")[0]
    assert (load["p"], load["q"], load["impedance_share_p"], load["scaling"], load["bus_id"]) == (0.4e6, 0.1e6, 0.3, 0.5, "power.bus:c")
    assert (battery["p"], battery["max_energy"], battery["state_of_charge"]) == (1e5, 7.2e9, 0.4)
    assert rows(batches, "power.external_grid")[0]["voltage_angle"] == pytest.approx(math.pi / 6)
    assert rows(batches, "power.shunt")[0]["q"] == -0.5e6 and rows(batches, "power.ward")[0]["q_impedance"] == 0.2e6
    assert rows(batches, "power.impedance")[0]["resistance_pu"] == 0.01


def test_switches_open_the_ends_they_sit_on(tmp_path):
    switches = [{"bus": 1, "element": 0, "et": "l", "closed": False}, {"bus": 1, "element": 2, "et": "b", "closed": True, "type": "CB"}, {"bus": 1, "element": 0,
        "et": "t", "closed": True}]
    path = save_net(tmp_path / "n.json", "pandapowerNet", {"bus": BUSES, "line": [LINE], "trafo": [{"hv_bus": 0, "lv_bus": 1}], "switch": switches})
    _, batches = read(path)
    line, transformer = rows(batches, "power.line")[0], rows(batches, "power.transformer")[0]
    assert (line["from_closed"], line["to_closed"]) == (False, True) and transformer["to_closed"] is True
    kept = [(row["element_type"], row["from_id"], row["to_id"], row["closed"]) for row in rows(batches, "power.switch")]
    assert kept == [("line", "power.bus:b", "power.line:L", False), ("bus", "power.bus:b", "power.bus:c", True), ("transformer", "power.bus:b", "power.transformer:0", True)]


def test_three_ways_to_load_a_bus(tmp_path):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {
        "bus": BUSES, "load": [{"bus": 2, "p_mw": 1.0, "const_z_percent": 10.0, "const_i_percent": 20.0}],
        "asymmetric_load": [{"bus": 1, "p_a_mw": 0.1, "p_b_mw": 0.2, "p_c_mw": 0.3, "q_a_mvar": 0.05}],
        "motor": [{"bus": 2, "pn_mech_mw": 0.09, "loading_percent": 100.0, "efficiency_percent": 90.0, "cos_phi": 0.8}]})
    _, batches = read(path)
    plain, phases, motor = rows(batches, "power.load")
    assert [row["id"] for row in (plain, phases, motor)] == ["power.load:0", "power.load:asymmetric_load-0", "power.load:motor-0"]
    assert (plain["impedance_share_p"], plain["impedance_share_q"], plain["current_share_q"]) == (0.1, 0.1, 0.2)
    assert (phases["p"], phases["q"]) == pytest.approx((0.6e6, 0.05e6))
    assert (motor["p"], motor["q"]) == pytest.approx((0.1e6, 0.075e6))


def test_a_three_winding_transformer_and_a_meter_find_their_buses(tmp_path):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {
        "bus": BUSES, "trafo3w": [{"hv_bus": 0, "mv_bus": 1, "lv_bus": 2, "sn_hv_mva": 40.0, "vk_hv_percent": 10.0}], "line": [LINE],
        "measurement": [{"measurement_type": "p", "element_type": "line", "element": 0, "side": "to", "value": 1.5}, {"measurement_type": "v",
            "element_type": "bus", "element": 9}],
        "switch": [{"bus": 0, "element": 0, "et": "t3", "closed": True}]})
    delivery, batches = read(path)
    three = rows(batches, "power.transformer3")[0]
    assert (three["hv_bus_id"], three["lv_bus_id"], three["hv_power"], three["hv_short_circuit_voltage"]) == ("power.bus:a", "power.bus:c", 40e6, 0.1)
    meter = rows(batches, "power.meter")[0]
    assert meter["host_id"] == "power.line:L" and shapely.from_wkb(meter["geometry"]).x == 11.002
    assert rows(batches, "power.switch")[0]["to_id"] == "power.transformer3:0"
    assert delivery.findings.by_rule() == {"import.dangling_reference": 1}


# bad input


def test_rows_that_refer_to_nothing_are_left_out_and_said(tmp_path):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {
        "bus": BUSES, "line": [LINE, {**LINE, "name": "lost", "to_bus": 77}], "load": [{"bus": 50, "p_mw": 1.0}, {"bus": None, "p_mw": 1.0}],
        "switch": [{"bus": 1, "element": 5, "et": "l", "closed": True}, {"bus": 1, "element": 0, "et": "?", "closed": True}], "sgen": [{"p_mw": 1.0}]})
    delivery, batches = read(path)
    assert [row["id"] for row in rows(batches, "power.line")] == ["power.line:L"]
    assert rows(batches, "power.load") == [] and rows(batches, "power.switch") == [] and rows(batches, "power.generator") == []
    assert delivery.findings.by_rule() == {"import.dangling_reference": 5, "import.missing_column": 1}
    for row in delivery.findings.table().to_pylist():
        assert row["severity"] == "error" and row["fix"] and row["file"] == str(path)


def test_a_net_without_buses_is_refused(tmp_path):
    with pytest.raises(Invalid, match="no buses") as caught:
        read(save_net(tmp_path / "n.json", "pandapowerNet", {"line": [LINE]}))
    assert caught.value.fix and caught.value.where["field"] == "bus"


def test_a_pipe_net_is_refused(shared_data):
    with pytest.raises(Invalid, match="pandapipesNet"):
        read(shared_data("gas_heat/pandapipes/sw_heat.json"))


def test_a_file_cut_off_leaves_the_city_as_it_was(tmp_path, shared_data):
    path = tmp_path / "cut.json"
    path.write_bytes(shared_data(LV).read_bytes()[:100_000])
    city = create_city(str(tmp_path / "c"))
    with pytest.raises(Invalid, match="broken or cut off"):
        import_files(city, [path])
    assert city.counts() == {}


def test_two_rows_with_one_label_and_cells_that_are_no_numbers(tmp_path):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {"bus": [*BUSES, {"name": "d", "vn_kv": "high"}], "load": [{"bus": 1, "p_mw": "much"}, {"bus": 1, "p_mw": 1.0}]},
                    indices={"bus": [0, 1, 1, 3], "load": [4, 5]})
    delivery, batches = read(path)
    assert [row["id"] for row in rows(batches, "power.bus")] == ["power.bus:a", "power.bus:b", "power.bus:d"]
    assert delivery.findings.by_rule() == {"import.duplicate_id": 1, "import.not_a_number": 2}
    assert rows(batches, "power.load")[0]["p"] is None


def test_only_wanted_kinds_are_given(tmp_path):
    _, batches = read(save_net(tmp_path / "n.json", "pandapowerNet", {"bus": BUSES, "line": [LINE]}), only=frozenset({"power.line"}))
    assert [b.kind for b in batches] == ["power.line"]


def test_undeclared_columns_reach_the_city_as_extra(imported):
    city, _ = imported(MV)
    extra = json.loads(city.table("power.bus", columns=["extra"], limit=1)["extra"][0].as_py())
    assert extra["voltLvl"] == 3 and extra["subnet"] == "HV1_MV3.101"
    assert pa.types.is_string(city.table("power.bus", columns=["substation_id"], limit=1)["substation_id"].type)


def test_the_format_is_recognised(shared_data):
    head = shared_data(MV).read_bytes()[:65536]
    assert FORMATS[0].sniff(shared_data(MV), head) > 0.9
    assert FORMATS[0].sniff(shared_data(MV), b'{"type": "FeatureCollection"}') == 0.0
