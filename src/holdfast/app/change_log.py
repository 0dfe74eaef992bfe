"""What changed, told from what is stored: the log of one asset field by field, and the city of one day against another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from holdfast.engines.survey.changes import compare, diff_table
from holdfast.model import tables
from holdfast.model.city import City, Moment
from holdfast.model.time import now

FIELD_CHANGE = pa.schema(
    [
        ("change", pa.string()),  # created, changed, closed
        ("field", pa.string()),
        ("old", pa.string()),
        ("new", pa.string()),
        ("valid_from", tables.INSTANT),
        ("recorded_at", tables.INSTANT),
        ("source", pa.string()),
    ]
)


def field_changes(history: pa.Table) -> pa.Table:
    """The log of one asset: each field that changed, from what to what, since when it holds, when it was learned, and from which source.

    history   as `City.history` gives it
    returns   rows in `FIELD_CHANGE`, oldest first; the first row says when the asset was created
    """
    rows = history.sort_by([("recorded_at", "ascending"), ("valid_from", "ascending")]).to_pylist()
    log: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    silent = {"id", "source", "shape_length", *tables.TIME_AXES}
    for row in rows:
        stamp = {"valid_from": row["valid_from"], "recorded_at": row["recorded_at"], "source": row["source"]}
        if before is None:
            log.append({"change": "created", "field": None, "old": None, "new": None, **stamp})
        else:
            for name, value in row.items():
                if name not in silent and value != before[name]:
                    log.append({"change": "changed", "field": name, "old": _shown(before[name]), "new": _shown(value), **stamp})
        before = row
    current = [r for r in rows if r["superseded_at"] is None]
    if current and all(r["valid_to"] is not None for r in current):
        last = max(current, key=lambda r: r["valid_to"])
        log.append({"change": "closed", "field": None, "old": None, "new": None, "valid_from": last["valid_to"], "recorded_at": last["recorded_at"],
                    "source": last["source"]})
    return pa.Table.from_pylist(log, schema=FIELD_CHANGE)


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        import shapely

        return str(shapely.to_wkt(shapely.from_wkb(value), rounding_precision=3, output_dimension=3))[:500]
    return repr(value) if isinstance(value, float) else str(value)


def diff_city(city: City, from_: Moment, to: Moment | None = None, kinds: Iterable[str] | None = None, *, known: bool = False) -> pa.Table:
    """The city at one time against the city at another: a row per asset added or closed and per field changed, as in `CHANGE_SCHEMA`.

    from_, to   ISO-8601 text, date or instant; `to` defaults to now
    kinds       names, or none for all the city has
    known       False: what held at the two times, as known now; True: what was believed at each of them
    """
    later_at = now() if to is None else to
    earlier, later = (city.as_of(t, t) if known else city.as_of(t) for t in (from_, later_at))
    names = list(kinds or ()) or sorted(set(earlier.counts()) | set(later.counts()))
    return diff_table(compare(city.kind(n), earlier.table(n), later.table(n), "id", partial=False) for n in names)
