"""GeoPackage, Shapefile, GeoJSON and FlatGeobuf, streamed through GDAL as Arrow batches.

Memory stays bounded by one batch, whatever the size of the file. GDAL is told which driver to use, so that a file cannot
choose a driver that runs commands or reads other files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from holdfast.model.crs import parse_crs
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid

from . import geofile_checks, geofile_write, shapefile, text
from .layers import GEOMETRY, LayerReader, Source, choose
from .opening import reading, require_file, require_magic
from .rules import Rules, parse
from .sidecar import find_sidecar


@dataclass(slots=True)
class _Layer:
    """One layer to read.

    target    what GDAL opens
    name      for matching and as part of made-up ids
    file      as shown in findings
    layer     name inside the file, None when it is the only one
    source    the file that is read, a converted copy perhaps
    rules     a mapping of its own
    """

    target: str
    name: str
    file: str
    layer: str | None = None
    source: Path | None = None
    rules: Rules | None = None
    encoding: text.Encoding = field(default_factory=lambda: text.Encoding("utf-8"))
    expected: int | None = None  # rows the file says it has


def _gdal_path(path: Path, stack: ExitStack) -> Path:
    """A path GDAL takes as it is: absolute, and without the characters that it reads as something else."""
    path = path.resolve()
    if not set(str(path)) & set("!?"):
        return path
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-")))
    for sibling in path.parent.iterdir():
        if sibling.is_file() and sibling.stem == path.stem:
            (folder / f"file{sibling.suffix}").symlink_to(sibling)
    return folder / f"file{path.suffix}"


def read_geopackage(path: Path, request: ReadRequest) -> Delivery:
    """Every layer of a GeoPackage that a mapping or its name makes a kind."""
    delivery, rules, stack = _start("geopackage", path, request)
    head = require_file(path, size=512)
    require_magic(path, head, (b"SQLite format 3\x00",), "GeoPackage")
    geofile_checks.require_whole_sqlite(path, head)
    target = _gdal_path(path, stack)
    with reading(path, "GeoPackage"):
        import pyogrio

        names = [str(name) for name in pyogrio.list_layers(str(target))[:, 0]]
        info = pyogrio.read_info(str(target), layer=names[0]) if names else {}
    if info.get("driver", "GPKG") != "GPKG":
        raise Invalid("this is an SQLite file, but no GeoPackage", fix="Export it as GeoPackage", file=str(path))
    wanted = [_Layer(str(target), name, path.name, name) for name in names]
    return _deliver(delivery, rules, request, stack, wanted, path, "GeoPackage")


def read_flatgeobuf(path: Path, request: ReadRequest) -> Delivery:
    """The one layer of a FlatGeobuf file, named after the file."""
    delivery, rules, stack = _start("flatgeobuf", path, request)
    require_magic(path, require_file(path, size=12), (b"fgb\x03fgb",), "FlatGeobuf")
    target = str(_gdal_path(path, stack))
    with reading(path, "FlatGeobuf"):
        import pyogrio

        count = int(pyogrio.read_info(target)["features"])
    layer = _Layer(target, path.stem, path.name, source=path, expected=count if count > 0 else None)
    return _deliver(delivery, rules, request, stack, [layer], path, "FlatGeobuf")


def read_geojson(path: Path, request: ReadRequest) -> Delivery:
    """GeoJSON in WGS 84 or, by its older `crs` member, in any other CRS."""
    delivery, rules, stack = _start("geojson", path, request)
    require_file(path, size=2)
    source = _as_utf8(path, request.encoding or rules.encoding, delivery, stack)
    layer = _Layer(f"GeoJSON:{_gdal_path(source, stack)}", path.stem, path.name)
    return _deliver(delivery, rules, request, stack, [layer], path, "GeoJSON")


def read_geojson_lines(path: Path, request: ReadRequest) -> Delivery:
    """One GeoJSON feature per line, or per record separator (RFC 8142)."""
    delivery, rules, stack = _start("geojsonl", path, request)
    require_file(path, size=2)
    source = _as_utf8(path, request.encoding or rules.encoding, delivery, stack)
    target = f"GeoJSONSeq:{_gdal_path(source, stack)}"
    layer = _Layer(target, path.stem, path.name, source=source, expected=geofile_checks.count_records(source))
    return _deliver(delivery, rules, request, stack, [layer], path, "newline-delimited GeoJSON")


def read_shapefile(path: Path, request: ReadRequest) -> Delivery:
    """A Shapefile, a ZIP archive of Shapefiles, or a folder of them; one layer each."""
    delivery, rules, stack = _start("shapefile", path, request)
    files = _shapefiles(path, stack)
    wanted = []
    for file in files:
        shapefile.require_whole(file, delivery.findings)
        encoding = shapefile.table_encoding(file, request.encoding or _rule_encoding(rules, file.stem))
        shown = file.name if path.is_file() and path.suffix.lower() == ".shp" else f"{path.name}/{file.name}"
        if encoding.mixed:
            delivery.findings.add(
                "import.mixed_encoding", "warning", f"the attribute table is partly UTF-8, partly {encoding.name}; every value was decoded on its own",
                file=shown, value=encoding.name, fix="Deliver the table in UTF-8 with a .cpg that says so",
            )  # fmt: skip
        own = None if request.mapping else find_sidecar(file, request.catalog)
        wanted.append(_Layer(str(_gdal_path(file, stack)), file.stem, shown, rules=own, encoding=encoding))
    return _deliver(delivery, rules, request, stack, wanted, path, "Shapefile")


def _shapefiles(path: Path, stack: ExitStack) -> list[Path]:
    folder = path
    if path.is_file():
        if path.suffix.lower() != ".zip":
            return [path]
        from .archive_guard import extract

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-")))
        with reading(path, "ZIP archive"):
            extract(path, folder)
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() == ".shp" and file.is_file() and not file.name.startswith("."))
    if not files:
        raise Invalid("there is no .shp in it", fix="Put the .shp, .shx, .dbf and .prj of every layer into it", file=str(path))
    return files


def _rule_encoding(rules: Rules, layer: str) -> str | None:
    return next((rule.encoding for rule in rules.of_layer(layer) if rule.encoding), rules.encoding)


def _as_utf8(path: Path, hint: str | None, delivery: Delivery, stack: ExitStack) -> Path:
    """The file itself, or a copy in UTF-8 when it is in another encoding."""
    found = text.detect(path, hint)
    if found.clean:
        return path
    delivery.findings.add(
        "import.encoding", "warning", f"the file is not UTF-8 but {'partly ' if found.mixed else ''}{found.name}; it was converted", file=path.name,
        row=found.line, value=found.name, fix="Deliver GeoJSON in UTF-8",
    )  # fmt: skip
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-"))) / f"file{path.suffix}"
    with path.open("rb") as stream, copy.open("w", encoding="utf-8") as target:
        if found.name == "utf-16":
            target.write(path.read_text("utf-16"))
        else:
            target.writelines(text.decode(line, found.name)[0] for line in stream)
    return copy


def _start(name: str, path: Path, request: ReadRequest) -> tuple[Delivery, Rules, ExitStack]:
    rules = parse(request.mapping, request.catalog)
    if not request.mapping:
        rules = find_sidecar(path, request.catalog) or rules
    return Delivery(name, ()), rules, ExitStack()


def _deliver(
    delivery: Delivery, rules: Rules, request: ReadRequest, stack: ExitStack, wanted: list[_Layer], path: Path, title: str
) -> Delivery:
    """Look at every layer, settle what it is and in which CRS, and leave the reading to a generator."""
    opened: list[tuple[_Layer, _Stream, LayerReader]] = []
    try:
        for layer in wanted:
            stream = stack.enter_context(closing(_Stream(layer, path, title, request.chunk_rows)))
            source = Source(layer.file, layer.name, tuple(stream.columns), stream.geometry is not None)
            reader = choose(source, layer.rules or rules, request, delivery)
            if reader is not None:
                opened.append((layer, stream, reader))
            else:
                stream.close()
        if not opened:
            raise Invalid(
                "no layer of the file is of a known kind", file=str(path), layers=", ".join(layer.name for layer in wanted[:20]),
                fix="Say what the layers are in a mapping (--map FILE.toml; --guess proposes one), or the kind of all rows with --kind",
            )  # fmt: skip
        opened = _one_crs(opened, rules, delivery)
    except BaseException:
        stack.close()
        raise
    delivery.batches = _batches(opened, stack, delivery)
    return delivery


def _one_crs(opened: list[tuple[_Layer, _Stream, LayerReader]], rules: Rules, delivery: Delivery) -> list[tuple[_Layer, _Stream, LayerReader]]:
    """Set the delivery's CRS: the mapping's, else the first layer's. Layers in another one are left out with a finding."""
    kept = []
    for layer, stream, reader in opened:
        stated = reader.rules[0].crs or rules.crs
        found = parse_crs(stated).code if stated else stream.crs
        if found is not None and delivery.crs is None:
            delivery.crs = found
        if stated and stream.crs and stream.crs != found:
            delivery.findings.add("import.crs_overruled", "warning", f"the file says {stream.crs[:60]}, it was read as {stated} as the mapping wants",
                                  file=layer.file, fix="Take crs out of the mapping if the file is right")  # fmt: skip
        if found is not None and found != delivery.crs:
            delivery.findings.add(
                "import.mixed_crs", "error", f"the layer {layer.name!r} is in {found[:60]}, others in {delivery.crs[:60]}; it was left out", file=layer.file,
                value=found, fix="Import the layer on its own: leave the others out with skip = true in a mapping",
            )  # fmt: skip
            stream.close()
            continue
        kept.append((layer, stream, reader))
    return kept


def _batches(opened: list[tuple[_Layer, _Stream, LayerReader]], stack: ExitStack, delivery: Delivery) -> Iterator[Batch]:
    with stack:
        for layer, stream, reader in opened:
            row = 1
            for table in stream.tables(delivery):
                yield from reader.batches(table, row)
                row += table.num_rows
            stream.close()
            if layer.expected is not None and row - 1 < layer.expected:
                assert layer.source is not None
                geofile_checks.explain_missing(layer.source, row - 1, layer.expected, delivery, layer.file)


class _Stream:
    """One open layer: its columns and CRS at once, its rows as they are asked for."""

    def __init__(self, layer: _Layer, path: Path, title: str, rows: int) -> None:
        self.layer, self.path, self.title = layer, path, title
        self._stack = ExitStack()
        raw = not layer.encoding.clean
        with reading(path, title, layer=layer.layer):
            from pyogrio.raw import open_arrow

            options: dict[str, Any] = {"ENCODING": text.RAW if raw else "UTF-8"} if path_is_shapefile(layer.target) else {}
            if raw:
                options["ENCODING"] = "ISO-8859-1"
            meta, self._reader = self._stack.enter_context(
                open_arrow(layer.target, layer=layer.layer, use_pyarrow=True, batch_size=rows, **options)
            )
        self._raw = raw
        geometry = meta.get("geometry_name") or "wkb_geometry"
        names = list(self._reader.schema.names)
        self.geometry = names.index(geometry) if geometry in names else (names.index("wkb_geometry") if "wkb_geometry" in names else None)
        self._names = _unique([text.decode_name(n, layer.encoding.name) if raw else n for n in names], self.geometry)
        self.columns = [n for place, n in enumerate(self._names) if place != self.geometry]
        self.crs = known_crs(meta.get("crs"))

    def close(self) -> None:
        self._stack.close()

    def tables(self, delivery: Delivery) -> Iterator[pa.Table]:
        """Pieces of the layer with the geometry under its own name and all text valid."""
        row = 1
        while True:
            with reading(self.path, self.title, layer=self.layer.layer, row=row):
                try:
                    batch = self._reader.read_next_batch()
                except StopIteration:
                    return
                if batch.num_rows == 0:
                    continue
                arrays = [self._text(column, name, row, delivery) for column, name in zip(batch.columns, self._names, strict=True)]
                table = pa.table(arrays, names=self._names)
            yield table
            row += batch.num_rows

    def _text(self, column: pa.Array, name: str, first: int, delivery: Delivery) -> pa.ChunkedArray:
        chunked = pa.chunked_array([column])
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            return chunked
        if self._raw:
            return text.decode_column(chunked, self.layer.encoding.name)[0]
        repaired, rows = text.repair_column(chunked)
        if len(rows):
            delivery.findings.add_rows(
                "import.mixed_encoding", "warning", "the text is not UTF-8; it was read as GB18030", kind="", ids=[None] * len(rows), column=name,
                file=self.layer.file, rows=rows + first, fix="Deliver the file in UTF-8",
            )  # fmt: skip
        return repaired


def path_is_shapefile(target: str) -> bool:
    return target.lower().endswith(".shp")


def _unique(names: list[str], geometry: int | None) -> list[str]:
    """Names made distinct, the geometry column under its own."""
    taken = {GEOMETRY}
    result = []
    for place, name in enumerate(names):
        if place == geometry:
            result.append(GEOMETRY)
            continue
        candidate, number = name or "column", 2
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate)
        result.append(candidate)
    return result


def known_crs(stated: str | None) -> str | None:
    """The code of a CRS a file states; None when it states none, or only an unplaced plane."""
    if not stated:
        return None
    try:
        crs = parse_crs(stated)
    except HoldfastError:
        return None
    return None if crs.local else crs.code


FORMATS: tuple[Format, ...] = (
    Format("geopackage", "GeoPackage", "GeoPackage 地理包", (".gpkg",), geofile_checks.sniff_geopackage, read_geopackage, geofile_write.write_geopackage),
    Format("shapefile", "ESRI Shapefile", "Shapefile 矢量", (".shp", ".zip"), geofile_checks.sniff_shapefile, read_shapefile, geofile_write.write_shapefile),
    Format("geojson", "GeoJSON (WGS 84)", "GeoJSON（WGS 84）", (".geojson", ".json"), geofile_checks.sniff_geojson, read_geojson, geofile_write.write_geojson),
    Format("geojson-city", "GeoJSON in the city's CRS", "GeoJSON（城市坐标系）", (), geofile_checks.sniff_nothing, None, geofile_write.write_geojson_city),
    Format(
        "geojsonl", "newline-delimited GeoJSON", "逐行 GeoJSON", (".geojsonl", ".geojsons", ".ndjson", ".jsonl"), geofile_checks.sniff_geojson_lines,
        read_geojson_lines, geofile_write.write_geojson_lines,
    ),
    Format("flatgeobuf", "FlatGeobuf", "FlatGeobuf 矢量", (".fgb",), geofile_checks.sniff_flatgeobuf, read_flatgeobuf, geofile_write.write_flatgeobuf),
)  # fmt: skip
