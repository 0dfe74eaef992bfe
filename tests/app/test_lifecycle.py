"""Devices are designed, installed, inspected and put into use with their main equipment, or a named decision says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.app.lifecycle import MOVES, Decision, Inspection, advance, decide_exception, record_inspection
from holdfast.domains.water import DOMAIN as WATER
from holdfast.engines.survey.readiness import open_exceptions, readiness
from holdfast.model.city import City
from holdfast.model.errors import Conflict, Forbidden, Invalid, NotFound
from holdfast.model.spec import LIFECYCLE
from holdfast.store.event_chain import verify
from small_city import small_city

HOST, PRESSURE, FLOW = "water.pump_station:S1", "water.pressure_sensor:A", "water.flow_meter:B"
PASSED = Inspection("Li Wei", "2026-03-01", True, "calibrated")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A pump station that is accepted, with its pressure sensor installed; its flow meter is not there yet."""
    with small_city(tmp_path / "city", WATER) as made:
        made.append("water.pump_station", pa.table({"id": [HOST], "lifecycle": ["accepted"], "name": ["North"]}), valid_from="2026-01-01")
        made.append("water.pressure_sensor", pa.table({"id": [PRESSURE], "host_id": [HOST], "lifecycle": ["designed"]}), valid_from="2026-01-01")
        yield made


def add_flow_meter(city: City, state: str = "accepted") -> None:
    city.append("water.flow_meter", pa.table({"id": [FLOW], "host_id": [HOST], "lifecycle": [state]}), valid_from="2026-01-01")


def state(city: City, asset_id: str) -> str:
    return city.table(city.kind_of(asset_id).name, ids=[asset_id])["lifecycle"][0].as_py()


def accept_sensor(city: City) -> None:
    advance(city, PRESSURE, "installed", "Zhang", "2026-02-01")
    advance(city, PRESSURE, "accepted", "Zhang", "2026-03-01", inspection=PASSED)


@pytest.mark.clause("1j")
def test_host_is_refused_while_a_device_is_missing_or_not_accepted(city: City) -> None:
    with pytest.raises(Forbidden) as error:
        advance(city, HOST, "in_service", "Wang", "2026-04-01")
    assert "no water flow meter" in error.value.message and f"{PRESSURE} is designed" in error.value.message
    assert state(city, HOST) == "accepted" and city.events().num_rows == 0
    accept_sensor(city)
    with pytest.raises(Forbidden, match="flow"):
        advance(city, HOST, "in_service", "Wang", "2026-04-01")


@pytest.mark.clause("1j")
@pytest.mark.parametrize("bad", ["installed", "out_of_service", "planned", None])
def test_every_device_of_a_required_kind_counts(city: City, bad: str | None) -> None:
    accept_sensor(city)
    add_flow_meter(city)
    city.append("water.flow_meter", pa.table({"id": ["water.flow_meter:C"], "host_id": [HOST], "lifecycle": pa.array([bad], pa.string())}))
    with pytest.raises(Forbidden, match=r"water\.flow_meter:C"):
        advance(city, HOST, "in_service", "Wang")


@pytest.mark.clause("1j")
def test_host_and_its_devices_enter_service_together(city: City) -> None:
    accept_sensor(city)
    add_flow_meter(city)
    city.append("water.flow_meter", pa.table({"id": ["water.flow_meter:old"], "host_id": [HOST], "lifecycle": ["retired"]}))
    done = advance(city, HOST, "in_service", "Wang", "2026-04-01")
    assert done.from_state == "accepted" and set(done.with_devices) == {PRESSURE, FLOW}
    assert state(city, HOST) == state(city, PRESSURE) == state(city, FLOW) == "in_service"
    assert city.as_of("2026-03-15").table("water.pump_station")["lifecycle"][0].as_py() == "accepted"
    follow = city.events(subject=FLOW).to_pylist()[-1]
    assert follow["cause"] == done.event and json.loads(follow["payload"])["host"] == HOST
    assert verify(city.events()) == []


@pytest.mark.clause("1j")
def test_exception_needs_a_decision_that_names_actor_reason_and_expiry(city: City) -> None:
    for decision in (Decision("", "flood season", "2026-09-01"), Decision("Chen", " ", "2026-09-01"), Decision("Chen", "flood season", ""),
                     Decision("Chen", "flood season", "2026-03-01")):  # fmt: skip
        with pytest.raises(Invalid):
            advance(city, HOST, "in_service", "Wang", "2026-04-01", decision=decision)
    assert state(city, HOST) == "accepted" and city.events().num_rows == 0
    done = advance(city, HOST, "in_service", "Wang", "2026-04-01", decision=Decision("Chen", "flood season", "2026-09-01"))
    assert state(city, HOST) == "in_service" and state(city, PRESSURE) == "designed"
    decided, moved = city.events(subject=HOST).to_pylist()
    assert (decided["type"], decided["actor"], decided["hash"]) == ("decision", "Chen", done.cause)
    assert json.loads(decided["payload"])["reason"] == "flood season" and len(json.loads(moved["payload"])["without"]) == 2
    assert moved["cause"] == decided["hash"]
    listed = open_exceptions(city, "2026-05-01").to_pylist()
    assert [(r["asset"], r["actor"], r["expired"]) for r in listed] == [(HOST, "Chen", False)]
    assert open_exceptions(city, "2026-10-01")["expired"].to_pylist() == [True]


@pytest.mark.clause("1j")
def test_a_recorded_decision_is_found_by_its_hash_and_only_for_its_asset(city: City) -> None:
    chain = decide_exception(city, HOST, Decision("Chen", "flood season", "2026-09-01"), "2026-04-01")
    city.append("water.pump_station", pa.table({"id": ["water.pump_station:S2"], "lifecycle": ["accepted"]}), valid_from="2026-01-01")
    with pytest.raises(NotFound):
        advance(city, "water.pump_station:S2", "in_service", "Wang", "2026-04-01", decision=chain)
    with pytest.raises(NotFound):
        advance(city, HOST, "in_service", "Wang", "2026-04-01", decision="0" * 64)
    with pytest.raises(Invalid, match="ends"):
        advance(city, HOST, "in_service", "Wang", "2026-09-02", decision=chain)
    assert advance(city, HOST, "in_service", "Wang", "2026-04-02", decision=chain).cause == chain


@pytest.mark.clause("1j")
def test_acceptance_needs_a_passed_inspection(city: City) -> None:
    advance(city, PRESSURE, "installed", "Zhang", "2026-02-01")
    with pytest.raises(Forbidden, match="inspection"):
        advance(city, PRESSURE, "accepted", "Zhang", "2026-03-01")
    failed = Inspection("Li Wei", "2026-02-20", False, "drifts")
    with pytest.raises(Forbidden, match="not passed"):
        advance(city, PRESSURE, "accepted", "Zhang", "2026-03-01", inspection=failed)
    with pytest.raises(Invalid, match="dated after"):
        advance(city, PRESSURE, "accepted", "Zhang", "2026-03-01", inspection=Inspection("Li Wei", "2026-03-02", True))
    with pytest.raises(Invalid, match="inspector"):
        advance(city, PRESSURE, "accepted", "Zhang", "2026-03-01", inspection=Inspection("", "2026-02-20", True))
    assert isinstance(record_inspection(city, PRESSURE, failed, "Zhang", "2026-02-21"), str) and state(city, PRESSURE) == "installed"
    done = record_inspection(city, PRESSURE, PASSED, "Zhang", "2026-03-01")
    assert not isinstance(done, str) and done.to_state == "accepted"
    kept = [json.loads(e["payload"]) for e in city.events(subject=PRESSURE, type="inspection").to_pylist()]
    assert [(k["inspector"], k["date"], k["passed"]) for k in kept] == [("Li Wei", "2026-02-20", False), ("Li Wei", "2026-03-01", True)]


@pytest.mark.parametrize("source", [None, *LIFECYCLE])
def test_only_listed_moves_are_allowed(city: City, source: str | None) -> None:
    asset = "water.flow_meter:M"
    city.append("water.flow_meter", pa.table({"id": [asset], "lifecycle": pa.array([source], pa.string())}), valid_from="2026-01-01")
    for target in set(LIFECYCLE) - set(MOVES[source]):
        with pytest.raises(Conflict):
            advance(city, asset, target, "Zhang", "2026-02-01", inspection=PASSED)
    for target in MOVES[source][:1]:
        advance(city, asset, target, "Zhang", "2026-03-02", inspection=PASSED)
        assert state(city, asset) == target


def test_service_is_only_entered_from_accepted_or_out_of_service() -> None:
    assert {s for s, ways in MOVES.items() if "in_service" in ways} == {"accepted", "out_of_service"}
    assert set(MOVES) - {None} == set(LIFECYCLE)


def test_refusals_of_nonsense(city: City) -> None:
    with pytest.raises(NotFound):
        advance(city, "water.pump_station:none", "in_service", "Wang")
    with pytest.raises(Invalid, match="state"):
        advance(city, HOST, "broken", "Wang")
    with pytest.raises(Invalid, match="actor"):
        advance(city, PRESSURE, "installed", " ")
    with pytest.raises(Invalid, match="began"):
        advance(city, PRESSURE, "installed", "Zhang", "2025-01-01")
    with pytest.raises(Conflict):
        advance(city.as_of("2026-02-01"), PRESSURE, "installed", "Zhang")


@pytest.mark.clause("1j")
def test_readiness_lists_hosts_and_gaps(city: City) -> None:
    rows = {(r["id"], r["device_kind"]): r for r in readiness(city).to_pylist()}
    assert rows[HOST, "water.pressure_sensor"]["devices"] == 1 and not rows[HOST, "water.pressure_sensor"]["ready"]
    assert rows[HOST, "water.flow_meter"]["devices"] == 0 and not rows[HOST, "water.flow_meter"]["in_violation"]
    accept_sensor(city)
    add_flow_meter(city)
    assert all(r["ready"] for r in readiness(city).to_pylist())
    city.append("water.pump_station", pa.table({"id": ["water.pump_station:S2"], "lifecycle": ["in_service"]}))
    assert [r["in_violation"] for r in readiness(city, ["water.pump_station"]).to_pylist() if r["id"].endswith("S2")] == [True, True]
    assert readiness(city, ["water.pipe"]).num_rows == 0
