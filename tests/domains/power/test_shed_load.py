"""Plans of load shedding on the reference city and SimBench."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from anlan import anlan
from holdfast.domains.power.shed_load import shed_load
from holdfast.model.errors import Invalid

MV = "power/simbench/1-MV-urban--0-sw.json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("shed") / "c")


@pytest.mark.clause("1d", "1k")
def test_missing_capacity_takes_the_least_important_first(sample):
    answer = shed_load(sample, lost_share=0.4)
    assert answer.status == "done" and answer.summary["shed_power_w"] >= answer.summary["capacity_missing_w"] > 0
    levels = answer.tables["levels"].to_pylist()
    touched = [row["level"] for row in levels if row["shed_loads"]]
    for row in levels:
        if row["level"] > min(touched):
            assert row["shed_power"] == pytest.approx(row["connected"]), "a level goes wholly before the next is touched"
    shed = answer.tables["shed"].to_pylist()
    assert [row["order"] for row in shed] == list(range(1, len(shed) + 1)) and shed[0]["load_class"] == "3"
    assert answer.summary["shed_power_w"] - shed[-1]["p"] < answer.summary["capacity_missing_w"], "not one load too many"


def test_nothing_is_shed_from_a_sound_grid(sample):
    answer = shed_load(sample)
    assert answer.summary["shed_loads"] == 0 and answer.summary["rounds"] == 0 and answer.tables["branches"].num_rows == 0


def test_an_overload_is_gone_afterwards(net_city):
    answer = shed_load(net_city(MV), loading=0.5)
    assert answer.summary["overloaded_before"] == 12 and answer.summary["overloaded_after"] == 0 and answer.status == "done"
    for row in answer.tables["branches"].to_pylist():
        assert row["loading_after"] <= row["limit"] + 1e-6 < row["loading_before"] + 1e-6
    assert 0.1 < answer.summary["shed_share"] < 0.35


def test_after_the_loss_of_a_transformer_its_neighbour_is_relieved(built):
    unit = {"hv_bus": 0, "sn_mva": 1.06, "vn_hv_kv": 110.0, "vn_lv_kv": 10.0, "vk_percent": 6.0, "vkr_percent": 1.0, "pfe_kw": 1.0, "i0_percent": 0.1, "in_service": True}
    city = built({"bus": [{"name": "h", "vn_kv": 110.0}, {"name": "a", "vn_kv": 10.0}, {"name": "b", "vn_kv": 10.0}], "ext_grid": [{"bus": 0, "vm_pu": 1.0}],
                  "trafo": [{"name": "T1", "lv_bus": 1, **unit}, {"name": "T2", "lv_bus": 2, **unit}],
                  "switch": [{"bus": 1, "element": 2, "et": "b", "closed": False, "name": "k"}]})
    rows = [{"id": f"power.load:{bus}{size}", "bus_id": f"power.bus:{bus}", "p": size * 1e5, "load_class": rank, "lifecycle": "in_service"}
            for bus in "ab" for size, rank in ((3, "1"), (2, "3"), (1, "2"))]
    city.append("power.load", pa.Table.from_pylist(rows))
    assert shed_load(city).summary["shed_loads"] == 0
    answer = shed_load(city, components=["power.transformer:T1"])
    assert answer.summary["switches_closed"] == 1 and answer.summary["overloaded_before"] == 1 and answer.summary["overloaded_after"] == 0
    assert [row["id"] for row in answer.tables["shed"].to_pylist()] == ["power.load:a2"], "1.2 MVA on 1.06 MVA: one load of third class is enough"
    dark = shed_load(city, components=["power.transformer:T1"], backfeed=False)
    assert dark.summary["shed_loads"] == 0 and dark.summary["power_cut_off_w"] == pytest.approx(0.6e6)


def test_what_shedding_cannot_cure_is_said(net_city):
    """Micropolis as delivered: charging alone overloads six cables."""
    answer = shed_load(net_city("coupled/micropolis/power/high/power.json"))
    assert answer.status == "diverged" and 0 < answer.summary["overloaded_after"] < answer.summary["overloaded_before"]
    assert answer.summary["low_voltage_after"] == 0 and 0 < answer.summary["shed_share"] < 1


@pytest.mark.parametrize(("arguments", "field"), [({"lost_share": 1.0}, "lost_share"), ({"lost_share": -0.1}, "lost_share"), ({"loading": 0.0}, "loading"),
                                                  ({"components": ["power.bus:x"]}, "components")])
def test_bad_parameters(sample, arguments, field):
    with pytest.raises(Invalid) as caught:
        shed_load(sample, **arguments)
    assert caught.value.where["field"] == field and caught.value.fix


def test_shares_are_of_what_is_there(sample):
    answer = shed_load(sample, lost_share=0.1)
    total = float(np.sum(sample.table("power.load", columns=["p"])["p"].to_numpy()))
    assert answer.summary["capacity_missing_w"] == pytest.approx(0.1 * total, rel=1e-6)
    assert answer.summary["shed_share"] == pytest.approx(answer.summary["shed_power_w"] / total, abs=1e-6)
