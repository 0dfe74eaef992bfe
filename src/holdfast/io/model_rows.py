"""Rows taken from a sectioned model file: what the parts of a reader share, and how they complain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from holdfast.model.finding import Findings

from .sectioned import Line, Sections, number

FOOT = 0.3048


@dataclass(slots=True)
class ModelRows:
    """One file being read.

    nodes, links  id in the file, through `key` -> its row
    kinds         kind -> rows, each with "row" (line of the file) and "id"
    fold          whether the engine takes ids that differ in case for the same
    """

    file: str
    sections: Sections
    findings: Findings
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)  # names of kept lines met
    fold: bool = False

    def key(self, name: str) -> str:
        """How an id is looked up."""
        return name.casefold() if self.fold else name

    def add(self, kind: str, name: str, line: Line, **cells: Any) -> dict[str, Any]:
        """Add a row; its position is the order of rows of that kind."""
        rows = self.kinds.setdefault(kind, [])
        row = {"id": f"{kind}:{name}", "row": line.number, "position": len(rows), "comment": line.comment or None, **cells}
        rows.append(row)
        return row

    def wrong(self, rule: str, line: Line | int, message: str, fix: str, severity: str = "error", **cells: Any) -> None:
        """Report a line."""
        row = line if isinstance(line, int) else line.number
        self.findings.add(f"import.{rule}", severity, message, fix=fix, file=self.file, row=row, **cells)

    def enough(self, line: Line, count: int, section: str, kind: str) -> bool:
        """Whether a line has at least `count` columns; reports it if not."""
        if len(line.tokens) >= count:
            return True
        self.wrong("few_columns", line, f"[{section}] needs {count} columns, found {len(line.tokens)}", "Complete the line", kind=kind, value=line.text)
        return False

    def value(self, line: Line, at: int, column: str, row_id: str, factor: float = 1.0, default: float | None = None) -> float | None:
        """The number in a column in SI; `default` (already SI) where the column is absent; null with a finding where it is no number."""
        if at >= len(line.tokens) or line.tokens[at] == "*":
            return default
        found = number(line.tokens[at])
        if found is None:
            self.wrong("bad_number", line, f"{line.tokens[at]!r} is not a number", "Write a plain number", kind=row_id.partition(":")[0],
                       column=column, id=row_id, value=line.tokens[at])  # fmt: skip
            return default
        return found * factor

    def node_id(self, line: Line, name: str, column: str, row_id: str) -> str | None:
        """The asset id of a node named in the file; null with a finding where there is none."""
        return self._named(self.nodes, "node", line, name, column, row_id)

    def link_row(self, line: Line, name: str, section: str) -> dict[str, Any] | None:
        return self._row(self.links, "link", line, name, section)

    def node_row(self, line: Line, name: str, section: str) -> dict[str, Any] | None:
        return self._row(self.nodes, "node", line, name, section)

    def _named(self, rows: Mapping[str, dict[str, Any]], what: str, line: Line, name: str, column: str, row_id: str) -> str | None:
        row = rows.get(self.key(name))
        if row is not None:
            return row["id"]
        self.wrong(f"missing_{what}", line, f"{what} {name} is not in the file", f"Add the {what} or correct the name", kind=row_id.partition(":")[0],
                   column=column, id=row_id, value=name)  # fmt: skip
        return None

    def _row(self, rows: Mapping[str, dict[str, Any]], what: str, line: Line, name: str, section: str) -> dict[str, Any] | None:
        row = rows.get(self.key(name))
        if row is None:
            self.wrong(f"missing_{what}", line, f"[{section}] names {what} {name}, which is not in the file", f"Add the {what} or remove the line", value=name)
        return row

    def is_new(self, rows: Mapping[str, Any], line: Line, name: str, kind: str) -> bool:
        """Whether an id is met for the first time; reports it if not."""
        if self.key(name) not in rows:
            return True
        self.wrong("duplicate_id", line, f"id {name} is used twice; the first one is kept", "Give one of them another id", kind=kind, id=f"{kind}:{name}", value=name)
        return False

    def in_range(self, rows: Mapping[str, dict[str, Any]], low: str, high: str) -> list[dict[str, Any]]:
        """Rows whose id lies between two ids: as numbers where both are, else as text."""
        first, last = number(low), number(high)
        if first is not None and last is not None:
            return [row for name, row in rows.items() if (n := number(name)) is not None and first <= n <= last]
        return [row for name, row in rows.items() if low <= name <= high]


def coordinates_seem(at: np.ndarray, stated: np.ndarray, drawn: np.ndarray) -> str:
    """What the coordinates of a model are in, since the file does not say: "m", "ft", "deg", "schematic" or "none".

    at      (n, 2) coordinates of nodes, NaN where there are none
    stated  (m,) lengths of links as the file states them [m]; drawn: lengths of their lines in file coordinates
    A median ratio of 1 says metres, of 0.3048 feet.
    """
    known = at[~np.isnan(at[:, 0])]
    if len(known) == 0:
        return "none"
    if (np.abs(known) <= (180.0, 90.0)).all() and np.ptp(known, axis=0).max() < 5.0:
        return "deg"
    use = (drawn > 0) & (stated > 0)
    if use.sum() < 2:
        return "schematic"
    ratio = stated[use] / drawn[use]
    middle = float(np.median(ratio))
    for name, factor in (("m", 1.0), ("ft", FOOT)):
        if abs(middle / factor - 1) < 0.05 and np.median(np.abs(ratio / middle - 1)) < 0.05:
            return name
    return "schematic"


def reference(kind: str, token: str | None) -> str | None:
    """Id of a record named in a file; null for absent ones, which are empty or an asterisk."""
    return f"{kind}:{token}" if token and token != "*" else None


def token(line: Line, at: int) -> str | None:
    """The word at a position of a line, or None."""
    return line.tokens[at] if at < len(line.tokens) else None
