"""A city's drainage tables made ready for a SWMM file."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.io.model_tables import ModelTables
from holdfast.io.sectioned import plain, quoted
from holdfast.model import geometry

from .context import AREA, CURVE, GAUGE, LINK_KINDS, NODE_KINDS, PATTERN, SERIES
from .units import Units

LONGEST_NAME = 200
MANNING = {"T": 0.013, "PE": 0.010, "PVC": 0.010, "BLG": 0.010, "QM": 0.013, "ZT": 0.013, "G": 0.012, "ZS": 0.015, "Z": 0.015, "S": 0.017, "TC": 0.013}
"""Manning coefficients by material where a conduit has none; concrete and plastic [recalled, standards.md 8.4], the others [proposal]."""


class Export(ModelTables):
    """Drainage tables of one export, and the units to write in."""

    def __init__(self, city: Any) -> None:
        super().__init__(city, NODE_KINDS, (*LINK_KINDS, "drainage.gate"), others=((AREA,), (GAUGE,), (SERIES,), (CURVE,), (PATTERN,)), name_bytes=LONGEST_NAME)
        self.units = Units()
        self.levels = {row["id"]: self._level(kind, row) for kind in NODE_KINDS for row in self.rows(kind)}

    def _level(self, kind: str, row: dict[str, Any]) -> float:
        if row.get("elevation") is not None:
            return row["elevation"]
        self.assumed[f"{kind}.elevation"] += 1
        if row.get("ground_elevation") is not None:
            return row["ground_elevation"] - (row.get("well_bottom_depth") or row.get("depth") or 0.0)
        points = self.points(kind, row)
        return float(points[0, 2]) if len(points) and points.shape[1] == 3 else 0.0

    def word(self, asset_id: str | None) -> str:
        """Name in the file as a column."""
        return quoted(self.name(asset_id))

    def si(self, value: float | None, factor: float = 1.0) -> str:
        """A number in the file's units; 0 where it is missing."""
        return plain((value or 0.0) / factor)

    def offset(self, row: dict[str, Any], end: str) -> str:
        """Height of a link's end above its node, or its level, as the file's options ask."""
        base = self.levels[row[f"{end}_id"]]
        height, level = row.get(f"{end}_offset"), row.get(f"{end}_elevation")
        if self.units.elevations:
            value = level if level is not None else base + (height or 0.0)
        elif height is not None:
            value = height
        else:
            value = max(0.0, level - base) if level is not None else 0.0
        return plain(value / self.units.length)

    def rings(self) -> dict[str, np.ndarray]:
        """Outline (n, 2) of each subcatchment that has one, without the closing point; of several parts the largest."""
        import shapely

        table = self.city.table(AREA)
        out: dict[str, np.ndarray] = {}
        for asset_id, shape in zip(table["id"].to_pylist(), geometry.decode(table["geometry"]) if table.num_rows else (), strict=True):
            if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
                continue
            parts = shapely.get_parts(shape)
            if len(parts) > 1:
                self.left_out["further parts of a subcatchment outline"] += len(parts) - 1
            largest = parts[np.argmax(shapely.area(parts))]
            out[asset_id] = shapely.get_coordinates(shapely.get_exterior_ring(largest))[:-1]
        return out
