"""Writes small nets in the JSON container of pandapower and pandapipes, whole or damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODULES = {"pandapowerNet": "pandapower.auxiliary", "pandapipesNet": "pandapipes.pandapipes_net"}
GAS = {"_module": "pandapipes.properties.fluids", "_class": "Fluid", "_object": json.dumps({"name": "hgas", "fluid_type": "gas", "is_gas": True})}
WATER = {"_module": "pandapipes.properties.fluids", "_class": "Fluid", "_object": json.dumps({"name": "water", "fluid_type": "liquid", "is_gas": False})}


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
