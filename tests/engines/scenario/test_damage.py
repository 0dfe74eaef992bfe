"""Sampled damage against closed forms; consequences, direct hits, reproducibility."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from engines.scenario.worlds import bare_world
from holdfast.engines.scenario.damage import Sampler
from holdfast.engines.scenario.damage_kernel import exp_quick, poisson
from holdfast.engines.scenario.damage_law import probabilities
from holdfast.model.errors import Invalid
from holdfast.model.hazard import Command, Strike
from holdfast.model.spec import Consequence, DamageCurve, DamageTable, Kind, RepairRate, Source

SOURCE = Source("test")
STATES = ("slight", "moderate", "extensive", "complete")
CURVE = DamageCurve(
    "pga", STATES, (1.5, 2.9, 4.5, 9.0), (0.7, 0.55, 0.45, 0.45), SOURCE,
    consequences=(Consequence("slight", True, 10.0, 0.5, 0.05), Consequence("moderate", True, 40.0, 0.5, 0.2),
                  Consequence("extensive", False, 100.0, 0.5, 0.6), Consequence("complete", False, 400.0, 0.5, 1.0)))
RATE = RepairRate(
    "pgv", 3e-3, 2.25, ("leak", "break"), (0.8, 0.2), SOURCE,
    consequences=(Consequence("leak", True, 6.0, 0.0, 0.01, 0.02), Consequence("break", False, 12.0, 0.0, 0.05, 1.0)))
SETTLE = RepairRate("pgd", 8e-3, 0.56, ("leak", "break"), (0.2, 0.8), SOURCE, consequences=RATE.consequences)
PLANT = Kind("t.plant", "node", "plant", "厂", damage=(CURVE,))
PIPE = Kind("t.pipe", "edge", "pipe", "管", damage=(RATE, SETTLE))
BOX = Kind("t.box", "node", "box", "箱")
CASES = np.arange(1000)


def strike(world, **intensity):
    return Strike({name: np.full((len(CASES), world.assets), value, np.float32) for name, value in intensity.items()})


@pytest.mark.parametrize("pga", [0.5, 2.9, 6.0, 20.0])
def test_states_follow_the_lognormal_curves(pga):
    world = bare_world([PLANT], np.zeros(200))
    damage = Sampler(world).sample(strike(world, pga=pga), CASES, 1)
    expected = probabilities(CURVE, np.array(pga)) * damage.state.size
    counts = np.bincount(damage.state.ravel(), minlength=5)
    keep = expected > 5
    assert counts[~keep].sum() < 20
    assert stats.chisquare(counts[keep], expected[keep] * counts[keep].sum() / expected[keep].sum()).pvalue > 1e-4


@pytest.mark.parametrize("pga", [0.4, 0.6, 1.3, 7.0])
def test_states_follow_a_table(pga):
    law = DamageTable("pga", STATES[:2], (0.5, 1.0, 2.0), ((0.1, 0.6, 0.9), (0.0, 0.3, 0.5)), SOURCE, onset=0.45)
    world = bare_world([Kind("t.house", "node", "house", "屋", damage=(law, RATE)), Kind("t.hut", "node", "hut", "棚", damage=(law,))], np.arange(200) % 2)
    damage = Sampler(world).sample(strike(world, pga=pga), CASES, 1)
    expected = probabilities(law, np.array(pga)) * damage.state.size / 2
    assert pga > law.onset or expected.tolist() == [damage.state.size / 2, 0.0, 0.0]
    for part in (damage.state[:, ::2], damage.state[:, 1::2]):
        counts = np.bincount(part.ravel(), minlength=3)
        assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected.max())


def test_consequences_belong_to_the_state():
    world = bare_world([PLANT], np.zeros(300))
    damage = Sampler(world).sample(strike(world, pga=4.0), CASES, 2)
    assert np.array_equal(damage.works, damage.state < 3)
    assert np.array_equal(damage.loss, np.array([0.0, 0.05, 0.2, 0.6, 1.0], np.float32)[damage.state])
    assert np.all((damage.repair_hours > 0) == (damage.state > 0))
    for state, median in ((1, 10.0), (2, 40.0), (3, 100.0), (4, 400.0)):
        logs = np.log(damage.repair_hours[damage.state == state])
        assert abs(np.exp(np.median(logs)) / median - 1) < 0.05 and abs(logs.std() - 0.5) < 0.03
    assert not damage.opening.any()


def test_repairs_are_poisson_along_the_length():
    length, section = np.array([50.0, 500.0, 20_000.0]), np.full(3, 0.1)
    world = bare_world([PIPE], np.zeros(3), length=length, section=section)
    damage = Sampler(world).sample(strike(world, pgv=0.6), CASES, 3)
    mean = 3e-3 * 0.6**2.25 * length
    assert np.allclose((damage.state == 0).mean(axis=0), np.exp(-mean), atol=4.5 * 0.5 / np.sqrt(len(CASES)))
    hours = mean * (0.8 * 6.0 + 0.2 * 12.0)
    assert np.allclose(damage.repair_hours.mean(axis=0), hours, rtol=0.0, atol=4.5 * np.sqrt(mean * (0.8 * 36 + 0.2 * 144) / len(CASES)))
    assert np.allclose(damage.opening.mean(axis=0), mean * (0.8 * 0.02 + 0.2) * 0.1, atol=4.5 * np.sqrt(mean * 0.2 * 0.01 / len(CASES)))
    assert np.array_equal(damage.works, damage.state < 2)
    intact = damage.state == 0
    assert not damage.repair_hours[intact].any() and not damage.opening[intact].any()


def test_rates_of_several_measures_add_up_and_scale():
    world = bare_world([PIPE], np.zeros(1), length=np.array([300.0]), section=np.array([0.1]))
    both = Sampler(world).sample(strike(world, pgv=0.5, pgd=0.2), CASES, 4)
    mean = 300.0 * (3e-3 * 0.5**2.25 + 8e-3 * 0.2**0.56)
    assert abs((both.state == 0).mean() - np.exp(-mean)) < 0.07
    scaled = Sampler(world, rate_scale=10.0, hours_scale=2.0).sample(strike(world, pgv=0.5), CASES, 4)
    assert abs((scaled.state == 0).mean() - np.exp(-10 * 300 * 3e-3 * 0.5**2.25)) < 0.07
    assert set(np.unique(scaled.repair_hours[scaled.state == 1]) % 12.0) == {0.0}


def test_a_law_with_a_condition_needs_the_other_measure():
    law = RepairRate("pgv", 1.0, 1.0, ("break",), (1.0,), SOURCE, given="pgd")
    world = bare_world([Kind("t.pipe", "edge", "pipe", "管", damage=(law,))], np.zeros(1), length=np.array([100.0]))
    assert not Sampler(world).sample(strike(world, pgv=0.5), CASES, 1).state.any()
    assert Sampler(world).sample(strike(world, pgv=0.5, pgd=0.1), CASES, 1).state.all()


def test_a_case_is_the_same_in_any_block_and_with_other_assets_around():
    kind = np.array([0, 1, 1, 0])
    world = bare_world([PLANT, PIPE], kind, length=np.full(4, 400.0), section=np.full(4, 0.1))
    whole = Sampler(world).sample(strike(world, pga=3.0, pgv=0.5), CASES, 5)
    some = np.array([7, 900])
    small = Strike({"pga": np.full((2, 4), 3.0, np.float32), "pgv": np.full((2, 4), 0.5, np.float32)})
    part = Sampler(world).sample(small, some, 5)
    assert np.array_equal(part.state, whole.state[some]) and np.array_equal(part.repair_hours, whole.repair_hours[some])
    alone = bare_world([PLANT, PIPE], kind[1:2], length=np.full(1, 400.0), section=np.full(1, 0.1), ids=["t.pipe:1"])
    again = Sampler(alone).sample(strike(alone, pga=3.0, pgv=0.5), CASES, 5)
    assert np.array_equal(again.state[:, 0], whole.state[:, 1])
    assert not np.array_equal(Sampler(world).sample(strike(world, pga=3.0), CASES, 6).state, whole.state)


def test_cases_and_assets_are_independent():
    world = bare_world([PLANT], np.zeros(400))
    down = ~Sampler(world).sample(strike(world, pga=4.5), CASES, 8).works
    per_case = down.sum(axis=1)
    share = down.mean()
    assert abs(per_case.var() / (400 * share * (1 - share)) - 1) < 0.2


def test_direct_hits_take_the_consequences_of_the_law():
    world = bare_world([PLANT, PIPE, BOX], np.array([0, 1, 2]), length=np.full(3, 100.0), section=np.full(3, 0.2))
    hit = np.array([[0, 0, 0], [2, 2, 2], [4, 4, 4]], np.int8)
    damage = Sampler(world).sample(Strike(hit=hit), np.arange(3), 1)
    assert damage.state.tolist() == [[0, 0, 0], [2, 1, 2], [4, 2, 4]]
    assert damage.works.tolist() == [[True, True, True], [True, True, True], [False, False, False]]
    assert np.allclose(damage.opening[:, 1], [0.0, 0.02 * 0.2, 0.2])
    assert damage.repair_hours[0].sum() == 0.0 and (damage.repair_hours[2] > 0).all()
    assert damage.loss[2].tolist() == pytest.approx([1.0, 0.05, 1.0])


def test_the_fast_way_for_single_curves_gives_the_same_numbers():
    two = DamageCurve("pga", ("out",), (3.0,), (0.4,), SOURCE, consequences=(Consequence("out", False, 20.0, loss=0.4, opening=0.5),))
    three = DamageTable("pga", STATES, (1.0, 2.0, 5.0), ((0.0, 0.7, 1.0), (0.0, 0.5, 0.9), (0.0, 0.3, 0.8), (0.0, 0.1, 0.4)), SOURCE, consequences=CURVE.consequences)
    kinds = [PLANT, Kind("t.pole", "edge", "pole", "杆", damage=(two,)), Kind("t.hut", "node", "hut", "棚", damage=(three,)), PIPE]
    assets = 2400  # more than a tile of each
    world = bare_world(kinds, np.arange(assets) % 4, section=np.full(assets, 0.3), length=np.full(assets, 200.0))
    pga = np.random.default_rng(3).lognormal(np.log(3.0), 0.8, (40, assets)).astype(np.float32)
    pga[:, :5] = np.array([0.0, np.nan, 1e-30, np.inf, 1e30])
    shaken = Strike({"pga": pga, "pgv": pga / 10})
    fast = Sampler(world).sample(shaken, CASES[:40], 9)
    general = Sampler(world).sample(Strike(shaken.intensity, hit=np.zeros(pga.shape, np.int8)), CASES[:40], 9)
    assert all(len(np.unique(fast.state[:, i::4])) > 1 for i in range(4))
    for name in ("state", "works", "opening", "repair_hours", "loss"):
        assert np.array_equal(getattr(fast, name), getattr(general, name)), name


def test_sites_may_be_fewer_than_assets_and_commands_pass_through():
    world = bare_world([PLANT, BOX], np.array([1, 0, 0]))
    command = np.array([[Command.CLOSED, Command.NORMAL]], np.int8)
    given = Strike({"pga": np.array([[50.0, 0.001]], np.float32)}, command=command)
    damage = Sampler(world, np.array([-1, 0, 1])).sample(given, np.array([0]), 1)
    assert damage.state.tolist() == [[0, 4, 0]]
    assert damage.command is not None and damage.command.tolist() == [[Command.NORMAL, Command.CLOSED, Command.NORMAL]]


def test_nothing_happens_without_intensity_or_by_an_unknown_measure():
    world = bare_world([PLANT, PIPE], np.array([0, 1]), length=np.full(2, 10.0))
    for given in (Strike(), strike(world, gust=40.0), strike(world, pga=np.nan)):
        damage = Sampler(world).sample(given, CASES, 1)
        assert not damage.state.any() and damage.works.all()


def test_wrong_shapes_are_named():
    world = bare_world([PLANT], np.zeros(3))
    with pytest.raises(Invalid, match="site"):
        Sampler(world).sample(Strike({"pga": np.ones((2, 2), np.float32)}), np.arange(2), 1)
    with pytest.raises(Invalid, match="shape"):
        Sampler(world).sample(Strike({"pga": np.ones((2, 3), np.float32)}), np.arange(5), 1)
    with pytest.raises(Invalid, match="sites are given"):
        Sampler(world, np.zeros(2))


@pytest.mark.parametrize("mean", [0.01, 0.5, 3.0, 40.0, 300.0])
def test_poisson_quantiles(mean):
    u = (np.arange(4000) + 0.5) / 4000
    ours = np.array([poisson(mean, x) for x in u])
    assert np.abs(ours - stats.poisson.ppf(u, mean)).max() <= (0 if mean < 60 else 1)


def test_exponential_without_a_call():
    y = np.linspace(-9.0, 9.0, 1801)
    assert np.array([exp_quick(v) for v in y]) == pytest.approx(np.exp(y), rel=3e-7)


def test_empty_world():
    world = bare_world([PLANT], np.zeros(0), tables={"t.plant": pa.table({"id": pa.array([], pa.string())})})
    assert Sampler(world).sample(Strike(), np.arange(3), 1).state.shape == (3, 0)
