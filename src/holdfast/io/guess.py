"""Guessing a mapping: which layer is which kind, which column which field, in which unit, with a confidence for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.crs import parse_crs
from holdfast.model.errors import HoldfastError
from holdfast.model.geometry import length as shape_length
from holdfast.model.quantity import Quantity, quantity
from holdfast.model.spec import Catalog, Field, Kind
from holdfast.model.tables import ASSET_COMMON, DEVICE_COLUMNS, EDGE_COLUMNS

from . import values
from .guess_words import FIELD_WORDS, KIND_WORDS, UNIT_WORDS
from .layers import GEOMETRY, kind_of_layer, split_heading
from .peek import Peek
from .rules import quantity_of
from .shapes import wkb_types
from .survey_categories import Categories
from .survey_words import plain, unit_of

_SHAPES = {0: None, 1: "point", 2: "line", 3: "area", 4: "point", 5: "line", 6: "area", 7: None}
_WANTED = {"Point": "point", "LineString": "line", "Polygon": "area", "MultiPolygon": "area", None: None}
_INCHES = frozenset({1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 14, 15, 16, 18, 20, 21, 24, 27, 30, 33, 36, 42, 48, 54, 60, 66, 72})
_VOLTAGES = frozenset({0.22, 0.38, 0.4, 3, 6, 6.6, 10, 11, 13.8, 15, 20, 22, 25, 33, 35, 66, 110, 132, 220, 330, 380, 400, 500, 750, 1000})
_TYPICAL = {
    "discharge": (1e-6, 5.0), "pressure": (2e4, 2.5e6), "active_power": (50.0, 5e9), "apparent_power": (50.0, 5e9), "roughness": (1e-7, 0.02),
    "current": (0.5, 5e4), "speed": (1.0, 100.0),
}  # fmt: skip
"""Medians [SI] that are usual in city networks, much narrower than what is possible at all. [proposal]"""
LEAST = 0.55  # columns matched with less confidence are left as they are


@dataclass(slots=True)
class ColumnGuess:
    """One proposed column. unmatched: distinct values that are no code of the dictionary."""

    target: str
    heading: str
    confidence: float
    reason: str
    unit: str | None = None
    unit_reason: str = ""
    unmatched: tuple[str, ...] = ()
    kind: str | None = None


@dataclass(slots=True)
class LayerGuess:
    """One proposed layer; kind is None when nothing fits."""

    layer: str
    kind: str | None
    confidence: float
    reason: str
    columns: list[ColumnGuess] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    others: list[tuple[str, float]] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)


def guess_layer(peek: Peek, catalog: Catalog, file: str = "") -> LayerGuess:
    """What a layer is, from its name, shapes and columns."""
    headings = [n for n in peek.table.column_names if n != GEOMETRY]
    shape = _shape(peek)
    scored = sorted(((_kind_score(kind, peek, shape, headings, catalog, file), kind) for kind in catalog.kinds.values()), key=lambda s: (-s[0][0], s[1].name))
    (score, reason), best = scored[0]
    others = [(kind.name, round(s[0], 2)) for s, kind in scored[1:4] if s[0] > 0.2]
    if score < 0.3:
        return LayerGuess(peek.layer, None, round(score, 2), "no kind fits name, shapes and columns", others=others, rest=headings)
    columns = guess_columns(peek, best, catalog)
    used = {c.heading for c in columns} | {heading for _, heading in peek.places}
    # a column named like the id that is none would be taken for it if nothing were said
    ignore = [h for h in headings if h.casefold() == "id" and h not in used and not any(c.target == "id" for c in columns)]
    rest = [h for h in headings if h not in used and h not in ignore]
    return LayerGuess(peek.layer, best.name, round(score, 2), reason, columns, rest, dict(peek.places), others, ignore)


def _shape(peek: Peek) -> str | None:
    if GEOMETRY not in peek.table.column_names:
        axes = {axis for axis, _ in peek.places}
        return "line" if {"x2", "y2"} <= axes else "point" if {"x", "y"} <= axes else None
    column = peek.table[GEOMETRY]
    codes = np.concatenate([wkb_types(chunk) for chunk in column.chunks]) if column.num_chunks else np.zeros(0, np.int64)
    met = [name for code in np.unique(codes) if (name := _SHAPES.get(int(code)))]
    return met[0] if len(set(met)) == 1 else None


def _kind_score(kind: Kind, peek: Peek, shape: str | None, headings: Sequence[str], catalog: Catalog, file: str) -> tuple[float, str]:
    name, reason = _name_score(kind, peek.layer, shape, catalog)
    if name == 0.0 and file and file != peek.layer:
        name, reason = _name_score(kind, file, shape, catalog)
        name *= 0.8
    wanted = _WANTED[kind.geometry]
    fits = 1.0 if shape == wanted else 0.6 if shape is None or wanted is None else 0.15
    if kind.trait == "record":
        fits = min(fits, 0.3)
    own = [f for f in kind.fields if _best_heading(f.name, (f.title, f.title_zh), headings) >= 0.9]
    special = len({f.name for f in own} - {"status", "comment", "road", "category", "feature_code", "map_number", "tag", "position"})
    share = min(0.25, 0.08 * special)
    word = f"; its columns {', '.join(f.name for f in own[:4])}" if own else ""
    return min(0.99, (name + share) * fits), (reason or "its columns") + word


def _name_score(kind: Kind, layer: str, shape: str | None, catalog: Catalog) -> tuple[float, str]:
    if kind_of_layer(layer, {kind.name: kind}) is not None:
        return 0.95, "the layer is named after the kind"
    key = re.sub(r"[\s\-.]+", "_", layer).casefold()
    words = sorted((w for w in KIND_WORDS.get(kind.name, ()) if w in key), key=len, reverse=True)
    if words and not words[0].isascii():  # more exact than the category that it begins with
        return min(0.9, 0.71 + 0.05 * len(words[0])), f"the layer's name contains {words[0]!r}"
    category = Categories(catalog).of_name(layer)
    if category is not None:
        lines, points = Categories(catalog).lines.get(category[0]), Categories(catalog).points.get(category[0])
        if (kind is lines and shape != "point") or (kind is points and shape == "point"):
            return 0.8, f"the layer's name begins with category {category[0]}"
    if words:
        return 0.6 + min(0.2, 0.02 * len(words[0])), f"the layer's name contains {words[0]!r}"
    if kind.title_zh and kind.title_zh in layer:
        return 0.75, f"the layer's name contains {kind.title_zh!r}"
    domain, noun = kind.name.split(".")
    if noun in key or noun.replace("_", "") in key:
        return (0.75, f"the layer's name contains {domain} and {noun}") if domain in key else (0.4, f"the layer's name contains {noun!r}")
    return 0.0, ""


def _best_heading(target: str, titles: Sequence[str], headings: Sequence[str]) -> float:
    return max((heading_score(target, titles, h) for h in headings), default=0.0)


def heading_score(target: str, titles: Sequence[str], heading: str) -> float:
    """How well a heading names a field, 0 to 1."""
    name = split_heading(heading)[0].strip()
    if name.casefold() == target.casefold():
        return 1.0
    key = plain(_without_unit(name))
    words = [plain(w) for w in FIELD_WORDS.get(target, ())]
    named = [plain(t) for t in (target, *titles) if t]
    if key in named:
        return 0.95
    if key in words:
        return 0.93 - 0.02 * min(words.index(key), 10)
    long = [w for w in (*words, *named) if len(w) >= (2 if not w.isascii() else 5)]
    if any(w in key for w in long):
        return 0.62
    return 0.0


def _without_unit(name: str) -> str:
    """A heading without a unit at its end: `len_km`, `Diameter (mm)`."""
    head, _, tail = name.rpartition("_")
    return head if head and tail.casefold() in UNIT_WORDS else name


def guess_columns(peek: Peek, kind: Kind, catalog: Catalog) -> list[ColumnGuess]:
    """The best column for each field of a kind; a column serves one field."""
    table, placed = peek.table, {heading for _, heading in peek.places}
    headings = [n for n in table.column_names if n != GEOMETRY and n not in placed]
    common = [Field(f.name, f.name, "", "id" if f.name.endswith("id") else "date" if f.name == "survey_date" else "number" if f.name == "accuracy" else "text")
              for f in (*ASSET_COMMON, *(EDGE_COLUMNS if kind.trait == "edge" else ()), *(DEVICE_COLUMNS if kind.trait == "device" else ()))
              if f.name not in {GEOMETRY, "source", "secrecy", "lifecycle"}]  # fmt: skip
    feet = _in_feet(peek.crs)
    offers = []
    for target in (*common, *kind.fields):
        for heading in headings:
            score = heading_score(target.name, (target.title, target.title_zh), heading)
            if score > 0:
                offer = _weigh(target, heading, score, table, kind, feet, catalog)
                if offer is not None and offer.confidence >= LEAST:
                    offers.append(offer)
    offers.sort(key=lambda o: (-o.confidence, headings.index(o.heading)))
    chosen: dict[str, ColumnGuess] = {}
    for offer in offers:
        if offer.target not in chosen and all(c.heading != offer.heading for c in chosen.values()):
            chosen[offer.target] = offer
    _settle_id(chosen, table)
    _settle_length(chosen.get("length"), peek)
    order = [f.name for f in (*common, *kind.fields)]
    return sorted(chosen.values(), key=lambda c: order.index(c.target))


def _settle_id(chosen: dict[str, ColumnGuess], table: pa.Table) -> None:
    """Without an id column, names that are all different are the ids."""
    name = chosen.get("name")
    if "id" in chosen or name is None:
        return
    column = values.chunked(table[name.heading])
    if column.null_count == 0 and len(pc.unique(column)) == len(column):
        del chosen["name"]
        chosen["id"] = ColumnGuess("id", name.heading, 0.8, "no other id, and every name is different")


def _settle_length(length: ColumnGuess | None, peek: Peek) -> None:
    """The unit of lengths, by comparing them with the shapes."""
    if length is None or GEOMETRY not in peek.table.column_names or peek.crs is None:
        return
    try:
        metre = parse_crs(peek.crs).metre
    except HoldfastError:
        return
    drawn = shape_length(peek.table[GEOMETRY]) * metre
    stated = values.to_number(peek.table[length.heading]).column.to_numpy()
    good = np.isfinite(drawn) & np.isfinite(stated) & (drawn > 0) & (stated > 0)
    if metre == 0 or not good.any():
        return
    ratio = float(np.median(drawn[good] / stated[good]))
    for unit in quantity("length").display:
        if abs(ratio / unit.factor - 1) < 0.1:
            length.unit = None if unit.symbol == "m" else unit.symbol
            length.unit_reason, length.confidence = f"agrees with the length of the shapes in {unit.symbol}", max(length.confidence, 0.95)
            return


def _in_feet(crs: str | None) -> bool:
    try:
        return crs is not None and 0.3 < parse_crs(crs).metre < 0.31
    except HoldfastError:
        return False


def _weigh(target: Field, heading: str, score: float, table: pa.Table, kind: Kind, feet: bool, catalog: Catalog) -> ColumnGuess | None:
    column = values.chunked(table[heading])
    present = column.drop_null()
    guess = ColumnGuess(target.name, heading, score, "heading")
    if len(present) == 0:
        guess.confidence, guess.reason = score * 0.8, "heading; no values in the first rows"
        return guess
    if target.name == "id":
        unique = len(pc.unique(present)) / len(column)
        guess.confidence = score * (1.0 if unique == 1.0 else 0.5 * unique)
        guess.reason = "heading; every value is different" if unique == 1.0 else f"heading; {unique:.0%} of values are different"
        return guess
    if target.name in {"from_id", "to_id", "host_id"} or target.type == "id":
        guess.kind = _referred(kind, catalog) if target.name in {"from_id", "to_id"} else None
        return guess
    measured = quantity_of(kind, target.name)
    if target.type in {"number", "integer"}:
        return _weigh_number(guess, target, present, None if measured is None else quantity(measured), feet)
    if target.type == "code" and target.dictionary is not None:
        coded = values.to_code(column, target.dictionary, {})
        if len(coded.unknown) > 60 or (coded.unknown and len(pc.unique(present)) == len(coded.unknown) and pa.types.is_floating(column.type)):
            return None  # measurements, not codes
        known = 1 - sum(len(rows) for rows in coded.unknown.values()) / len(present)
        guess.confidence = score * (0.7 + 0.3 * known)
        guess.unmatched = tuple(sorted(coded.unknown))[:40]
        guess.reason = f"heading; {known:.0%} of values are known codes"
        return guess
    if target.type in {"date", "boolean"}:
        found = values.to_date(present) if target.type == "date" else values.to_boolean(present)
        good = 1 - (float(found.bad.mean()) if found.bad is not None else 0.0)
        guess.confidence, guess.reason = score * (0.3 + 0.7 * good), f"heading; {good:.0%} of values are {target.type}s"
    return guess


def _referred(kind: Kind, catalog: Catalog) -> str | None:
    """The first node kind of the network that a kind of edge belongs to."""
    return next((network.node_kinds[0] for network in catalog.networks.values() if kind.name in network.edge_kinds and network.node_kinds), None)


def _weigh_number(guess: ColumnGuess, target: Field, present: pa.ChunkedArray, measured: Quantity | None, feet: bool) -> ColumnGuess:
    found = values.to_number(present)
    numbers = found.column.drop_null().to_numpy()
    share = len(numbers) / len(present)
    guess.confidence *= 0.2 + 0.8 * share
    if len(numbers) == 0:
        guess.reason = "heading; no numbers"
        return guess
    guess.reason = f"heading; values {numbers.min():g} to {numbers.max():g}"
    if measured is None:
        return guess
    named = heading_unit(guess.heading, measured)
    if named is not None:
        guess.unit, guess.unit_reason = named, "unit in the heading"
        return guess
    unit, sure, reason = guess_unit(measured, numbers, target.span or measured.span, feet)
    guess.unit, guess.unit_reason = (None if unit == measured.unit else unit), reason
    guess.confidence *= sure
    return guess


def heading_unit(heading: str, measured: Quantity) -> str | None:
    """A unit that a heading carries in brackets or after its last underscore, if the quantity has it."""
    known = {u.symbol for u in measured.display} | {measured.unit}
    tail = heading.rpartition("_")[2].casefold() if "_" in heading else ""
    for word in (split_heading(heading)[1], unit_of(heading), tail):
        unit = word if word in known else UNIT_WORDS.get((word or "").casefold())
        if unit in known:
            return unit
    return None


def guess_unit(measured: Quantity, numbers: np.ndarray, span: tuple[float, float], feet: bool) -> tuple[str, float, str]:
    """The likeliest unit of numbers, how sure (factor on the confidence), and why.

    numbers   as delivered; zeros are left out of account
    feet      the coordinates are in feet, so the rest may be American too
    """
    known = {u.symbol: u for u in measured.display}
    solid = np.abs(numbers[numbers != 0])
    if len(solid) == 0:
        return measured.unit, 0.95, "all values are zero"
    middle, top = float(np.median(solid)), float(solid.max())
    if measured.name == "diameter":
        return _diameter_unit(solid, middle, top, feet)
    if measured.name == "voltage":
        near = np.mean([any(abs(v - n) < 0.01 * n for n in _VOLTAGES) for v in np.unique(solid)[:50]])
        return ("kV", 0.95, "values are usual voltages in kV") if near > 0.8 and top <= 1000 else ("V", 0.9, "values look like volts")
    if feet and measured.name in {"length", "elevation", "depth", "head"} and "ft" in known:
        return "ft", 0.65, "the coordinates are in feet"
    span = _TYPICAL.get(measured.name, span)
    for symbol in [measured.unit, *(s for s in known if s != "1e-3ft")]:
        unit = known.get(symbol)
        value = middle * unit.factor + unit.offset if unit is not None else middle
        if span[0] <= value <= span[1]:
            reason = "values are plausible in SI" if symbol == measured.unit else f"values are plausible in {symbol}"
            return symbol, 1.0 if symbol == measured.unit else 0.8, reason
    return measured.unit, 0.3, "values are plausible in no unit"


def _diameter_unit(solid: np.ndarray, middle: float, top: float, feet: bool) -> tuple[str, float, str]:
    inches = np.mean([v in _INCHES for v in np.unique(solid)[:50]])
    if feet and 1 <= middle <= 100 and inches > 0.5:
        return "in", 0.95, "the coordinates are in feet and the values usual sizes in inches"
    if middle >= 40 and top > 72:
        return "mm", 0.95, "values like 100 to 2000 are millimetres"
    if inches > 0.8 and 2 <= middle <= 72:
        return "in", 0.8, "values are usual sizes in inches"
    if middle < 5:
        return "m", 0.95, "values below 5 are metres"
    return "mm", 0.75, "values may be millimetres"
