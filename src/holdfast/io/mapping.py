"""The mapping file as people meet it: read one, propose one, write one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Catalog

from . import dxf, geofile, geoparquet, table
from .guess import LayerGuess, guess_layer
from .opening import require_file
from .peek import Peek
from .rules import parse

_Peeker = Callable[[Path, ReadRequest], list[Peek]]


def load(path: Path, catalog: Catalog) -> dict[str, Any]:
    """A mapping file, checked against the catalog.

    raises    NotFound, or Invalid naming the file and key
    """
    try:
        mapping = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise NotFound("there is no such mapping file", fix="Check the path", file=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the mapping is no TOML: {error}", fix="Correct it, or make one with --guess", file=str(path)) from error
    parse(mapping, catalog, path)
    return mapping


def guess(path: Path, catalog: Catalog, *, encoding: str | None = None) -> tuple[dict[str, Any], str]:
    """A proposal for a file: the mapping, and the same as TOML whose comments say how sure each line is and why.

    raises    Invalid for a file that cannot be read, or a format that needs no mapping
    """
    request = ReadRequest(catalog, encoding=encoding)
    peeks = _peeks(path, request)
    layers = [guess_layer(peek, catalog, path.stem) for peek in peeks]
    if not layers:
        raise Invalid("the file has no rows to guess from", fix="Deliver a file with rows", file=str(path))
    mapping = {"title": f"Proposed for {path.name}", "layer": {layer.layer: _body(layer) for layer in layers}}
    return mapping, to_toml(mapping, layers, next((peek.crs[:60] for peek in peeks if peek.crs), None))


def _peeks(path: Path, request: ReadRequest) -> list[Peek]:
    head = b"" if path.is_dir() else require_file(path)
    offers: list[tuple[float, str, _Peeker]] = [
        (found.sniff(path, head), found.name, _of(found.name)) for module in (geofile, geoparquet, table, dxf) for found in module.FORMATS if found.read is not None
    ]
    fits = [offer for offer in offers if offer[0] > 0]
    if not fits:
        raise Invalid("mappings are for geo files, tables and drawings", fix="Import the file without one", file=str(path))
    return max(fits, key=lambda offer: offer[0])[2](path, request)


def _of(name: str) -> _Peeker:
    if name in geofile.FINDERS:
        return lambda path, request: geofile.peek(path, request, name)
    return {"geoparquet": geoparquet.peek, "csv": table.peek, "dxf": dxf.peek}[name]


def _body(layer: LayerGuess) -> dict[str, Any]:
    if layer.kind is None:
        return {"skip": True}
    body: dict[str, Any] = {"kind": layer.kind, **layer.places}
    if layer.ignore:
        body["ignore"] = layer.ignore
    columns: dict[str, Any] = {}
    for column in layer.columns:
        spec: dict[str, Any] = {"from": column.heading}
        if column.unit:
            spec["unit"] = column.unit
        if column.kind:
            spec["kind"] = column.kind
        if column.unmatched:
            spec["codes"] = dict.fromkeys(column.unmatched, "")
        columns[column.target] = column.heading if len(spec) == 1 else spec
    if columns:
        body["columns"] = columns
    return body


def to_toml(mapping: dict[str, Any], layers: list[LayerGuess], crs: str | None = None) -> str:
    """The mapping as TOML, each layer and column under a comment with its confidence."""
    import tomli_w

    lines = [f"# {mapping['title']}. Check every line, then import with --map.", tomli_w.dumps({"title": mapping["title"]}).rstrip()]
    lines.append(f"# the file says {crs}" if crs else '# the file states no CRS: say it here, crs = "EPSG:n", or with --crs')
    lines.append("")
    for layer in layers:
        lines.append(f"# confidence {layer.confidence:.2f}: {layer.reason}")
        if layer.others:
            lines.append(f"# or: {', '.join(f'{name} ({score:.2f})' for name, score in layer.others)}")
        body = dict(mapping["layer"][layer.layer])
        columns = body.pop("columns", None)
        lines.append(f"[layer.{_key(layer.layer)}]")
        lines.append(tomli_w.dumps(body).rstrip())
        if columns:
            lines.append(f"\n[layer.{_key(layer.layer)}.columns]")
            for column in layer.columns:
                unit = f"; {column.unit_reason}" if column.unit_reason else ""
                lines.append(f"# {column.confidence:.2f}: {column.reason}{unit}")
                if column.kind:
                    lines.append(f"# {column.kind} is only the likeliest kind of the nodes; use kinds = {{ \"T-\" = \"...\" }} where the id tells")
                if column.unmatched:
                    lines.append("# these values are no codes: fill in what they mean")
                lines.append(f"{_key(column.target)} = {_inline(columns[column.target])}")
        if layer.rest:
            lines.append(f"# kept as they are: {', '.join(layer.rest)}")
        lines.append("")
    return "\n".join(line.replace("\r", " ") if line.startswith("#") else line for line in lines)


def _key(name: str) -> str:
    import tomli_w

    return tomli_w.dumps({name: 0}).partition(" = ")[0]


def _inline(value: Any) -> str:
    """A value on one line, tables inline."""
    import tomli_w

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip()


__all__ = ["guess", "load", "to_toml"]
