"""GasLib XML (.net, with the .scn nomination beside it, or both in a .zip) -> gas kinds."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa

from holdfast.io.net_places import point_wkb
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Kind

from .. import domain as d
from .pandapipes import pressure_class

MAX_BYTES = 64 << 20
ATMOSPHERE = 101_325.0
NODES = ("source", "sink", "innode")
EDGES: dict[str, Kind] = {
    "pipe": d.PIPE, "valve": d.VALVE, "controlValve": d.REGULATOR, "compressorStation": d.COMPRESSOR, "resistor": d.RESISTOR, "shortPipe": d.RESISTOR,
}
LENGTHS = {"": 1.0, "m": 1.0, "km": 1e3, "mm": 1e-3}
# element -> (field, dimension); pressures are absolute unless a difference
FIELDS = {
    "height": ("elevation", "length"), "pressureMin": ("min_pressure", "pressure"), "pressureMax": ("max_pressure", "pressure"), "pressureInMin": ("min_pressure", "pressure"),
    "pressureOutMax": ("max_pressure", "pressure"), "flowMin": ("min_flow", "flow"), "flowMax": ("max_flow", "flow"), "length": ("length", "length"),
    "diameter": ("diameter", "length"), "roughness": ("roughness", "length"), "heatTransferCoefficient": ("heat_transfer", "plain"),
    "gasTemperature": ("temperature", "temperature"), "dragFactor": ("loss_coefficient", "plain"), "pressureLoss": ("pressure_loss", "difference"),
    "pressureLossIn": ("inlet_loss", "difference"), "pressureLossOut": ("outlet_loss", "difference"), "pressureDifferentialMin": ("min_drop", "difference"),
    "pressureDifferentialMax": ("max_drop", "difference"),
}


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a GasLib network and, where it is beside it or in the same archive, its nomination.

    raises    NotFound, Invalid if the file is cut off, too large, or no GasLib network
    """
    findings = Findings()
    parts = _parts(path)
    root = _parse(parts[".net"], path, "network")
    found = {tag: [e for e in root.iter() if _tag(e) == tag and e.get("id")] for tag in (*NODES, *EDGES)}
    nodes = [e for tag in NODES for e in found[tag]]
    if not nodes:
        raise Invalid("The network has no nodes", file=str(path), fix="Check the file against Gas.xsd")
    density = _density(found["source"], findings, str(path))
    flows = _nomination(parts.get(".scn"), density, path)
    row = {e.get("id"): i for i, e in enumerate(nodes)}
    x, y, crs = _coordinates(nodes, found["pipe"], row, request.crs, findings, str(path))
    batches = (b for b in _batches(found, nodes, row, x, y, density, flows, findings, str(path)) if request.only is None or b.kind in request.only)
    facts = {f"rows of {tag}": len(elements) for tag, elements in found.items() if elements} | {"normal density": density, "nomination": bool(flows)}
    return Delivery("gaslib", batches, crs, findings=findings, facts=facts)


def _parts(path: Path) -> dict[str, bytes]:
    """Contents by ending: of a .net file and its namesakes, or of an archive."""
    if not path.is_file():
        raise NotFound("There is no such file", file=str(path))
    if not zipfile.is_zipfile(path):
        beside = {ending: path.with_suffix(ending) for ending in (".net", ".scn")} | {".net": path}
        return {ending: _limited(p.stat().st_size, path) or p.read_bytes() for ending, p in beside.items() if p.is_file()}
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                ending = Path(member.filename).suffix
                if ending in (".net", ".scn") and ending not in parts:
                    _limited(member.file_size, path)
                    with archive.open(member) as stream:
                        parts[ending] = stream.read(MAX_BYTES + 1)
                    _limited(len(parts[ending]), path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise Invalid(f"The archive is damaged: {error}", file=str(path), fix="Ask for the file again") from error
    if ".net" not in parts:
        raise Invalid("The archive holds no .net file", file=str(path), fix="Choose the archive of one GasLib network")
    return parts


def _limited(size: int, path: Path) -> None:
    if size > MAX_BYTES:
        raise Invalid("The network is larger than 64 MiB", file=str(path), fix="This is no GasLib network; check the archive")


def _parse(content: bytes, path: Path, expected: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Invalid("The XML declares its own entities, which GasLib never does", file=str(path), fix="Check where the file comes from")
    try:
        root = ElementTree.parse(io.BytesIO(content)).getroot()
    except ElementTree.ParseError as error:
        raise Invalid(f"The XML is broken or cut off: {error}", file=str(path), row=error.position[0], fix="Ask for the file again, it is incomplete") from error
    except (LookupError, ValueError) as error:
        raise Invalid(f"The XML is in an encoding that is not known: {error}", file=str(path), fix="Save it in UTF-8") from error
    if _tag(root) != expected:
        raise Invalid(f"The XML is a {_tag(root)}, not a {expected}", file=str(path), fix="Choose the .net file of a GasLib network")
    return root


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _density(sources: list[ElementTree.Element], findings: Findings, file: str) -> float:
    """Density at normal conditions [kg/m3]: flows are given as normal volumes, stored as mass."""
    values = [float(e.get("value", "nan")) for s in sources for e in s if _tag(e) == "normDensity"]
    values = [v for v in values if np.isfinite(v) and v > 0]
    if values:
        if max(values) > 1.001 * min(values):
            findings.add("import.mixed_density", "warning", "Sources have different densities; volumes became mass flows with their mean", kind="gas.source", column="mass_flow",
                         value=f"{min(values)} to {max(values)} kg/m3", fix="Check the flows of mixed gas", file=file)
        return float(np.mean(values))
    findings.add("import.no_density", "warning", "No source gives a density; 0.785 kg/m3 was used for all volumes", kind="gas.source", column="mass_flow",
                 fix="Give normDensity at the sources", file=file)
    return 0.785


def _amount(element: ElementTree.Element, dimension: str, density: float) -> float:
    """A value in SI; NaN where it is no number or its unit is unknown."""
    try:
        value = float(element.get("value", ""))
    except ValueError:
        return float("nan")
    unit = element.get("unit", "")
    if dimension == "length":
        return value * LENGTHS.get(unit, float("nan"))
    if dimension == "pressure":
        return {"bar": value * 1e5 - ATMOSPHERE, "barg": value * 1e5, "Pa": value - ATMOSPHERE}.get(unit, float("nan"))
    if dimension == "difference":
        return value * {"bar": 1e5, "barg": 1e5, "Pa": 1.0}.get(unit, float("nan"))
    if dimension == "flow":
        hourly = {"1000m_cube_per_hour": 1e3, "m_cube_per_hour": 1.0}.get(unit)
        return value * density / 3600 * hourly if hourly else value if unit == "kg_per_s" else float("nan")
    if dimension == "temperature":
        return value + 273.15 if unit == "Celsius" else value
    return value


def _nomination(content: bytes | None, density: float, path: Path) -> dict[str, float]:
    """Mass flow by node id where lower and upper bound agree."""
    if content is None:
        return {}
    flows: dict[str, float] = {}
    for node in _parse(content, path, "boundaryValue").iter():
        if _tag(node) == "node" and node.get("id"):
            bounds = [_amount(e, "flow", density) for e in node if _tag(e) == "flow"]
            if bounds and max(bounds) == min(bounds):
                flows[str(node.get("id"))] = bounds[0]
    return flows


def _coordinate(text: str | None) -> float:
    """A number, NaN where it is absent or none."""
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _coordinates(nodes: list[ElementTree.Element], pipes: list[ElementTree.Element], row: dict[Any, int], crs: str | None, findings: Findings,
                 file: str) -> tuple[np.ndarray, np.ndarray, str | None]:
    def axis(name: str) -> np.ndarray:
        return np.array([_coordinate(e.get(name)) for e in nodes])

    longitude, latitude = axis("geoWGS84Long"), axis("geoWGS84Lat")
    if np.isfinite(longitude).all() and crs is None:
        return longitude, latitude, "EPSG:4326"
    x, y = axis("x"), axis("y")
    if crs is not None:
        return x, y, None
    findings.add("import.schematic_coordinates", "warning", "The coordinates are a drawing; left out", kind="gas.junction", column="geometry",
                 fix="To keep the drawing import with --crs local:m", file=file)
    return np.full(len(nodes), np.nan), np.full(len(nodes), np.nan), None


def _cells(elements: list[ElementTree.Element], kind: Kind, density: float, findings: Findings, file: str) -> dict[str, pa.Array]:
    """Declared fields by `FIELDS`, other sub-elements as delivered text with their unit in the name."""
    numbers: dict[str, np.ndarray] = {}
    loose: dict[str, list[str | None]] = {}
    for i, element in enumerate(elements):
        for part in element:
            name, dimension = FIELDS.get(_tag(part), ("", ""))
            if kind.field(name) is None:
                if part.get("value") is not None:
                    loose.setdefault("_".join(filter(None, (_tag(part), part.get("unit")))), [None] * len(elements))[i] = part.get("value")
                continue
            value = _amount(part, dimension, density)
            numbers.setdefault(name, np.full(len(elements), np.nan))[i] = value
            if np.isnan(value):
                findings.add("import.not_a_number", "error", f"{_tag(part)} has no usable value or unit, it is left out", kind=kind.name, id=f"{kind.name}:{element.get('id')}",
                             column=name, value=f"{part.get('value')} {part.get('unit')}", fix="Correct value and unit", file=file)
    return {name: pa.array(values, from_pandas=True) for name, values in numbers.items()} | {name: pa.array(cells, pa.string()) for name, cells in loose.items()}


def _batches(found: dict[str, list[ElementTree.Element]], nodes: list[ElementTree.Element], row: dict[Any, int], x: np.ndarray, y: np.ndarray, density: float,
             flows: dict[str, float], findings: Findings, file: str) -> Iterator[Batch]:
    def points(at: list[int]) -> dict[str, pa.Array]:
        wkb = point_wkb(x[at], y[at])
        return {} if wkb.null_count == len(wkb) else {"geometry": wkb}

    columns = _cells(nodes, d.JUNCTION, density, findings, file) | points(list(range(len(nodes))))
    columns |= {"name": pa.array([e.get("alias") or e.get("id") for e in nodes], pa.string()), "junction_type": pa.array([_tag(e) for e in nodes], pa.string())}
    if "max_pressure" in columns:
        columns["pressure_class"] = pressure_class(columns["max_pressure"].to_numpy(zero_copy_only=False))
    yield _batch(d.JUNCTION, nodes, columns)
    for tag, kind in (("source", d.SOURCE), ("sink", d.SINK)):
        if elements := found[tag]:
            at = [row[e.get("id")] for e in elements]
            columns = _cells(elements, kind, density, findings, file) | points(at)
            columns |= {"junction_id": pa.array([f"gas.junction:{e.get('id')}" for e in elements], pa.string()), "source_table": pa.array([tag] * len(elements), pa.string()),
                        "mass_flow": pa.array([flows.get(str(e.get("id"))) for e in elements], pa.float64())}
            if tag == "source":
                columns["control"] = pa.array(["m"] * len(elements), pa.string())
            yield _batch(kind, elements, columns)
    for tag, kind in EDGES.items():
        if found[tag]:
            yield _edges(found[tag], tag, kind, row, x, y, density, findings, file)


def _edges(elements: list[ElementTree.Element], tag: str, kind: Kind, row: dict[Any, int], x: np.ndarray, y: np.ndarray, density: float, findings: Findings,
           file: str) -> Batch:
    import shapely

    lost = [e for e in elements if e.get("from") not in row or e.get("to") not in row]
    findings.add_rows("import.dangling_reference", "error", "from or to names a node that is not in the file; the row is left out", kind=kind.name,
                      ids=[f"{kind.name}:{e.get('id')}" for e in lost], column="from_id", fix="Add the node or correct the reference", file=file)
    elements = [e for e in elements if e not in lost]
    start, end = ([row[e.get(side)] for e in elements] for side in ("from", "to"))
    columns = _cells(elements, kind, density, findings, file)
    columns |= {side: pa.array([f"gas.junction:{e.get(key)}" for e in elements], pa.string()) for side, key in (("from_id", "from"), ("to_id", "to"))}
    if kind.field("source_table") is not None:
        columns["source_table"] = pa.array([tag] * len(elements), pa.string())
    if kind is d.VALVE:
        columns["opened"] = pa.array([True] * len(elements))
    if kind is d.COMPRESSOR:
        columns["fuel_node_id"] = pa.array([f"gas.junction:{e.get('fuelGasVertex')}" if e.get("fuelGasVertex") else None for e in elements], pa.string())
    if np.isfinite(x[start]).all() and elements:
        if kind.geometry == "Point":
            columns["geometry"] = point_wkb((x[start] + x[end]) / 2, (y[start] + y[end]) / 2)
        else:
            ends = np.stack([np.stack([x[start], y[start]], -1), np.stack([x[end], y[end]], -1)], axis=1)
            columns["geometry"] = pa.array(shapely.to_wkb(shapely.linestrings(ends)), pa.binary())
    return _batch(kind, elements, columns)


def _batch(kind: Kind, elements: list[ElementTree.Element], columns: dict[str, pa.Array]) -> Batch:
    ids = pa.array([f"{kind.name}:{e.get('id')}" for e in elements], pa.string())
    return Batch(kind.name, pa.table({"id": ids} | columns), np.arange(1, len(elements) + 1))


def _sniff(path: Path, head: bytes) -> float:
    if b"gaslib" in head.lower() and b"<network" in head:
        return 0.95
    if head[:2] == b"PK" and b".net" in head:
        try:
            with zipfile.ZipFile(path) as archive:
                names = [n for n in archive.namelist() if n.endswith(".net")]
                return 0.95 if names and archive.getinfo(names[0]).file_size <= MAX_BYTES and b"gaslib" in archive.open(names[0]).read(8192).lower() else 0.0
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, KeyError):
            return 0.0
    return 0.0


FORMATS = (Format("gaslib", "GasLib network", "GasLib 燃气管网", (".net", ".zip"), _sniff, read),)
