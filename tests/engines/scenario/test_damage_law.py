"""Choice of damage laws by kind and attributes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.scenario.damage_chance import find
from holdfast.engines.scenario.damage_law import GENERIC, choose, fits, probabilities
from holdfast.model.errors import Invalid
from holdfast.model.spec import Consequence, DamageCurve, Kind, RepairRate, Source

SOURCE = Source("test")
TABLE = pa.table({"material": ["PE", "QM", None, "ZT"], "storeys": [1, 4, 8, None], "retrofitted": [True, False, None, True]})


def curve(median, *when, measure="pga"):
    return DamageCurve(measure, ("down",), (median,), (0.5,), SOURCE, when=tuple(when), consequences=(Consequence("down", False, 5.0),))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ((), [1, 1, 1, 1]), ((("material", "PE"),), [1, 0, 0, 0]), ((("material", "PE|ZT"),), [1, 0, 0, 1]), ((("storeys", "4..8"),), [0, 1, 0, 0]),
        ((("storeys", "4.."),), [0, 1, 1, 0]), ((("storeys", "..4"),), [1, 0, 0, 0]), ((("storeys", "1"),), [1, 0, 0, 0]),
        ((("retrofitted", "true"),), [1, 0, 0, 1]), ((("material", "PE"), ("storeys", "2..")), [0, 0, 0, 0]), ((("absent", "x"),), [0, 0, 0, 0]), 
        ((("material", ""),), [0, 0, 1, 0]), ((("absent", ""),), [0, 0, 0, 0]),
    ],
)
def test_conditions(when, expected):
    assert fits(when, TABLE, 4).tolist() == [bool(x) for x in expected]
    assert fits(when, None, 2).tolist() == [not when] * 2


def test_a_range_of_text_is_refused():
    with pytest.raises(Invalid, match="numbers"):
        fits((("material", "1..2"),), TABLE, 4)


def chances_at(table, law, x):
    """Chance of the first state."""
    row, share = find(np.float32(x), np.float32(x).view(np.int32), law, table.chances)
    return table.chances.reach[row, 0] + share * (table.chances.reach[row + 1, 0] - table.chances.reach[row, 0])


def test_first_fitting_law_of_each_measure_is_used():
    rate = RepairRate("pga", 1.0, 1.0, ("leak",), (1.0,), SOURCE)
    kind = Kind("t.a", "node", "a", "甲", damage=(curve(1.0, ("material", "PE")), curve(2.0), curve(3.0, measure="pgd"), rate))
    other = Kind("t.b", "node", "b", "乙")
    table = choose([other, kind], np.array([1, 0, 1, 1, 1]), {"t.a": TABLE})
    assert table.measures == ("pga", "pgd")
    mine = [table.laws[table.start[i] : table.start[i + 1]].tolist() for i in range(5)]
    assert [len(m) for m in mine] == [3, 0, 3, 3, 3]
    even = [(chances_at(table, m[0], median)) for m, median in zip([m for m in mine if m], (1.0, 2.0, 2.0, 2.0), strict=True)]
    assert even == pytest.approx([0.5] * 4, abs=1e-5)
    assert all(chances_at(table, m[1], 3.0) == pytest.approx(0.5, abs=1e-5) and not table.curve[m[2]] for m in mine if m)
    assert table.forced[1] == len(table.states) - 1 and table.states[-1] == len(GENERIC.states)


def test_a_table_must_match_its_assets():
    kind = Kind("t.a", "node", "a", "甲", damage=(curve(1.0),))
    with pytest.raises(Invalid, match="4 rows for 2"):
        choose([kind], np.array([0, 0]), {"t.a": TABLE})
    five = DamageCurve("pga", tuple("abcde"), (1.0, 2.0, 3.0, 4.0, 5.0), (0.5,) * 5, SOURCE)
    with pytest.raises(Invalid, match="5 states"):
        choose([Kind("t.a", "node", "a", "甲", damage=(five,))], np.array([0]), {})
    sharp = DamageCurve("pga", ("a",), (1.0,), (0.0,), SOURCE)
    with pytest.raises(Invalid, match="no spread"):
        choose([Kind("t.a", "node", "a", "甲", damage=(sharp,))], np.array([0]), {})


def test_probabilities_sum_to_one_and_never_cross():
    law = DamageCurve("pga", ("a", "b"), (1.0, 1.1), (0.2, 1.0), SOURCE)  # the curves cross below 1
    p = probabilities(law, np.array([0.0, 0.3, 1.0, 5.0]))
    assert p.shape == (4, 3) and np.allclose(p.sum(axis=-1), 1.0) and (p >= 0).all()
    assert p[0].tolist() == [1.0, 0.0, 0.0]
