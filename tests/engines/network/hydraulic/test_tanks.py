"""Tanks: volumes and heads, the second at which they are full or empty, and days beside EPANET."""

from __future__ import annotations

import numpy as np
import pytest

from epanet_kept_open import same_day
from holdfast.engines.network.hydraulic.arrays import FOOT
from holdfast.engines.network.hydraulic.compile import compile_model
from holdfast.engines.network.hydraulic.model import NodeType
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.engines.network.hydraulic.tanks import head_at, interpolate, volume_at
from small_water import pipe, tank, water

pytestmark = pytest.mark.filterwarnings("ignore")
FILE = """[JUNCTIONS]
A 10 0
B 12 {demand} D
C 8 4 D
[RESERVOIRS]
R {source}
[TANKS]
T 40 {level} 0.5 4 {diameter} 0 {curve}
{second}
[PIPES]
p1 R A 500 300 110 0 {first}
p2 A B 400 250 110 0 Open
p3 B C 600 200 110 0 Open
p4 C T 300 200 110 0 {last}
{more}
[PATTERNS]
D 0.2 0.4 1.6 2.2 1.0 0.3
[CURVES]
vol 0 0
vol 1.5 60
vol 3 300
vol 5 1000
[TIMES]
Duration 24:00
Hydraulic Timestep 1:00
Pattern Timestep 2:00
Report Timestep 0:10
[OPTIONS]
Units LPS
Headloss H-W
Accuracy 0.000001
Trials 200
Unbalanced Continue 10
[END]
"""
PLAIN = {"demand": 20, "source": 47, "level": 2, "diameter": 9, "curve": "", "second": "", "first": "Open", "last": "Open", "more": ""}
CASES = {
    "fills and rests": {"source": 60, "demand": 4}, "drains and rests": {"source": 38, "demand": 30}, "fills, rests, drains": {"source": 49},
    "volume curve": {"curve": "vol", "source": 50}, "no way back": {"last": "CV"}, "overflow": {"source": 60, "demand": 4, "curve": "* YES"},
    "two tanks": {"second": "U 39 1 0 5 6 0", "more": "p5 B U 250 150 110 0 Open"},
    "two tanks joined": {"second": "U 39.5 1 0 5 6 0", "more": "p5 T U 250 100 110 0 Open"},
    "small and fast": {"diameter": 2}, "starts full": {"level": 4, "source": 60}, "starts empty": {"level": 0.5, "source": 38, "demand": 30},
}


@pytest.mark.parametrize("name", CASES)
def test_a_day_is_epanets_every_ten_minutes(tmp_path, name):
    path = tmp_path / "tanks.inp"
    path.write_text(FILE.format(**PLAIN | CASES[name]))
    model, ours, _ = same_day(path)
    own = np.flatnonzero(model.node_type == NodeType.TANK)
    level = ours.head[0][:, own] - model.elevation[own]
    assert (level >= model.tank_minimum[own] - 1e-4).all() and (level <= model.tank_maximum[own] + 1e-4).all()


def test_a_full_tank_takes_no_more_and_an_overflowing_one_does(tmp_path):
    into = {}
    for name in ("fills and rests", "overflow"):
        path = tmp_path / "tank.inp"
        path.write_text(FILE.format(**PLAIN | CASES[name]))
        model, ours, _ = same_day(path)
        full = ours.head[0][:, model.node_type == NodeType.TANK].max() - 44.0
        assert full == pytest.approx(0.0, abs=1e-4)
        into[name] = ours.flow[0, -1, model.link_id.to_pylist().index("p4")]
    assert into["fills and rests"] == 0.0 and into["overflow"] > 1e-3


def test_the_day_stops_at_the_second_a_tank_is_full():
    """Steps are an hour long and looked at every minute: once the tank is full no water passes, and what passed before is what it holds."""
    links = [pipe(1, 0), pipe(0, 2, diameter=0.05)]
    model = water([0.0], [0.0], [60.0, 20.0], links, tanks={1: tank(3.0, 0.0, 4.0)}, options={"report_step": 60.0, "hydraulic_step": 3600.0, "duration": 86400.0})
    found = Solver(model).extended(hours=24)
    level = found.head[0][:, 2] - 20.0
    rest = int(np.flatnonzero(level >= 4.0 - 1e-6)[0])
    assert (found.flow[0, rest + 1 :, 1] == 0.0).all() and (np.diff(level[:rest]) > 0).all()
    stored = (found.flow[0, :rest, 1] * 60.0).sum() / 50.0
    assert stored == pytest.approx(1.0, abs=0.02)


def test_volume_and_head_are_inverse():
    links = [pipe(1, 0), pipe(0, 2), pipe(0, 3)]
    curve = np.array([[0.0, 0.0], [1.0, 10.0], [3.0, 90.0], [6.0, 150.0]])
    tanks = {1: tank(1.0, 0.5, 5.0), 2: tank(1.0, 0.5, 5.0)}
    model = water([0.0], [0.0], [60.0, 20.0, 20.0], links, tanks=tanks, curves=(curve,), tank_curve=np.array([-1, -1, -1, 0]))
    fixed = compile_model(model).fixed
    for f, expected in ((1, 50.0 * 2.5), (2, 70.0)):
        volume = volume_at(fixed, f, (20.0 + 2.5) / FOOT)
        assert volume * FOOT**3 == pytest.approx(expected)
        for level in (0.5, 0.9, 2.0, 4.4, 5.0):
            assert head_at(fixed, f, volume_at(fixed, f, (20.0 + level) / FOOT)) * FOOT == pytest.approx(20.0 + level)


def test_curves_are_flat_beyond_their_ends_and_take_the_upper_of_two_equal_points():
    x, y = np.array([0.0, 1.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0, 9.0])
    got = [interpolate(0, 4, x, y, at) for at in (-1.0, 0.5, 1.0, 2.0, 4.0)]
    assert got == [5.0, 5.5, 6.0, 8.5, 9.0]
