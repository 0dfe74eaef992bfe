"""Devices in step with the main equipment: which hosts still lack an accepted device that their kind requires."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.spec import Kind
from holdfast.model.time import now, parse_instant

READY_STATES: tuple[str, ...] = ("accepted", "in_service")
"""States of a device that has been accepted and can be used."""

DECISION = "decision"  # event type
EXCEPTION = "enter service without accepted devices"
"""What the payload of a decision is about when it lets a host enter service early."""

READINESS = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("lifecycle", pa.string()),
        ("device_kind", pa.string()),
        ("devices", pa.int64()),  # hosted, retired ones not counted
        ("accepted", pa.int64()),
        ("ready", pa.bool_()),
        ("in_violation", pa.bool_()),  # in service although not ready
    ]
)


def readiness(city: Any, kinds: Iterable[str] | None = None) -> pa.Table:
    """One row per host and required device kind, in `READINESS`.

    A host is ready when it has at least one device of each required kind and all of them have been accepted; a device whose
    state is unknown has not.
    """
    wanted = None if kinds is None else set(kinds)
    present = set(city.counts())
    pieces = []
    for kind in city.catalog.kinds.values():
        if kind.requires_devices and kind.name in present and (wanted is None or kind.name in wanted):
            hosts = city.table(kind.name, columns=["id", "name", "lifecycle"])
            pieces += [_of_kind(city, kind, hosts, device, device in present) for device in kind.requires_devices]
    return pa.concat_tables(pieces) if pieces else READINESS.empty_table()


def _of_kind(city: Any, kind: Kind, hosts: pa.Table, device: str, installed: bool) -> pa.Table:
    count = hosts.num_rows
    total, good = np.zeros(count, np.int64), np.zeros(count, np.int64)
    if installed:
        held = city.table(device, columns=["host_id", "lifecycle"])
        retired = pc.fill_null(pc.equal(held["lifecycle"], "retired"), False)
        held = held.filter(pc.invert(retired))
        position = pc.index_in(held["host_id"], value_set=hosts["id"])
        mine = np.asarray(position.is_valid().to_numpy(), bool)
        at = np.asarray(pc.fill_null(position, 0).to_numpy(), np.int64)
        ready = np.asarray(pc.fill_null(pc.is_in(held["lifecycle"], value_set=pa.array(READY_STATES)), False).to_numpy(), bool)
        total = np.bincount(at[mine], minlength=count)
        good = np.bincount(at[mine & ready], minlength=count)
    done = (total > 0) & (good == total)
    serving = np.asarray(pc.fill_null(pc.equal(hosts["lifecycle"], "in_service"), False).to_numpy(), bool)
    columns = [
        pa.repeat(pa.scalar(kind.name), count), hosts["id"], hosts["name"], hosts["lifecycle"], pa.repeat(pa.scalar(device), count),
        pa.array(total, pa.int64()), pa.array(good, pa.int64()), pa.array(done), pa.array(serving & ~done),
    ]  # fmt: skip
    return pa.table(columns, schema=READINESS)


def device_gaps(city: Any, kind: Kind, asset_id: str) -> list[str]:
    """Why one host may not enter service: a sentence per required device kind that is missing or not accepted; empty when it may."""
    gaps = []
    for name in kind.requires_devices:
        device = city.catalog.kinds[name]
        held = city.table(name, columns=["id", "host_id", "lifecycle"]) if name in city.counts() else None
        rows = [] if held is None else held.filter(pc.fill_null(pc.equal(held["host_id"], asset_id), False)).to_pylist()
        rows = [r for r in rows if r["lifecycle"] != "retired"]
        if not rows:
            gaps.append(f"it has no {device.title.lower()} ({name})")
        late = [f"{r['id']} is {r['lifecycle'] or 'in no recorded state'}" for r in rows if r["lifecycle"] not in READY_STATES]
        if late:
            gaps.append(f"{device.title.lower()} not accepted: {', '.join(late[:5])}{' ...' if len(late) > 5 else ''}")
    return gaps


def open_exceptions(city: Any, at: Any = None) -> pa.Table:
    """Decisions that let hosts enter service without their devices.

    at        time to judge expiry by, default now
    returns   columns asset, actor, reason, expires (ISO-8601, UTC), expired, hash
    """
    moment = now() if at is None else parse_instant(at)
    rows = []
    for event in city.events(type=DECISION).to_pylist():
        payload = json.loads(event["payload"] or "{}")
        if payload.get("about") == EXCEPTION:
            expired = bool(parse_instant(payload["expires"]) <= moment)
            rows.append({"asset": event["subject"], "actor": event["actor"], "reason": payload["reason"], "expires": payload["expires"], "expired": expired,
                         "hash": event["hash"]})
    text = [(name, pa.string()) for name in ("asset", "actor", "reason", "expires")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*text, ("expired", pa.bool_()), ("hash", pa.string())]))
