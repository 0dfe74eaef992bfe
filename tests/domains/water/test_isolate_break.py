"""Valves around a break, who loses water, and what a stuck valve changes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from anlan import anlan
from holdfast.domains.water.isolate_break import isolate_break
from holdfast.model.delivery import Batch
from holdfast.model.errors import NotFound
from table_city import TableCity
from water_files import CATALOG, ROW, city_of, city_of_rows


def asked(*ids: str, table) -> list[str]:
    return [row["id"].partition(":")[2] for row in table.to_pylist() if row["reason"] in (ids or ("close", "instead of a stuck one"))]


@pytest.mark.clause("1b", "1k")
def test_a_break_is_closed_off_and_those_beyond_are_cut_off() -> None:
    answer = isolate_break(city_of_rows(**ROW), pipe="3")
    assert sorted(asked(table=answer.tables["valves"])) == ["v2", "v4"]
    states = {row["id"].partition(":")[2]: row["state"] for row in answer.tables["nodes"].to_pylist()}
    assert states == {"b": "emptied", "c": "emptied", "d": "cut off"}
    assert answer.summary["demand_lost_m3s"] == pytest.approx(0.03) and answer.summary["people_without_water"] == 300
    assert answer.summary["customers"] == {"water.hydrant": 1} and answer.summary["emptied_length_m"] == 200
    assert answer.findings.by_rule() == {"hydraulics.valve_without_pipe": 1}


def test_a_stuck_valve_is_passed_by_and_said() -> None:
    answer = isolate_break(city_of_rows(**ROW), pipe="3", stuck=["v2"])
    assert sorted(asked(table=answer.tables["valves"])) == ["v1", "v4"]
    assert asked("stuck", table=answer.tables["valves"]) == ["v2"] and asked("instead of a stuck one", table=answer.tables["valves"]) == ["v1"]
    assert answer.summary["people_without_water"] == 400


def test_without_a_valve_the_source_is_inside_and_it_says_so() -> None:
    answer = isolate_break(city_of_rows(**{**ROW, "isolation_valve": []}), pipe="3")
    assert answer.summary["source_inside"] and answer.summary["valves_to_close"] == 0
    assert answer.findings.by_rule() == {"water.no_valves": 1, "water.source_inside": 1}


def test_pumps_and_check_valves_close_too(shared_data) -> None:
    answer = isolate_break(city_of(shared_data("water/literature/Net3.inp")), pipe="60")
    assert "water.pump:335" in answer.tables["valves"]["id"].to_pylist()


def test_the_reference_city_names_who_is_without_water(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    ends = {row["to_id"]: row["id"] for row in city.table("water.pipe").to_pylist()}
    links = city.links(relation="serves").to_pylist()
    fed = next(row["from_id"] for row in links if row["service"] == "water" and row["to_id"].startswith("buildings.building:") and row["from_id"] in ends)
    service = ends[fed]
    answer = isolate_break(city, pipe=service)
    served = answer.tables["customers"].to_pylist()
    assert any(row["kind"] == "buildings.building" and row["fed_by"] == fed for row in served)
    assert answer.summary["people_without_water"] > 0 and answer.summary["valves_to_close"] >= 1


def valved(path: Path) -> tuple[TableCity, dict[str, tuple[str, str]]]:
    """A published net with valves at an end of every third pipe, drawn: EPANET files hold none. The city, and (pipe, node) by valve."""
    tables = city_of(path).tables
    pipes = tables["water.pipe"].select(["id", "from_id", "to_id"]).to_pylist()
    rng = np.random.default_rng(8)
    drawn = zip(rng.choice(len(pipes), len(pipes) // 3, replace=False).tolist(), rng.random(len(pipes)) < 0.5, strict=False)
    valves = {f"water.isolation_valve:{i}": (pipes[i]["id"], pipes[i]["from_id" if first else "to_id"]) for i, first in drawn}
    rows = pa.table({"id": list(valves), "pipe_id": [pipe for pipe, _ in valves.values()], "node_id": [node for _, node in valves.values()]})
    return TableCity(CATALOG, [*(Batch(kind, table) for kind, table in tables.items()), Batch("water.isolation_valve", rows)]), valves


def spread(ends: dict[str, tuple[str, str]], starts: set[str], shut: set[tuple[str, str]]) -> set[str]:
    """Links and nodes that hang together with `starts`, step by step; nothing passes between (link, node) in `shut`."""
    beside = defaultdict(set)
    for link, nodes in ends.items():
        for node in nodes:
            if (link, node) not in shut:
                beside[link].add(node)
                beside[node].add(link)
    seen, queue = set(starts), list(starts)
    while queue:
        new = beside[queue.pop()] - seen
        seen |= new
        queue += new
    return seen


@pytest.mark.clause("1b", "1k")
@pytest.mark.parametrize("name", ["L-TOWN", "Richmond_standard"])
def test_valves_and_nodes_of_real_nets_are_those_of_a_search_step_by_step(shared_data, name: str) -> None:
    """Ten breaks, each as it is and with one of its valves stuck: valves to close, what is emptied and who is cut off beyond."""
    city, valves = valved(shared_data(f"water/literature/{name}.inp"))
    links = [row for kind in ("pipe", "pump", "valve") for row in city.table(f"water.{kind}").to_pylist()]
    ends = {row["id"]: (row["from_id"], row["to_id"]) for row in links}
    closed = {row["id"] for row in links if row["id"].startswith("water.pipe:") and row["initial_status"] == "CLOSED"}
    machines = {row["id"] for row in links if not row["id"].startswith("water.pipe:") or row["check_valve"]} - closed
    sources = {row["id"] for kind in ("reservoir", "tank") for row in city.table(f"water.{kind}").to_pylist()}
    length = {row["id"]: row["length"] for row in city.table("water.pipe").to_pylist()}
    never = {(link, node) for link in closed for node in ends[link]}
    whole = {(link, node) for link in machines for node in ends[link]}
    counts = []
    for pipe in [p for p in length if p not in closed | machines][20::90]:
        stuck: list[str] = []
        for _ in range(2):
            working = {valve: place for valve, place in valves.items() if valve not in stuck and place[0] not in closed | machines}
            lost = spread(ends, {pipe}, never | whole | set(working.values()))
            close = {valve for valve, (link, node) in working.items() if (link in lost) != (node in lost)}
            close |= {link for link in machines if len({node in lost for node in ends[link]}) == 2}
            shut = never | {valves[valve] for valve in close if valve in valves} | {(link, node) for link in close & machines for node in ends[link]}
            alive, before = spread(ends, sources - lost, shut), spread(ends, sources, never)
            answer = isolate_break(city, pipe=pipe, stuck=stuck)
            table = answer.tables["valves"].to_pylist()
            assert {row["id"] for row in table if row["reason"] != "stuck"} == close and {row["id"] for row in table if row["reason"] == "stuck"} == set(stuck)
            state = {row["id"]: row["state"] for row in answer.tables["nodes"].to_pylist()}
            nodes = {node for pair in ends.values() for node in pair}
            assert {node for node, said in state.items() if said == "emptied"} == lost & nodes
            assert {node for node, said in state.items() if said == "cut off"} == (before & nodes) - lost - alive
            assert answer.summary["emptied_length_m"] == pytest.approx(sum(length[link] for link in lost & set(length)), abs=0.01)
            assert answer.summary["source_inside"] == bool(lost & sources)
            counts.append((len(close), len(state)))
            stuck = sorted(close & set(valves))[:1]
            if not stuck:
                break
    assert len(counts) > 12 and max(counts)[0] >= 4 and len(set(counts)) > 8, "breaks of different kinds"


@pytest.mark.parametrize(("given", "near"), [({"pipe": "33"}, "pipe"), ({"pipe": "3", "stuck": ["v3"]}, "valve")])
def test_unknown_names_are_named(given: dict, near: str) -> None:
    with pytest.raises(NotFound, match=near) as caught:
        isolate_break(city_of_rows(**ROW), **given)
    assert caught.value.fix
