"""The power tables of a city as plain columns, with what is wrong with them said once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.finding import Findings

KINDS = ("bus", "line", "transformer", "transformer3", "impedance", "switch", "external_grid", "generator", "substation", "load", "battery", "shunt", "ward", "dc_line")
"""Kinds whose state changes the answer, in the order of the components."""


@dataclass
class Tables:
    """The tables, and where each component stands.

    table      kind without "power." -> table
    first      kind -> number of its first component
    findings   what could not be used
    """

    table: dict[str, pa.Table]
    frequency: float
    findings: Findings = field(default_factory=Findings)
    first: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        start = 0
        for kind in KINDS:
            self.first[kind] = start
            start += self.table[kind].num_rows
        self.bus_ids = self.ids("bus")
        self._ends: dict[tuple[str, ...], tuple[np.ndarray, ...]] = {}

    def ids(self, kind: str) -> pa.Array:
        return _whole(self.table[kind]["id"])

    def component_ids(self) -> pa.Array:
        """(component,) ids of all kinds, in order."""
        return pa.concat_arrays([self.ids(kind) for kind in KINDS])

    def components(self, kind: str) -> np.ndarray:
        """Numbers of all components of a kind."""
        return self.first[kind] + np.arange(self.table[kind].num_rows)

    def number(self, kind: str, name: str, default: float = np.nan) -> np.ndarray:
        """A column as float64, `default` where null."""
        values = self.table[kind][name].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
        return np.where(np.isnan(values), default, values)

    def flag(self, kind: str, name: str, default: bool = True) -> np.ndarray:
        """A boolean column, `default` where null."""
        return np.asarray(pc.fill_null(self.table[kind][name], default).to_numpy(zero_copy_only=False), bool)

    def text(self, kind: str, name: str) -> np.ndarray:
        """A text column as objects, "" where null."""
        return np.asarray(pc.fill_null(self.table[kind][name].cast(pa.string()), "").to_numpy(zero_copy_only=False), object)

    def working(self, kind: str) -> np.ndarray:
        """In service by its own field and by its lifecycle."""
        lifecycle = self.text(kind, "lifecycle")
        on = ~np.isin(lifecycle, ("planned", "designed", "installed", "accepted", "out_of_service", "retired"))
        return on & self.flag(kind, "in_service") if "in_service" in self.table[kind].column_names else on

    def at(self, kind: str, name: str, target: str = "bus") -> np.ndarray:
        """Rows of `target` that an id column names, -1 for none."""
        value_set = self.bus_ids if target == "bus" else self.ids(target)
        found = pc.index_in(_whole(self.table[kind][name]), value_set=value_set, skip_nulls=True)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)

    def attached(self, kind: str, *names: str) -> tuple[np.ndarray, ...]:
        """Bus rows of the named ends; rows where any is missing become findings, once, and stay -1."""
        if (kind, *names) in self._ends:
            return self._ends[kind, *names]
        ends = self._ends[kind, *names] = tuple(self.at(kind, name) for name in names)
        self.refuse(kind, np.any([end < 0 for end in ends], axis=0), "power.missing_bus", "it names a bus that the city does not have, so it is left out",
                    names[0], "Add the bus or correct the reference")
        return ends

    def refuse(self, kind: str, mask: np.ndarray, rule: str, said: str, column: str, fix: str, severity: str = "error") -> None:
        """One finding for every row of a kind in `mask`."""
        rows = np.flatnonzero(mask)
        if len(rows):
            self.findings.add_rows(rule, severity, said, kind=f"power.{kind}", ids=self.ids(kind).take(pa.array(rows)), column=column, fix=fix)


def read_tables(city: Any) -> Tables:
    """All power tables of a city."""
    present = city.counts()
    frequency = 50.0
    if "power.record" in present:
        records = city.table("power.record", columns=["source_table", "content"])
        for text in records.filter(pc.equal(records["source_table"], "net"))["content"].to_pylist():
            frequency = float(json.loads(text).get("f_hz") or frequency)
    return Tables({kind: city.table(f"power.{kind}") for kind in KINDS}, frequency)


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks().cast(pa.string()) if isinstance(column, pa.ChunkedArray) else column.cast(pa.string())
