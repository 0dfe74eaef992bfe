"""The point table and line table (点表, 线表) of a Chinese pipeline survey, as CSV files side by side or in one folder.

A point has a number, X (north), Y (east), ground level, and a characteristic or an attachment; a line names the numbers of
its two points, its depths there, section, material and laying. Rows become kinds by their category (JS, YS, RQ ...).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.geometry import lines, points

from .layers import GEOMETRY, LayerReader, Source
from .rules import ColumnRule, LayerRule, Rules, parse
from .survey_categories import Categories
from .survey_section import parse_sections
from .survey_sheets import Sheet, open_sheet, sniff, table_files
from .survey_words import unit_of
from .survey_write import write

_KIND, _ID, _FROM, _TO, _MINOR = "__kind", "__id", "__from", "__to", "__category"
_NORTH, _EAST = (1_600_000.0, 6_100_000.0), ((100_000.0, 900_000.0), (13_000_000.0, 46_000_000.0))  # Gauss-Kruger in China [m]; second span with zone number


@dataclass(slots=True)
class Places:
    """All points of a survey: number -> position in the arrays. xyz: east, north, ground level."""

    index: dict[str, int] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    xyz: list[tuple[float, float, float]] = field(default_factory=list)


def read(path: Path, request: ReadRequest) -> Delivery:
    """A folder gives its points and lines; a point table its points; a line table its lines, placed by the point table beside it.

    raises    Invalid when a line table has no point table beside it, or a table lacks the columns that make it one
    """
    if not path.exists():
        raise NotFound("there is no such file or folder", fix="Check the path", file=str(path))
    rules = parse(request.mapping, request.catalog)
    delivery = Delivery("survey", ())
    wanted = table_files(path)
    sheets = [sheet for file in wanted if (sheet := open_sheet(file, request, rules, delivery)) is not None]
    if path.is_file():
        if not sheets:
            raise Invalid("this is neither a point table nor a line table", file=str(path),
                          fix="A point table has point number, X and Y; a line table has start and end number")  # fmt: skip
        if sheets[0].what == "line" and not _carries_places(sheets[0]):
            sheets += _partners(path, sheets[0], request, rules, delivery)
    if not sheets:
        raise Invalid("there is no point or line table in the folder", fix="Put the CSV tables into it", file=str(path))
    categories = Categories(request.catalog)
    own = {sheet.path for sheet in sheets if path.is_dir() or sheet.path == path}
    delivery.crs = rules.crs
    delivery.facts["tables"] = {sheet.path.name: {"what": sheet.what, "rows": sheet.count, "columns": sheet.columns} for sheet in sheets}
    delivery.batches = _batches(sheets, own, categories, request, delivery, rules)
    return delivery


def _carries_places(sheet: Sheet) -> bool:
    return {"start_x", "start_y", "end_x", "end_y"} <= set(sheet.columns)


def _partners(path: Path, sheet: Sheet, request: ReadRequest, rules: Rules, delivery: Delivery) -> list[Sheet]:
    """Point tables beside a line table: the one named like it, else all."""
    found = []
    for file in table_files(path.parent):
        if file != path:
            try:
                other = open_sheet(file, request, rules, Delivery("survey", ()))
            except Invalid:
                continue
            if other is not None and other.what == "point":
                found.append(other)
    named = [other for other in found if other.group == sheet.group]
    if not found:
        raise Invalid("the lines have no places: there is no point table beside the line table", file=str(path),
                      fix="Put the point table into the same folder, or import the folder")  # fmt: skip
    return named or found


def _batches(
    sheets: list[Sheet], own: set[Path], categories: Categories, request: ReadRequest, delivery: Delivery, rules: Rules
) -> Iterator[Batch]:
    maps: dict[str, Places] = {}
    everywhere = Places()
    for sheet in (s for s in sheets if s.what == "point"):
        delivered = _points(sheet, categories, rules, delivery, maps.setdefault(sheet.group, Places()), everywhere, _number_column(sheet, sheets), sheet.path in own)
        if sheet.path in own:
            yield from _rows(sheet, delivered, request, delivery, POINT_FIELDS, rules)
    for sheet in (s for s in sheets if s.what == "line" and s.path in own):
        yield from _rows(sheet, _lines(sheet, categories, delivery, maps.get(sheet.group), everywhere, rules), request, delivery, LINE_FIELDS, rules)


def _number_column(sheet: Sheet, sheets: list[Sheet]) -> str:
    """Which number of a point the lines speak of: the one that more line ends match."""
    have = [name for name in ("field_number", "map_number") if name in sheet.columns]
    if len(have) == 1:
        return have[0]
    ends = [s.text(name) for s in sheets if s.what == "line" for name in ("start", "end")]
    if not ends:
        return "field_number"
    spoken = pc.unique(pa.chunked_array([chunk for column in ends for chunk in column.chunks]))
    return max(have, key=lambda name: pc.sum(pc.is_in(spoken, pc.unique(sheet.text(name)).drop_null())).as_py() or 0)


def _axes(sheet: Sheet, rules: Rules, delivery: Delivery, speak: bool) -> tuple[np.ndarray, np.ndarray]:
    """East and north of a point table. X is north by convention; where only the other order makes sense in China it is taken, and said."""
    x, y = sheet.number("x"), sheet.number("y")
    bad = np.flatnonzero(np.isnan(x) | np.isnan(y))
    if len(bad) and speak:
        delivery.findings.add_rows(
            "import.no_geometry", "error", "the point has no whole coordinates", kind="", ids=[None] * len(bad), column=sheet.columns["x"], file=sheet.path.name,
            rows=sheet.rows[bad], fix="Give X (north) and Y (east) in metres",
        )  # fmt: skip
    swap = any(rule.swap_xy for rule in rules.of_layer(sheet.path.stem))
    if _plausible(y, x) and not _plausible(x, y):
        swap = not swap
        message = f"{sheet.columns['x']} is east and {sheet.columns['y']} north in this table, other than survey tables have it; they were read so"
        severity = "warning"
    else:
        message, severity = f"{sheet.columns['x']} was read as north and {sheet.columns['y']} as east, as survey tables have it", "info"
    if speak:
        delivery.findings.add("import.axes", severity, message, file=sheet.path.name, fix="If it is wrong, set swap_xy = true for the table in a mapping")
    return (x, y) if swap else (y, x)


def _plausible(north: np.ndarray, east: np.ndarray) -> bool:
    """Whether medians can be north and east of a Gauss-Kruger zone in China."""
    known = ~(np.isnan(north) | np.isnan(east))
    if not known.any():
        return False
    n, e = float(np.median(north[known])), float(np.median(east[known]))
    return _NORTH[0] <= n <= _NORTH[1] and any(low <= e <= high for low, high in _EAST) and e != n


def _categories(sheet: Sheet, categories: Categories, numbers: pa.ChunkedArray) -> list[tuple[str, str | None] | None]:
    """Major symbol and minor code of every row: from its category column, feature code, number, or the file name."""
    fallback = categories.of_name(sheet.path.stem)
    cache: dict[tuple[str | None, ...], tuple[str, str | None] | None] = {}
    result = []
    stated, codes = sheet.text("category").to_pylist(), sheet.text("feature_code").to_pylist()
    for row in zip(stated, codes, (n[:2] if n else None for n in numbers.to_pylist()), strict=True):
        if row not in cache:
            cache[row] = categories.read(row[0]) or categories.read(row[1]) or _prefer(categories.of_number(row[2]), fallback)
        result.append(cache[row])
    return result


def _prefer(by_number: tuple[str, str | None] | None, by_name: tuple[str, str | None] | None) -> tuple[str, str | None] | None:
    """The more exact of two: the number's minor category unless the file is of another major one."""
    if by_number is None or (by_name is not None and by_name[0] != by_number[0]):
        return by_name
    return by_number if by_number[1] or by_name is None else by_name


def _points(
    sheet: Sheet, categories: Categories, rules: Rules, delivery: Delivery, group: Places, everywhere: Places, number: str, speak: bool
) -> pa.Table:
    numbers = sheet.text(number)
    east, north = _axes(sheet, rules, delivery, speak)
    level = sheet.number("ground_elevation")
    found = _categories(sheet, categories, numbers)
    kinds, ids = [], []
    cache: dict[tuple[Any, ...], str | None] = {}
    listed = numbers.to_pylist()
    for row, key in enumerate(zip(found, sheet.text("attachment").to_pylist(), sheet.text("feature").to_pylist(), strict=True)):
        if key not in cache:
            cache[key] = categories.point_kind(key[0][0], key[1], key[2]).name if key[0] and key[0][0] in categories.points else None
        kind, own = cache[key], listed[row]
        kinds.append(kind)
        ids.append(own)
        if kind is not None and own is not None:
            for places in (group, everywhere):
                if own not in places.index:
                    places.index[own] = len(places.ids)
                    places.ids.append(f"{kind}:{own}")
                    places.xyz.append((float(east[row]), float(north[row]), float(level[row])))
    if speak:
        _say_unknown(sheet, kinds, delivery)
    shaped = points(east, north, level if np.isfinite(level).any() else None)
    minor = pa.array([f[1] if f else None for f in found], pa.string())
    return sheet.table.append_column(_KIND, pa.array(kinds, pa.string())).append_column(_ID, pa.array(ids, pa.string())).append_column(
        _MINOR, minor).append_column(GEOMETRY, shaped)  # fmt: skip


def _say_unknown(sheet: Sheet, kinds: list[str | None], delivery: Delivery) -> None:
    lost = np.flatnonzero(np.array([kind is None for kind in kinds], bool))
    delivery.findings.add_rows(
        "import.unknown_category", "error", "the category of the row is not known or not installed; it was left out", kind="", ids=[None] * len(lost),
        column=sheet.columns.get("category", "category"), file=sheet.path.name, rows=sheet.rows[lost], values=sheet.text("category").take(pa.array(lost)).to_pylist(),
        fix="Give the category as JS, YS, WS, RQ, RL, DL or TX, in a column, the point number or the file name",
    )  # fmt: skip


def _lines(sheet: Sheet, categories: Categories, delivery: Delivery, group: Places | None, everywhere: Places, rules: Rules) -> pa.Table:
    start, end = sheet.text("start"), sheet.text("end")
    at = [_locate(column, group, everywhere) for column in (start, end)]
    found = _categories(sheet, categories, start)
    kinds = [categories.lines[f[0]].name if f and f[0] in categories.lines else None for f in found]
    _say_unknown(sheet, kinds, delivery)
    _say_missing(sheet, at, (start, end), delivery)
    xyz = np.array([*everywhere.xyz, (np.nan,) * 3])
    ends = [xyz[place] for place in at]
    if _carries_places(sheet):
        swap = any(rule.swap_xy for rule in rules.of_layer(sheet.path.stem))
        for place, name in enumerate(("start", "end")):
            north, east = sheet.number(f"{name}_x"), sheet.number(f"{name}_y")
            east, north = (north, east) if swap else (east, north)
            known = np.isfinite(east) & np.isfinite(north)
            ends[place] = np.where(known[:, None], np.column_stack((east, north, ends[place][:, 2])), ends[place])
    both = np.stack([_levelled(sheet, xyz_, name) for xyz_, name in zip(ends, ("from", "to"), strict=True)], axis=1)
    tall = np.isfinite(both[:, :, 2]).any()
    shaped = lines(both if tall else both[:, :, :2])
    lost = ~np.isfinite(both[:, :, :2]).all(axis=(1, 2))
    shaped = pc.if_else(pa.array(~lost), shaped, pa.scalar(None, pa.binary())) if lost.any() else shaped
    named = [[everywhere.ids[i] if i >= 0 else None for i in place.tolist()] for place in at]
    table = sheet.table.append_column(_KIND, pa.array(kinds, pa.string())).append_column(_ID, pa.array(_line_ids(sheet, start, end), pa.string()))
    table = table.append_column(_FROM, _ids_or_raw(named[0], start)).append_column(_TO, _ids_or_raw(named[1], end))
    table = table.append_column(_MINOR, pa.array([f[1] if f else None for f in found], pa.string()))
    if "section" in sheet.columns:
        table = _sections(sheet, table, delivery)
    if "nominal_voltage" in sheet.columns:
        heading = sheet.columns["nominal_voltage"]
        volts = pc.replace_substring_regex(sheet.text("nominal_voltage"), r"(?i)\s*kv$", "")
        table = table.set_column(table.column_names.index(heading), heading, volts)
    return table.append_column(GEOMETRY, shaped)


def _levelled(sheet: Sheet, xyz: np.ndarray, side: str) -> np.ndarray:
    """Ends with the level of the pipe as z: as surveyed, else ground less depth."""
    level, depth = sheet.number(f"{side}_elevation"), sheet.number(f"{side}_depth")
    return np.column_stack((xyz[:, :2], np.where(np.isfinite(level), level, xyz[:, 2] - depth)))


def _locate(numbers: pa.ChunkedArray, group: Places | None, everywhere: Places) -> np.ndarray:
    """Positions of point numbers in the whole survey, those of the line's own group first; -1 where there is none."""
    result = []
    for number in numbers.to_pylist():
        if group is not None and number in group.index:
            own = group.index[number]
            place = everywhere.index.get(number, -1)
            if place >= 0 and everywhere.ids[place] != group.ids[own]:
                place = _add(everywhere, group, own)
            result.append(place)
        else:
            result.append(everywhere.index.get(number, -1))
    return np.array(result, np.int64)


def _add(everywhere: Places, group: Places, own: int) -> int:
    """A point whose number another category took first, under its own id."""
    key = group.ids[own]
    if key not in everywhere.index:
        everywhere.index[key] = len(everywhere.ids)
        everywhere.ids.append(key)
        everywhere.xyz.append(group.xyz[own])
    return everywhere.index[key]


def _ids_or_raw(ids: list[str | None], raw: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.coalesce(pa.chunked_array([pa.array(ids, pa.string())]), raw)


def _say_missing(sheet: Sheet, at: list[np.ndarray], raw: tuple[pa.ChunkedArray, pa.ChunkedArray], delivery: Delivery) -> None:
    for place, column, name in zip(at, raw, ("start", "end"), strict=True):
        lost = np.flatnonzero(place < 0)
        delivery.findings.add_rows(
            "import.missing_point", "error", f"the {name} of the line is in no point table", kind="", ids=[None] * len(lost), column=sheet.columns[name],
            file=sheet.path.name, rows=sheet.rows[lost], values=column.take(pa.array(lost)).to_pylist(), fix="Add the point, or correct the number",
        )  # fmt: skip


def _line_ids(sheet: Sheet, start: pa.ChunkedArray, end: pa.ChunkedArray) -> list[str]:
    """The line's own number, else start-end; a second line of the same name gets a number."""
    own = sheet.text("map_number").to_pylist()
    seen: dict[str, int] = {}
    result = []
    for number, a, b in zip(own, start.to_pylist(), end.to_pylist(), strict=True):
        name = number or f"{a or '?'}-{b or '?'}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return result


def _sections(sheet: Sheet, table: pa.Table, delivery: Delivery) -> pa.Table:
    """Columns of the section: diameter, or width and height, in metres, and its shape."""
    found = parse_sections(sheet.text("section"), unit_of(sheet.columns["section"]))
    if found.note:
        delivery.findings.add("import.unit", "info", found.note, file=sheet.path.name, column=sheet.columns["section"], fix="Write the unit into the heading, e.g. 管径(mm)")
    bad = np.flatnonzero(found.bad)
    delivery.findings.add_rows(
        "import.bad_section", "warning", "the section is neither a diameter nor width by height; it is kept as it is", kind="", ids=[None] * len(bad),
        column=sheet.columns["section"], file=sheet.path.name, rows=sheet.rows[bad], values=sheet.text("section").take(pa.array(bad)).to_pylist(),
        fix="Write DN300 or 800x600 in millimetres",
    )  # fmt: skip
    size = pc.coalesce(found.diameter, found.height)
    for name, column in (("__diameter", found.diameter), ("__width", found.width), ("__height", found.height), ("__size", size), ("__shape", found.shape)):
        table = table.append_column(name, column)
    heading = sheet.columns["section"]
    raw = pc.if_else(pa.array(found.bad), sheet.text("section"), pa.scalar(None, pa.string()))
    return table.set_column(table.column_names.index(heading), heading, raw)


POINT_FIELDS: tuple[tuple[str, str, str | None], ...] = (
    ("feature_code", "feature_code", None), ("feature", "feature", None), ("attachment", "attachment", None), ("ground_elevation", "ground_elevation", "m"),
    ("depth", "depth", "m"), ("well_bottom_depth", "well_bottom_depth", "m"), ("status", "status", None), ("road", "road", None),
    ("map_number", "map_number", None), ("field_number", "field_number", None), ("owner", "owner", None), ("survey_date", "survey_date", None),
    ("comment", "comment", None),
)  # fmt: skip
LINE_FIELDS: tuple[tuple[str, str, str | None], ...] = (
    ("feature_code", "feature_code", None), ("material", "material", None), ("laying", "laying", None), ("status", "status", None),
    ("build_date", "build_date", None), ("from_elevation", "from_elevation", "m"), ("to_elevation", "to_elevation", "m"), ("from_depth", "from_depth", "m"),
    ("to_depth", "to_depth", "m"), ("road", "road", None), ("map_number", "map_number", None), ("pressure_class", "pressure_class", None),
    ("nominal_voltage", "nominal_voltage", "kV"), ("ducts", "ducts", None), ("ducts_used", "ducts_used", None), ("owner", "owner", None),
    ("survey_date", "survey_date", None), ("comment", "comment", None),
)  # fmt: skip


def _rows(sheet: Sheet, table: pa.Table, request: ReadRequest, delivery: Delivery, fields: tuple[tuple[str, str, str | None], ...], rules: Rules) -> Iterator[Batch]:
    """Hand the prepared table to the common reader of layers, which converts every field and keeps what is left over."""
    known = pc.is_valid(table[_KIND])
    columns = [ColumnRule("id", (_ID,)), ColumnRule("category", (_MINOR,))]
    kinds = pc.unique(table[_KIND]).drop_null().to_pylist()
    declared = {name: f.quantity for k in kinds for f in request.catalog.kinds[k].fields for name in (f.name,)}
    for target, name, unit in fields:
        if name in sheet.columns:
            given = _length_unit(sheet.columns[name]) if unit == "m" else unit_of(sheet.columns[name]) if unit else None
            columns.append(ColumnRule(target, (sheet.columns[name],), (given or unit) if declared.get(target) else None))
    columns += [ColumnRule(target, (source,)) for target, source in (("from_id", _FROM), ("to_id", _TO)) if source in table.column_names]
    columns += _section_rules(table, request, kinds)
    own = [c for rule in rules.of_layer(sheet.path.stem) for c in rule.columns]
    taken = {c.target for c in own}
    rule = LayerRule(sheet.path.stem, None, _KIND, {k: k for k in kinds}, (*own, *(c for c in columns if c.target not in taken)), ignore=_used(table, sheet))
    reader = LayerReader(Source(sheet.path.name, sheet.path.stem, tuple(n for n in table.column_names if n != GEOMETRY)), (rule,), request, delivery)
    yield from reader.batches(table.filter(known), sheet.rows[known.to_numpy()])


def _length_unit(heading: str) -> str:
    return {"mm": "mm", "cm": "cm", "ft": "ft"}.get((unit_of(heading) or "m").lower(), "m")


def _section_rules(table: pa.Table, request: ReadRequest, kinds: list[str]) -> list[ColumnRule]:
    if "__diameter" not in table.column_names:
        return []
    names = {f.name for k in kinds for f in request.catalog.kinds[k].fields}
    rules = [ColumnRule("width", ("__width",)), ColumnRule("shape", ("__shape",))]
    if "height" in names:
        return [*rules, ColumnRule("diameter", ("__diameter",)), ColumnRule("height", ("__height",))]
    return [*rules, ColumnRule("diameter", ("__size",))]  # a box keeps its height there


def _used(table: pa.Table, sheet: Sheet) -> tuple[str, ...]:
    """Columns that are not kept beside: helpers, coordinates and numbers that became geometry and ids."""
    helpers = [name for name in table.column_names if name.startswith("__")]
    placed = [sheet.columns[n] for n in ("x", "y", "start", "end", "category", "start_x", "start_y", "end_x", "end_y") if n in sheet.columns]
    return tuple(name.replace("[", "[[]") for name in (*helpers, *placed))


FORMATS: tuple[Format, ...] = (
    Format("survey", "survey point and line tables", "管线点表与线表", (".survey", ".csv", ".tsv", ".txt"), sniff, read, write),
)
