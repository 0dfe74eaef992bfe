"""The first rows of a layer, for guessing what it is."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

ROWS = 5000


@dataclass(frozen=True, slots=True)
class Peek:
    """A layer as delivered.

    layer    its name
    table    its first rows, geometry as WKB under "geometry" when there is any
    crs      what the file says, or None
    places   coordinate columns of a table: x, y, z, x2, y2, z2 or wkt -> heading
    file     what the layer is in, for messages
    """

    layer: str
    table: pa.Table
    crs: str | None = None
    places: tuple[tuple[str, str], ...] = ()
    file: str = ""
