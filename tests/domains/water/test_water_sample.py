"""The reference city's water network, judged by EPANET and by the rules it was laid to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import epanet_oracle as epanet
from holdfast.domains.water import sample_design
from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.writer import write
from holdfast.domains.water.sample import links, sample
from holdfast.engines.layout.plan import CityPlan, make_plan
from holdfast.model import geometry
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
SIZES = [(2_000, 7), (10_000, 1)]


@pytest.fixture(scope="module", params=SIZES, ids=["2000", "10000"])
def laid(request) -> tuple[CityPlan, TableCity]:
    plan = make_plan(*request.param)
    return plan, TableCity(CATALOG, sample(plan))


@pytest.fixture(scope="module")
def solved(laid, tmp_path_factory) -> tuple[dict, epanet.Results]:
    folder = tmp_path_factory.mktemp("sample")
    facts = write(laid[1], folder / "city.inp")
    return facts, epanet.solve(folder / "city.inp", folder)


def test_pressures_are_right_all_day(solved) -> None:
    facts, found = solved
    assert facts["assumed"] == {} and facts["left_out"] == {}
    drawn = (found["demand"].max(axis=0) > 1e-9) & (found["kind"] == 0)
    pressure = (found["head"] - found["elevation"])[:, drawn]
    assert found["time"][-1] == 86400 and drawn.sum() > 20
    assert pressure.min() >= 14.0 and pressure.max() <= 70.0


def test_speeds_are_sensible_and_tanks_stay_within_their_levels(laid, solved) -> None:
    _, city = laid
    _, found = solved
    pipes = city.table("water.pipe")
    diameter = dict(zip((i.partition(":")[2] for i in pipes["id"].to_pylist()), pipes["diameter"].to_pylist(), strict=True))
    link = [i for i, name in enumerate(found["link"]) if name in diameter]
    area = np.array([np.pi / 4 * diameter[found["link"][i]] ** 2 for i in link])
    assert (np.abs(found["flow"][:, link]).max(axis=0) / 1000 / area).max() < 2.5
    tanks = city.table("water.tank")
    place = {name: i for i, name in enumerate(found["node"])}
    for row in tanks.select(["id", "elevation", "minimum_level", "maximum_level"]).to_pylist():
        level = found["head"][:, place[row["id"].partition(":")[2]]] - row["elevation"]
        assert row["minimum_level"] <= level.min() and level.max() <= row["maximum_level"] + 1e-3


def test_demand_of_a_node_is_that_of_the_buildings_it_serves(laid) -> None:
    plan, city = laid
    rows, supply = city.rows("water.junction"), {row["id"]: row for row in city.rows("water.secondary_supply").values()}
    pump = {row["station"]: row["to_id"] for row in city.rows("water.pump").values()}
    table = links(plan)
    assert len(set(table["to_id"].to_pylist())) == table.num_rows == len(plan.building_x)
    each = np.where(plan.building_use == "residential", sample_design.PER_RESIDENT, sample_design.PER_OTHER) * plan.building_people / 86400
    wanted, people = {}, {}
    for source, target in zip(table["from_id"].to_pylist(), table["to_id"].to_pylist(), strict=True):
        at = int(target.partition(":B")[2])
        node = pump[source] if source in supply else source
        wanted[node] = wanted.get(node, 0.0) + each[at]
        people[node] = people.get(node, 0) + int(plan.building_people[at])
    assert any(source in supply for source in table["from_id"].to_pylist())
    for row in rows.values():
        assert row["demand"] == pytest.approx(wanted.get(row["id"], 0.0), abs=1e-8) and (row["population"] or 0) == people.get(row["id"], 0)
    assert sum(row["demand"] for row in rows.values()) == pytest.approx(each.sum(), rel=1e-5)


def test_every_district_has_its_source_and_loops(laid) -> None:
    plan, city = laid
    pipes = city.table("water.pipe")
    mains = [row for row in pipes.select(["id", "from_id", "to_id", "initial_status"]).to_pylist() if row["id"].startswith("water.pipe:M")]
    assert len(mains) == len(plan.street_from)
    crossings = len(plan.junction_x)
    open_ = [row for row in mains if row["initial_status"] == "OPEN"]
    assert len(open_) > crossings, "more mains than a tree needs"
    made = sample_design.design(plan)
    assert (made.districts.root >= 0).all() and len(made.station) >= 2
    assert made.loss.max() <= sample_design.LOSS_BUDGET


def test_hydrants_stand_no_more_than_120_m_apart(laid) -> None:
    plan, city = laid
    table = city.table("water.hydrant")
    xy = geometry.centre(table["geometry"])
    street = np.array([int(i.partition(":M")[2]) for i in table["pipe_id"].to_pylist()])
    start = np.column_stack([plan.junction_x, plan.junction_y])[plan.street_from]
    end = np.column_stack([plan.junction_x, plan.junction_y])[plan.street_to]
    along = ((xy - start[street]) * (end - start)[street]).sum(axis=1) / plan.street_length[street]
    corner = {int(i.partition(":C")[2]) for i in table["node_id"].to_pylist()}
    assert corner == set(range(len(plan.junction_x))), "every crossing has one"
    for s in range(len(plan.street_from)):
        places = np.sort(np.concatenate([[0.0, plan.street_length[s]], along[street == s]]))
        assert np.diff(places).max() <= 120.0 - 6.0
    assert plan.street_width.max() <= 60.0, "wider roads would need them on both sides"


def test_upper_floors_have_their_own_pumps(laid) -> None:
    plan, city = laid
    supplies = city.table("water.secondary_supply").select(["id", "storeys", "pump_head", "tank_volume", "population"]).to_pylist()
    tall = set(plan.building_block[plan.building_storeys > 7].tolist())
    assert tall >= {int(row["id"].partition(":")[2]) for row in supplies} and supplies
    served = {int(row["id"].partition(":")[2]): row for row in supplies}
    home = plan.building_use == "residential"
    for block in np.unique(plan.building_block[home & (plan.building_storeys > 7) & (plan.building_people > 10)]).tolist():
        assert served[block]["storeys"] >= 8 and served[block]["pump_head"] > 8
    assert any(row["tank_volume"] for row in supplies)


def test_sites_have_the_devices_that_must_be_accepted_with_them(laid) -> None:
    _, city = laid
    hosts: dict[str, set[str]] = {}
    for kind in ("water.pressure_sensor", "water.flow_meter", "water.quality_sensor"):
        for host in city.table(kind)["host_id"].to_pylist():
            hosts.setdefault(host, set()).add(kind)
    for kind in CATALOG.kinds.values():
        if kind.requires_devices:
            for asset in city.table(kind.name)["id"].to_pylist():
                assert set(kind.requires_devices) <= hosts.get(asset, set()), asset


def test_ids_are_unique_and_ends_exist(laid) -> None:
    _, city = laid
    nodes = {i for kind in DOMAIN.networks[0].node_kinds for i in city.table(kind)["id"].to_pylist()}
    for kind in CATALOG.kinds:
        ids = city.table(kind)["id"].to_pylist()
        assert len(ids) == len(set(ids)), kind
    for kind in DOMAIN.networks[0].edge_kinds:
        table = city.table(kind)
        assert set(table["from_id"].to_pylist()) | set(table["to_id"].to_pylist()) <= nodes, kind


def test_the_same_seed_gives_the_same_rows() -> None:
    first, second = (sample(make_plan(2_000, 3)) for _ in range(2))
    assert all(a.kind == b.kind and a.table.equals(b.table) for a, b in zip(first, second, strict=True))
    other = sample(make_plan(2_000, 4))
    assert not any(a.kind == b.kind == "water.pipe" and a.table.equals(b.table) for a, b in zip(first, other, strict=True))


def test_pipes_lie_under_their_cover(laid) -> None:
    plan, city = laid
    table = city.table("water.pipe")
    ends = geometry.ends(table["geometry"])
    for xyz, depth in zip(ends, (table["from_depth"], table["to_depth"]), strict=True):
        assert np.abs(plan.ground(xyz[:, 0], xyz[:, 1]) - xyz[:, 2] - depth.to_numpy()).max() < 0.002
    assert pa.compute.min(table["from_depth"]).as_py() >= 0.7 and pa.compute.min(table["to_depth"]).as_py() >= 0.7
