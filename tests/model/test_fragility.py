"""Tables of fragility that are not whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.model.fragility import fault_of
from holdfast.model.spec import DamageTable, Source

LAW = DamageTable("pga", ("a", "b"), (0.1, 0.5, 1.0), ((0.0, 0.5, 1.0), (0.0, 0.1, 0.2)), Source("test"))


@pytest.mark.parametrize(
    ("change", "match"),
    [({"levels": (0.1, 0.5)}, "one chance"), ({"levels": (0.1,), "chances": ((0.1,), (0.1,))}, "two or more"), ({"levels": (0.5, 0.1, 1.0)}, "rise"),
     ({"levels": (-0.1, 0.5, 1.0)}, "below 0"), ({"levels": (0.1, 0.5, float("inf"))}, "levels"), ({"chances": ((0.0, 0.5, 1.0),)}, "every state"),
     ({"chances": ((0.0, 0.5, 1.1), (0.0, 0.1, 0.2))}, "0 to 1"), ({"chances": ((0.0, 0.5, 0.4), (0.0, 0.1, 0.2))}, "fall")],
)
def test_faults_are_told(change, match):
    assert match in fault_of(replace(LAW, **change))


def test_a_whole_table():
    assert fault_of(LAW) == ""
