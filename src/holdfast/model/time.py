"""Time: UTC inside as numpy datetime64[ms], ISO-8601 with offset outside.

The two time axes of a fact are stored to the millisecond; a writer never stamps two commits with the same one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from .errors import Invalid

Instant = np.datetime64


def now() -> Instant:
    """The current instant, UTC, to the millisecond."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ms")


def parse_instant(value: str | datetime | date | np.datetime64, *, field: str = "time") -> Instant:
    """An instant from ISO-8601 text, a date or a datetime.

    Text without an offset is taken as UTC; a bare date is midnight UTC.
    raises    Invalid if the text is no ISO-8601 instant
    """
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[ms]")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise Invalid(f"{value!r} is not a time", fix="Write ISO-8601, e.g. 2026-11-22T08:00:00+08:00", field=field) from error
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return np.datetime64(value, "ms")
    return np.datetime64(value, "ms")


def to_text(instant: Instant | None) -> str | None:
    """ISO-8601 text in UTC with milliseconds and Z, as GeoPackage DATETIME wants it; null stays null."""
    if instant is None or np.isnat(instant):
        return None
    return f"{np.datetime_as_string(instant.astype('datetime64[ms]'), unit='ms')}Z"
