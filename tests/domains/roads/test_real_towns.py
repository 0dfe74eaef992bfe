"""Published road networks through import, assignment, closure and lifeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.running import run_capability
from holdfast.domains.roads.lifeline import build
from holdfast.model.lifeline import ComponentState


@pytest.fixture
def imported(shared_data, tmp_path: Path):
    def run(name: str, crs: str, said: str | None = None):
        city = create_city(str(tmp_path / "city"), crs=crs)
        import_files(city, [shared_data(name)], ImportOptions(crs=said))
        return city

    return run


@pytest.mark.clause("1k", "2f")
@pytest.mark.parametrize(("name", "links"), [("in2/transportation", 22), *((f"micropolis/transportation/{level}", None) for level in ("high", "med", "low"))])
def test_coupled_towns_run(imported, name, links):
    city = imported(f"coupled/{name}", "local", "local:ft")
    answer = run_capability(city, "roads.simulate_day", {"hours": 9}, keep=False).answer
    assert answer.status == "done" and answer.summary["trips"] > 0 and answer.summary["demand"] == "given"
    assert links is None or answer.tables["streets"].num_rows == links
    line = build(city)
    assert (line.serve(ComponentState(np.ones((1, len(line.component_id)), bool))).level[0, : line.roads.streets] == 1).mean() > 0.95
    busiest = answer.tables["streets"].to_pandas().sort_values("volume").iloc[-1]["id"]
    closed = run_capability(city, "roads.close_road", {"closed": [busiest]}, keep=False).answer
    assert closed.status == "done" and closed.summary["extra_vehicle_hours"] + closed.summary["unserved_trips"] > 0  # lost trips leave room for others


@pytest.mark.clause("1k", "2f")
@pytest.mark.parametrize(("name", "objective", "zone"), [("SiouxFalls", 4231335.287107, "EPSG:32614"), ("Anaheim", 1286032.171096, "EPSG:32611")])
def test_published_objectives_hold_after_an_import(imported, name, objective, zone):
    from holdfast.domains.roads.demand import travel
    from holdfast.domains.roads.network import load
    from holdfast.engines.network.roads.assignment import assign
    from holdfast.model.finding import Findings

    city = imported(f"roads/tntp/{name}", zone)
    roads = load(city)
    graph, links = roads.car_graph()
    found = assign(graph, links, travel(city, roads, Findings()).demand, gap=1e-8)
    assert found.objective / 60 * 3600 == pytest.approx(objective, rel=1e-6)  # vehicle-seconds per second -> vehicle-minutes per hour


@pytest.mark.slow
def test_damaged_networks_of_a_district(imported):
    """Futian: every answer for 300 damaged networks agrees with a rebuilt intact network of what is left."""
    city = imported("roads/shenzhen/drive.graphml", "EPSG:4547")
    line = build(city)
    assert line.roads.nodes == 1751
    rng = np.random.default_rng(1)
    available = np.ones((300, len(line.component_id)), bool)
    available[:, : line.roads.streets] = rng.random((300, line.roads.streets)) > 0.02
    served = line.serve(ComponentState(available))
    assert (served.level[:, : line.roads.streets][~available[:, : line.roads.streets]] == 0).all() and 0.7 < served.level.mean() < 1
    from holdfast.engines.network.roads.paths import grow

    for case in (0, 150, 299):
        cost = np.where(available[case, line.graph.edge], line.trees.cost, np.inf)
        fresh = grow(line.graph, cost, [line.trees.order[0, :1]])  # from one start of help
        assert np.isfinite(fresh.time).sum() > 1500
        nodes = line.node_times(available[[case]])[0, 0]
        assert (nodes <= fresh.time[0] * (1 + 1e-5) + 1e-3).all()  # the nearest of all starts is never farther
