"""How numbers are printed."""

from __future__ import annotations

import pytest

from holdfast.cli.output import number, short


@pytest.mark.parametrize(
    ("value", "text"),
    [(3_559_921.4, "3,559,921"), (105.35, "105.35"), (12_345.678, "12,345.7"), (0.0, "0"), (720.0, "720"), (0.00012345, "0.00012345"), (1.5e-7, "1.5e-07"), (-2_000.25, "-2,000.2"),
     (2.4e18, "2.4e+18")],
)  # fmt: skip
def test_no_exponents_for_what_is_measured_in_cities(value, text):
    assert number(value) == text


def test_values_of_a_summary_fit_on_a_line():
    assert short({"people_now": 3.0, "proven": False, "ids": ["a", "b"], "none": None}) == "(people now 3, proven no, ids a, b, none none)"
