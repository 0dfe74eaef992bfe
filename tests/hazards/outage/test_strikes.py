"""Outages on the reference city: what is out in which case."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from holdfast.hazards.outage import model
from holdfast.model.errors import Invalid, NotFound


def out(strike, row=0):
    return np.flatnonzero(strike.hit[row])


def test_one_case_of_named_components(anlan, anlan_sites):
    ids = [anlan_sites.id[3].as_py(), anlan_sites.id[10].as_py()]
    hazard = model(anlan, anlan_sites, ids=",".join(ids), state=3)
    strike = hazard.strike(np.array([0]), 1)
    assert hazard.cases == 1 and hazard.measures == ()
    assert out(strike).tolist() == [3, 10] and set(strike.hit[strike.hit > 0].tolist()) == {3}
    assert strike.label[0].as_py() == " + ".join(ids)


@pytest.mark.clause("1k")
def test_each_component_in_turn(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, kinds=["water.pipe"], sweep="n-1")
    pipes = anlan.counts()["water.pipe"]
    assert hazard.cases == pipes == hazard.summary["components"]
    strike = hazard.strike(np.arange(pipes), 1)
    assert (strike.hit > 0).sum(axis=1).tolist() == [1] * pipes
    assert len(set(strike.label.to_pylist())) == pipes
    assert anlan_sites.id[int(out(strike, 5)[0])].as_py() == strike.label[5].as_py()
    with pytest.raises(Invalid, match=f"has {pipes} cases"):
        hazard.strike(np.array([pipes]), 1)


def test_random_groups_are_reproducible_in_any_block(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, kinds="power.line,power.bus", sweep="n-k", k=3, samples=50)
    whole = hazard.strike(np.arange(50), 4)
    assert (whole.hit > 0).sum(axis=1).tolist() == [3] * 50
    part = pickle.loads(pickle.dumps(hazard)).strike(np.array([41, 7]), 4)
    assert np.array_equal(part.hit, whole.hit[[41, 7]]) and part.label.to_pylist() == [whole.label[41].as_py(), whole.label[7].as_py()]
    assert len({tuple(row) for row in whole.hit.tolist()}) > 45
    assert not np.array_equal(hazard.strike(np.arange(50), 5).hit, whole.hit)


def test_a_random_attack_grows_within_one_order(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, kinds=["water.pipe"], sweep="attack", order="random", share=0.5, steps=5, repeats=2)
    assert hazard.cases == 10
    hit = hazard.strike(np.arange(10), 3).hit > 0
    sizes = hit.sum(axis=1)
    assert np.all(np.diff(sizes[:5]) > 0) and sizes[4] == round(0.5 * anlan.counts()["water.pipe"])
    assert all((hit[i] <= hit[i + 1]).all() for i in (0, 1, 2, 3, 5, 6, 7, 8))
    assert not np.array_equal(hit[4], hit[9])


@pytest.mark.parametrize("order", ["degree", "betweenness"])
def test_a_targeted_attack_takes_the_most_important_first(anlan, anlan_sites, order):
    hazard = model(anlan, anlan_sites, kinds=["water.junction"], sweep="attack", order=order, share=0.2, steps=2)
    first = hazard.strike(np.arange(2), 1)
    assert hazard.cases == 2 and order in first.label[0].as_py()
    arrays = anlan.network("water")
    degree = np.bincount(np.concatenate((arrays.edge_from, arrays.edge_to)), minlength=arrays.nodes)
    at = dict(zip(arrays.node_id.to_pylist(), degree, strict=True))
    taken = [at[anlan_sites.id[int(i)].as_py()] for i in out(first, 1)]
    junctions = [at[name] for name in anlan_sites.id.to_pylist() if name.startswith("water.junction")]
    assert np.mean(taken) > np.mean(junctions)
    if order == "degree":
        assert min(taken) >= sorted(junctions)[-len(taken)]


def test_order_by_people_and_by_a_field(anlan, anlan_sites):
    by_people = model(anlan, anlan_sites, kinds=["buildings.building"], sweep="attack", order="people", share=0.1, steps=1)
    struck = out(by_people.strike(np.array([0]), 1))
    buildings = np.flatnonzero([i.startswith("buildings.") for i in anlan_sites.id.to_pylist()])
    rest = np.setdiff1d(buildings, struck)
    assert anlan_sites.people[struck].min() >= anlan_sites.people[rest].max()
    by_size = model(anlan, anlan_sites, kinds=["water.pipe"], sweep="attack", order="field:diameter", share=0.1, steps=1)
    assert by_size.strike(np.array([0]), 1).hit.any()


def test_selection_by_field_and_file(anlan, anlan_sites, tmp_path):
    material = anlan.table("water.pipe")["material"].to_pylist()
    hazard = model(anlan, anlan_sites, kinds=["water.pipe"], where={"material": "PE"})
    assert hazard.summary["components"] == material.count("PE") < len(material)
    path = tmp_path / "out.csv"
    path.write_text(f"id,why\n{anlan_sites.id[2].as_py()},burst\n\n{anlan_sites.id[1].as_py()},burst\n", encoding="utf-8")
    assert out(model(anlan, anlan_sites, file=str(path)).strike(np.array([0]), 1)).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({}, Invalid, "nothing is selected"), ({"ids": "water.pipe:none"}, NotFound, "water.pipe:none"), ({"kinds": "water.nothing"}, NotFound, "water.nothing"),
        ({"kinds": "water.pipe", "sweep": "n-2"}, Invalid, "n-2"), ({"kinds": "water.pipe", "state": 9}, Invalid, "state"),
        ({"kinds": "water.pipe", "sweep": "attack", "order": "luck"}, Invalid, "luck"), ({"kinds": "water.pipe", "share": 0.0}, Invalid, "share"),
        ({"kinds": "water.pipe", "sweep": "n-k", "k": 10_000_000}, Invalid, "cannot be out"), ({"kinds": "water.pipe", "where": {"material": "XX"}}, NotFound, "fits"),
        ({"file": "/nowhere.csv"}, NotFound, "file"), ({"kinds": "water.pipe", "sweep": "attack", "order": "field:none"}, NotFound, "none"),
        ({"kinds": "buildings.building", "sweep": "attack", "order": "degree"}, NotFound, "no network"),
    ],
)
def test_bad_parameters_are_named(anlan, anlan_sites, given, error, match):
    with pytest.raises(error, match=match):
        model(anlan, anlan_sites, **given)
