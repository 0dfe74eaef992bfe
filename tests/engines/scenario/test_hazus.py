"""Writing down HAZUS tables: units, states, materials and sizes."""

from __future__ import annotations

import pytest

from holdfast.engines.scenario.hazus import DAY, INCH, G, cables, effects, hazus, pipes, shaking, sliding


def test_units():
    what = effects(1, (1.0, 2.0), (0.1, 0.5), ("light", "heavy"))
    law = shaking((0.2, 0.4), (0.5, 0.6), what, hazus("x"))
    assert law.medians == pytest.approx((0.2 * G, 0.4 * G)) and law.states == ("light", "heavy") and law.measure == "pga"
    assert sliding((6.0, 12.0), (0.7, 0.7), what, hazus("x")).medians == pytest.approx((6 * INCH, 12 * INCH))
    assert [c.repair_hours for c in what] == [DAY, 2 * DAY] and [c.works for c in what] == [True, False]
    assert hazus("8.1").mark == "recalled"


def test_pipes_of_every_material_and_size_have_both_causes():
    laws = pipes(leak_hole=0.02)
    assert len(laws) == 12 and {law.measure for law in laws} == {"pgv", "pgd"}
    large, small = [law for law in laws if ("diameter", "0.5..") in law.when], [law for law in laws if ("diameter", "0.5..") not in law.when]
    assert len(large) == len(small) == 6 and laws.index(large[0]) < laws.index(small[0]), "the narrower condition comes first"
    assert all(law.consequences[1].opening == 1.0 for law in laws)
    assert all(c.opening == 0.0 for law in pipes(leak_hole=0.0) for c in law.consequences)
    assert pipes(leak_hole=0.0, factor=0.5)[0].factor == pytest.approx(0.5 * laws[0].factor)


def test_cables_break_only_where_the_ground_fails():
    law, brittle = cables(0.3, hazus("x")), next(x for x in pipes(leak_hole=0.0) if x.measure == "pgd" and not x.when)
    assert law.measure == "pgd" and law.states == ("break",) and law.factor == pytest.approx(0.3 * brittle.factor)
