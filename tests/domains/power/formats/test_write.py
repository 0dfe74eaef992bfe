"""A net written back: the same rows, the same columns, the same answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from domains.power.rebuild import column, solve_newton, solve_pgm
from holdfast.app.cities import create_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import ImportOptions, import_files
from holdfast.io.pandapower_json import read_net
from holdfast.model.errors import Invalid
from holdfast.model.tables import asset_schema
from net_files import point, save_net
from sampled import tables

PRIVATE = {"geometry", "source", "valid_from", "valid_to", "recorded_at", "superseded_at", "shape_length"}


@pytest.fixture
def there_and_back(tmp_path, shared_data):
    """City of a file, and city of that city's export."""

    def go(name, crs=None, city_crs="EPSG:25832"):
        first, second = (create_city(str(tmp_path / n), crs=city_crs) for n in "ab")
        import_files(first, [shared_data(name)], ImportOptions(crs=crs))
        facts = export_file(first, tmp_path / "out.pandapower.json")
        report = import_files(second, [tmp_path / "out.pandapower.json"], ImportOptions(crs=crs if city_crs == "local" else None))
        return first, second, facts, report, tmp_path / "out.pandapower.json"

    return go


@pytest.mark.parametrize("name", ["power/simbench/1-MV-urban--0-sw.json", "power/simbench/1-LV-urban6--0-sw.json", "power/pandapower/case118.json"])
def test_every_column_of_every_row_comes_back(there_and_back, name):
    first, second, facts, report, _ = there_and_back(name)
    assert report.findings.counts()["error"] == 0
    counts = {kind: count for kind, count in first.counts().items() if kind not in ("power.record", "power.meter")}
    assert counts == {kind: second.counts()[kind] for kind in counts}
    assert facts["buses"] == counts["power.bus"]
    for kind in counts:
        a, b = (city.table(kind).sort_by("id") for city in (first, second))
        for name_ in a.column_names:
            if name_ in PRIVATE or name_ == "extra":
                continue
            one, other = a[name_].to_pylist(), b[name_].to_pylist()
            if a.schema.field(name_).type == "double":
                assert np.allclose(column(a, name_), column(b, name_), rtol=1e-12, equal_nan=True), (kind, name_)
            else:
                assert one == other, (kind, name_)
        for one, other in zip(a["extra"].to_pylist(), b["extra"].to_pylist(), strict=True):
            assert json.loads(one or "{}") == json.loads(other or "{}"), kind


@pytest.mark.parametrize("name", ["power/simbench/1-MV-urban--0-sw.json", "power/pandapower/lv_schutterwald.json"])
def test_the_answer_stays_the_same(there_and_back, name):
    first, second, *_ = there_and_back(name)
    answers = [solve_pgm(city.table) for city in (first, second)]
    order = [np.argsort(city.table("power.bus")["id"].to_pylist()) for city in (first, second)]
    assert np.abs(answers[0]["voltage"][order[0]] - answers[1]["voltage"][order[1]]).max() < 1e-12


def test_micropolis_keeps_loads_by_phase_and_its_grid(there_and_back):
    first, second, _, _, path = there_and_back("coupled/micropolis/power/med/power.json", "local:m", "local")
    net = read_net(path, "pandapowerNet")
    assert len(net.table("motor")) == 3 and len(net.table("load")) == 788 and len(net.table("bus_geodata")) == 1225
    places = [np.asarray(sorted(zip(city.table("power.bus")["id"].to_pylist(), city.network("power").node_xyz[:, 0].tolist(), strict=True)), dtype=object)[:, 1].astype(float)
              for city in (first, second)]
    assert np.abs(places[0] - places[1]).max() < 1e-6


def test_labels_costs_profiles_and_frequency_come_back(there_and_back, shared_data):
    name = "power/pandapower/case118.json"
    *_, path = there_and_back(name)
    before, after = read_net(shared_data(name), "pandapowerNet"), read_net(path, "pandapowerNet")
    assert after.values["f_hz"] == 60 and after.values["sn_mva"] == 100
    assert sorted(after.table("bus").index) == sorted(before.table("bus").index)
    assert sorted(after.table("poly_cost").cells("cp1_eur_per_mw")) == sorted(before.table("poly_cost").cells("cp1_eur_per_mw"))
    assert after.values["std_types"] == before.values["std_types"]
    assert not any(table.startswith("res_") for table in after.tables), "results would be stale"


def test_profiles_are_written_with_their_clock(there_and_back, shared_data):
    name = "power/simbench/1-LV-urban6--0-sw.json"
    *_, path = there_and_back(name)
    before, after = (read_net(p, "pandapowerNet").values["profiles"]["load"]["content"] for p in (shared_data(name), path))
    assert set(after["columns"]) == set(before["columns"])
    for column_name in ("time", before["columns"][1]):
        assert [row[after["columns"].index(column_name)] for row in after["data"]] == [row[before["columns"].index(column_name)] for row in before["data"]]


def test_the_reference_city_can_be_written_and_solved(tmp_path):
    city, again = (create_city(str(tmp_path / n), crs="EPSG:4547") for n in "ab")
    for kind, table in tables("power").items():
        city.append(kind, table)
    export_file(city, tmp_path / "anlan.json", format="pandapower")
    report = import_files(again, [tmp_path / "anlan.json"])
    assert report.findings.counts()["error"] == 0
    answers = [solve_pgm(one.table) for one in (city, again)]
    assert np.allclose(np.sort(answers[0]["voltage"]), np.sort(answers[1]["voltage"]), atol=1e-9)
    switches = again.table("power.switch").to_pylist()
    assert {row["element_type"] for row in switches} == {"line", "bus"}


def test_a_small_net_with_every_table(tmp_path):
    buses = [{"name": f"b{i}", "vn_kv": 10.0, "geo": point(114.0 + 0.001 * i, 32.0)} for i in range(4)]
    path = save_net(tmp_path / "n.json", "pandapowerNet", {
        "bus": buses, "line": [{"from_bus": 0, "to_bus": 1, "length_km": 0.1, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "c_nf_per_km": 0.0}],
            "ext_grid": [{"bus": 0, "vm_pu": 1.0}],
        "trafo3w": [{"hv_bus": 0, "mv_bus": 1, "lv_bus": 2, "sn_hv_mva": 1.0}], "impedance": [{"from_bus": 1, "to_bus": 2, "rft_pu": 0.1, "xft_pu": 0.2, "sn_mva": 1.0}],
        "dcline": [{"from_bus": 2, "to_bus": 3, "p_mw": 0.5, "loss_percent": 2.0}], "ward": [{"bus": 1, "ps_mw": 0.1}], "xward": [{"bus": 1, "ps_mw": 0.2, "x_ohm": 3.0}],
        "storage": [{"bus": 2, "p_mw": 0.1, "max_e_mwh": 1.0}], "gen": [{"bus": 3, "p_mw": 0.2, "vm_pu": 1.01}], "asymmetric_sgen": [{"bus": 3, "p_a_mw": 0.1}],
        "switch": [{"bus": 0, "element": 0, "et": "t3", "closed": True}], "measurement": [{"measurement_type": "p", "element_type": "line", "element": 0,
            "side": "from", "value": 2.0}]})
    first, second = (create_city(str(tmp_path / n), crs="EPSG:4547") for n in "ab")
    import_files(first, [path])
    export_file(first, tmp_path / "o.pandapower.json")
    import_files(second, [tmp_path / "o.pandapower.json"])
    assert first.counts() == second.counts()
    net = read_net(tmp_path / "o.pandapower.json", "pandapowerNet")
    assert net.table("switch").data["et"] == ["t3"] and net.table("measurement").data["element_type"] == ["line"]
    assert net.table("xward").data["x_ohm"] == [3.0] and net.table("dcline").data["loss_percent"] == pytest.approx([2.0])
    assert net.table("gen").data["vm_pu"] == [1.01] and net.table("asymmetric_sgen").data["p_a_mw"] == [0.1]


def test_what_cannot_be_written_is_said(tmp_path):
    city = create_city(str(tmp_path / "c"))
    with pytest.raises(Invalid, match="no buses"):
        export_file(city, tmp_path / "n.pandapower.json")
    with pytest.raises(Invalid, match=r"no place for power\.manhole"):
        export_file(city, tmp_path / "n.pandapower.json", kinds=["power.manhole"])
    assert not list(tmp_path.glob("*.part*")) and not (tmp_path / "n.pandapower.json").exists()


def test_kinds_can_be_chosen_and_buses_go_along(tmp_path, shared_data):
    city = create_city(str(tmp_path / "c"), crs="EPSG:25832")
    import_files(city, [shared_data("power/simbench/1-LV-urban6--0-sw.json")])
    export_file(city, tmp_path / "n.pandapower.json", kinds=["power.line"])
    net = read_net(tmp_path / "n.pandapower.json", "pandapowerNet")
    assert set(net.tables) == {"bus", "line"}
    assert asset_schema(city.kind("power.line")).field("from_id").type == "string"


def test_the_literature_loss_survives(there_and_back):
    _, second, *_ = there_and_back("power/pandapower/case33bw.json")
    assert solve_newton(second.table)["loss"] == pytest.approx(202.68e3, rel=2e-5)
