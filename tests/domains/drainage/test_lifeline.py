"""Drainage as a lifeline: small sewers by hand, the reference city, and a real model."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domains.drainage import DOMAIN
from holdfast.domains.drainage.lifeline import build
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Lifeline
from small_city import small_city


def rows(kind: str, ids: list[str], **columns: list) -> pa.Table:
    table = pa.table({"id": [f"drainage.{kind}:{i}" for i in ids], "lifecycle": ["in_service"] * len(ids), **columns})
    if "from_id" in columns:
        return table.append_column("geometry", geometry.lines(np.zeros((len(ids), 2, 3)) + np.arange(2)[None, :, None]))
    return table.append_column("geometry", geometry.points(*np.zeros((3, len(ids)))))


def full_names(names: list[str]) -> list[str]:
    """m* manholes, w* wells, o* outfalls."""
    return [f"drainage.{ {'m': 'manhole', 'w': 'storage', 'o': 'outfall'}[n[0]] }:{n}" for n in names]


@pytest.fixture
def town(tmp_path: Path) -> City:
    """m1 -> m2 -> m3 -> o1, a relief m2 -> o2 of half the size, and m4 -> w1 =pump=> m2; m5 -> m5b hangs nowhere. Sewage 0.1 m3/s each at m1 and m4."""
    city = small_city(tmp_path / "town", DOMAIN)
    city.append("drainage.manhole", rows("manhole", ["m1", "m2", "m3", "m4", "m5", "m6"], elevation=[9.0, 8.0, 7.0, 4.0, 5.0, 5.0],
                                         dry_weather_flow=[0.1, None, None, 0.1, None, None]))  # fmt: skip
    city.append("drainage.outfall", rows("outfall", ["o1", "o2"], elevation=[6.0, 7.0]))
    city.append("drainage.storage", rows("storage", ["w1"], elevation=[3.0]))
    ends = [("m1", "m2"), ("m2", "m3"), ("m3", "o1"), ("m2", "o2"), ("m4", "w1"), ("m5", "m6")]
    city.append("drainage.conduit", rows("conduit", ["c12", "c23", "c3o", "c2o", "c4w", "c56"], from_id=full_names([a for a, _ in ends]), to_id=full_names([b for _, b in ends]),
                                         diameter=[0.6, 0.6, 0.6, 0.3, 0.6, 0.6], length=[100.0] * 6, manning_n=[0.013] * 6))  # fmt: skip
    city.append("drainage.pump", rows("pump", ["p"], from_id=full_names(["w1"]), to_id=full_names(["m2"]), rated_flow=[0.5], station=["drainage.pump_station:s"]))
    city.append("drainage.pump_station", rows("pump_station", ["s"], node_id=full_names(["w1"])))
    city.append("drainage.treatment_plant", rows("treatment_plant", ["t"], node_id=full_names(["o1"])))
    return city


def without(line, *names: str) -> ComponentState:
    """One case with some components out."""
    ids = [i.partition(".")[2] for i in line.component_id.to_pylist()]
    available = np.ones((1, len(ids)), bool)
    available[0, [ids.index(name) for name in names]] = False
    return ComponentState(available)


def levels(line, state: ComponentState) -> dict[str, float]:
    return {i.partition(":")[2]: round(float(v), 3) for i, v in zip(line.outlet_id.to_pylist(), line.serve(state).level[0], strict=True)}


RELIEF = np.pi / 4 * 0.3**2 * 0.075 ** (2 / 3) * np.sqrt(1 / 100) / 0.013 / (2 * 0.1 * 1.9)  # capacity of the small pipe over what arrives at m2


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ((), {"m1": 1.0, "m2": 1.0, "m3": 1.0, "m4": 1.0, "m5": 0.0, "m6": 0.0}),
        (("conduit:c2o",), {"m1": 1.0, "m2": 1.0, "m4": 1.0}),
        (("conduit:c3o",), {"m1": round(RELIEF, 3), "m2": round(RELIEF, 3), "m3": 0.0, "m4": round(RELIEF, 3)}),
        (("conduit:c3o", "conduit:c2o"), {"m1": 0.0, "m2": 0.0, "m4": 0.0}),
        (("manhole:m2",), {"m1": 0.0, "m2": 0.0, "m3": 1.0, "m4": 0.0}),
        (("pump:p",), {"m1": 1.0, "m2": 1.0, "m4": 0.0}),
        (("pump_station:s",), {"m1": 1.0, "m4": 0.0}),
        (("treatment_plant:t",), {"m1": 1.0, "m3": 1.0}),  # sewage runs past it
        (("outfall:o1",), {"m3": 0.0, "m1": round(RELIEF, 3)}),
    ],
)
def test_what_is_out_takes_its_share(town: City, out: tuple[str, ...], expected: dict[str, float]):
    assert 0.1 < RELIEF < 0.9
    found = levels(build(town), without(build(town), *out))
    assert {name: found[name] for name in expected} == expected


def test_works_that_nothing_runs_past_close_their_outfall(town: City):
    town.settings.set("drainage.works_bypass", False, author="test")
    line = build(town)
    found = levels(line, without(line, "treatment_plant:t", "conduit:c2o"))
    assert (found["m1"], found["m3"]) == (0.0, 0.0)


def test_it_keeps_the_form_of_a_lifeline(town: City):
    line = build(town)
    assert isinstance(line, Lifeline) and line.monotone and line.service == "drainage" and "no dynamic wave" in line.engine
    assert line.component_id.to_pylist()[-2:] == ["drainage.pump_station:s", "drainage.treatment_plant:t"]
    assert line.outlet_demand.tolist() == pytest.approx([0.19, 0.0, 0.0, 0.19, 0.0, 0.0])
    again = pickle.loads(pickle.dumps(line))
    state = without(line, "conduit:c3o")
    assert np.array_equal(again.serve(state).level, line.serve(state).level)
    served = line.serve(state)
    assert served.status.tolist() == [CaseStatus.SOLVED] and served.level.dtype == np.float32 and served.detail["capacity"].shape == (1, 6)


def test_an_empty_city_has_no_drainage_and_one_without_outfalls_drains_nothing(tmp_path: Path):
    city = small_city(tmp_path / "none", DOMAIN)
    assert build(city) is None
    city.append("drainage.manhole", rows("manhole", ["m1", "m2"], elevation=[2.0, 1.0]))
    city.append("drainage.conduit", rows("conduit", ["c"], from_id=full_names(["m1"]), to_id=full_names(["m2"]), diameter=[0.3]))
    line = build(city)
    assert line.serve(without(line)).level.tolist() == [[0.0, 0.0]]


def test_gates_stay_as_they_stand_and_close_on_command(tmp_path: Path):
    city = small_city(tmp_path / "gate", DOMAIN)
    city.append("drainage.manhole", rows("manhole", ["m1"], elevation=[2.0]))
    city.append("drainage.outfall", rows("outfall", ["o1"], elevation=[1.0]))
    city.append("drainage.gate", rows("gate", ["g"], from_id=full_names(["m1"]), to_id=full_names(["o1"])))
    line = build(city)
    assert line.serve(without(line, "gate:g")).level.tolist() == [[1.0]]
    ids = line.component_id.to_pylist()
    for command, level in ((Command.CLOSED, 0.0), (Command.OPEN, 1.0), (Command.FROZEN, 1.0)):
        orders = np.zeros((1, len(ids)), np.int8)
        orders[0, ids.index("drainage.gate:g")] = command
        assert line.serve(ComponentState(np.ones((1, len(ids)), bool), command=orders)).level.tolist() == [[level]]


def test_circles_and_sewers_drawn_against_the_water(tmp_path: Path):
    """A ring m1 -> m2 -> m3 -> m1 with an outfall at m2, and m4 whose sewer is drawn from m3 to it."""
    city = small_city(tmp_path / "ring", DOMAIN)
    city.append("drainage.manhole", rows("manhole", ["m1", "m2", "m3", "m4"], elevation=[2.0, 1.5, 1.8, 3.0], dry_weather_flow=[0.001] * 4))
    city.append("drainage.outfall", rows("outfall", ["o1"], elevation=[1.0]))
    ends = [("m1", "m2"), ("m2", "m3"), ("m3", "m1"), ("m2", "o1"), ("m3", "m4"), ("m4", "m4")]
    city.append("drainage.conduit", rows("conduit", ["a", "b", "c", "d", "e", "loop"], from_id=full_names([x for x, _ in ends]), to_id=full_names([y for _, y in ends]),
                                         diameter=[0.5] * 6, length=[50.0] * 6))  # fmt: skip
    line = build(city)
    assert len(line.order) == 5
    assert levels(line, without(line)) == {"m1": 1.0, "m2": 1.0, "m3": 1.0, "m4": 1.0}
    assert levels(line, without(line, "conduit:a")) == {"m1": 0.0, "m2": 1.0, "m3": 0.0, "m4": 0.0}


def test_anlan_drains_whole_and_never_better_with_less(anlan: City):
    line = build(anlan)
    whole = line.serve(without(line))
    assert (whole.level == 1.0).all() and (whole.detail["capacity"] > 0.99).all()  # designed for this storm
    rng = np.random.default_rng(3)
    some = rng.random((256, len(line.component_id))) < 0.97
    fewer = some & (rng.random(some.shape) < 0.97)
    first, second = line.serve(ComponentState(some)), line.serve(ComponentState(fewer))
    assert not np.isnan(first.level).any() and (second.level <= first.level + 1e-6).all() and 0.1 < second.level.mean() < first.level.mean() < 1
    twice = line.serve(ComponentState(np.repeat(some[:4], 3, axis=0)))
    assert np.array_equal(twice.level, np.repeat(first.level[:4], 3, axis=0))
    assert (line.serve(without(line, "treatment_plant:0")).level[0] == 1.0).all()


def test_a_real_model_drains_to_its_outfalls(shared_data, model_city):
    line = build(model_city(shared_data("drainage/swmm_examples/user/user4.inp")))
    whole = line.serve(without(line))
    assert (whole.level == 1.0).all() and np.isfinite(line.capacity).all()
    last = [i for i, e in enumerate(line.graph.edge_to) if line.outfall[e]]
    available = np.ones((1, len(line.component_id)), bool)
    available[0, line.graph.nodes + np.array(last)] = False
    assert (line.serve(ComponentState(available)).level == 0.0).all()
