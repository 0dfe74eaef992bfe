"""pandapipes heat nets: both circuits, the town they lie in, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.heat.formats import FORMATS
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.spec import Catalog
from net_files import GAS, WATER, save_net

NET = "gas_heat/pandapipes/sw_heat.json"


@pytest.fixture(scope="module")
def town(tmp_path_factory, shared_data):
    city = create_city(str(tmp_path_factory.mktemp("heat") / "c"), crs="EPSG:25832")
    return city, import_files(city, [shared_data(NET)])


def degrees(city, kind):
    shapes = [g for g in shapely.from_wkb(city.table(kind)["geometry"].to_numpy()) if g is not None]
    return np.column_stack(Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True).transform(*shapely.get_coordinates(shapes).T))


def test_every_row_arrives(town):
    city, report = town
    counts = city.counts()
    assert {k: counts[f"heat.{k}"] for k in ("junction", "pipe", "consumer", "valve", "pump", "plant")} == {"junction": 488, "pipe": 482, "consumer": 44,
        "valve": 4, "pump": 1, "plant": 1}
    assert report.findings.counts()["error"] == 0


def test_latitude_first_is_turned_back_into_the_right_town(town):
    city, report = town
    assert report.findings.by_rule()["import.axes_swapped"] == 1
    place = degrees(city, "heat.junction")
    assert place[:, 0].min() > 7.87 and place[:, 0].max() < 7.90 and place[:, 1].min() > 48.45 and place[:, 1].max() < 48.47
    lengths = city.table("heat.pipe")
    drawn = lengths["shape_length"].to_numpy()
    assert np.median(drawn[drawn > 0] / lengths["length"].to_numpy()[drawn > 0]) == pytest.approx(1.0, abs=0.01)


def test_gauss_krueger_gives_the_same_places(town, tmp_path, shared_data):
    city, _ = town
    other = create_city(str(tmp_path / "c"), crs="EPSG:25832")
    import_files(other, [shared_data(NET)], ImportOptions(crs="EPSG:31467"))
    both = [city.table("heat.junction"), other.table("heat.junction")]
    places = [{i: shapely.from_wkb(g) for i, g in zip(t["id"].to_pylist(), t["geometry"].to_pylist(), strict=True) if g is not None} for t in both]
    common = sorted(set(places[0]) & set(places[1]))
    assert len(common) > 480
    assert np.median([places[0][i].distance(places[1][i]) for i in common]) < 3.0, "the datum shift without grids is good to metres"


def test_supply_and_return_are_told_apart(town):
    city, _ = town
    circuit = dict(zip(*(city.table("heat.junction")[c].to_pylist() for c in ("id", "circuit")), strict=True))
    assert sorted((list(circuit.values()).count(c) for c in ("supply", "return")), reverse=True) == [244, 244]
    for row in city.table("heat.consumer").to_pylist():
        assert (circuit[row["from_id"]], circuit[row["to_id"]]) == ("supply", "return")
    pump = city.table("heat.pump").to_pylist()[0]
    assert (circuit[pump["from_id"]], circuit[pump["to_id"]]) == ("return", "supply")
    assert (pump["supply_pressure"], pump["lift"], pump["supply_temperature"]) == (9e5, 5e5, 343.15)
    assert set(city.table("heat.pipe")["circuit"].to_pylist()) == {"supply", "return"}


def test_everything_hangs_together_through_consumers_and_pump(town):
    city, _ = town
    network = city.network("heat")
    assert (network.edge_from >= 0).all() and (network.edge_to >= 0).all()
    assert len(np.bincount(network.components())) == 1
    plant = city.table("heat.plant").to_pylist()[0]
    assert plant["name"] == "Central Station" and plant["junction_id"] == "heat.junction:K1289" and plant["return_junction_id"] == "heat.junction:return_K1289"


def test_consumers_carry_their_station_and_what_they_take(town):
    city, _ = town
    rows = city.table("heat.consumer").to_pylist()
    assert {row["name"] for row in rows} == {f"Consumer {i}" for i in range(44)}
    assert all(row["heat_demand"] == 6321.705 and row["mass_flow"] == 0.35 for row in rows)
    assert json.loads(rows[0]["extra"])["annual_consumption"] == 9482557.5


# small nets

JUNCTIONS = [{"name": name, "pn_bar": 6.0, "tfluid_k": 350.0, "height_m": 2.0} for name in "abcd"]
PLACES = [{"x": 10.0 * i, "y": 0.0} for i in range(4)]


def read(path, **request):
    delivery = FORMATS[0].read(path, ReadRequest(Catalog(), **request))
    return delivery, list(delivery.batches)


def rows(batches, kind):
    return [row for batch in batches if batch.kind == kind for row in batch.table.to_pylist()]


def net(tmp_path, *, fluid=WATER, **tables):
    base = {"junction": JUNCTIONS, "junction_geodata": PLACES, "pipe": [{"from_junction": 0, "to_junction": 1, "length_km": 0.01, "diameter_m": 0.1}]}
    return save_net(tmp_path / "h.json", "pandapipesNet", {**base, **tables}, fluid=fluid)


def test_all_components_have_a_place(tmp_path):
    path = net(
        tmp_path, heat_exchanger=[{"from_junction": 1, "to_junction": 2, "qext_w": 5e3, "diameter_m": 0.05}], circ_pump_mass=[{"return_junction": 3,
            "flow_junction": 0, "mdot_flow_kg_per_s": 2.0}],
        pump=[{"from_junction": 2, "to_junction": 3, "std_type": "P1"}], press_control=[{"from_junction": 2, "to_junction": 3, "controlled_p_bar": 4.0}],
        flow_control=[{"from_junction": 0, "to_junction": 1, "controlled_mdot_kg_per_s": 0.4}], ext_grid=[{"junction": 0, "p_bar": 6.0, "t_k": 360.0, "type": "pt"}],
        source=[{"junction": 3, "mdot_kg_per_s": 0.1}], sink=[{"junction": 2, "mdot_kg_per_s": 0.1}])
    delivery, batches = read(path, crs="local:m")
    assert delivery.findings.counts()["error"] == 0
    assert rows(batches, "heat.consumer")[0]["heat_demand"] == 5e3
    assert sorted(row["id"] for row in rows(batches, "heat.pump")) == ["heat.pump:circ_pump_mass-0", "heat.pump:pump-0"]
    assert {row["outlet_pressure"] for row in rows(batches, "heat.valve") if row.get("outlet_pressure")} == {4e5}
    plant = rows(batches, "heat.plant")[0]
    assert (plant["supply_temperature"], plant["pressure"], plant["control"]) == (360.0, 6e5, "pt")
    assert [row["mass_flow"] for row in rows(batches, "heat.sink")] == [0.1, -0.1], "feeding in counts as negative"
    assert [row["circuit"] for row in rows(batches, "heat.junction")] == ["supply", "supply", "return", "return"]


@pytest.mark.parametrize(
    ("fluid", "tables", "words"),
    [(GAS, {"heat_consumer": [{"from_junction": 0, "to_junction": 1}]}, "carries hgas"), (WATER, {}, "no heat consumer"), (WATER, {"junction": []}, "no junctions")],
)
def test_other_nets_are_refused_with_the_way_out(tmp_path, fluid, tables, words):
    with pytest.raises(Invalid, match=words) as caught:
        read(net(tmp_path, fluid=fluid, **tables))
    assert caught.value.fix and caught.value.where["file"]


def test_a_consumer_between_missing_junctions_is_left_out(tmp_path):
    delivery, batches = read(net(tmp_path, heat_consumer=[{"from_junction": 0, "to_junction": 12}, {"from_junction": 1, "to_junction": 2, "qext_w": "warm"}]), crs="local:m")
    assert len(rows(batches, "heat.consumer")) == 1
    assert delivery.findings.by_rule() == {"import.dangling_reference": 1, "import.not_a_number": 1}


def test_heat_is_told_from_gas_by_the_head(shared_data):
    sniff = FORMATS[0].sniff
    for name, low, high in ((NET, 0.9, 1.0), ("gas_heat/pandapipes/gas_net_schutterwald_1bar.json", 0.0, 0.1)):
        assert low <= sniff(shared_data(name), shared_data(name).read_bytes()[:65536]) <= high
