"""The damage laws of all domains: sources, sense, and what they give at known intensities."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from engines.scenario.worlds import bare_world
from holdfast import catalog
from holdfast.domains.buildings.damage import BUILDING
from holdfast.domains.power.damage import LINE
from holdfast.domains.water.damage import PIPE
from holdfast.engines.scenario.damage import Sampler
from holdfast.engines.scenario.damage_law import choose, probabilities
from holdfast.engines.scenario.hazus import G
from holdfast.model.hazard import Strike
from holdfast.model.spec import DamageCurve, RepairRate
from sampled import kinds, tables

LAWS = [(kind, law) for kind in catalog.load().kinds.values() for law in kind.damage]
MEASURES = {"pga", "pgv", "pgd", "sa03", "sa10"}


def test_every_lifeline_has_laws():
    assert {kind.domain for kind, _ in LAWS} >= {"water", "drainage", "power", "gas", "heat", "telecom", "roads", "buildings"}
    assert "catalog.damage" not in str(list(catalog.verify(catalog.load()).table()["rule"].to_pylist()))


@pytest.mark.parametrize(("kind", "law"), LAWS, ids=[f"{k.name}-{i}" for i, (k, _) in enumerate(LAWS)])
def test_laws_are_whole(kind, law):
    assert law.measure in MEASURES and law.source.standard and law.source.mark
    assert law.consequences and tuple(c.state for c in law.consequences) == law.states
    works = [c.works for c in law.consequences]
    assert works == sorted(works, reverse=True), "a worse state never works where a lighter one does not"
    for name in ("repair_hours", "loss", "opening"):
        values = [getattr(c, name) for c in law.consequences]
        assert values == sorted(values), name
    assert all(0.0 <= c.loss <= 1.0 and 0.0 <= c.opening <= 1.0 for c in law.consequences)
    known = {f.name for f in kind.fields}
    assert {name for name, _ in law.when} <= known
    for name, wanted in law.when:
        field = kind.field(name)
        if field.dictionary and wanted and ".." not in wanted:
            assert set(wanted.split("|")) <= set(field.dictionary.values()), (name, wanted)


def test_every_kind_with_conditions_ends_with_a_law_for_the_rest():
    for kind in catalog.load().kinds.values():
        by = {}
        for law in kind.damage:
            by.setdefault((type(law), law.measure), []).append(law)
        for (_, _measure), laws in by.items():
            assert not laws[-1].when or kind.name in {"water.pump", "heat.pump", "buildings.shelter", "power.line"}, kind.name


def test_building_curves_are_those_of_the_file(shared_data):
    with open(shared_data("earthquake/hazus/fragility_DB_HAZUS_EQ.csv"), newline="", encoding="utf-8") as handle:
        rows = {r["ID"]: r for r in csv.DictReader(handle) if r["ID"].startswith("LF.")}
    for law in BUILDING:
        row = rows["LF." + law.source.clause.rsplit(" ", 1)[1]]
        medians = [float(row[f"LS{i}-Theta_0"]) for i in (1, 2, 3, 4)]
        assert np.allclose(np.array(law.medians) / G, medians, atol=1e-6)
        assert list(law.betas) == [float(row[f"LS{i}-Theta_1"]) for i in (1, 2, 3, 4)]


def test_repair_rates_are_those_of_the_manual():
    brittle = [law for law in PIPE if not law.when]
    wave = next(law for law in brittle if law.measure == "pgv")
    ground = next(law for law in brittle if law.measure == "pgd")
    assert 1000 * wave.factor * 0.30**wave.exponent == pytest.approx(0.0001 * 30.0**2.25)  # 30 cm/s, repairs per km
    assert 1000 * ground.factor * 0.254**ground.exponent == pytest.approx(10.0**0.56)  # 10 inches
    steel = next(law for law in PIPE if law.measure == "pgv" and ("material", "G|QM|PVC|BLG|TZ") in law.when)
    assert steel.factor == pytest.approx(0.3 * wave.factor)
    assert [c.repair_hours for c in wave.consequences] == [4.0, 8.0]


def test_the_line_curve_follows_the_circuits():
    medians, betas, share = np.array([0.24, 0.33, 0.58, 0.89]), (0.25, 0.20, 0.15, 0.15), np.array([0.0, 0.04, 0.12, 0.50, 0.80])
    states = DamageCurve("pga", tuple("abcd"), tuple(medians * G), betas, LINE[0].source)
    pga = np.linspace(0.1, 1.0, 50) * G
    assert np.abs(probabilities(LINE[0], pga)[:, 1] - probabilities(states, pga) @ share).max() < 0.04


@pytest.mark.parametrize("domain", ["buildings", "water", "telecom", "roads"])
def test_every_asset_of_the_reference_city_gets_its_laws(domain):
    declared = [kind for kind in kinds(domain).values() if kind.damage and kind.name in tables(domain)]
    number = np.concatenate([np.full(tables(domain)[k.name].num_rows, i) for i, k in enumerate(declared)])
    table = choose(declared, number, {k.name: tables(domain)[k.name] for k in declared})
    count = np.diff(table.start)
    for i, kind in enumerate(declared):
        if kind.name not in {"water.pump", "buildings.shelter"}:
            assert (count[number == i] > 0).all(), kind.name


def test_old_masonry_suffers_more_than_new_walls():
    table = tables("buildings")["buildings.building"]
    world = bare_world([kinds("buildings")["buildings.building"]], np.zeros(table.num_rows), tables={"buildings.building": table})
    strike = Strike({"pga": np.full((200, table.num_rows), 0.3 * G, np.float32)})
    down = 1.0 - Sampler(world).sample(strike, np.arange(200), 1).works.mean(axis=0)
    structure = np.array(table["structure"].to_pylist())
    walls = np.isin(structure, ["shear_wall", "frame_wall"])
    assert down[structure == "masonry"].mean() > 1.5 * down[walls].mean() > 0.0


def test_no_rate_is_negative():
    assert all(law.factor > 0 and 0 < law.exponent < 3 for _, law in LAWS if isinstance(law, RepairRate))
