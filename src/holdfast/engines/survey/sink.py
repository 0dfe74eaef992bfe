"""Where checks put what they find: masks over one table become rows of findings, with place and row number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.finding import Findings

from .declared import CHECKS


class Sink:
    """Findings about the rows of one table.

    kind     asset kind of the rows
    ids      (n,) Arrow column of ids
    xy       gives (k, 2) city coordinates of the rows with these indices; only asked when something is found
    rows     (n,) row numbers in the file, or None
    wanted   names of checks to keep, or None for all
    """

    def __init__(
        self,
        findings: Findings,
        kind: str,
        ids: pa.Array | pa.ChunkedArray,
        xy: Callable[[np.ndarray], np.ndarray] | None = None,
        file: str | None = None,
        rows: np.ndarray | None = None,
        wanted: frozenset[str] | None = None,
    ) -> None:
        self.findings, self.kind, self.ids, self.xy, self.file, self.rows, self.wanted = findings, kind, ids, xy, file, rows, wanted

    def wants(self, *names: str) -> bool:
        """Whether any of these checks was asked for."""
        return self.wanted is None or not self.wanted.isdisjoint(names)

    def flag(
        self,
        name: str,
        at: np.ndarray,
        *,
        column: str | None = None,
        values: Any = None,
        message: str | None = None,
        messages: Callable[[np.ndarray], list[str]] | None = None,
        fix: str | None = None,
    ) -> None:
        """Report the rows `at` (bool mask or indices).

        values     (n,) array over all rows; the offending ones are shown
        message    instead of the check's title
        messages   f(indices) -> one message per row
        """
        if not self.wants(name):
            return
        index = np.flatnonzero(at) if at.dtype == bool else np.asarray(at)
        if len(index) == 0:
            return
        check = CHECKS[name]
        shown = index[: self.findings.limit]
        place = self.xy(shown) if self.xy is not None else None
        self.findings.add_rows(
            name,
            check.severity,
            message or check.title,
            kind=self.kind,
            ids=_padded(self.ids.take(pa.array(shown)), len(index)),
            column=column,
            fix=check.fix if fix is None else fix,
            file=self.file,
            values=None if values is None else _take(values, shown),
            rows=None if self.rows is None else np.asarray(self.rows)[shown],
            x=None if place is None else place[:, 0],
            y=None if place is None else place[:, 1],
            messages=None if messages is None else messages(shown),
        )

    def note(self, name: str, message: str, *, column: str | None = None, value: Any = None, fix: str | None = None) -> None:
        """Report something about the table as a whole."""
        if self.wants(name):
            check = CHECKS[name]
            self.findings.add(name, check.severity, message, fix=check.fix if fix is None else fix, kind=self.kind, column=column, value=value, file=self.file)


def _take(values: Any, index: np.ndarray) -> list[Any]:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.take(pa.array(index)).to_pylist()
    return [round(v, 6) if isinstance(v, float) else v for v in np.asarray(values)[index].tolist()]


def _padded(ids: Any, count: int) -> list[Any]:
    """Ids of the rows shown; `Findings` counts the rest although it keeps none of them."""
    shown = ids.to_pylist()
    return shown if len(shown) == count else [*shown, *[None] * (count - len(shown))]
