"""The hash chain of the event table: each event carries the SHA-256 of its own canonical JSON and of its predecessor's hash.

Changing, dropping or reordering an old event breaks every hash after it, on either store, and `verify` says where.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..model.errors import Invalid
from ..model.time import Instant, parse_instant, to_text

FIRST_HASH = "0" * 64
"""What the first event names as its predecessor."""

CHAINED: tuple[str, ...] = ("number", "time", "type", "subject", "actor", "cause", "payload", "previous_hash")


def event_row(row: dict[str, Any], number: int, previous_hash: str, stamp: Instant) -> dict[str, Any]:
    """The complete row to store for a new event.

    row      time, type, subject, actor, cause, payload; an absent time means `stamp`, payload is JSON text or a JSON-able value
    returns  columns of `tables.EVENT`, time as an Instant
    raises   Invalid if a column is unknown, the type is missing or the payload is no JSON
    """
    unknown = set(row) - {"time", "type", "subject", "actor", "cause", "payload"}
    if unknown or not row.get("type"):
        problem = f"an event has no column {sorted(unknown)[0]!r}" if unknown else "an event needs a type"
        raise Invalid(problem, fix="Give time, type, subject, actor, cause and payload", field=sorted(unknown)[0] if unknown else "type")
    payload = row.get("payload")
    if payload is not None and not isinstance(payload, str):
        payload = _canonical(payload)
    given = row.get("time")
    full = {
        "number": number,
        "time": stamp if given is None else parse_instant(given),
        "type": row["type"],
        "subject": row.get("subject"),
        "actor": row.get("actor"),
        "cause": row.get("cause"),
        "payload": payload,
        "previous_hash": previous_hash,
    }
    return {**full, "hash": event_hash(full)}


def event_hash(row: dict[str, Any]) -> str:
    """SHA-256, in hex, of an event's canonical JSON.

    row      columns CHAINED; time an Instant, payload JSON text or null
    raises   Invalid if the payload is no JSON
    """
    try:
        payload = None if row["payload"] is None else json.loads(row["payload"])
        body = _canonical({**{name: row[name] for name in CHAINED}, "time": to_text(row["time"]), "payload": payload})
    except ValueError as error:
        raise Invalid("an event's payload is no JSON", fix="Give a JSON object without NaN or infinity", field="payload") from error
    return hashlib.sha256(body.encode()).hexdigest()


def _canonical(value: Any) -> str:
    """JSON with sorted keys, no blanks, text as UTF-8, and no number that JSON cannot say."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def verify(events: pa.Table) -> list[tuple[int, str]]:
    """Check the whole chain.

    events    (event,) columns of `tables.EVENT`, all of them, any order
    returns   number and reason of each event that does not fit; empty when the chain holds
    """
    ordered = events.take(pc.sort_indices(events, sort_keys=[("number", "ascending")]))
    columns = {name: ordered[name].to_pylist() for name in (*CHAINED, "hash") if name != "time"}
    times = ordered["time"].cast(pa.int64()).to_pylist()
    wrong: list[tuple[int, str]] = []
    previous, expected = FIRST_HASH, 1
    for index, number in enumerate(columns["number"]):
        row = {name: values[index] for name, values in columns.items()}
        row["time"] = None if times[index] is None else np.datetime64(times[index], "ms")
        if number != expected:
            wrong.append((number, f"event {expected} is missing" if number > expected else "number is used twice"))
        if row["previous_hash"] != previous:
            wrong.append((number, "does not follow the event before it"))
        try:
            intact = event_hash(row) == row["hash"]
        except Invalid:
            intact = False
        if not intact:
            wrong.append((number, "content was changed after it was written"))
        previous, expected = row["hash"], number + 1
    return wrong
