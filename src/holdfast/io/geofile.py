"""GeoPackage, Shapefile, GeoJSON and FlatGeobuf, streamed through GDAL as Arrow batches.

Memory stays bounded by one batch, whatever the size of the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from holdfast.model.delivery import Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid

from . import geofile_checks, geofile_write, shapefile, text
from .gdal_stream import GdalLayer, deliver, gdal_path, peek_layers
from .opening import reading, require_file, require_magic
from .peek import Peek
from .rules import Rules, parse
from .sidecar import find_sidecar

Finder = Callable[[Path, ReadRequest, Rules, Delivery, ExitStack], list[GdalLayer]]

_PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg", ".toml"})


def find_geopackage(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery, stack: ExitStack) -> list[GdalLayer]:
    """Every layer of a GeoPackage."""
    head = require_magic(path, (b"SQLite format 3\x00",), "GeoPackage", size=512)
    geofile_checks.require_whole_sqlite(path, head)
    target = gdal_path(path, stack)
    with reading(path, "GeoPackage"):
        import pyogrio

        names = [str(name) for name in pyogrio.list_layers(str(target))[:, 0]]
        info = pyogrio.read_info(str(target), layer=names[0]) if names else {}
    if info.get("driver", "GPKG") != "GPKG":
        raise Invalid("this is an SQLite file, but no GeoPackage", fix="Export it as GeoPackage", file=str(path))
    return [GdalLayer(str(target), name, path.name, name) for name in names]


def find_flatgeobuf(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery, stack: ExitStack) -> list[GdalLayer]:
    """The one layer of a FlatGeobuf file, named after the file."""
    require_magic(path, (b"fgb\x03fgb",), "FlatGeobuf", size=12)
    target = str(gdal_path(path, stack))
    with reading(path, "FlatGeobuf"):
        import pyogrio

        count = int(pyogrio.read_info(target)["features"])
    return [GdalLayer(target, path.stem, path.name, source=path, expected=count if count > 0 else None)]


def find_geojson(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery, stack: ExitStack) -> list[GdalLayer]:
    """GeoJSON in WGS 84 or, by its older `crs` member, in any other CRS."""
    require_file(path)
    source = _as_utf8(path, request.encoding or rules.encoding, delivery, stack)
    return [GdalLayer(f"GeoJSON:{gdal_path(source, stack)}", path.stem, path.name)]


def find_geojson_lines(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery, stack: ExitStack) -> list[GdalLayer]:
    """One GeoJSON feature per line, or per record separator (RFC 8142)."""
    require_file(path)
    source = _as_utf8(path, request.encoding or rules.encoding, delivery, stack)
    target = f"GeoJSONSeq:{gdal_path(source, stack)}"
    return [GdalLayer(target, path.stem, path.name, source=source, expected=geofile_checks.count_records(source))]


def find_shapefiles(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery, stack: ExitStack) -> list[GdalLayer]:
    """A Shapefile, a ZIP archive of Shapefiles, or a folder of them; one layer each."""
    wanted = []
    for file in _shapefiles(path, stack):
        shapefile.require_whole(file, delivery.findings)
        encoding = shapefile.table_encoding(file, request.encoding or _rule_encoding(rules, file.stem))
        shown = file.name if path.is_file() and path.suffix.lower() == ".shp" else f"{path.name}/{file.name}"
        if encoding.mixed:
            delivery.findings.add(
                "import.mixed_encoding", "warning", f"the attribute table is partly UTF-8, partly {encoding.name}; every value was decoded on its own",
                file=shown, value=encoding.name, fix="Deliver the table in UTF-8 with a .cpg that says so",
            )  # fmt: skip
        own = None if request.mapping else find_sidecar(file, request.catalog)
        wanted.append(GdalLayer(str(gdal_path(file, stack)), file.stem, shown, rules=own, encoding=encoding))
    return wanted


def _shapefiles(path: Path, stack: ExitStack) -> list[Path]:
    folder = path
    if not path.is_dir():
        if path.suffix.lower() != ".zip":
            return [path]
        from .archive_guard import extract

        require_file(path)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-")))
        with reading(path, "ZIP archive"):
            extract(path, folder, lambda name: Path(name).suffix.lower() in _PARTS)
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
    with reading(path, "text"), path.open("rb") as stream, copy.open("w", encoding="utf-8") as target:
        if found.name == "utf-16":
            target.write(path.read_text("utf-16"))
        else:
            target.writelines(text.decode(line, found.name)[0] for line in stream)
    return copy


def _reader(name: str, title: str, find: Finder) -> Callable[[Path, ReadRequest], Delivery]:
    def read(path: Path, request: ReadRequest) -> Delivery:
        """Layers of a file, as `find` lists them. raises Invalid, NotFound or Unavailable, naming the file"""
        rules = parse(request.mapping, request.catalog)
        delivery, stack = Delivery(name, ()), ExitStack()
        try:
            if not request.mapping:
                rules = find_sidecar(path, request.catalog) or rules
            layers = find(path, request, rules, delivery, stack)
            return deliver(delivery, rules, request, stack, layers, path, title)
        except BaseException:
            stack.close()
            raise

    return read


read_geopackage = _reader("geopackage", "GeoPackage", find_geopackage)
read_shapefile = _reader("shapefile", "Shapefile", find_shapefiles)
read_geojson = _reader("geojson", "GeoJSON", find_geojson)
read_geojson_lines = _reader("geojsonl", "newline-delimited GeoJSON", find_geojson_lines)
read_flatgeobuf = _reader("flatgeobuf", "FlatGeobuf", find_flatgeobuf)

FINDERS: dict[str, tuple[str, Finder]] = {
    "geopackage": ("GeoPackage", find_geopackage), "shapefile": ("Shapefile", find_shapefiles), "geojson": ("GeoJSON", find_geojson),
    "geojsonl": ("newline-delimited GeoJSON", find_geojson_lines), "flatgeobuf": ("FlatGeobuf", find_flatgeobuf),
}  # fmt: skip


def peek(path: Path, request: ReadRequest, name: str) -> list[Peek]:
    """The first rows of every layer of a file in the format `name`."""
    title, find = FINDERS[name]
    with ExitStack() as stack:
        layers = find(path, request, Rules(), Delivery(name, ()), stack)
        return peek_layers(layers, path, title)


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
