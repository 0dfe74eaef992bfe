"""N-1 and sampled N-2 on the reference city and SimBench."""

from __future__ import annotations

import pytest

from anlan import anlan
from holdfast.domains.power.rank_criticality import rank_criticality
from holdfast.domains.power.simulate_outage import simulate_outage
from holdfast.model.errors import Invalid

MV = "power/simbench/1-MV-urban--0-sw.json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("rank") / "c")


@pytest.mark.clause("1d", "1k")
def test_the_ranking_says_what_single_outages_say(sample):
    answer = rank_criticality(sample)
    rows = answer.tables["ranking"].to_pylist()
    counts = sample.counts()
    assert len(rows) == sum(counts[f"power.{kind}"] for kind in ("line", "transformer", "substation"))
    assert [row["people"] for row in rows] == sorted((row["people"] for row in rows), reverse=True) and rows[0]["rank"] == 1
    assert rows[0]["kind"] == "power.substation" and answer.summary["worst"] == rows[0]["id"] and not answer.summary["secure_n_1"]
    for row in (rows[0], rows[len(rows) // 3], rows[-1]):
        alone = simulate_outage(sample, [row["id"]], backfeed=False, islands=False)
        assert alone.summary["people_without_power"] == round(row["people"]) and alone.summary["loads_without_power"] == row["loads"]
        assert alone.summary["power_not_supplied_w"] == pytest.approx(row["power"], abs=0.1)


def test_rings_are_secure_once_they_are_fed_from_the_other_side(net_city):
    open_, back = rank_criticality(net_city(MV)), rank_criticality(net_city(MV), backfeed=True)
    assert open_.summary["with_loss"] == 139 and back.summary["with_loss"] == 2
    lost = [row["id"] for row in back.tables["ranking"].to_pylist() if row["power"] > 0]
    assert lost[0] == "power.substation:HV1_MV3.101_Substation"
    assert open_.summary["unsolved"] == 0 and open_.tables["ranking"]["status"].to_pylist() == [0] * 151


def test_without_flows_only_connectivity_counts(net_city):
    flows, plain = rank_criticality(net_city(MV)), rank_criticality(net_city(MV), flows=False)
    assert flows.tables["ranking"].sort_by("id")["power"].to_pylist() == plain.tables["ranking"].sort_by("id")["power"].to_pylist()
    assert plain.summary["with_overload"] == plain.summary["with_low_voltage"] == 0


def test_pairs_are_sampled_without_repetition_and_the_same_each_time(sample):
    one, two = (rank_criticality(sample, pairs=40, flows=False) for _ in range(2))
    other = rank_criticality(sample, pairs=40, flows=False, seed=8)
    table = one.tables["pairs"]
    named = list(zip(table["first"].to_pylist(), table["second"].to_pylist(), strict=True))
    assert len(set(named)) == 40 and all(a != b for a, b in named)
    assert table.equals(two.tables["pairs"]) and not table.equals(other.tables["pairs"])
    alone = {row["id"]: row["people"] for row in one.tables["ranking"].to_pylist()}
    for row in table.to_pylist():
        assert row["people"] >= max(alone[row["first"]], alone[row["second"]]) - 1e-6
        assert row["people_beyond"] == pytest.approx(row["people"] - alone[row["first"]] - alone[row["second"]], abs=1e-6)


def test_more_pairs_than_there_are_gives_all(built):
    line = {"length_km": 1.0, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.1, "in_service": True}
    city = built({"bus": [{"name": str(i), "vn_kv": 10.0} for i in range(3)],
                  "ext_grid": [{"bus": 0, "vm_pu": 1.0}], "load": [{"bus": 2, "p_mw": 1.0}], "line": [
                      {"name": "a", "from_bus": 0, "to_bus": 1, **line}, {"name": "b", "from_bus": 1, "to_bus": 2, **line}, {"name": "c", "from_bus": 0, "to_bus": 2, **line}]})
    answer = rank_criticality(city, pairs=99)
    assert answer.summary["secure_n_1"] and answer.summary["pairs"] == 3
    lost = {(row["first"], row["second"]): row["loads"] for row in answer.tables["pairs"].to_pylist()}
    assert lost == {("power.line:a", "power.line:b"): 0, ("power.line:a", "power.line:c"): 1, ("power.line:b", "power.line:c"): 1}
    with pytest.raises(Invalid, match="-1 pairs"):
        rank_criticality(city, pairs=-1)
