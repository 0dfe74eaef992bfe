"""The hash chain of events: each row's hash covers its content and the hash before it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

GENESIS = "0" * 64
HASHED = ("number", "time", "type", "subject", "actor", "cause", "payload", "previous_hash")


def event_hash(row: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of an event row. `time` is ISO-8601 text with milliseconds and Z, `payload` JSON text."""
    content = json.dumps([row.get(name) for name in HASHED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def broken_links(events: pa.Table) -> list[int]:
    """Numbers of events whose hash or predecessor is wrong; empty when the chain holds. events: all rows, any order."""
    from .time import to_text

    previous, wrong = GENESIS, []
    for row in sorted(events.to_pylist(), key=lambda r: r["number"]):
        row["time"] = to_text(None if row["time"] is None else _instant(row["time"]))
        if row["previous_hash"] != previous or row["hash"] != event_hash(row):
            wrong.append(row["number"])
        previous = row["hash"]
    return wrong


def _instant(value: Any) -> Any:
    from .time import parse_instant

    return parse_instant(value)
