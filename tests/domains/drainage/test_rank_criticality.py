"""Ranking by added flooding, on the reference city and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.drainage.lifeline import build
from holdfast.domains.drainage.rank_criticality import rank_criticality, screen
from holdfast.domains.drainage.simulate_storm import simulate_storm
from holdfast.model.city import City
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import ComponentState


@pytest.mark.clause("1c", "1k", "7d")
def test_the_ranking_is_what_each_loss_adds(anlan: City):
    found = rank_criticality(anlan, limit=3, hours=2.5, workers=2)
    rows = found.tables["ranking"].to_pylist()
    assert [row["rank"] for row in rows] == [1, 2, 3] and found.summary["simulated"] == 3 and found.summary["failed"] == 0
    added = [row["added_m3"] for row in rows]
    assert added == sorted(added, reverse=True) and added[0] > 100 and found.summary["worst"] == rows[0]["id"]
    base, out = (simulate_storm(anlan, hours=2.5, out=names).tables["flooded"]["volume"].to_numpy().sum() for names in (None, [rows[0]["id"]]))
    assert added[0] == pytest.approx(out - base, abs=2.0)
    assert found.plots[0].table == "ranking" and found.summary["screened"] > 100


def test_screening_is_one_loss_at_a_time_by_the_fast_answer(anlan: City):
    line = build(anlan)
    ids, lost = screen(anlan, ("drainage.conduit",), {i for i in line.component_id.to_pylist() if i.startswith("drainage.conduit")})
    assert len(ids) == anlan.table("drainage.conduit").num_rows
    for at in (0, len(ids) // 2, int(np.argmax(lost))):
        available = np.ones((1, len(line.component_id)), bool)
        available[0, line.component_id.to_pylist().index(ids[at])] = False
        assert lost[at] == pytest.approx(float(((1 - line.serve(ComponentState(available)).level[0]) * line.outlet_demand).sum()), abs=1e-9)
    assert lost.max() > 1.0 and (lost >= -1e-9).all()


def test_wrong_parameters_are_named(anlan: City):
    with pytest.raises(Invalid, match="cannot be ranked"):
        rank_criticality(anlan, kinds=["drainage.river"])
    with pytest.raises(Invalid, match="nothing would be simulated"):
        rank_criticality(anlan, limit=0)
