"""Findings: everything wrong with data, as rows that are collected and returned, never raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

SEVERITIES = ("error", "warning", "info")

FINDING_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),  # asset kind or table the row belongs to
        ("column", pa.string()),  # field at fault, null when the whole row is
        ("id", pa.string()),  # asset id, null when the row never got one
        ("rule", pa.string()),  # name of the check, e.g. "survey.reverse_slope"
        ("severity", pa.string()),  # one of SEVERITIES
        ("value", pa.string()),  # the offending value as read
        ("message", pa.string()),
        ("fix", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),  # 1-based data row or line of the file
        ("x", pa.float64()),  # city coordinates [m], null when unknown
        ("y", pa.float64()),
    ]
)


class Findings:
    """An append-only, columnar list of findings.

    Rows are added singly (`add`) or by arrays (`add_rows`); `table()` gives the Arrow table in `FINDING_SCHEMA`.
    At most `limit` rows are kept per rule and kind so that a hopeless file cannot exhaust memory; the true number
    is always in `counts()`, and `dropped()` says how many of them are not in the table.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self.limit = limit
        self._chunks: list[pa.Table] = []
        self._rows: list[dict[str, Any]] = []
        self._kept: Counter[tuple[str, str]] = Counter()
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def add(self, rule: str, severity: str, message: str, *, fix: str = "", **cells: Any) -> None:
        """Add one finding; `cells` are further columns of `FINDING_SCHEMA` (kind, column, id, value, file, row, x, y)."""
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity!r} is not one of {SEVERITIES}")
        kind = str(cells.get("kind") or "")
        self._seen[rule, kind, severity] += 1
        if self._kept[rule, kind] >= self.limit:
            return
        self._kept[rule, kind] += 1
        value = cells.get("value")
        if value is not None:
            cells["value"] = str(value)[:200]
        self._rows.append({"rule": rule, "severity": severity, "message": message, "fix": fix, **cells})

    def add_rows(
        self,
        rule: str,
        severity: str,
        message: str,
        *,
        kind: str,
        ids: Sequence[Any] | pa.Array | np.ndarray,
        column: str | None = None,
        fix: str = "",
        file: str | None = None,
        values: Iterable[Any] | None = None,
        rows: np.ndarray | None = None,
        x: np.ndarray | None = None,
        y: np.ndarray | None = None,
        messages: Sequence[str] | None = None,
    ) -> None:
        """Add one finding per entry of `ids`; the other arrays, where given, have the same length.

        message applies to every row unless `messages` gives one each.
        """
        count = len(ids)
        if count == 0:
            return
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity!r} is not one of {SEVERITIES}")
        self._seen[rule, kind, severity] += count
        room = max(0, self.limit - self._kept[rule, kind])
        keep = min(count, room)
        self._kept[rule, kind] += keep
        if keep == 0:
            return

        def repeat(text: str | None) -> pa.Array:
            return pa.repeat(pa.scalar(text, pa.string()), keep)

        def cut(array: Any, kind_: pa.DataType) -> pa.Array:
            return pa.nulls(keep, kind_) if array is None else pa.array(array[:keep], kind_, from_pandas=True)

        texts = None if values is None else [None if v is None else str(v)[:200] for v, _ in zip(values, range(keep), strict=False)]
        self._chunks.append(
            pa.table(
                [
                    repeat(kind),
                    repeat(column),
                    pa.array([None if i is None else str(i) for i in list(ids[:keep])], pa.string()),
                    repeat(rule),
                    repeat(severity),
                    cut(texts, pa.string()),
                    repeat(message) if messages is None else pa.array(list(messages[:keep]), pa.string()),
                    repeat(fix),
                    repeat(file),
                    cut(rows, pa.int64()),
                    cut(x, pa.float64()),
                    cut(y, pa.float64()),
                ],
                schema=FINDING_SCHEMA,
            )
        )

    def extend(self, other: Findings) -> None:
        """Take over all rows and counts of another list."""
        self._chunks.append(other.table())
        self._seen.update(other._seen)
        self._kept.update(other._kept)

    def __len__(self) -> int:
        """Number of findings seen, kept or not."""
        return sum(self._seen.values())

    def counts(self) -> dict[str, int]:
        """Findings seen, by severity; always has all three keys."""
        by = dict.fromkeys(SEVERITIES, 0)
        for (_, _, severity), n in self._seen.items():
            by[severity] += n
        return by

    def by_rule(self) -> dict[str, int]:
        """Findings seen, by rule name."""
        by: Counter[str] = Counter()
        for (rule, _, _), n in self._seen.items():
            by[rule] += n
        return dict(sorted(by.items()))

    def dropped(self) -> int:
        """Findings seen but not kept because of `limit`."""
        return len(self) - sum(self._kept.values())

    def table(self) -> pa.Table:
        """All kept findings as an Arrow table in `FINDING_SCHEMA`."""
        if self._rows:
            columns = {name: [row.get(name) for row in self._rows] for name in FINDING_SCHEMA.names}
            self._chunks.append(pa.table(columns, schema=FINDING_SCHEMA))
            self._rows = []
        return pa.concat_tables(self._chunks) if self._chunks else FINDING_SCHEMA.empty_table()


def grouped(findings: pa.Table) -> list[dict[str, Any]]:
    """Findings of one rule and kind together, worst first: kind, rule, severity, count, and message, fix, id, row of the first."""
    keys = findings.group_by(["kind", "rule", "severity"], use_threads=False)
    first = keys.aggregate([([], "count_all"), ("message", "first"), ("fix", "first"), ("id", "first"), ("row", "first")])
    rows = [{name.removesuffix("_all").removesuffix("_first"): value for name, value in row.items()} for row in first.to_pylist()]
    return sorted(rows, key=lambda r: (SEVERITIES.index(r["severity"]), -r["count"], r["rule"]))
