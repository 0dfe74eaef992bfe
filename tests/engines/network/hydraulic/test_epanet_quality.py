"""Water quality through EPANET against mixing and decay worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.epanet_quality import Quality, Source
from small_water import pipe, tank, water

AREA = np.pi * 0.2**2 / 4


def fork():
    """Two reservoirs feed one junction through 100 m of pipe each, from there 200 m on to the end: 10 L/s taken there, 2 in the middle."""
    return water([0.0, 0.0], [0.002, 0.010], [30.0, 30.0], [pipe(2, 0), pipe(3, 0), pipe(0, 1, length=200.0)])


def run(model, quality: Quality, hours: float = 6.0) -> np.ndarray:
    """(time, node) quality by the hour."""
    found = EpanetEngine(model).extended(hours=hours, quality=quality)
    assert found.quality is not None and (found.status == 0).all()
    return found.quality[0]


@pytest.mark.parametrize(("kind", "factor"), [("AGE", 1 / 3600), ("CHEMICAL", 1000.0), ("TRACE", 100.0)])
def test_units(kind, factor):
    assert Quality(kind).factor == pytest.approx(factor)


def test_a_kind_that_is_none_fails_and_is_said():
    found = EpanetEngine(fork()).extended(hours=1.0, quality=Quality("COLOUR"))
    assert found.status[0] != 0 and "COLOUR" in found.notes[0]


def test_sources_mix_by_flow():
    """Equal heads and pipes: half of the water from each side."""
    traced = run(fork(), Quality("TRACE", trace=2))
    np.testing.assert_allclose(traced[-1], [0.5, 0.5, 1.0, 0.0], atol=1e-3)
    initial = np.array([0.0, 0.0, 4e-4, 1e-4])
    np.testing.assert_allclose(run(fork(), Quality("CHEMICAL", initial=initial))[-1, :2], 2.5e-4, rtol=1e-3)


def test_age_is_the_time_of_travel():
    """6 L/s in 3.14 m3 of pipe, then 10 L/s in 6.28 m3."""
    age = run(fork(), Quality("AGE", step=60.0))
    middle = 100.0 * AREA / 0.006
    np.testing.assert_allclose(age[-1, :2], [middle, middle + 200.0 * AREA / 0.010], atol=70.0)  # quality steps are a minute


@pytest.mark.parametrize(("order", "expected"), [(1.0, lambda c, k, t: c * np.exp(k * t)), (2.0, lambda c, k, t: c / (1.0 - k * t * c * 1e3))])
def test_bulk_decay_along_the_pipe(order, expected):
    """First order in 1/s; second order in L/mg/s, as EPANET counts its rates."""
    model = fork()
    rate = -2e-4
    initial = np.array([0.0, 0.0, 1e-3, 1e-3])
    quality = Quality("CHEMICAL", initial=initial, bulk=np.full(3, rate), bulk_order=order, step=10.0)
    found = run(model, quality)[-1]
    middle = 100.0 * AREA / 0.006
    assert found[0] == pytest.approx(expected(1e-3, rate, middle), rel=0.01)
    assert found[1] == pytest.approx(expected(1e-3, rate, middle + 200.0 * AREA / 0.010), rel=0.01)


@pytest.mark.parametrize(("source", "downstream"), [
    (Source(0, "SETPOINT", 5e-4), 5e-4), (Source(0, "FLOWPACED", 3e-4), 4e-4), (Source(0, "MASS", 1.2e-6), 1e-4 + 1.2e-6 / 0.012), (Source(2, "CONCEN", 6e-4), 3.5e-4),
])  # fmt: skip
def test_injections(source, downstream):
    """Water of 0.1 mg/L comes from both sides, 12 L/s pass the middle: raised to a set point, by a share, by a mass a second, or at one source."""
    found = run(fork(), Quality("CHEMICAL", initial=np.array([0.0, 0.0, 1e-4, 1e-4]), sources=(source,)))
    assert found[-1, 1] == pytest.approx(downstream, rel=5e-3)


def test_a_source_follows_its_pattern():
    model = replace(fork(), patterns=(np.array([1.0, 0.0]),))
    found = run(model, Quality("CHEMICAL", initial=np.zeros(4), sources=(Source(0, "SETPOINT", 5e-4, pattern=0),), step=10.0), hours=4.0)
    assert found[1:, 0] == pytest.approx([5e-4, 0.0, 5e-4, 0.0], abs=2e-5)  # at the end of each hour


@pytest.mark.parametrize("name", ["MIXED", "FIFO", "LIFO", "2COMP"])
def test_tanks_mix_in_their_way(name):
    """A tank of 180 m3 of old water fills with new at 5 L/s for four hours: all of it diluted, or the old or the new at the outlet, or the inlet zone first."""
    model = water([0.0], [-0.005], [30.0], [pipe(0, 1, length=10.0)], tanks={0: tank(3.0, 0.0, 6.0, 60.0)})
    found = EpanetEngine(model).extended(hours=4.0, quality=Quality("CHEMICAL", initial=np.array([0.0, 1e-3]), mixing={1: (name, 0.25)}, step=60.0))
    in_tank, volume = found.quality[0][:, 1], 60.0 * (found.head[0][:, 1] - 30.0)
    assert volume[-1] == pytest.approx(180.0 + 72.0, rel=1e-3)
    zone = 0.25 * 360.0  # [m3] of two compartments the inlet's, full from the beginning
    expected = {"MIXED": 1e-3 * volume[0] / volume[-1], "FIFO": 1e-3, "LIFO": 0.0, "2COMP": 1e-3 * np.exp(-72.0 / zone)}
    assert in_tank[-1] == pytest.approx(expected[name], rel=0.02, abs=2e-5)
    assert in_tank[0] == pytest.approx(1e-3)


def test_without_reaction_nothing_is_lost_and_tanks_decay_by_their_own_rate():
    model = water([0.0], [0.001], [30.0], [pipe(0, 1)], tanks={0: tank(5.0, 0.0, 6.0, 50.0)})
    found = EpanetEngine(model).extended(hours=5.0, quality=Quality("CHEMICAL", initial=np.array([0.0, 1e-3]), tank_bulk=np.array([0.0, -1e-4]), step=60.0))
    np.testing.assert_allclose(found.quality[0][:, 1], 1e-3 * np.exp(-1e-4 * found.time), rtol=1e-2)  # EPANET's steps of a minute
    still = EpanetEngine(model).extended(hours=5.0, quality=Quality("CHEMICAL", initial=np.array([0.0, 1e-3])))
    np.testing.assert_allclose(still.quality[0][:, 1], 1e-3, rtol=1e-9)
