"""Tables of hexagons: H3 cells given by index and centre, with people and jobs, become zones with their outline.

The outline of a cell is drawn from the centres around it: three neighbouring centres share the corner in their middle, so
that cells tile without gap or overlap. No index arithmetic is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

_FIRST = re.compile(rb'^[^\n]*\r?\n"?8[0-9a-fA-F]{14}"?,')
_CELL = r"^8[0-9a-fA-F]{14}$"
FIELDS = ("population", "households", "jobs", "schools", "healthcare")


def sniff(path: Path, head: bytes) -> float:
    """A comma-separated table whose first column holds H3 indices, with columns lon and lat."""
    names = {c.strip().strip('"').lower() for c in head.split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(",")}
    return 0.97 if _FIRST.match(head.removeprefix(b"\xef\xbb\xbf")) and {"lon", "lat"} <= names else 0.0


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a table of hexagons. raises Invalid if it cannot be parsed"""
    from pyarrow import csv

    findings = Findings()
    data = path.read_bytes()
    text = data.decode("utf-8-sig", "replace").encode()
    if "\ufffd".encode() in text and "\ufffd".encode() not in data:
        findings.add("import.encoding", "warning", "some characters are not UTF-8 and were replaced", file=path.name, fix="Save the table as UTF-8")
    try:
        table = csv.read_csv(pa.BufferReader(text))
    except pa.ArrowInvalid as error:
        raise Invalid(f"the table cannot be read: {error}", fix="Deliver comma-separated values in UTF-8", file=path.name) from error
    table = table.rename_columns([n.strip().lower() for n in table.column_names])
    missing = [n for n in ("lon", "lat") if n not in table.column_names]
    if missing or table.column_names[0] in ("lon", "lat"):
        raise Invalid(f"the table has no column {', '.join(missing) or 'of cells'}", fix="It needs an H3 index first, and lon and lat of the cell's centre",
        file=path.name)
    delivery = Delivery("h3", (), crs="EPSG:4326", findings=findings, facts={"cells": table.num_rows})
    delivery.batches = _batches(path.name, table, findings)
    return delivery


def _batches(file: str, table: pa.Table, findings: Findings) -> Iterator[Batch]:
    cells = table.column(0).cast(pa.string())
    xy = np.column_stack([_number(table[n]) for n in ("lon", "lat")])
    good = pc.fill_null(pc.match_substring_regex(cells, _CELL), False).to_numpy() & np.isfinite(xy).all(axis=1) & (np.abs(xy) <= [180.0, 90.0]).all(axis=1)
    if not good.all():
        at = np.flatnonzero(~good)
        findings.add_rows("import.bad_cell", "error", "the row has no H3 cell with a centre", kind="base.zone",
        ids=[f"base.zone:{c}" for c in cells.take(pa.array(at)).to_pylist()],
                          file=file, rows=at + 1, fix="Give index, lon and lat")
    rows = np.flatnonzero(good)
    table, xy = table.take(pa.array(rows)), xy[rows]
    columns: dict[str, Any] = {"id": pc.binary_join_element_wise("base.zone:", table.column(0).cast(pa.string()), ""),
    "code": table.column(0).cast(pa.string())}
    columns["geometry"] = hexagons(xy) if len(xy) else pa.array([], pa.binary())
    for place, name in enumerate(table.column_names[1:], 1):
        if name not in ("lon", "lat", *columns):
            value = table.column(place)
            columns[name] = pa.array(np.rint(_number(value)), from_pandas=True).cast(pa.int64(), safe=False) if name in FIELDS else value
    yield Batch("base.zone", pa.table(columns), rows + 1)


def _number(column: pa.ChunkedArray) -> np.ndarray:
    try:
        return column.cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)


def hexagons(centre: np.ndarray) -> pa.Array:
    """Outlines of the hexagons around centres of one lattice.

    centre   (n, 2) longitude and latitude of the cells, all of one resolution
    returns  (n,) WKB polygons in the same coordinates
    """
    import shapely
    from scipy.spatial import cKDTree

    scale = np.array([np.cos(np.radians(np.median(centre[:, 1]))), 1.0])
    place = centre * scale
    count = min(7, len(place))
    distance, near = cKDTree(place).query(place, count) if count > 1 else (np.zeros((len(place), 1)), np.zeros((len(place), 1), int))
    step = np.median(distance[:, 1:4]) if count > 3 else 0.0
    vector = place[near[:, 1:]] - place[:, None]
    beside = (distance[:, 1:] < 1.4 * step) & (distance[:, 1:] > 0)
    around = _lattice(vector[beside], step)
    full = np.broadcast_to(around, (len(place), 6, 2)).copy()
    owner, slot = np.nonzero(beside)
    own = vector[owner, slot]
    at = np.argmin(((own[:, None] - around[None]) ** 2).sum(axis=2), axis=1)  # the direction of the lattice it lies in
    full[owner, at] = own
    corner = (full + np.roll(full, -1, axis=1)) / 3.0
    ring = np.concatenate([corner, corner[:, :1]], axis=1) + place[:, None]
    return geometry.encode(shapely.polygons(np.round(ring / scale, 9)))


def _lattice(vector: np.ndarray, step: float) -> np.ndarray:
    """(6, 2) vectors to the neighbours, counter-clockwise, from all that were met."""
    if len(vector) < 6:
        angle = np.radians(np.arange(0, 360, 60.0))
        return (step or 0.003) * np.column_stack([np.cos(angle), np.sin(angle)])
    angle = np.arctan2(vector[:, 1], vector[:, 0])
    turn = np.angle(np.exp(6j * angle).mean()) / 6
    slot = np.rint((angle - turn) / (np.pi / 3)).astype(int) % 6
    default = step * np.column_stack([np.cos(turn + np.arange(6) * np.pi / 3), np.sin(turn + np.arange(6) * np.pi / 3)])
    return np.array([np.median(vector[slot == k], axis=0) if (slot == k).any() else default[k] for k in range(6)])


FORMATS: tuple[Format, ...] = (Format("h3", "Table of H3 hexagons", "H3 六边形统计表", (".csv",), sniff, read),)
