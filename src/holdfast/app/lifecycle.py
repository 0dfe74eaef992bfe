"""Lifecycle: what state an asset may go to next, and that no main equipment enters service before its devices are accepted.

"Built, inspected and used in step with the main equipment": a host of a kind with `requires_devices` enters service only when
each required device hosted by it has been accepted. The exception is a decision that names who took it, why, and until when.
Every transition is an event in the chain and a new version of the asset; nothing is edited.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from holdfast.engines.survey.readiness import DECISION, EXCEPTION, device_gaps
from holdfast.model import tables
from holdfast.model.city import City, Moment
from holdfast.model.errors import Conflict, Forbidden, Invalid, NotFound
from holdfast.model.repository import Writer
from holdfast.model.spec import LIFECYCLE, Kind
from holdfast.model.time import Instant, now, parse_instant, to_text

MOVES: dict[str | None, tuple[str, ...]] = {
    None: ("planned", "designed", "installed", "out_of_service", "retired"),  # nothing was recorded so far
    "planned": ("designed", "retired"),
    "designed": ("installed", "planned", "retired"),
    "installed": ("accepted", "designed", "retired"),
    "accepted": ("in_service", "installed", "retired"),
    "in_service": ("out_of_service", "retired"),
    "out_of_service": ("in_service", "installed", "retired"),
    "retired": (),
}
"""States an asset may go to from each state. What was rebuilt goes back to installed and must be accepted again."""

TRANSITION, INSPECTION = "lifecycle", "inspection"  # event types


@dataclass(frozen=True, slots=True)
class Inspection:
    """The record that makes an asset accepted. passed: False is recorded too, and leaves the state as it was."""

    inspector: str
    date: str
    passed: bool
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A named exception: who decided, why, and when it ends (ISO-8601)."""

    actor: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Transition:
    """What `advance` did. event: hash in the chain. with_devices: ids of devices that entered service with their host."""

    asset: str
    from_state: str | None
    to_state: str
    event: str
    cause: str | None = None
    with_devices: tuple[str, ...] = ()


def advance(
    city: City,
    asset_id: str,
    to_state: str,
    actor: str,
    at: Moment | None = None,
    *,
    inspection: Inspection | None = None,
    decision: Decision | str | None = None,
) -> Transition:
    """Move an asset to another state.

    at           when it happened; default now
    inspection   needed for `accepted`
    decision     exception for entering service without accepted devices: a new decision, or the hash of its event
    raises       NotFound for an unknown asset; Invalid for an unknown state, a missing name or a time before the present version;
                 Conflict for a move that is not allowed; Forbidden when devices are not accepted and no valid decision says otherwise
    """
    kind, row, state = _present(city, asset_id)
    moment = _moment(at, row)
    _named(actor, "actor")
    _check_move(asset_id, state, to_state)
    if to_state == "accepted":
        _check_inspection(asset_id, inspection, moment)
    gaps = device_gaps(city, kind, asset_id) if to_state == "in_service" else []
    if gaps and decision is None:
        raise Forbidden(
            f"the asset cannot enter service: {'; '.join(gaps)}",
            fix="Have the devices inspected and accepted, or give a decision that names actor, reason and expiry",
            id=asset_id,
        )
    if isinstance(decision, Decision):
        _check_decision(decision, moment, asset_id)
    elif isinstance(decision, str):
        _find_decision(city, decision, moment, asset_id)
    with city.repository.write() as writer:
        moment = writer.stamp if at is None else moment
        cause = decision if isinstance(decision, str) else None
        if isinstance(decision, Decision):
            cause = _append_decision(writer, asset_id, decision, moment)
        if inspection is not None and to_state == "accepted":
            cause = _append_inspection(writer, asset_id, inspection, actor, moment)
        event = _move(writer, kind, row, state, to_state, actor, moment, cause, {"without": gaps} if gaps else {})
        followers = _devices_follow(city, writer, kind, asset_id, actor, moment, event) if to_state == "in_service" else ()
    return Transition(asset_id, state, to_state, event, cause, followers)


def record_inspection(city: City, asset_id: str, inspection: Inspection, actor: str, at: Moment | None = None) -> Transition | str:
    """Record an inspection; a passed one makes an installed asset accepted, a failed one leaves it as it is.

    returns   the transition, or the hash of the event when the inspection was not passed
    """
    if inspection.passed:
        return advance(city, asset_id, "accepted", actor, at, inspection=inspection)
    _, row, _ = _present(city, asset_id)
    moment = _moment(at, row)
    _named(actor, "actor")
    _named(inspection.inspector, "inspector")
    with city.repository.write() as writer:
        return _append_inspection(writer, asset_id, inspection, actor, moment)


def decide_exception(city: City, asset_id: str, decision: Decision, at: Moment | None = None) -> str:
    """Record the decision that a host may enter service without its devices; returns the hash that `advance` takes."""
    _, row, _ = _present(city, asset_id)
    moment = _moment(at, row)
    _check_decision(decision, moment, asset_id)
    with city.repository.write() as writer:
        return _append_decision(writer, asset_id, decision, moment)


def _present(city: City, asset_id: str) -> tuple[Kind, pa.Table, str | None]:
    if city.at is not None:
        raise Conflict("the past cannot be changed", fix="Open the present city and give the time with at=...")
    kind = city.kind_of(asset_id)
    row = city.table(kind.name, ids=[asset_id])
    if row.num_rows == 0:
        raise NotFound("there is no such asset now", fix="Check the id", id=asset_id)
    return kind, row, row["lifecycle"][0].as_py()


def _moment(at: Moment | None, row: pa.Table) -> Instant:
    moment = now() if at is None else parse_instant(at, field="at")
    began = row["valid_from"].to_numpy()[0].astype("datetime64[ms]")
    if moment < began:
        raise Invalid(f"the asset as it is now began at {to_text(began)}, after {to_text(moment)}", fix="Give a later time", field="at")
    return moment


def _named(text: str, field: str) -> None:
    if not text or not text.strip():
        raise Invalid(f"the {field} must be named", fix="Say who it was", field=field)


def _check_move(asset_id: str, state: str | None, to_state: str) -> None:
    if to_state not in LIFECYCLE:
        raise Invalid(f"{to_state!r} is no lifecycle state", fix=f"Use one of: {', '.join(LIFECYCLE)}", field="to_state")
    if state not in MOVES:
        raise Conflict(f"the asset is in the unknown state {state!r}", fix=f"Correct it to one of: {', '.join(LIFECYCLE)}", id=asset_id)
    allowed = MOVES[state]
    if to_state not in allowed:
        here = "no recorded state" if state is None else state
        ways = f"From there it may go to: {', '.join(allowed)}" if allowed else "It stays retired; register the new asset under its own id"
        raise Conflict(f"an asset cannot go from {here} to {to_state}", fix=ways, id=asset_id)


def _check_inspection(asset_id: str, inspection: Inspection | None, moment: Instant) -> None:
    if inspection is None:
        raise Forbidden("an asset is accepted only on an inspection", fix="Give inspector, date and result", id=asset_id)
    _named(inspection.inspector, "inspector")
    if not inspection.passed:
        raise Forbidden("the inspection was not passed", fix="Record it with record_inspection; repair and inspect again", id=asset_id)
    day = parse_instant(inspection.date, field="date")
    if day > moment:
        raise Invalid("the inspection is dated after the acceptance", fix="Correct the date", field="date")


def _check_decision(decision: Decision, moment: Instant, asset_id: str) -> None:
    _named(decision.actor, "actor")
    _named(decision.reason, "reason")
    if not decision.expires or parse_instant(decision.expires, field="expires") <= moment:
        raise Invalid("the decision must say when it ends, and that must lie ahead", fix="Give expires as a later ISO-8601 time", field="expires", id=asset_id)


def _find_decision(city: City, event_hash: str, moment: Instant, asset_id: str) -> None:
    events = [e for e in city.events(subject=asset_id, type=DECISION).to_pylist() if e["hash"] == event_hash]
    payload = json.loads(events[0]["payload"] or "{}") if events else {}
    if not events or payload.get("about") != EXCEPTION:
        raise NotFound("there is no such decision about this asset", fix="Record it with decide_exception", id=asset_id)
    _check_decision(Decision(events[0]["actor"] or "", payload.get("reason", ""), payload.get("expires", "")), moment, asset_id)


def _append_decision(writer: Writer, asset_id: str, decision: Decision, at: Instant) -> str:
    payload = {"about": EXCEPTION, "reason": decision.reason, "expires": to_text(parse_instant(decision.expires))}
    return writer.append_event({"time": at, "type": DECISION, "subject": asset_id, "actor": decision.actor, "payload": payload})


def _append_inspection(writer: Writer, asset_id: str, inspection: Inspection, actor: str, at: Instant) -> str:
    payload = asdict(inspection)
    return writer.append_event({"time": at, "type": INSPECTION, "subject": asset_id, "actor": actor, "payload": payload})


def _move(
    writer: Writer, kind: Kind, row: pa.Table, state: str | None, to_state: str, actor: str, at: Instant, cause: str | None, more: dict[str, Any]
) -> str:  # fmt: skip
    """One transition inside a transaction: the event, and the next version of the asset."""
    asset_id = row["id"][0].as_py()
    payload = {"from": state, "to": to_state, **more}
    event = writer.append_event({"time": at, "type": TRANSITION, "subject": asset_id, "actor": actor, "cause": cause, "payload": payload})
    schema = tables.asset_schema(kind)
    fresh = row.select(schema.names)
    fresh = fresh.set_column(schema.get_field_index("lifecycle"), "lifecycle", pa.array([to_state], pa.string()))
    writer.close(kind, [asset_id], at)
    writer.append(kind, fresh, at)
    return event


def _devices_follow(city: City, writer: Writer, kind: Kind, host_id: str, actor: str, at: Instant, cause: str) -> tuple[str, ...]:
    """Accepted devices of a host that enters service are put into use with it."""
    moved = []
    for name in kind.requires_devices:
        device = city.kind(name)
        held = city.table(name)
        mine = held.filter(pa.array((held["host_id"].to_numpy() == host_id) & (held["lifecycle"].to_numpy() == "accepted"), pa.bool_()))
        for i in range(mine.num_rows):
            row = mine.slice(i, 1)
            began = row["valid_from"].to_numpy()[0].astype("datetime64[ms]")
            _move(writer, device, row, "accepted", "in_service", actor, max(at, began), cause, {"host": host_id})
            moved.append(row["id"][0].as_py())
    return tuple(moved)
