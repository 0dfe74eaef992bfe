"""CSV and TSV: rows of one kind (or of the kinds a column names), streamed, in whatever encoding and with whatever separator.

Every value is read as text first, so that "007" stays an id; fields then take the type they declare. Coordinates come from
a WKT column or from x and y columns (x2 and y2 for lines); a table of places states no CRS unless its mapping does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.crs import parse_crs
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from holdfast.model.geometry import decode, lines, points
from holdfast.model.quantity import quantity
from holdfast.model.spec import Kind
from holdfast.model.tables import asset_schema

from . import values
from .delimited import Table, open_table
from .geofile_write import one_table
from .layers import GEOMETRY, LayerReader, Source, choose, split_heading
from .opening import reading, replacing
from .peek import ROWS, Peek
from .rules import parse, quantity_of
from .sidecar import find_sidecar, write_sidecar

_WKT = frozenset({"wkt", "geometry", "geom", "the_geom", "shape"})
_AXES = {
    "x": ("x", "lon", "long", "longitude", "lng", "easting", "east", "e", "x_coord", "xcoord", "coord_x", "point_x", "经度", "x坐标", "横坐标"),
    "y": ("y", "lat", "latitude", "northing", "north", "n", "y_coord", "ycoord", "coord_y", "point_y", "纬度", "y坐标", "纵坐标"),
    "z": ("z", "z_coord", "altitude"),
    "x2": ("x2", "end_x", "to_x", "x_end", "终点x"),
    "y2": ("y2", "end_y", "to_y", "y_end", "终点y"),
    "z2": ("z2", "end_z", "to_z", "z_end"),
}
_FIRST = {"x": ("x1", "start_x", "from_x", "x_start", "起点x"), "y": ("y1", "start_y", "from_y", "y_start", "起点y"), "z": ("z1", "start_z", "from_z", "z_start")}


def read(path: Path, request: ReadRequest) -> Delivery:
    """Rows of a CSV or TSV file. The kind comes from the mapping, --kind, the file's name, or a column `kind`."""
    rules = parse(request.mapping, request.catalog)
    if not request.mapping:
        rules = find_sidecar(path, request.catalog) or rules
    delivery = Delivery("csv", ())
    own = rules.of_layer(path.stem)
    first = own[0] if own else None
    table = open_table(
        path, encoding=request.encoding or (first and first.encoding) or rules.encoding, delimiter=(first and first.delimiter) or None,
        skip=first.skip_rows if first else 0,
    )  # fmt: skip
    if not table.encoding.clean:
        _say_encoding(table, path, delivery.findings)
    reader = choose(Source(path.name, path.stem, tuple(table.columns), typed=False), rules, request, delivery)
    if reader is None:
        raise Invalid(
            "nothing says of which kind the rows are", file=str(path), fix="Give --kind, a mapping (--map; --guess proposes one), or a column `kind`"
        )  # fmt: skip
    places = _places(table.columns, reader, path)
    stated = reader.rules[0].crs or rules.crs
    delivery.crs = parse_crs(stated).code if stated else None
    delivery.facts |= {"encoding": table.encoding.name, "delimiter": table.delimiter, "columns": table.columns, "coordinates": places}
    delivery.batches = _batches(table, reader, places, delivery)
    return delivery


def peek(path: Path, request: ReadRequest) -> list[Peek]:
    """The first rows of a table and which of its columns look like coordinates."""
    opened = open_table(path, encoding=request.encoding)
    piece = next((piece for piece, _ in opened.pieces(Findings())), None)
    if piece is None:
        return []
    places = usual_places(opened.columns, set())
    first = piece.slice(0, ROWS)
    return [Peek(path.stem, first, None, tuple(places.items()), path.name)]


def _say_encoding(table: Table, path: Path, findings: Findings) -> None:
    word = "partly UTF-8, partly " if table.encoding.mixed else ""
    findings.add(
        "import.encoding", "warning" if table.encoding.mixed else "info", f"the file is {word}{table.encoding.name}; it was converted", file=path.name,
        row=table.encoding.line, value=table.encoding.name, fix="Save it in UTF-8",
    )  # fmt: skip


def _places(columns: Sequence[str], reader: LayerReader, path: Path) -> dict[str, str]:
    """Which columns hold coordinates: those the mapping names, else those with a usual name. Keys wkt, or x, y, z, x2, y2, z2."""
    named = dict(reader.rules[0].places)
    if named:
        return {axis: reader._present(column, axis) for axis, column in named.items()}
    declared = {name for rule in reader.rules for kind in rule.kinds() for name in asset_schema(reader.request.catalog.kinds[kind]).names}
    return usual_places(columns, declared)


def usual_places(columns: Sequence[str], declared: set[str]) -> dict[str, str]:
    """Coordinate columns by their usual names. declared: field names, which are not coordinates whatever they look like."""
    lower: dict[str, str] = {}
    for column in columns:
        lower.setdefault(split_heading(column)[0].casefold().replace(" ", "_"), column)
    wkt = next((lower[name] for name in _WKT if name in lower), None)
    if wkt is not None:
        return {"wkt": wkt}
    found = {axis: lower[name] for axis, names in _AXES.items() for name in reversed((*_FIRST.get(axis, ()), *names)) if name in lower and name not in declared}
    if "x" not in found or "y" not in found:
        return {}
    if "x2" not in found or "y2" not in found:
        found = {axis: column for axis, column in found.items() if axis in {"x", "y", "z"}}
    return found


def _batches(table: Table, reader: LayerReader, places: dict[str, str], delivery: Delivery) -> Iterator[Batch]:
    kept = [c for c in table.columns if c not in places.values()]
    reader.source = Source(reader.source.file, reader.source.layer, tuple(kept), bool(places), typed=False)
    for piece, rows in table.pieces(delivery.findings):
        shaped = piece
        if places:
            shaped = piece.select(kept).append_column(GEOMETRY, _geometry(piece, places, reader, rows, delivery.findings))
        yield from reader.batches(shaped, rows)


def _geometry(piece: pa.Table, places: dict[str, str], reader: LayerReader, rows: np.ndarray, findings: Findings) -> pa.Array:
    if "wkt" in places:
        return _from_wkt(piece[places["wkt"]], places["wkt"], rows, reader, findings)
    numbers = {}
    for axis, column in places.items():
        found = values.to_number(piece[column], decimal=reader.rules[0].decimal)
        if found.bad is not None:
            at = np.flatnonzero(found.bad)
            findings.add_rows(
                "import.not_a_number", "error", "the coordinate is not a number", kind="", ids=[None] * len(at), column=column, file=reader.source.file,
                rows=rows[at], values=piece[column].take(pa.array(at)).to_pylist(), fix="Correct the coordinate",
            )  # fmt: skip
        numbers[axis] = found.column.to_numpy()
    if "x2" in numbers:
        ends = [np.column_stack([numbers[f"x{n}"], numbers[f"y{n}"], *([numbers[f"z{n}"]] if "z" in numbers and "z2" in numbers else [])]) for n in ("", "2")]
        both = np.stack(ends, axis=1)
        column = lines(both)
        lost = np.isnan(both[:, :, :2]).any(axis=(1, 2))
        return pc.if_else(pa.array(~lost), column, pa.scalar(None, pa.binary())) if lost.any() else column
    return points(numbers["x"], numbers["y"], numbers.get("z"))


def _from_wkt(column: pa.ChunkedArray, name: str, rows: np.ndarray, reader: LayerReader, findings: Findings) -> pa.Array:
    import shapely

    words = column.to_numpy()
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkt(words, on_invalid="ignore")
    bad = np.flatnonzero(shapely.is_missing(shapes) & column.is_valid().to_numpy())
    if len(bad):
        findings.add_rows(
            "import.bad_geometry", "error", "the geometry is no WKT", kind="", ids=[None] * len(bad), column=name, file=reader.source.file, rows=rows[bad],
            values=words[bad].tolist(), fix="Correct the geometry",
        )  # fmt: skip
    return pa.array(shapely.to_wkb(shapes, flavor="iso", byte_order=1), pa.binary())


# writing


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """A CSV with a column `kind`, headings `name [unit]` in SI, geometry as WKT, and a mapping beside it that states the CRS."""
    import shapely
    from pyarrow import csv as arrow_csv

    facts, counts = one_table(city, kinds, as_of)
    units = shared_units([city.catalog.kinds[kind] for kind in counts])
    if GEOMETRY in facts.column_names:
        wkt = pa.array(shapely.to_wkt(decode(facts[GEOMETRY]), rounding_precision=-1), pa.string())
        facts = facts.set_column(facts.column_names.index(GEOMETRY), "geometry [WKT]", wkt)
    facts = facts.rename_columns([units.get(name, name) for name in facts.column_names])
    with replacing(path) as target, reading(path, "CSV output"), target.open("wb") as sink:
        sink.write(b"\xef\xbb\xbf")  # spreadsheet programs take a table without the mark for the local code page
        arrow_csv.write_csv(facts, sink, arrow_csv.WriteOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    mapping: dict[str, Any] = {"title": "Holdfast export"}
    if city.crs != "local":
        mapping["crs"] = city.crs
    write_sidecar(path, mapping)
    return {"kinds": counts, "crs": city.crs}


def shared_units(kinds: Sequence[Kind]) -> dict[str, str]:
    """`name [unit]` for the fields that have an SI unit, the same one in every kind."""
    found: dict[str, set[str]] = {}
    for kind in kinds:
        for name in asset_schema(kind).names:
            measured = quantity_of(kind, name)
            found.setdefault(name, set()).add("1" if measured is None else quantity(measured).unit)
    return {name: f"{name} [{next(iter(units))}]" for name, units in found.items() if len(units) == 1 and units != {"1"}}


def sniff(path: Path, head: bytes) -> float:
    """Text whose rows split into several values."""
    if path.is_dir() or (b"\x00" in head[:4096] and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return 0.0
    body = head.decode("utf-16", "ignore") if head.startswith((b"\xff\xfe", b"\xfe\xff")) else head.decode("latin-1")
    if path.suffix.lower() in {".csv", ".tsv"}:
        return 0.5
    return 0.2 if re.search(r"[,;\t|]", body[:2000].splitlines()[0] if body.strip() else "") else 0.0




FORMATS: tuple[Format, ...] = (Format("csv", "CSV or TSV table", "CSV/TSV 表格", (".csv", ".tsv", ".txt"), sniff, read, write),)
