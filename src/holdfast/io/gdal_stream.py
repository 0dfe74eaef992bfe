"""Layers opened through GDAL and streamed as Arrow tables with the geometry under one name and all text valid.

GDAL is told which driver to use, so that a file cannot choose a driver that runs commands or reads other files.
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
from holdfast.model.delivery import Batch, Delivery, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid

from . import geofile_checks, text
from .layers import GEOMETRY, LayerReader, Source, choose
from .opening import reading
from .peek import ROWS, Peek
from .rules import Rules


@dataclass(slots=True)
class GdalLayer:
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


def gdal_path(path: Path, stack: ExitStack) -> Path:
    """A path GDAL takes as it is: absolute, and without the characters that it reads as something else."""
    path = path.resolve()
    if not set(str(path)) & set("!?"):
        return path
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-")))
    for sibling in path.parent.iterdir():
        if sibling.is_file() and sibling.stem == path.stem:
            (folder / f"file{sibling.suffix}").symlink_to(sibling)
    return folder / f"file{path.suffix}"


def deliver(
    delivery: Delivery, rules: Rules, request: ReadRequest, stack: ExitStack, wanted: list[GdalLayer], path: Path, title: str
) -> Delivery:
    """Look at every layer, settle what it is and in which CRS, and leave the reading to a generator."""
    opened: list[tuple[GdalLayer, GdalStream, LayerReader]] = []
    try:
        for layer in wanted:
            stream = stack.enter_context(closing(GdalStream(layer, path, title, request.chunk_rows)))
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


def _one_crs(opened: list[tuple[GdalLayer, GdalStream, LayerReader]], rules: Rules, delivery: Delivery) -> list[tuple[GdalLayer, GdalStream, LayerReader]]:
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


def _batches(opened: list[tuple[GdalLayer, GdalStream, LayerReader]], stack: ExitStack, delivery: Delivery) -> Iterator[Batch]:
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


class GdalStream:
    """One open layer: its columns and CRS at once, its rows as they are asked for."""

    def __init__(self, layer: GdalLayer, path: Path, title: str, rows: int) -> None:
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
        column = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
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
    """True for the main file of a shapefile."""
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


def peek_layers(layers: list[GdalLayer], path: Path, title: str) -> list[Peek]:
    """The first rows of each layer."""
    found = []
    for layer in layers:
        with closing(GdalStream(layer, path, title, ROWS)) as stream:
            table = next(stream.tables(Delivery(title, ())), None)
            if table is not None:
                found.append(Peek(layer.name, table, stream.crs, file=layer.file))
    return found
