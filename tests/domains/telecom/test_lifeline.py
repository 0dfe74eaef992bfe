"""Telecom as a lifeline: cables, cores, batteries and neighbours, on a small net and on the reference city."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.domains.telecom import DOMAIN
from holdfast.domains.telecom.lifeline import build
from holdfast.model.lifeline import CaseStatus, ComponentState, Lifeline
from holdfast.model.tables import asset_schema
from sampled import kinds, tables
from small_city import small_city
from telecom_net import net, point


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    with net(tmp_path_factory.mktemp("telecom") / "city") as city:
        return build(city)


def serve(line, *down):
    available = np.ones((1, len(line.component_id)), bool)
    available[0, [line.component_id.to_pylist().index(f"telecom.{d}") for d in down]] = False
    served = line.serve(ComponentState(available))
    assert served.status.tolist() == [CaseStatus.SOLVED]
    return {n.removeprefix("telecom."): v for n, v in zip(line.outlet_id.to_pylist(), served.level[0].tolist(), strict=True)}


@pytest.mark.clause("1k", "11c")
def test_everything_works(line):
    assert isinstance(line, Lifeline) and line.monotone and set(serve(line).values()) == {1.0}
    assert set(serve(line)) == {"exchange:X", "exchange:Y", "cabinet:C", "site:S", "site:T", "site:U"}  # manholes serve nobody


def test_without_the_core_there_is_only_local_service(line):
    level = serve(line, "fibre:0")
    assert level["exchange:X"] == 1 and level["exchange:Y"] == pytest.approx(0.3) and level["cabinet:C"] == pytest.approx(0.3) and level["site:U"] == 1
    assert serve(line, "exchange:X")["site:S"] == pytest.approx(0.3)


def test_behind_a_broken_cable_or_manhole_there_is_nothing(line):
    level = serve(line, "fibre:1")
    assert level["exchange:Y"] == 1 and level["cabinet:C"] == 0 and level["site:S"] == 0 and level["site:T"] == 0
    level = serve(line, "manhole:M")
    assert level["cabinet:C"] == 1 and level["site:S"] == 0 and level["site:T"] == 0
    assert serve(line, "cabinet:C", "site:U")["site:U"] == 0


def test_a_neighbour_stands_in_with_reduced_service(line):
    level = serve(line, "site:S")
    lens = (2 * np.arccos(0.5) - 2 * 0.5 * np.sqrt(0.75)) / np.pi
    assert level["site:T"] == 1 and level["site:S"] == pytest.approx(0.5 * lens, abs=0.03)
    assert serve(line, "fibre:3")["site:S"] == level["site:S"]  # its cable is as good as itself


def test_less_never_gives_more(line):
    rng = np.random.default_rng(6)
    more = rng.random((300, len(line.component_id))) > 0.2
    less = more & (rng.random(more.shape) > 0.2)
    best, worst = (line.serve(ComponentState(a)).level for a in (more, less))
    assert (worst <= best + 1e-6).all() and np.array_equal(pickle.loads(pickle.dumps(line)).serve(ComponentState(more)).level, best)


def test_exchanges_without_a_known_core_are_their_own(tmp_path: Path):
    with net(tmp_path / "city") as city:
        city.append("telecom.exchange", pa.table({"id": ["telecom.exchange:Z"], "geometry": [point(0, 500)], "in_service": [True]}))
        city.append("telecom.exchange", pa.table({"id": ["telecom.exchange:old"], "geometry": [point(0, 900)], "in_service": [False]}))
        level = serve(build(city))
    assert level["exchange:Z"] == 1 and level["exchange:old"] == 0


def test_data_centres_take_the_place_of_exchanges(tmp_path: Path):
    with small_city(tmp_path / "city", DOMAIN) as city:
        assert build(city) is None
        city.append("telecom.cabinet", pa.table({"id": ["telecom.cabinet:C", "telecom.cabinet:D"], "geometry": [point(0, 0), point(5, 0)]}))
        city.append("telecom.fibre", pa.table({"id": ["telecom.fibre:0"], "from_id": ["telecom.cabinet:C"], "to_id": ["telecom.cabinet:D"],
                                               "geometry": [shapely.to_wkb(shapely.LineString([(0, 0), (5, 0)]))]}))  # fmt: skip
        assert set(serve(build(city)).values()) == {0.0}  # cables that lead to no exchange
        city.append("telecom.data_centre", pa.table({"id": ["telecom.data_centre:E"], "geometry": [point(9, 0)], "node_id": ["telecom.cabinet:D"]}))
        assert set(serve(build(city)).values()) == {1.0}


def test_the_reference_city(tmp_path: Path):
    with small_city(tmp_path / "city", DOMAIN) as city:
        for name, table in tables("telecom", 10_000).items():
            city.append(name, table.select(asset_schema(kinds("telecom")[name]).names))
        line = build(city)
    count = len(line.component_id)
    assert set(line.serve(ComponentState(np.ones((1, count), bool))).level[0].tolist()) == {1.0}
    one_out = ~np.eye(count, dtype=bool)
    level = line.serve(ComponentState(one_out)).level
    own = np.array([line.outlet_id.to_pylist().index(i) if i in set(line.outlet_id.to_pylist()) else -1 for i in line.component_id.to_pylist()])
    assert (level[np.flatnonzero(own >= 0), own[own >= 0]] < 1).all() and level.min() >= 0
