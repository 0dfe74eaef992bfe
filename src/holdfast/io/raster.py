"""GeoTIFF terrain: a record with footprint and statistics, the raster itself kept with the city, and levels sampled from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid
from holdfast.model.finding import Findings

_FEET = {"ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us-ft": 1200 / 3937, "us survey foot": 1200 / 3937, "us survey feet": 1200 / 3937}
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
DEGREE = 111_195.0  # metres per degree of latitude on a sphere


def sniff(path: Path, head: bytes) -> float:
    """TIFF magic number."""
    return 0.9 if head[:4] in _TIFF else 0.0


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path, driver="GTiff") as raster:
            yield raster
    except HoldfastError:
        raise
    except (RasterioError, OSError, ValueError) as error:
        raise Invalid(f"the raster cannot be read: {' '.join(str(error).split())[:300]}", fix="Deliver it again as GeoTIFF", file=path.name) from error


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a terrain raster block by block. raises Invalid if it is damaged or has no position"""
    findings = Findings()
    delivery = Delivery("geotiff", (), findings=findings, rasters=[path])
    with _opened(path) as raster:
        if raster.transform.is_identity or not all(map(math.isfinite, raster.transform[:6])):
            raise Invalid("the raster does not say where it lies", fix="Deliver a georeferenced GeoTIFF, or the .tfw file beside it", file=path.name)
        code = raster.crs.to_epsg() if raster.crs else None
        delivery.crs = f"EPSG:{code}" if code else None
        if raster.count > 1:
            findings.add("import.bands", "info", f"the raster has {raster.count} bands; the first was taken as levels", kind="base.terrain", file=path.name)
        said = request.parameters.get("unit") or raster.units[0]
        unit = str(said or "m").strip().lower()
        if said is None and raster.crs and raster.crs.is_projected and raster.crs.linear_units_factor[1] != 1.0:
            findings.add("import.assumed_unit", "warning",
            "the raster lies on a grid of feet and does not say the unit of its levels; they were taken as metres",
                         kind="base.terrain", column="min_elevation", file=path.name, fix="Say it with the parameter unit=ft")
        factor = _FEET.get(unit, 1.0)
        low, high, mean, missing = _statistics(raster)
        delivery.facts = {"columns": raster.width, "rows": raster.height, "type": raster.dtypes[0], "unit": unit}
        if not math.isfinite(mean):
            findings.add("import.no_values", "error", "no cell of the raster has a value", kind="base.terrain", id=f"base.terrain:{path.stem}",
            file=path.name,
                         fix="Check its no-data value")
        corners = [_place(raster, *c) for c in ((0, 0), (raster.width, 0), (raster.width, raster.height), (0, raster.height))]
        row = {
            "id": f"base.terrain:{path.stem}", "name": path.stem, "file": path.name, "resolution": _cell_size(raster), "columns": raster.width,
            "rows": raster.height,
            "min_elevation": _finite(low * factor), "max_elevation": _finite(high * factor), "mean_elevation": _finite(mean * factor),
            "missing_share": missing,
            "raster_crs": delivery.crs or request.crs,
        }
    delivery.batches = _batch(row, corners)
    return delivery


def _batch(row: dict[str, Any], corners: list[tuple[float, float]]) -> Iterator[Batch]:
    import shapely

    yield Batch("base.terrain", pa.table({**{k: [v] for k, v in row.items()}, "geometry": geometry.encode([shapely.Polygon(corners)])}))


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _place(raster: Any, column: float, row: float) -> tuple[float, float]:
    """Coordinates of a corner of a cell."""
    t = raster.transform
    return t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f


def _cell_size(raster: Any) -> float:
    """Mean side of a cell in metres."""
    a, b, d, e = raster.transform.a, raster.transform.b, raster.transform.d, raster.transform.e
    x, y = math.hypot(a, d), math.hypot(b, e)
    if raster.crs and raster.crs.is_geographic:
        middle = _place(raster, raster.width / 2, raster.height / 2)
        x, y = x * DEGREE * math.cos(math.radians(middle[1])), y * DEGREE
    elif raster.crs and raster.crs.is_projected:
        factor = raster.crs.linear_units_factor[1]
        x, y = x * factor, y * factor
    return round(math.sqrt(x * y), 3)


def _statistics(raster: Any) -> tuple[float, float, float, float]:
    """Lowest, highest and mean level, and share of cells without one; one block of rows in memory at a time."""
    from rasterio.windows import Window

    low, high, total, count = math.inf, -math.inf, 0.0, 0
    step = max(1, (1 << 22) // max(raster.width, 1))
    for top in range(0, raster.height, step):
        block = raster.read(1, window=Window(0, top, raster.width, min(step, raster.height - top)), masked=True)
        values = np.asarray(block.compressed(), float)
        values = values[np.isfinite(values)]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            total, count = total + float(values.sum()), count + len(values)
    cells = raster.width * raster.height
    return (low, high, total / count, 1.0 - count / cells) if count else (math.nan, math.nan, math.nan, 1.0)


def sample_raster(path: Path, x: np.ndarray, y: np.ndarray, crs: str | None = None) -> np.ndarray:
    """Levels at points, between cell centres by their weights; NaN outside the raster and where cells have no value.

    x, y      coordinates in `crs`, or in the raster's own CRS when that is None
    returns   (n,) in the raster's unit
    raises    Invalid if the raster cannot be read; NotSupported if the coordinates cannot be brought to it
    """
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    with _opened(path) as raster:
        code = raster.crs.to_epsg() if raster.crs else None
        if crs is not None and code is not None and crs not in ("local", f"EPSG:{code}"):
            from holdfast.model.crs import transformer

            x, y = transformer(crs, f"EPSG:{code}")(x, y)
        inverse = ~raster.transform
        column, row = inverse.a * x + inverse.b * y + inverse.c - 0.5, inverse.d * x + inverse.e * y + inverse.f - 0.5
        inside = (column >= -0.5) & (row >= -0.5) & (column <= raster.width - 0.5) & (row <= raster.height - 0.5)
        result = np.full(len(x), np.nan)
        if inside.any():
            result[inside] = _between(raster, np.clip(column[inside], 0, raster.width - 1), np.clip(row[inside], 0, raster.height - 1))
        return result


def _between(raster: Any, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    from rasterio.windows import Window

    left, top = int(column.min()), int(row.min())
    width, height = min(int(column.max()) + 2, raster.width) - left, min(int(row.max()) + 2, raster.height) - top
    cells = np.ma.filled(raster.read(1, window=Window(left, top, width, height), masked=True).astype(float), np.nan)
    c, r = column - left, row - top
    c0, r0 = np.minimum(c.astype(int), max(width - 2, 0)), np.minimum(r.astype(int), max(height - 2, 0))
    c1, r1 = np.minimum(c0 + 1, width - 1), np.minimum(r0 + 1, height - 1)
    u, v = c - c0, r - r0
    weight = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v])
    value = np.stack([cells[r0, c0], cells[r0, c1], cells[r1, c0], cells[r1, c1]])
    return np.where(weight > 0, value * weight, 0.0).sum(axis=0)


FORMATS: tuple[Format, ...] = (Format("geotiff", "GeoTIFF terrain", "GeoTIFF 地形", (".tif", ".tiff"), sniff, read),)
