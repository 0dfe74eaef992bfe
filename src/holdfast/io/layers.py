"""Rows of a layer turned into assets: which kind, which column is which field, ids, units, codes, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.delivery import Batch, Delivery, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.geometry import transform
from holdfast.model.quantity import quantity
from holdfast.model.spec import Field, Kind
from holdfast.model.tables import DERIVED_EDGE, TIME_AXES, asset_schema, layer_name

from . import shapes, values
from .rules import ColumnRule, LayerRule, Rules, quantity_of

GEOMETRY = "geometry"
_UNIT = re.compile(r"^(?P<name>.+?)\s*\[(?P<unit>[^\]]*)\]$")
_DERIVED = frozenset({*(f.name for f in DERIVED_EDGE), *TIME_AXES, "fid", "ogc_fid"})
_REFERENCES = frozenset({"from_id", "to_id", "host_id"})


def split_heading(heading: str) -> tuple[str, str | None]:
    """Name and unit of a heading written `name [unit]`; the unit is None where there is none."""
    match = _UNIT.match(heading.strip())
    return (match["name"], match["unit"].strip()) if match else (heading.strip(), None)


def kind_of_layer(name: str, kinds: dict[str, Kind]) -> Kind | None:
    """The kind a layer or file is named after: `water.pipe`, `water_pipe`, `water-pipe`, in any case."""
    key = re.sub(r"[\s\-.]+", "_", name.strip()).casefold()
    return next((kind for kind in kinds.values() if layer_name(kind.name) == key), None)


@dataclass(slots=True)
class Source:
    """Where rows come from, for ids and findings. columns: headings of the layer, without the geometry."""

    file: str
    layer: str
    columns: tuple[str, ...]
    geometry: bool = True
    typed: bool = True  # False when every value is text, as in CSV


@dataclass(slots=True)
class LayerReader:
    """Reads one layer: `rules` were chosen for it; `batches` turns pieces of the layer into batches of kinds."""

    source: Source
    rules: tuple[LayerRule, ...]
    request: ReadRequest
    delivery: Delivery
    _plans: dict[tuple[str, str], _Plan] = field(default_factory=dict)
    _said: set[tuple[str, ...]] = field(default_factory=set)

    def batches(self, table: pa.Table, first_row: int | np.ndarray) -> Iterator[Batch]:
        """Batches of every kind in a piece of the layer. first_row: 1-based row of the file of the piece's first row, or of every row."""
        rows = np.arange(first_row, first_row + table.num_rows, dtype=np.int64) if isinstance(first_row, int) else first_row
        for rule in self.rules:
            if rule.skip:
                continue
            chosen = self._where(rule, table)
            for name, mask in self._kinds(rule, table, chosen, rows):
                kind = self.request.catalog.kinds[name]
                if self.request.only is not None and name not in self.request.only:
                    continue
                part = table if mask is None else table.filter(pa.array(mask))
                if part.num_rows:
                    yield self._convert(rule, kind, part, rows if mask is None else rows[mask])

    def _where(self, rule: LayerRule, table: pa.Table) -> np.ndarray | None:
        mask = None
        for column, wanted in rule.where.items():
            hit = pc.is_in(values.to_text(table[self._present(column, f"where.{column}")]), pa.array(wanted, pa.string()))
            hit = pc.fill_null(hit, False).to_numpy()
            mask = hit if mask is None else mask & hit
        return mask

    def _present(self, column: str, key: str) -> str:
        """The heading of the file that a mapping means; case and surrounding spaces do not matter. raises Invalid if it is not there."""
        for heading in self.source.columns:
            if heading == column:
                return heading
        for heading in self.source.columns:
            if heading.strip().casefold() == column.strip().casefold():
                return heading
        raise Invalid(
            f"the file has no column {column!r}", fix=f"Correct {key} in the mapping; columns are: {', '.join(self.source.columns[:60])}",
            file=self.source.file, layer=self.source.layer, field=column,
        )  # fmt: skip

    def _kinds(self, rule: LayerRule, table: pa.Table, chosen: np.ndarray | None, rows: np.ndarray) -> Iterator[tuple[str, np.ndarray | None]]:
        if rule.kind is not None:
            yield rule.kind, chosen
            return
        assert rule.kind_column is not None
        codes = pc.dictionary_encode(values.to_text(table[self._present(rule.kind_column, "kind_from")])).combine_chunks()
        if isinstance(codes, pa.ChunkedArray):
            return
        words = [(word or "").strip() for word in codes.dictionary.to_pylist()]
        index = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        wanted: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            kind = rule.kind_codes.get(word)
            if kind is not None:
                wanted.setdefault(kind, []).append(place)
            else:
                hit = (index == place) if chosen is None else (index == place) & chosen
                self._unknown_kind(rule.kind_column, word, rows[hit])
        empty = (index < 0) if chosen is None else (index < 0) & chosen
        self._unknown_kind(rule.kind_column, "", rows[empty])
        for kind, places in wanted.items():
            mask = np.isin(index, places)
            mask = mask if chosen is None else mask & chosen
            yield kind, (None if mask.all() else mask)

    def _unknown_kind(self, column: str, word: str, rows: np.ndarray) -> None:
        key = ("kind", column, word)
        if len(rows) == 0 or key in self._said:
            return
        self._said.add(key)
        self.delivery.findings.add(
            "import.unknown_kind", "warning", f"rows with {column} = {word!r} are of no known kind and were left out",
            fix="Add the value to kind_from.codes of the mapping", column=column, value=word, file=self.source.file, row=int(rows[0]),
        )  # fmt: skip

    def _convert(self, rule: LayerRule, kind: Kind, table: pa.Table, rows: np.ndarray) -> Batch:
        key = (rule.layer + repr(sorted(rule.where.items())), kind.name)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _Plan.make(self, rule, kind)
            self._say_plan(plan)
        return Batch(kind.name, plan.apply(table, rows), rows)

    def _say_plan(self, plan: _Plan) -> None:
        say = self.delivery.findings.add
        where = {"kind": plan.kind.name, "file": self.source.file}
        if plan.id is None:
            say("import.no_id", "info", f"the layer {self.source.layer!r} has no id column; rows are named by their number",
                fix="Name the id column in a mapping: id = \"COLUMN\"", column="id", **where)  # fmt: skip
        mapped = [column.target for column in plan.columns]
        layer = self.delivery.facts.setdefault("layers", {}).setdefault(self.source.layer, {})
        layer[plan.kind.name] = {"fields": mapped, "extra": list(plan.extra.values())}


@dataclass(slots=True)
class _Plan:
    """How the columns of one layer become the columns of one kind. extra: heading of the file -> name it is kept under."""

    reader: LayerReader
    rule: LayerRule
    kind: Kind
    columns: tuple[ColumnRule, ...]
    id: ColumnRule | None
    extra: dict[str, str]
    schema: pa.Schema

    @classmethod
    def make(cls, reader: LayerReader, rule: LayerRule, kind: Kind) -> _Plan:
        """Settle every heading: used by the mapping, named like a field, ignored, or kept as it is."""
        schema = asset_schema(kind)
        targets = {name.casefold(): name for name in schema.names if name != GEOMETRY}
        chosen: dict[str, ColumnRule] = {}
        used: set[str] = {GEOMETRY}
        for column in rule.columns:
            if column.target not in schema.names:
                continue  # the rule serves several kinds and this one lacks the field
            sources = tuple(reader._present(s, f"columns.{column.target}") for s in column.sources)
            unit = column.unit or next((u for s in sources if (u := split_heading(s)[1])), None)
            chosen[column.target] = changed(column, sources=sources, unit=unit)
            used.update(sources)
        used.update(heading for heading in reader.source.columns if heading.casefold() in _DERIVED or _matches(heading, rule.ignore))
        if rule.kind_column is not None:
            used.update(h for h in reader.source.columns if h.casefold() == rule.kind_column.casefold())
        used.update(h for h in reader.source.columns if h in rule.places.values())
        extra: dict[str, str] = {}
        for heading in reader.source.columns:
            if heading in used:
                continue
            name, unit = split_heading(heading)
            target = targets.get(name.casefold())
            if target is not None and target not in chosen and _unit_fits(kind, target, unit):
                chosen[target] = ColumnRule(target, (heading,), unit)
            else:
                extra[heading] = heading if heading not in schema.names else f"delivered_{heading}"
        identity = chosen.pop("id", None)
        return cls(reader, rule, kind, tuple(chosen.values()), identity, extra, schema)

    def apply(self, table: pa.Table, rows: np.ndarray) -> pa.Table:
        """Rows of the layer as a table of the kind."""
        ids = self._ids(table, rows)
        arrays: dict[str, Any] = {"id": ids}
        if GEOMETRY in table.column_names:
            findings, file = self.reader.delivery.findings, self.reader.source.file
            column = values.chunked(table[GEOMETRY])
            if self.rule.swap_xy:
                column = pa.chunked_array([exchange_axes(column)])
            arrays[GEOMETRY], delivered = shapes.fit(column, self.kind, findings, ids=ids, rows=rows, file=file)
            if delivered is not None:
                arrays["delivered_geometry"] = delivered
        for column in self.columns:
            arrays[column.target] = self._column(column, table, ids, rows)
        for heading, name in self.extra.items():
            kept = values.blank(values.plain(table[heading]), self.rule.missing)
            if kept.null_count < len(kept):
                arrays[name] = kept
        return pa.table(arrays)

    def _say(self, rule: str, message: str, hit: np.ndarray, ids: pa.ChunkedArray, rows: np.ndarray, column: str, raw: pa.ChunkedArray | None, fix: str) -> None:
        at = np.flatnonzero(hit)
        if len(at) == 0:
            return
        take = pa.array(at)
        self.reader.delivery.findings.add_rows(
            rule, "warning", message, kind=self.kind.name, ids=ids.take(take).to_pylist(), column=column, fix=fix, file=self.reader.source.file,
            values=None if raw is None else values.to_text(raw.take(take)).to_pylist(), rows=rows[at],
        )  # fmt: skip

    def _raw(self, column: ColumnRule, table: pa.Table) -> pa.ChunkedArray:
        """The delivered values of a rule: one column, several joined, or a constant."""
        if not column.sources:
            return pa.chunked_array([pa.repeat(pa.scalar(column.value), table.num_rows)])
        parts = [values.blank(values.chunked(table[s]), self.rule.missing) for s in column.sources]
        if len(parts) == 1:
            return parts[0]
        return pc.binary_join_element_wise(*[values.to_text(p) for p in parts], column.join)

    def _ids(self, table: pa.Table, rows: np.ndarray) -> pa.ChunkedArray:
        numbered = pc.binary_join_element_wise(pa.scalar(f"{self.kind.name}:{self.reader.source.layer}"), pa.array(rows).cast(pa.string()), "-")
        if self.id is None:
            return values.chunked(numbered)
        given = pc.utf8_trim_whitespace(values.to_text(self._translated(self.id, table)))
        absent = pc.fill_null(pc.equal(given, ""), True)
        ids = values.chunked(pc.if_else(absent, numbered, self._prefixed(given, (self.kind.name,))))
        self._say("import.missing_id", "the row has no id; it is named by its number", absent.to_numpy(), ids, rows, "id", None, "Give every asset an id")
        return ids

    def _translated(self, column: ColumnRule, table: pa.Table) -> pa.ChunkedArray:
        raw = self._raw(column, table)
        return values.to_code(raw, None, column.codes).column if column.codes else raw

    def _prefixed(self, text: pa.ChunkedArray, kinds: Sequence[str]) -> pa.ChunkedArray:
        """Ids with their kind in front, where it is certain and not there yet."""
        if len(kinds) != 1:
            return text
        whole = _names_kind(text)
        return pc.if_else(whole, text, pc.binary_join_element_wise(pa.scalar(f"{kinds[0]}:"), text, ""))

    def _reference(self, column: ColumnRule, table: pa.Table) -> pa.ChunkedArray:
        """Ids of other assets. Without a certain kind they stay as delivered; the import finds the asset they name."""
        text = pc.utf8_trim_whitespace(values.to_text(self._translated(column, table)))
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        for beginning, kind in sorted(column.prefixes.items(), key=lambda item: -len(item[0])):
            hit = pc.and_(pc.starts_with(text, beginning), pc.invert(_names_kind(text)))
            text = pc.if_else(hit, pc.binary_join_element_wise(pa.scalar(f"{kind}:"), text, ""), text)
        return self._prefixed(text, column.kinds)

    def _column(self, column: ColumnRule, table: pa.Table, ids: pa.ChunkedArray, rows: np.ndarray) -> pa.ChunkedArray:
        declared, target = self.kind.field(column.target), column.target
        wanted = self.schema.field(target).type
        if target in _REFERENCES or (declared is not None and declared.type == "id"):
            return self._reference(column, table)
        raw = self._raw(column, table)
        if declared is not None and declared.type == "code":
            return self._code(column, declared, raw, rows)
        if pa.types.is_floating(wanted) or pa.types.is_integer(wanted):
            return self._number(column, raw, wanted, ids, rows)
        if pa.types.is_boolean(wanted) or pa.types.is_date(wanted):
            found = values.to_boolean(raw) if pa.types.is_boolean(wanted) else values.to_date(raw, column.format or self.rule.date_format)
            word = "a truth value" if pa.types.is_boolean(wanted) else "a date"
            fix = "Write 1 or 0, or give codes in the mapping" if pa.types.is_boolean(wanted) else "Write YYYY-MM-DD, or give date_format in the mapping"
            if found.bad is not None:
                self._say(f"import.not_{word.rsplit(maxsplit=1)[-1]}", f"{target} is not {word}", found.bad, ids, rows, target, raw, fix)
            return found.column
        if column.codes:
            return values.to_code(raw, None, column.codes).column
        return values.to_text(raw)

    def _number(self, column: ColumnRule, raw: pa.ChunkedArray, wanted: pa.DataType, ids: pa.ChunkedArray, rows: np.ndarray) -> pa.ChunkedArray:
        if column.codes:
            raw = values.to_code(raw, None, column.codes).column
        whole = pa.types.is_integer(wanted)
        found = values.to_integer(raw, decimal=self.rule.decimal) if whole else values.to_number(raw, decimal=self.rule.decimal)
        if found.bad is not None:
            rule, word = ("import.not_whole", "a whole number") if whole else ("import.not_a_number", "a finite number")
            self._say(rule, f"{column.target} is not {word}", found.bad, ids, rows, column.target, raw, "Correct the value in the source")
        factor, offset = column.factor, column.offset
        name = quantity_of(self.kind, column.target)
        if column.unit and name is not None:
            unit = quantity(name).find_unit(column.unit)
            factor, offset = factor * unit.factor, offset * unit.factor + unit.offset
        if factor == 1.0 and offset == 0.0:
            return found.column
        # NumPy so that v * factor + offset rounds as everywhere else
        scaled = found.column.cast(pa.float64()).to_numpy() * factor + offset
        return pa.chunked_array([pa.array(scaled, pa.float64(), from_pandas=True)]).cast(wanted, safe=False)

    def _code(self, column: ColumnRule, declared: Field, raw: pa.ChunkedArray, rows: np.ndarray) -> pa.ChunkedArray:
        coded = values.to_code(raw, declared.dictionary, column.codes)
        for word, at in coded.unknown.items():
            key = ("code", self.kind.name, column.target, word)
            if key in self.reader._said:
                continue
            self.reader._said.add(key)
            self.reader.delivery.findings.add(
                "import.unknown_code", "warning", f"{word!r} is no code of {column.target}; it is kept as it is",
                fix=f'Translate it in the mapping: codes = {{ "{word}" = "CODE" }}', kind=self.kind.name, column=column.target, value=word,
                file=self.reader.source.file, row=int(rows[at[0]]),
            )  # fmt: skip
        return coded.column


def exchange_axes(column: pa.ChunkedArray) -> pa.Array:
    """A WKB column with x and y exchanged."""
    return transform(column, lambda x, y: (y, x))


def _names_kind(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which ids carry a kind in front already."""
    return pc.fill_null(pc.match_substring_regex(text, r"^[a-z_0-9]+\.[a-z_0-9]+:"), False)


def _matches(heading: str, patterns: Sequence[str]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(heading.casefold(), pattern.casefold()) for pattern in patterns)


def _unit_fits(kind: Kind, target: str, unit: str | None) -> bool:
    """Whether a heading's unit belongs to the field; a heading with a foreign unit is not that field."""
    if not unit:
        return True
    name = quantity_of(kind, target)
    if name is None:
        return False
    try:
        quantity(name).find_unit(unit)
    except Invalid:
        return False
    return True


def choose(source: Source, rules: Rules, request: ReadRequest, delivery: Delivery) -> LayerReader | None:
    """A reader for a layer, or None when nothing says what it is (said as a finding).

    The mapping goes first, then the kind given for the whole file, then the layer's own name, then a column `kind` of kind names.
    """
    kinds = request.catalog.kinds
    found = rules.of_layer(source.layer)
    if not found and (name := request.parameters.get("kind")):
        if name not in kinds:
            raise Invalid(f"{name!r} is not a kind", fix=f"Use one of: {', '.join(sorted(kinds))}", field="kind")
        found = (LayerRule(source.layer, name),)
    if not found and (kind := kind_of_layer(source.layer, kinds)):
        found = (LayerRule(source.layer, kind.name),)
    if not found and any(column.casefold() == "kind" for column in source.columns):
        found = (LayerRule(source.layer, None, "kind", {name: name for name in kinds}),)
    if not found:
        delivery.findings.add(
            "import.layer_skipped", "warning", f"the layer {source.layer!r} is of no known kind and was left out",
            fix="Say what it is in a mapping (--map); --guess proposes one", file=source.file, value=source.layer,
        )  # fmt: skip
        return None
    if all(rule.skip for rule in found):
        return None
    return LayerReader(source, found, request, delivery)
