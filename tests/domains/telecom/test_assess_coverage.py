"""Who is without telecom: people by mobile service, customers behind cabinets, batteries that run out."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from holdfast.app.running import run_capability
from holdfast.domains.buildings import DOMAIN as BUILDINGS
from holdfast.domains.telecom import DOMAIN
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city
from telecom_net import net


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with net(tmp_path_factory.mktemp("telecom") / "city", BUILDINGS) as made:
        boxes = [shapely.box(x, 0, x + 2, 2) for x in (2019.0, 2140.0, 2299.0, 5000.0)]
        made.append("buildings.building", pa.table({
            "id": [f"buildings.building:{i}" for i in range(4)], "geometry": [shapely.to_wkb(b) for b in boxes], "population": [40, 30, 20, 10],
        }))  # fmt: skip
        yield made


def run(city, **given):
    return run_capability(city, "telecom.assess_coverage", given, keep=False).answer


def mobile(answer):
    return [answer.summary["mobile"][k] for k in ("full", "reduced", "none")]


@pytest.mark.clause("1k", "2b", "11c")
def test_people_and_customers(city):
    answer = run(city)
    assert mobile(answer) == [90, 0, 10] and answer.summary["lost"] == 0 and answer.summary["fixed_customers_without"] == 0 and answer.summary["fixed_customers"] == 100
    lost = run(city, down=["telecom.site:S"])
    assert mobile(lost) == [20, 70, 10] and lost.summary["reduced"] == 1 and lost.summary["mobile_before"]["full"] == 90
    cut = run(city, down=["telecom.fibre:1"])
    assert mobile(cut) == [0, 0, 100] and cut.summary["fixed_customers_without"] == 100 and cut.findings.by_rule() == {"telecom.lost": 3}
    core = run(city, down=["telecom.exchange:X"])
    assert core.summary["fixed_customers_without"] == pytest.approx(70) and mobile(core)[2] == 100  # local calls only
    points = {p["id"]: p for p in lost.tables["points"].to_pylist()}
    assert points["telecom.site:S"]["joined"] == 0 and points["telecom.site:S"]["level"] > 0 and points["telecom.cabinet:C"]["customers"] == 100


@pytest.mark.clause("11c")
def test_batteries_run_out_one_after_the_other(city):
    without = [run(city, power_out_hours=h).summary for h in (0.0, 1.0, 2.5, 5.0, 9.0, 100.0)]
    assert [s["without_battery"] for s in without] == [0, 0, 1, 2, 5, 5]  # S after 2 h, U after its kind's 3 h, T and the exchanges after 8 h
    people = [s["mobile"]["none"] for s in without]
    assert people == sorted(people) and people[0] == 10 and people[-1] == 100 and without[2]["mobile"]["reduced"] == 70


def test_what_cannot_be(city, tmp_path: Path):
    with pytest.raises(NotFound):
        run(city, down=["telecom.site:none"])
    with pytest.raises(Invalid):
        run(city, power_out_hours=-1.0)
    with small_city(tmp_path / "city", DOMAIN) as empty, pytest.raises(NotFound):
        run(empty)


def test_cables_that_lead_nowhere_are_said(tmp_path: Path):
    with small_city(tmp_path / "city", DOMAIN) as city:
        city.append("telecom.cabinet", pa.table({"id": ["telecom.cabinet:C", "telecom.cabinet:D"], "customers": [5.0, None]}))
        city.append("telecom.fibre", pa.table({"id": ["telecom.fibre:0"], "from_id": ["telecom.cabinet:C"], "to_id": ["telecom.cabinet:D"],
                                               "geometry": [shapely.to_wkb(shapely.LineString([(0, 0), (5, 0)]))]}))  # fmt: skip
        answer = run(city)
    assert answer.findings.by_rule() == {"telecom.no_exchange": 2} and answer.summary["fixed_customers_without"] == 0 and answer.summary["mobile"]["people"] == 0
