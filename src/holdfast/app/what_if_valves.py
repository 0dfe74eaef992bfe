"""Valves that stand on an edge and are no part of the network themselves: what closing and opening them orders at their edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from holdfast.model.city import City
from holdfast.model.lifeline import Command
from holdfast.model.spec import Kind

_CLOSED = {(True, False): Command.CLOSED_AT_START, (False, True): Command.CLOSED_AT_END, (True, True): Command.CLOSED}


@dataclass(frozen=True, slots=True)
class Valve:
    """One valve.

    row     its edge's row among the assets, None where it names no edge of a network
    ends    whether it shuts the edge at its start, at its end; both where that is not recorded
    closed  in its normal state
    """

    row: int | None
    ends: tuple[bool, bool]
    closed: bool


class Valves(dict[str, Valve]):
    """All such valves of a city by id. at: asset id -> row"""

    def __init__(self, city: City, at: dict[str, int]) -> None:
        present = city.counts()
        kinds = [kind for kind in city.catalog.kinds.values() if kind.shuts is not None and present.get(kind.name)]
        super().__init__(pair for kind in kinds for pair in _of_kind(city, kind, at))
        self._on: dict[int, list[str]] = {}
        for name, valve in self.items():
            if valve.row is not None:
                self._on.setdefault(valve.row, []).append(name)

    def orders(self, moves: Iterable[tuple[str, bool]], leaking: Iterable[int]) -> Iterator[tuple[int, Command]]:
        """(row, command) of every edge on which a valve was moved, or which leaks: there it matters from which end.

        moves    valve id and whether it is opened; the last move of each counts
        leaking  rows of edges
        """
        opened = dict(moves)
        moved = (row for name in opened if (row := self[name].row) is not None)
        for row in {*moved, *leaking} & self._on.keys():
            shut = [self[name].ends for name in self._on[row] if not opened.get(name, not self[name].closed)]
            if shut:
                yield row, _CLOSED[any(start for start, _ in shut), any(end for _, end in shut)]
            elif any(self[name].closed for name in self._on[row]):  # opening one that is open anyway changes nothing
                yield row, Command.OPEN


def _of_kind(city: City, kind: Kind, at: dict[str, int]) -> Iterator[tuple[str, Valve]]:
    shuts: Any = kind.shuts
    columns = ["id", shuts.edge, shuts.end, shuts.state]
    table = city.table(kind.name, columns=columns)
    rows = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
    between = _ends(city, {edge for _, edge, _, _ in rows if edge in at})
    for name, edge, beside, state in rows:
        first, last = between.get(edge, (None, None))
        known = beside is not None and beside in (first, last)
        yield name, Valve(at.get(edge), (beside == first, beside == last) if known else (True, True), state == "CLOSED")


def _ends(city: City, edges: set[str]) -> dict[str, tuple[str, str]]:
    """Edge id -> ids of its start and end."""
    found: dict[str, tuple[str, str]] = {}
    columns = ("id", "from_id", "to_id")
    for kind in sorted({city.kind_of(edge).name for edge in edges}):
        table = city.table(kind, columns=columns)
        found |= {edge: (first, last) for edge, first, last in zip(*(table[name].to_pylist() for name in columns), strict=True)}
    return found
