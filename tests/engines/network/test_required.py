"""Numbers that no law can take are refused by name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.network.required import require
from holdfast.model.errors import Invalid

VALUES = np.array([1.0, np.nan, -2.0, np.inf, 0.0, -1.0])


@pytest.mark.parametrize(("bounds", "words"), [
    ({}, "width of link 1, link 3 is nan and must be a number"), ({"least": 0.0}, "width of link 1, link 2, link 3 and 1 more is nan and must be 0 or more"),
    ({"above": 0.0}, "link 1, link 2, link 3 and 2 more is nan and must be above 0"),
    ({"least": -1.0, "row": "node"}, "width of node 1, node 2, node 3 is nan and must be -1 or more"),
])  # fmt: skip
def test_what_is_refused_and_how_it_is_said(bounds, words):
    with pytest.raises(Invalid, match=words) as told:
        require("width", VALUES, **bounds)
    assert told.value.where == {"field": "width"} and told.value.fix == "Correct the width"


def test_assets_are_named_and_rows_without_need_are_not_looked_at():
    ids = pa.array([f"gas.pipe:{n}" for n in range(6)])
    with pytest.raises(Invalid, match=r"gas\.pipe:2, gas\.pipe:5 is -2 and must be 0 or more"):
        require("width", VALUES, least=0.0, where=np.array([1, 0, 1, 0, 1, 1], bool), ids=ids)
    require("width", VALUES, above=0.0, where=np.array([1, 0, 0, 0, 0, 0], bool))
    require("width", np.zeros(0), above=0.0)
