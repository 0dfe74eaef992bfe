"""The mapping file: which layer is which kind, which column is which field, in which unit and with which codes.

    crs = "EPSG:4547"                       # defaults for every layer; a layer may say otherwise
    encoding = "gbk"

    [layer."pipes*"]                        # layer, sheet or file name without ending; * and ? match anything
    kind = "water.pipe"
    where = { STATE = ["built", "planned"] }
    ignore = ["OBJECTID"]
    missing = ["-999"]
    [layer."pipes*".columns]
    id = "PIPE_ID"
    from_id = { from = "START", kind = "water.junction" }
    diameter = { from = "DN", unit = "mm" }
    material = { from = "GC", codes = { "铸铁" = "ZT" } }
    build_date = { from = "JSND", format = "%Y" }
    [layer."pipes*".constants]
    owner = "Water company"

One layer that holds several kinds is an array of tables, each with its own `where`, or one table with `kind_from`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.model.errors import Invalid
from holdfast.model.quantity import quantity
from holdfast.model.spec import Catalog, Kind
from holdfast.model.tables import asset_schema

TOP_KEYS = frozenset({"crs", "encoding", "layer", "title", "format", "dependencies"})
LAYER_KEYS = frozenset(
    {"kind", "kind_from", "columns", "constants", "where", "crs", "encoding", "swap_xy", "x", "y", "z", "wkt", "x2", "y2", "z2",
     "delimiter", "decimal", "skip_rows", "ignore", "missing", "date_format", "skip"}
)  # fmt: skip
COLUMN_KEYS = frozenset({"from", "unit", "codes", "kind", "kinds", "format", "value", "join", "factor", "offset"})
KIND_FROM_KEYS = frozenset({"from", "codes"})
DEPENDENCY_KEYS = frozenset({"provider", "needer", "service", "backup_hours", "backup_unit", "provider_kind", "needer_kind", "relation"})


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one field is filled.

    target    field name
    sources   columns of the file; several are joined with `join`
    unit      unit of the values; None means SI, or what the column's heading says
    codes     value of the file -> code of the dictionary
    kinds     for ids of other assets: kinds that a value may name, one when it is certain
    prefixes  for ids of other assets: beginning of the value -> kind
    format    date format as of strptime
    value     a constant instead of a column
    """

    target: str
    sources: tuple[str, ...] = ()
    unit: str | None = None
    codes: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    value: Any = None
    join: str = "-"
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class LayerRule:
    """How rows of the layers whose name matches `layer` become assets of one kind, or of the kinds a code column names."""

    layer: str
    kind: str | None
    kind_column: str | None = None
    kind_codes: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[ColumnRule, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    crs: str | None = None
    encoding: str | None = None
    swap_xy: bool = False
    places: Mapping[str, str] = field(default_factory=dict)  # x, y, z, x2, y2, z2, wkt -> column
    delimiter: str | None = None
    decimal: str = "."
    skip_rows: int = 0
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    date_format: str | None = None
    skip: bool = False

    def kinds(self) -> tuple[str, ...]:
        """Every kind this rule may produce."""
        return (self.kind,) if self.kind else tuple(dict.fromkeys(self.kind_codes.values()))


@dataclass(frozen=True, slots=True)
class Rules:
    """A parsed mapping. file: where it came from, for messages."""

    layers: tuple[LayerRule, ...] = ()
    crs: str | None = None
    encoding: str | None = None
    dependencies: Mapping[str, str] | None = None
    file: str | None = None

    def of_layer(self, name: str) -> tuple[LayerRule, ...]:
        """Rules for a layer: those that name it exactly, else those whose pattern matches."""
        exact = tuple(r for r in self.layers if r.layer.casefold() == name.casefold())
        return exact or tuple(r for r in self.layers if fnmatch.fnmatchcase(name.casefold(), r.layer.casefold()))


def parse(mapping: Mapping[str, Any] | None, catalog: Catalog, file: str | Path | None = None) -> Rules:
    """Check a mapping and give it a shape.

    raises    Invalid naming the file, the key, and what may stand there
    """
    if not mapping:
        return Rules()
    reader = _Reader(catalog, str(file) if file is not None else "mapping")
    return reader.rules(mapping)


class _Reader:
    """Turns the parsed TOML into rules; keeps catalog and file name at hand for messages."""

    def __init__(self, catalog: Catalog, file: str) -> None:
        self.catalog, self.file = catalog, file

    def fail(self, message: str, key: str, fix: str) -> Invalid:
        return Invalid(message, fix=fix, file=self.file, key=key)

    def check_keys(self, table: Any, allowed: frozenset[str], where: str) -> Mapping[str, Any]:
        if not isinstance(table, Mapping):
            raise self.fail(f"[{where}] must be a table", where, f"Write [{where}] and keys under it")
        for key in table:
            if key not in allowed:
                raise self.fail(f"unknown key {key!r} in [{where}]", f"{where}.{key}", f"Use one of: {', '.join(sorted(allowed))}")
        return table

    def text(self, table: Mapping[str, Any], key: str, where: str) -> str | None:
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            raise self.fail(f"{key} must be text, not {value!r}", f"{where}.{key}", f'Write {key} = "..."')
        return value

    def texts(self, table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, ())
        if isinstance(value, str | int | float):
            value = (value,)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str | int | float) for item in value):
            raise self.fail(f"{key} must be text or a list of texts", f"{where}.{key}", f'Write {key} = ["...", "..."]')
        return tuple(str(item) for item in value)

    def rules(self, mapping: Mapping[str, Any]) -> Rules:
        top = self.check_keys(mapping, TOP_KEYS, "top of the file")
        layers = []
        for name, body in self.check_layers(top.get("layer", {})).items():
            bodies = body if isinstance(body, list) else [body]
            layers += [self.layer(name, one, f'layer."{name}"') for one in bodies]
        dependencies = top.get("dependencies")
        if dependencies is not None:
            dependencies = self.check_keys(dependencies, DEPENDENCY_KEYS, "dependencies")
            dependencies = {key: str(value) for key, value in dependencies.items()}
        return Rules(tuple(layers), self.text(top, "crs", "top"), self.text(top, "encoding", "top"), dependencies, self.file)

    def check_layers(self, layers: Any) -> Mapping[str, Any]:
        if not isinstance(layers, Mapping):
            raise self.fail("layer must be a table of layers", "layer", 'Write [layer."NAME"] for each layer')
        return layers

    def kind(self, name: Any, key: str) -> Kind:
        kind = self.catalog.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            near = sorted(k for k in self.catalog.kinds if isinstance(name, str) and name.split(".")[0] == k.split(".")[0]) or sorted(self.catalog.kinds)
            raise self.fail(f"{name!r} is not a kind", key, f"Use one of: {', '.join(near)}")
        return kind

    def layer(self, name: str, body: Any, where: str) -> LayerRule:
        table = self.check_keys(body, LAYER_KEYS, where)
        kind = self.kind(table["kind"], f"{where}.kind") if "kind" in table else None
        column, codes = self.kind_from(table, where)
        if kind is None and column is None and not table.get("skip"):
            raise self.fail("the layer has neither kind nor kind_from", f"{where}.kind", 'Write kind = "domain.noun", or skip = true to leave the layer out')
        kinds = [kind] if kind else [self.catalog.kinds[k] for k in dict.fromkeys(codes.values())]
        columns = [self.column(target, spec, kinds, f"{where}.columns") for target, spec in self.sub(table, "columns", where).items()]
        columns += [self.column(target, {"value": value}, kinds, f"{where}.constants") for target, value in self.sub(table, "constants", where).items()]
        filters = {key: self.texts({"where": value}, "where", where) for key, value in self.sub(table, "where", where).items()}
        places = {key: text for key in ("x", "y", "z", "x2", "y2", "z2", "wkt") if (text := self.text(table, key, where)) is not None}
        skip_rows = table.get("skip_rows", 0)
        if not isinstance(skip_rows, int) or skip_rows < 0:
            raise self.fail("skip_rows must be a whole number", f"{where}.skip_rows", "Write skip_rows = 1")
        return LayerRule(
            name, kind.name if kind else None, column, codes, tuple(columns), filters, self.text(table, "crs", where), self.text(table, "encoding", where),
            bool(table.get("swap_xy", False)), places, self.text(table, "delimiter", where), self.text(table, "decimal", where) or ".", skip_rows,
            self.texts(table, "ignore", where), self.texts(table, "missing", where), self.text(table, "date_format", where), bool(table.get("skip", False)),
        )  # fmt: skip

    def sub(self, table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, Mapping):
            raise self.fail(f"{key} must be a table", f"{where}.{key}", f"Write [{where}.{key}] and keys under it")
        return value

    def kind_from(self, table: Mapping[str, Any], where: str) -> tuple[str | None, dict[str, str]]:
        if "kind_from" not in table:
            return None, {}
        key = f"{where}.kind_from"
        body = self.check_keys(table["kind_from"], KIND_FROM_KEYS, key)
        column = self.text(body, "from", key)
        if column is None:
            raise self.fail("kind_from names no column", f"{key}.from", 'Write kind_from = { from = "COLUMN", codes = { "JS" = "water.pipe" } }')
        codes = {str(code): self.kind(kind, f"{key}.codes.{code}").name for code, kind in self.sub(body, "codes", key).items()}
        return column, codes or {name: name for name in self.catalog.kinds}

    def column(self, target: str, spec: Any, kinds: list[Kind], where: str) -> ColumnRule:
        key = f"{where}.{target}"
        known = set().union(*(asset_schema(k).names for k in kinds)) if kinds else set()
        if known and target not in known:
            names = ", ".join(k.name for k in kinds[:3])
            raise self.fail(f"{target!r} is not a field of {names}", key, f"Use one of: {', '.join(sorted(known))}; other columns are kept as they are")
        if isinstance(spec, str):
            return ColumnRule(target, (spec,))
        if isinstance(spec, list):
            return ColumnRule(target, self.texts({target: spec}, target, where))
        table = self.check_keys(spec, COLUMN_KEYS, key)
        sources = self.texts(table, "from", key)
        if bool(sources) == ("value" in table):
            raise self.fail(f"{target} needs either from or value", key, f'Write {target} = {{ from = "COLUMN" }} or {target} = {{ value = ... }}')
        unit = self.text(table, "unit", key)
        if unit is not None:
            self.check_unit(target, unit, kinds, key)
        prefixes = {str(k): self.kind(v, f"{key}.kinds").name for k, v in self.sub(table, "kinds", key).items()}
        return ColumnRule(
            target, sources, unit, {str(k): v for k, v in self.sub(table, "codes", key).items()},
            tuple(self.kind(k, f"{key}.kind").name for k in self.texts(table, "kind", key)), prefixes,
            self.text(table, "format", key), table.get("value"), self.text(table, "join", key) or "-",
            self.number(table, "factor", 1.0, key), self.number(table, "offset", 0.0, key),
        )  # fmt: skip

    def number(self, table: Mapping[str, Any], name: str, default: float, key: str) -> float:
        value = table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(f"{name} must be a number, not {value!r}", f"{key}.{name}", f"Write {name} = {default}")
        return float(value)

    def check_unit(self, target: str, unit: str, kinds: list[Kind], key: str) -> None:
        for kind in kinds:
            name = quantity_of(kind, target)
            if name is None:
                if target in asset_schema(kind).names:
                    raise self.fail(f"{target} of {kind.name} has no unit", f"{key}.unit", "Remove unit")
                continue
            try:
                quantity(name).find_unit(unit)
            except Invalid as error:
                raise self.fail(error.message, f"{key}.unit", error.fix) from None


def quantity_of(kind: Kind, name: str) -> str | None:
    """The quantity of a field of a kind; `accuracy`, which every asset has, is a length."""
    if name == "accuracy":
        return "length"
    declared = kind.field(name)
    return declared.quantity if declared is not None and declared.type in {"number", "integer"} else None
