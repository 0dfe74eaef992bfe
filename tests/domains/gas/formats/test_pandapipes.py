"""pandapipes gas nets: every row, pressures, connectivity, and the town they lie in."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.gas.formats.pandapipes import FORMATS, pressure_class
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.spec import Catalog
from net_files import GAS, WATER, save_net

TOWN = "gas_heat/pandapipes/gas_net_schutterwald_1bar.json"


@pytest.fixture(scope="module")
def town(tmp_path_factory, shared_data):
    city = create_city(str(tmp_path_factory.mktemp("gas") / "c"), crs="EPSG:25832")
    return city, import_files(city, [shared_data(TOWN)], ImportOptions(crs="EPSG:31467"))


def test_every_row_arrives(town):
    city, report = town
    counts = city.counts()
    assert {k: counts[f"gas.{k}"] for k in ("junction", "pipe", "sink", "source")} == {"junction": 2559, "pipe": 2559, "sink": 1506, "source": 1}
    assert report.findings.counts()["error"] == 0
    assert report.files[0]["facts"]["distance over length"] == pytest.approx(1.0, abs=1e-3)


def test_it_lies_in_the_same_town_as_the_power_net(town):
    city, _ = town
    xy = shapely.get_coordinates(shapely.from_wkb(city.table("gas.junction")["geometry"].to_numpy()))
    longitude, latitude = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True).transform(*xy.T)
    assert longitude.min() > 7.86 and longitude.max() < 7.91
    assert latitude.min() > 48.44 and latitude.max() < 48.48


def test_pressures_and_sizes_are_si(town):
    city, _ = town
    junction, pipe, source = (city.table(f"gas.{kind}") for kind in ("junction", "pipe", "source"))
    assert set(junction["nominal_pressure"].to_pylist()) == {1e5}
    assert set(junction["pressure_class"].to_pylist()) == {"MP-B"}
    assert junction["elevation"].to_numpy().min() > 100.0
    assert source["pressure"].to_pylist() == [1e5] and source["control"].to_pylist() == ["pt"] and source["temperature"].to_pylist() == [283.15]
    assert pipe["diameter"].to_numpy().min() > 0.01 and pipe["diameter"].to_numpy().max() < 0.5
    assert set(pipe["roughness"].to_pylist()) == {1e-4}
    assert np.median(pipe["length"].to_numpy() / pipe["shape_length"].to_numpy()) == pytest.approx(1.0, abs=0.01)
    assert "PE" in set(pipe["material"].to_pylist())


def test_everything_hangs_together(town):
    city, _ = town
    network = city.network("gas")
    assert (network.edge_from >= 0).all() and (network.edge_to >= 0).all()
    assert np.bincount(network.components()).tolist() == [2559]
    fed = set(city.table("gas.sink")["junction_id"].to_pylist()) | set(city.table("gas.source")["junction_id"].to_pylist())
    assert fed <= set(city.table("gas.junction")["id"].to_pylist())


def test_the_mass_balance_is_that_of_the_file(town, shared_data):
    city, _ = town
    content = json.loads(shared_data(TOWN).read_text(encoding="utf-8"))["_object"]["sink"]["_object"]
    table = json.loads(content)
    column = table["columns"].index("mdot_kg_per_s")
    assert city.table("gas.sink")["mass_flow"].to_numpy().sum() == pytest.approx(sum(row[column] for row in table["data"]), rel=1e-12)


def test_without_a_crs_the_import_asks_for_one(tmp_path, shared_data):
    with pytest.raises(Invalid, match="coordinate system"):
        import_files(create_city(str(tmp_path / "c"), crs="EPSG:25832"), [shared_data(TOWN)])


# small nets

JUNCTIONS = [{"name": name, "pn_bar": 5.0, "tfluid_k": 283.15, "height_m": 1.0, "in_service": True} for name in "abcd"]
PLACES = [{"x": 3_417_000.0 + 100 * i, "y": 5_369_000.0} for i in range(4)]
PIPE = {"from_junction": 0, "to_junction": 1, "length_km": 0.1, "diameter_m": 0.1, "k_mm": 0.05, "alpha_w_per_m2k": 2.0}


def read(path, **request):
    delivery = FORMATS[0].read(path, ReadRequest(Catalog(), **request))
    return delivery, list(delivery.batches)


def rows(batches, kind):
    return [row for batch in batches if batch.kind == kind for row in batch.table.to_pylist()]


def net(tmp_path, *, fluid=GAS, **tables):
    return save_net(tmp_path / "g.json", "pandapipesNet", {"junction": JUNCTIONS, "junction_geodata": PLACES, "pipe": [PIPE], **tables}, fluid=fluid)


def test_all_components_have_a_place(tmp_path):
    path = net(
        tmp_path, valve=[{"from_junction": 1, "to_junction": 2, "diameter_m": 0.1, "opened": False}], compressor=[{"from_junction": 0, "to_junction": 3, "pressure_ratio": 1.5}],
        press_control=[{"from_junction": 2, "to_junction": 3, "controlled_junction": 3, "controlled_p_bar": 0.1}],
            flow_control=[{"from_junction": 1, "to_junction": 3, "controlled_mdot_kg_per_s": 0.2}],
        source=[{"junction": 3, "mdot_kg_per_s": 0.5, "scaling": 1.0}], sink=[{"junction": 2, "mdot_kg_per_s": 0.1, "demand_m3_per_a": 900.0}],
            ext_grid=[{"junction": 0, "p_bar": 5.0, "type": "p"}],
        heat_exchanger=[{"from_junction": 0, "to_junction": 1, "qext_w": 5.0}])
    delivery, batches = read(path, crs="EPSG:31467")
    assert delivery.findings.counts()["error"] == 0
    assert rows(batches, "gas.valve")[0]["opened"] is False
    assert rows(batches, "gas.compressor")[0]["pressure_ratio"] == 1.5
    held, flow = rows(batches, "gas.regulator")
    assert (held["outlet_pressure"], held["controlled_junction_id"], held["id"]) == (1e4, "gas.junction:d", "gas.regulator:0")
    assert (flow["max_flow"], flow["id"]) == (0.2, "gas.regulator:flow_control-0")
    grid, source = rows(batches, "gas.source")
    assert (grid["control"], source["control"], source["mass_flow"], source["fluid"]) == ("p", "m", 0.5, "hgas")
    assert rows(batches, "gas.sink")[0]["annual_volume"] == 900.0
    pipe = rows(batches, "gas.pipe")[0]
    assert (pipe["category"], pipe["pressure_class"], pipe["roughness"], pipe["heat_transfer"]) == ("TR03", "SHP-B", 5e-5, 2.0)
    assert "heat_exchanger/0" in {row["name"] for row in rows(batches, "gas.record")}, "what gas has no kind for is kept"


def test_newer_nets_put_valves_before_pipes(tmp_path):
    path = net(tmp_path, valve=[{"junction": 1, "element": 0, "et": "pi", "opened": True},
        {"junction": 1, "element": 2, "et": "ju", "opened": True}, {"junction": 1, "element": 9, "et": "ju"}])
    delivery, batches = read(path, crs="EPSG:31467")
    assert [row["to_id"] for row in rows(batches, "gas.valve")] == ["gas.pipe:0", "gas.junction:c"]
    assert delivery.findings.by_rule() == {"import.dangling_reference": 1}


def test_a_liquid_is_refused_and_an_unknown_fluid_is_not(tmp_path):
    with pytest.raises(Invalid, match="carries water") as caught:
        read(net(tmp_path, fluid=WATER))
    assert "pandapipes-heat" in caught.value.fix
    _, batches = read(net(tmp_path, fluid=None), crs="local:m")
    assert rows(batches, "gas.pipe")[0]["category"] is None


def test_a_net_without_junctions_and_dangling_rows(tmp_path):
    with pytest.raises(Invalid, match="no junctions"):
        read(save_net(tmp_path / "e.json", "pandapipesNet", {"pipe": [PIPE]}, fluid=GAS))
    delivery, batches = read(net(tmp_path, sink=[{"junction": 44, "mdot_kg_per_s": 1.0}]), crs="local:m")
    assert rows(batches, "gas.sink") == []
    row = delivery.findings.table().to_pylist()[0]
    assert (row["rule"], row["kind"], row["column"], row["value"]) == ("import.dangling_reference", "gas.sink", "junction", "44")


@pytest.mark.parametrize(("pressure", "name"), [(2e3, "LP"), (10e3, "MP-B"), (0.2e6, "MP-B"), (0.21e6, "MP-A"), (0.4e6, "MP-A"), (0.8e6, "SHP-B"),
    (1.6e6, "SHP-A"), (1.7e6, "HP"), (np.nan, None)])
def test_pressure_classes_of_gb_50289(pressure, name):
    assert pressure_class(np.array([pressure])).to_pylist() == [name]


def test_gas_is_told_from_water_by_the_head(shared_data):
    sniff = FORMATS[0].sniff
    for name, low, high in ((TOWN, 0.9, 1.0), ("gas_heat/pandapipes/sw_heat.json", 0.0, 0.1), ("power/simbench/1-LV-urban6--0-sw.json", 0.0, 0.0)):
        assert low <= sniff(shared_data(name), shared_data(name).read_bytes()[:65536]) <= high
