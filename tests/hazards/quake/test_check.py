"""Parameters that cannot be right are named before anything is computed, with the way out."""

from __future__ import annotations

import inspect

import pytest

from holdfast.hazards.quake import model
from holdfast.hazards.quake.check import NUMBERS, TEXTS, check
from holdfast.model.errors import Invalid

USUAL = {name: p.default for name, p in list(inspect.signature(model).parameters.items())[2:]}


def test_what_is_usual_is_right_and_every_number_and_text_is_looked_at():
    check(USUAL)
    for name in NUMBERS:
        for bad in ("big", True, float("nan"), [1.0]):
            with pytest.raises(Invalid, match=f"{name} is no number") as raised:
                check({**USUAL, name: bad})
            assert raised.value.where["field"] == name and raised.value.fix
    for name in TEXTS:
        with pytest.raises(Invalid, match=f"{name} is no text"):
            check({**USUAL, name: 3})
    assert set(USUAL) - set(NUMBERS) - set(TEXTS) == {"gmm", "vs30", "correlation", "measured", "fault"}


@pytest.mark.parametrize(
    ("given", "field"),
    [({"shakemap": "a", "rupture_file": "b"}, "rupture_file"), ({"rupture_file": "b", "a": 3.0}, "a"), ({"uncertainty": "u"}, "uncertainty"), ({"years": 5.0}, "years"),
     ({"fault": [0, 0, 1, 1]}, "fault"), ({"truncation": -1.0}, "truncation"), ({"measured": "yes"}, "measured"), ({"gmm": 3}, "gmm"), ({"vs30": [1]}, "vs30")],
)
def test_what_does_not_go_together(given, field):
    with pytest.raises(Invalid) as raised:
        check({**USUAL, **given})
    assert raised.value.where["field"] == field and raised.value.fix
