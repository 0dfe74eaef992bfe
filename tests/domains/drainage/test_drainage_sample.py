"""The reference city's sewers, judged by SWMM and by the rules they were designed to."""

from __future__ import annotations

import numpy as np
import pytest

import swmm_oracle as swmm
from holdfast.domains.drainage import sample_design as design
from holdfast.domains.drainage.domain import DOMAIN
from holdfast.domains.drainage.formats.writer import write
from holdfast.domains.drainage.sample import sample
from holdfast.domains.drainage.sample_surface import storm
from holdfast.engines.layout.plan import CityPlan, make_plan
from holdfast.model import geometry
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
SIZES = [(2_000, 7), (10_000, 1)]


@pytest.fixture(scope="module", params=SIZES, ids=["2000", "10000"])
def laid(request) -> tuple[CityPlan, TableCity]:
    plan = make_plan(*request.param)
    return plan, TableCity(CATALOG, sample(plan))


@pytest.mark.slow
def test_swmm_runs_it_through_a_design_storm(laid, tmp_path) -> None:
    facts = write(laid[1], tmp_path / "city.inp")
    assert facts["assumed"] == {} and facts["left_out"] == {} and facts["units"] == "LPS"
    found = swmm.run(tmp_path / "city.inp", tmp_path)
    assert np.abs(found["balance"][:2]).max() < 2.0
    assert found["runoff"].max() > 10 and found["flow"].max() > 100
    assert (found["flooding"].max(axis=0) > 1.0).mean() < 0.02, "a two-year storm floods almost nothing"


def conduits(city: TableCity) -> dict[str, np.ndarray]:
    table = city.table("drainage.conduit")
    columns = ("from_elevation", "to_elevation", "from_depth", "to_depth", "diameter", "length", "manning_n")
    out = {name: table[name].to_numpy() for name in columns}
    for name in ("id", "from_id", "to_id", "category", "laying"):
        out[name] = np.array(table[name].to_pylist())
    return out


def test_sewers_fall_with_at_least_the_least_slope(laid) -> None:
    rows = conduits(laid[1])
    fall = rows["from_elevation"] - rows["to_elevation"]
    assert (fall > 0).all()
    slope = (fall + 0.002) / rows["length"]  # levels are given to the millimetre
    small = rows["diameter"] <= 0.3
    assert slope[small].min() >= 0.003 and rows["diameter"].min() >= 0.3
    full = (rows["diameter"] / 4) ** (2 / 3) * np.sqrt(slope) / rows["manning_n"]
    assert full.min() >= 0.74


def test_sewers_lie_under_cover_and_not_too_deep(laid) -> None:
    rows = conduits(laid[1])
    cover = np.minimum(rows["from_depth"], rows["to_depth"]) - rows["diameter"]
    assert cover.min() >= 0.7
    dry = rows["laying"] == "ZM"
    assert np.maximum(rows["from_depth"], rows["to_depth"])[dry].max() <= design.DEEPEST + 1.0
    assert np.percentile(np.maximum(rows["from_depth"], rows["to_depth"])[dry], 95) <= design.DEEPEST


def test_manholes_are_as_close_as_the_diameter_asks(laid) -> None:
    rows = conduits(laid[1])
    dry = (rows["laying"] == "ZM") & ~np.char.startswith(rows["id"], "drainage.conduit:RO") & ~np.char.startswith(rows["id"], "drainage.conduit:FO")
    assert (rows["length"][dry] <= design.spacing(rows["diameter"][dry]) + 0.01).all()
    assert design.spacing(np.array([0.3, 0.6, 0.7, 1.0, 1.2, 1.5, 1.6])).tolist() == [75, 75, 100, 100, 150, 150, 200]


def test_no_sewer_runs_into_a_smaller_one_or_into_the_other_system(laid) -> None:
    rows = conduits(laid[1])
    out = {}
    for node, size in zip(rows["from_id"], rows["diameter"], strict=True):
        out[node] = size
    into = [(size, out[node]) for node, size in zip(rows["to_id"], rows["diameter"], strict=True) if node in out]
    assert all(size <= after + 1e-9 for size, after in into)
    for end in ("from_id", "to_id"):
        letter = np.array([node.partition(":")[2][0] for node in rows[end]])
        assert ((letter == "R") == (rows["category"] == "YS01")).all()


def test_lifts_stand_where_sewers_come_deep(laid) -> None:
    plan, city = laid
    made = design.design(plan)
    wells = city.table("drainage.storage").num_rows
    assert wells == sum(int((system.lift & system.used).sum()) for system in (made.storm, made.sewage)) == city.table("drainage.pump").num_rows
    assert set(city.table("drainage.pump")["from_id"].to_pylist()) == set(city.table("drainage.storage")["id"].to_pylist())
    for system in (made.storm, made.sewage):
        depth = (system.ground - system.start)[system.used & ~system.lift]
        assert np.nanmax(depth) <= design.DEEPEST + 1.0


def test_outfalls_have_gates_at_the_river(laid) -> None:
    _, city = laid
    ends = set(city.table("drainage.outfall")["id"].to_pylist())
    gates = city.table("drainage.gate")
    assert set(gates["to_id"].to_pylist()) == ends - {"drainage.outfall:F0"} and gates.num_rows >= 4
    import shapely

    water = geometry.decode(city.table("drainage.river")["geometry"])[0]
    storm_ends = [shape for name, shape in zip(city.table("drainage.outfall")["id"].to_pylist(), geometry.decode(city.table("drainage.outfall")["geometry"]), strict=True)
                  if name != "drainage.outfall:F0"]  # fmt: skip
    assert shapely.distance(np.array(storm_ends), water).max() < 8.0
    assert city.table("drainage.reservoir").num_rows >= 1 and city.table("drainage.treatment_plant").num_rows == 1


def test_every_block_drains_and_every_person_is_connected(laid) -> None:
    plan, city = laid
    areas = city.table("drainage.subcatchment")
    nodes = {i for kind in DOMAIN.networks[0].node_kinds for i in city.table(kind)["id"].to_pylist()}
    assert areas.num_rows == len(plan.block_polygon) and set(areas["outlet"].to_pylist()) <= nodes
    flow = sum(np.nansum(city.table(kind)["dry_weather_flow"].to_numpy(zero_copy_only=False).astype(float)) for kind in ("drainage.manhole", "drainage.storage"))
    assert flow == pytest.approx(design.design(plan).sewage_mean.sum(), rel=1e-4) and flow > 0.005


def test_ids_are_unique_ends_exist_and_sites_have_their_gauges(laid) -> None:
    _, city = laid
    nodes = {i for kind in DOMAIN.networks[0].node_kinds for i in city.table(kind)["id"].to_pylist()}
    for kind in CATALOG.kinds:
        ids = city.table(kind)["id"].to_pylist()
        assert len(ids) == len(set(ids)), kind
    for kind in DOMAIN.networks[0].edge_kinds:
        table = city.table(kind)
        assert set(table["from_id"].to_pylist()) | set(table["to_id"].to_pylist()) <= nodes, kind
    hosts = set(city.table("drainage.level_gauge")["host_id"].to_pylist())
    for kind in ("drainage.pump_station", "drainage.treatment_plant"):
        assert set(city.table(kind)["id"].to_pylist()) <= hosts
    assert set(city.table("drainage.inlet")["node_id"].to_pylist()) <= nodes


def test_the_design_storm_holds_the_rain_of_its_formula() -> None:
    times, rates = storm(2.0)
    assert times[0] == "0:00" and times[-1] == "2:00" and len(times) == len(rates) == 25 and rates[-1] == 0
    depth = sum(rate * 300 for rate in rates)
    peak = design.rain_rate(np.array([5.0]), 2.0)[0]
    assert max(rates) == pytest.approx(peak, rel=0.05)
    assert depth == pytest.approx(design.rain_rate(np.array([120.0]), 2.0)[0] * 7200, rel=1e-6)


def test_the_same_seed_gives_the_same_rows() -> None:
    first, second = (sample(make_plan(2_000, 3)) for _ in range(2))
    assert all(a.kind == b.kind and a.table.equals(b.table) for a, b in zip(first, second, strict=True))
