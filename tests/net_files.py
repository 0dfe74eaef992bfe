"""Writes small nets in the JSON container of pandapower and pandapipes, whole or damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast.io.net_tables import Reading
from holdfast.io.pandapower_json import read_net
from holdfast.model.finding import Findings

MODULES = {"pandapowerNet": "pandapower.auxiliary", "pandapipesNet": "pandapipes.pandapipes_net"}
GAS = {"_module": "pandapipes.properties.fluids", "_class": "Fluid", "_object": json.dumps({"name": "hgas", "fluid_type": "gas", "is_gas": True})}
WATER = {"_module": "pandapipes.properties.fluids", "_class": "Fluid", "_object": json.dumps({"name": "water", "fluid_type": "liquid", "is_gas": False})}
TOWN = [(7.8760, 48.4619), (7.8767, 48.4617), (7.8770, 48.4622)]
ROADS = [{"from_bus": 0, "to_bus": 1, "length_km": 0.0563}, {"from_bus": 1, "to_bus": 2, "length_km": 0.0596}]
"""Three buses in degrees and the lines between them, of the lengths they have on the ground."""


def frame(rows: list[dict[str, Any]], index: list[Any] | None = None) -> dict[str, Any]:
    """A table of the container; columns are those of all rows, missing cells are null."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    content = {"columns": columns, "index": list(range(len(rows))) if index is None else index, "data": [[row.get(name) for name in columns] for row in rows]}
    return {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(content), "orient": "split"}


def save_net(path: Path, cls: str, tables: dict[str, Any], *, indices: dict[str, list[Any]] | None = None, **values: Any) -> Path:
    """Write a net; `indices` gives the row labels of some tables."""
    content = {name: frame(rows, (indices or {}).get(name)) if isinstance(rows, list) else rows for name, rows in tables.items()}
    path.write_text(json.dumps({"_module": MODULES.get(cls, "x"), "_class": cls, "_object": {**values, **content}}), encoding="utf-8")
    return path


def point(x: float, y: float) -> str:
    return json.dumps({"type": "Point", "coordinates": [x, y]})


def reading(
    folder: Path, buses: list[dict[str, Any]], lines: list[dict[str, Any]], crs: str | None = None, indices: dict[str, list[Any]] | None = None, **tables: Any
) -> tuple[Reading, str | None]:
    """A saved power net, opened and with its buses placed; and the CRS that the file states."""
    path = save_net(folder / "n.json", "pandapowerNet", {"bus": buses, "line": lines, **tables}, indices=indices)
    result = Reading(read_net(path, "pandapowerNet"), "bus", Findings())
    result.prepare({"bus": "test.thing", "line": "test.line"})
    length = result.net.table("line").numbers("length_km") * 1e3
    return result, result.place("line", ("from_bus", "to_bus"), length, crs, "test.thing")
