"""Shapes of CityJSON objects: their surfaces as polygons, the outline on the ground, height, and the reverse: blocks from outlines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SURFACES = ("MultiSurface", "CompositeSurface", "Solid", "MultiSolid", "CompositeSolid")
_DEPTH = {"MultiPoint": 0, "MultiLineString": 1, "MultiSurface": 2, "CompositeSurface": 2, "Solid": 3, "MultiSolid": 4, "CompositeSolid": 4}
FLAT = 0.2  # part of a unit normal that is vertical, above which a surface counts as lying


def surfaces(shape: dict[str, Any]) -> Iterator[tuple[list[list[int]], str | None]]:
    """Every surface (list of rings) of a geometry with its semantic type."""
    semantics = shape.get("semantics")
    semantics = semantics if isinstance(semantics, dict) else {}
    listed = semantics.get("surfaces")
    types = [s.get("type") if isinstance(s, dict) else None for s in listed] if isinstance(listed, list) else []
    yield from _walk(shape["boundaries"], semantics.get("values"), types, _DEPTH[shape["type"]] - 2)


def _walk(nested: list[Any], values: Any, types: list[str | None], depth: int) -> Iterator[tuple[list[list[int]], str | None]]:
    for place, part in enumerate(nested):
        value = values[place] if isinstance(values, list) and place < len(values) else None
        if depth > 0:
            yield from _walk(part, value, types, depth - 1)
        else:
            yield part, types[value] if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(types) else None


def nested_as(shape: dict[str, Any]) -> bool:
    """Whether the boundaries are lists nested as deep as the geometry type asks."""

    def fits(part: Any, depth: int) -> bool:
        if depth == 0:
            return isinstance(part, int) and not isinstance(part, bool)
        return isinstance(part, list) and all(fits(p, depth - 1) for p in part)

    return fits(shape.get("boundaries"), _DEPTH[shape["type"]] + 1)


def indices(nested: Any) -> Iterator[int]:
    """All vertex numbers in nested boundaries."""
    if isinstance(nested, list):
        for part in nested:
            yield from indices(part)
    else:
        yield nested


def renumber(nested: Any, new: dict[int, int]) -> Any:
    """Nested boundaries with other vertex numbers."""
    return [renumber(part, new) for part in nested] if isinstance(nested, list) else new[nested]


@dataclass(slots=True)
class Outlines:
    """Collects surfaces of many objects, then finds each object's outline in plan at once."""

    xyz: list[np.ndarray]
    ring: list[int]
    surface: list[int]
    owner: list[int]
    rank: list[int]

    @classmethod
    def empty(cls) -> Outlines:
        return cls([], [], [], [], [])

    def add(self, owner: int, shape: dict[str, Any], vertices: np.ndarray) -> None:
        """Take the surfaces of one geometry; rings of fewer than three corners are skipped."""
        for rings, kind in surfaces(shape):
            good = [r for r in rings if len(r) >= 3]
            if not good or kind == "ClosureSurface":
                continue
            number = len(self.owner)
            self.owner.append(owner)
            # an outline comes from ground surfaces where they are named, else from what lies flat, else from everything
            self.rank.append(0 if kind == "GroundSurface" else 1)
            for ring in good:
                self.surface.append(number)
                self.ring.append(len(ring))
                self.xyz.append(vertices[np.asarray(ring)])

    def outlines(self, count: int) -> np.ndarray:
        """(count,) outline of each owner in plan, None where it has no surface."""
        import shapely

        result = np.full(count, None, object)
        if not self.owner:
            return result
        xyz, size = np.concatenate(self.xyz), np.array(self.ring)
        lying = self._lying(xyz, size)
        polygon = self._polygons(xyz, size)
        rank = np.where((np.array(self.rank) == 0), 0, np.where(lying, 1, 2))
        owner = np.array(self.owner)
        usable = ~shapely.is_missing(polygon) & (shapely.area(polygon) > 1e-6)
        best = np.full(count, 9)
        np.minimum.at(best, owner[usable], rank[usable])
        chosen = np.flatnonzero(usable & (rank == best[owner]))
        chosen = chosen[np.argsort(owner[chosen], kind="stable")]
        own = owner[chosen]
        parts = shapely.make_valid(polygon[chosen])
        for who, start, stop in zip(*_groups(own), strict=True):
            merged = shapely.union_all(parts[start:stop], grid_size=0.001) if stop - start > 1 else parts[start]
            result[who] = _areal(merged)
        return result

    def _lying(self, xyz: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Whether each surface's outer ring lies rather than stands, by Newell's normal."""
        first = np.cumsum(size) - size
        following = np.arange(len(xyz)) + 1
        following[first + size - 1] = first
        a, b = xyz, xyz[following]
        normal = np.stack([
            np.add.reduceat((a[:, 1] - b[:, 1]) * (a[:, 2] + b[:, 2]), first), np.add.reduceat((a[:, 2] - b[:, 2]) * (a[:, 0] + b[:, 0]), first),
            np.add.reduceat((a[:, 0] - b[:, 0]) * (a[:, 1] + b[:, 1]), first),
        ])
        flat = np.abs(normal[2]) > FLAT * np.maximum(np.sqrt((normal**2).sum(axis=0)), 1e-12)
        _, outer = np.unique(np.array(self.surface), return_index=True)
        return flat[outer]

    def _polygons(self, xyz: np.ndarray, size: np.ndarray) -> np.ndarray:
        import shapely

        ring = np.repeat(np.arange(len(size)), size)
        return shapely.polygons(shapely.linearrings(xyz[:, :2], indices=ring), indices=np.array(self.surface))


def _groups(own: np.ndarray) -> tuple[list[int], list[int], list[int]]:
    who, start = np.unique(own, return_index=True)
    if len(own) == 0:
        return [], [], []
    return who.tolist(), start.tolist(), [*start[1:].tolist(), len(own)]


def _areal(shape: Any) -> Any:
    """The polygon or multipolygon part of a shape."""
    import shapely

    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [p for p in shapely.get_parts(shape) if p.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else None


def block(shape: Any, low: float, high: float) -> tuple[list[list[float]], list[Any]]:
    """A solid of level of detail 1 standing on an outline.

    shape     polygon, or multipolygon whose parts become parts of one shell
    low, high ground and roof level [m]
    returns   vertices and the boundaries of a Solid
    """
    import shapely

    vertices: list[list[float]] = []
    floors, roofs, walls = [], [], []
    for polygon in shapely.get_parts(shape) if shape.geom_type == "MultiPolygon" else [shape]:
        under, above = [], []
        polygon = shapely.orient_polygons(polygon) if hasattr(shapely, "orient_polygons") else shapely.geometry.polygon.orient(polygon)
        for ring in (polygon.exterior, *polygon.interiors):
            xy = shapely.get_coordinates(ring)[:-1].tolist()
            base = len(vertices)
            vertices += [[x, y, low] for x, y in xy] + [[x, y, high] for x, y in xy]
            count = len(xy)
            under.append([base + i for i in range(count)][::-1])
            above.append([base + count + i for i in range(count)])
            walls += [[[base + i, base + (i + 1) % count, base + count + (i + 1) % count, base + count + i]] for i in range(count)]
        floors.append(under)
        roofs.append(above)
    return vertices, [[*floors, *roofs, *walls]]


def sheet(shape: Any, level: float) -> tuple[list[list[float]], list[Any]]:
    """A horizontal MultiSurface on an outline at a level [m]."""
    import shapely

    vertices: list[list[float]] = []
    boundaries = []
    for polygon in shapely.get_parts(shape) if shape.geom_type == "MultiPolygon" else [shape]:
        rings = []
        for ring in (polygon.exterior, *polygon.interiors):
            xy = shapely.get_coordinates(ring)[:-1].tolist()
            rings.append([len(vertices) + i for i in range(len(xy))])
            vertices += [[x, y, level] for x, y in xy]
        boundaries.append(rings)
    return vertices, boundaries
