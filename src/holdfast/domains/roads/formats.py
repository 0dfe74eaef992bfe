"""TNTP traffic-assignment files: a network with its nodes and trips, read from a folder or from the *_net.tntp file, and written.

source    github.com/bstabler/TransportationNetworks
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.crs import parse_crs
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from .tntp_write import write

COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "link_type")
ALIASES = {"tail": "init_node", "head": "term_node", "speed_limit": "speed", "type": "link_type", "link_id": "id"}
TIME = {"min": 60.0, "minutes": 60.0, "minute": 60.0, "h": 3600.0, "hours": 3600.0, "hour": 3600.0, "s": 1.0, "sec": 1.0, "seconds": 1.0}
LENGTH = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "kft": 304.8, "mi": 1609.344, "miles": 1609.344, "feet": 0.3048}
SPEED = {"km/h": 1 / 3.6, "m/s": 1.0, "mph": 0.44704, "mi/h": 0.44704, "ft/min": 0.3048 / 60, "ft/s": 0.3048}
_META = re.compile(r"^\s*<([^>]+)>\s*(.*?)\s*$")
_TRIP = re.compile(r"(\S+)\s*:\s*([^;]*);")


@dataclass(slots=True)
class _Net:
    """A *_net.tntp file: metadata, unit hints of its header, and cells of each link with its line."""

    meta: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Nodes:
    xy: dict[str, tuple[float, float]] = field(default_factory=dict)
    shapes: dict[tuple[str, str], list[list[float]]] = field(default_factory=dict)
    crs: str | None = None


def sniff(path: Path, head: bytes) -> float:
    """A folder with one *_net.tntp, or such a file."""
    if path.is_dir():
        return 0.9 if _net_files(path) else 0.0
    return 1.0 if path.name.lower().endswith(".tntp") and b"<NUMBER OF" in head else 0.0


def _net_files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.name.lower().endswith("_net.tntp"))
    except OSError:
        return []


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read network, nodes and trips. raises Invalid if the network is missing or unreadable"""
    if path.is_dir():
        found = _net_files(path)
        if len(found) != 1:
            raise Invalid(f"the folder holds {len(found)} *_net.tntp files, one is needed", fix="Name the file itself", file=path.name)
        path = found[0]
    elif not path.name.lower().endswith("_net.tntp"):
        raise Invalid("a TNTP import starts from the *_net.tntp file", fix="Name that file, or its folder", file=path.name)
    findings = Findings()
    net = _read_net(path, findings)
    stem = path.name[: -len("_net.tntp")]
    nodes = _read_nodes(path.parent, stem, findings)
    trips_file = path.with_name(f"{stem}_trips.tntp")
    trips = _read_trips(trips_file, findings) if trips_file.exists() else []
    delivery = Delivery("tntp", (), crs=nodes.crs, findings=findings)
    delivery.facts = {"links": len(net.rows), "nodes": _count(net, "NUMBER OF NODES"), "zones": _count(net, "NUMBER OF ZONES"),
                      "od_pairs": len(trips), "trips": round(sum(t[2] for t in trips), 6), "header_units": net.units}
    delivery.batches = _batches(path.name, net, nodes, trips, request, delivery)
    return delivery


def _count(net: _Net, name: str) -> int | None:
    said = net.meta.get(name, "")
    return int(said) if said.isdecimal() else None


def _text(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"the file cannot be read: {error}", fix="Deliver it again as text in UTF-8", file=path.name) from error


def _read_net(path: Path, findings: Findings) -> _Net:
    net = _Net()
    header, ended = "", False
    for number, line in enumerate(_text(path), 1):
        meta = _META.match(line)
        if meta and not ended:
            name = meta.group(1).strip().upper()
            ended = name == "END OF METADATA"
            if name == "ORIGINAL HEADER":
                net.units = _units(meta.group(2))
            net.meta[name] = meta.group(2)
        elif line.lstrip().startswith("~"):
            header = line
        elif line.strip():
            net.rows.append(line.replace(";", " ").split())
            net.lines.append(number)
    if not ended or not net.rows:
        raise Invalid("the network has no links after its metadata", fix="Deliver the complete *_net.tntp file", file=path.name)
    net.names = _names(header) or list(COLUMNS)
    for what, count in (("NUMBER OF LINKS", len(net.rows)),):
        said = net.meta.get(what, "")
        if said.isdecimal() and int(said) != count:
            findings.add("import.count", "warning", f"the file says {said} links and holds {count}", file=path.name, fix="Check that it is complete")
    return net


def _names(header: str) -> list[str]:
    cells = [c.strip().lower().replace(" ", "_") for c in header.lstrip(" ~\t").replace(";", "\t").split("\t")]
    names = [ALIASES.get(re.sub(r"_?\(.*\)", "", c), re.sub(r"_?\(.*\)", "", c)) for c in cells if c]
    return names if {"init_node", "term_node"} <= set(names) else []


def _units(header: str) -> dict[str, str]:
    """Units in brackets behind the column names of the original header."""
    found = {}
    for name, unit in re.findall(r"([A-Za-z][A-Za-z ]*?)\s*\(([^)]+)\)", header):
        key = name.strip().lower().replace(" ", "_")
        found[ALIASES.get(key, key)] = unit.strip().lower()
    return found


def _read_nodes(folder: Path, stem: str, findings: Findings) -> _Nodes:
    """Positions from the *_node.tntp file, or from a GeoJSON beside it, which also says in which CRS they are."""
    nodes = _Nodes()
    for path in sorted(folder.glob("*.geojson")):
        _read_geojson(path, nodes, findings)
    file = folder / f"{stem}_node.tntp"
    if nodes.xy or not file.exists():
        return nodes
    for number, line in enumerate(_text(file), 1):
        cells = line.replace(";", " ").split()
        if len(cells) < 3 or cells[0].lower() == "node":
            continue
        try:
            nodes.xy[cells[0]] = (float(cells[1]), float(cells[2]))
        except ValueError:
            findings.add("import.bad_number", "error", "the node has no position", file=file.name, row=number, kind="roads.junction", value=line, fix="Write numbers")
    return nodes


def _read_geojson(path: Path, nodes: _Nodes, findings: Findings) -> None:
    """Points with an id are nodes, lines with init_node and term_node are link shapes."""
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        for feature in features:
            own, shape = feature["properties"], feature["geometry"]
            if shape["type"] == "Point" and "id" in own:
                nodes.xy[str(own["id"])] = (float(shape["coordinates"][0]), float(shape["coordinates"][1]))
            elif shape["type"] == "LineString" and "init_node" in own:
                nodes.shapes[str(own["init_node"]), str(own["term_node"])] = shape["coordinates"]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        findings.add("import.sidecar", "warning", f"the positions could not be read: {error}", file=path.name, fix="Deliver a GeoJSON of points with an id")
        return
    if nodes.xy:
        nodes.crs = "EPSG:4326"


def _read_trips(path: Path, findings: Findings) -> list[tuple[str, str, float, int]]:
    """Origin, destination, trips and line of every pair with trips."""
    trips: list[tuple[str, str, float, int]] = []
    origin, said = None, None
    for number, line in enumerate(_text(path), 1):
        meta = _META.match(line)
        if meta:
            said = meta.group(2) if meta.group(1).strip().upper() == "TOTAL OD FLOW" else said
        elif line.strip().lower().startswith("origin"):
            origin = line.split()[1] if len(line.split()) > 1 else None
        elif origin is not None:
            for target, value in _TRIP.findall(line):
                try:
                    amount = float(value)
                except ValueError:
                    findings.add("import.bad_number", "error", f"{value.strip()!r} is no number of trips", kind="roads.demand", id=f"roads.demand:{origin}-{target}",
                                 column="trips", file=path.name, row=number, value=value, fix="Write a number")
                    continue
                if amount != 0:
                    trips.append((origin, target, amount, number))
    total = sum(t[2] for t in trips)
    try:
        whole = float(said) if said else total
    except ValueError:
        whole = total
    if abs(whole - total) > 1e-6 * max(abs(whole), 1.0):
        findings.add("import.count", "warning", f"the file says {whole:g} trips in all and holds {total:g}", file=path.name, fix="Check that it is complete")
    return trips


def _batches(file: str, net: _Net, nodes: _Nodes, trips: list[tuple[str, str, float, int]], request: ReadRequest, delivery: Delivery) -> Iterator[Batch]:
    links = _Links(file, net, delivery.findings)
    kind_of = _node_kinds(net, links)
    missing = [name for name in kind_of if name not in nodes.xy]
    if missing:
        delivery.findings.add_rows("import.no_coordinates", "warning", "the node has no position", kind="roads.junction", ids=[f"{kind_of[n]}:{n}" for n in missing],
                                   column="geometry", file=file, fix="Deliver the *_node.tntp file beside the network")
    for kind in ("roads.zone_centroid", "roads.junction"):
        names = [name for name, own in kind_of.items() if own == kind]
        if names:
            yield Batch(kind, _node_table(kind, names, nodes))
    yield Batch("roads.street", _street_table(links, kind_of, nodes, request, delivery), np.array(links.lines))
    known = [t for t in trips if t[0] in kind_of and t[1] in kind_of]
    for origin, target, amount, row in (t for t in trips if t[0] not in kind_of or t[1] not in kind_of):
        delivery.findings.add("import.missing_node", "error", f"trips go between {origin} and {target}, which are not both in the network", kind="roads.demand",
                              id=f"roads.demand:{origin}-{target}", file=file, row=row, value=amount, fix="Correct the zone")
    if known:
        yield Batch("roads.demand", pa.table({
            "id": [f"roads.demand:{o}-{d}" for o, d, _, _ in known], "origin_id": [f"{kind_of[o]}:{o}" for o, _, _, _ in known],
            "destination_id": [f"{kind_of[d]}:{d}" for _, d, _, _ in known], "trips": [t for _, _, t, _ in known], "period": pa.repeat(3600.0, len(known)),
        }), np.array([t[3] for t in known]))


class _Links:
    """Columns of the links that can be used; numbers that are none are NaN with a finding."""

    def __init__(self, file: str, net: _Net, findings: Findings) -> None:
        place = {name: i for i, name in enumerate(net.names)}
        self.lines: list[int] = []
        self.source: list[str] = []
        self.target: list[str] = []
        self.text: dict[str, list[str | None]] = {name: [] for name in net.names if name in ("link_type", "id")}
        self.value: dict[str, list[float]] = {name: [] for name in COLUMNS[2:9] if name in place}
        needed = max(place[name] for name in ("init_node", "term_node", *self.value))
        for cells, line in zip(net.rows, net.lines, strict=True):
            if len(cells) <= needed:
                findings.add("import.few_columns", "error", f"the link has {len(cells)} of {len(net.names)} columns", kind="roads.street", file=file, row=line,
                             value=" ".join(cells), fix="Complete the line")
                continue
            self.lines.append(line)
            self.source.append(cells[place["init_node"]])
            self.target.append(cells[place["term_node"]])
            for name, column in self.text.items():
                column.append(cells[place[name]] if place[name] < len(cells) else None)
            for name, column in self.value.items():
                column.append(_number(cells[place[name]], name, file, line, findings))
        self.ids = self._ids()

    def _ids(self) -> list[str]:
        own = self.text.get("id")
        names = [name or f"{a}-{b}" for name, a, b in zip(own or [None] * len(self.source), self.source, self.target, strict=True)]
        seen: dict[str, int] = {}
        result = []
        for name in names:
            seen[name] = seen.get(name, 0) + 1
            result.append(f"roads.street:{name}" if seen[name] == 1 else f"roads.street:{name}~{seen[name]}")
        return result


def _number(text: str, name: str, file: str, line: int, findings: Findings) -> float:
    try:
        value = float(text)
        if np.isfinite(value):
            return value
    except ValueError:
        pass
    findings.add("import.bad_number", "error", f"{text!r} is not a number", kind="roads.street", column=name, file=file, row=line, value=text, fix="Write a plain number")
    return float("nan")


def _node_kinds(net: _Net, links: _Links) -> dict[str, str]:
    """Kind of each node in file order: zones that must not be passed through are centroids, everything else is a crossing."""
    names = list(dict.fromkeys([*links.source, *links.target]))
    if all(n.isdecimal() for n in names):
        names.sort(key=int)
        first = net.meta.get("FIRST THRU NODE", "1")
        limit = int(first) if first.isdecimal() else 1
        return {n: "roads.zone_centroid" if int(n) < limit else "roads.junction" for n in names}
    return dict.fromkeys(names, "roads.junction")


def _node_table(kind: str, names: Sequence[str], nodes: _Nodes) -> pa.Table:
    xy = np.array([nodes.xy.get(name, (np.nan, np.nan)) for name in names], float).reshape(-1, 2)
    known = pa.array(np.isfinite(xy).all(axis=1))
    columns: dict[str, Any] = {"id": [f"{kind}:{n}" for n in names], "number": list(names)}
    columns["geometry"] = pa.compute.if_else(known, geometry.points(*np.nan_to_num(xy).T), pa.scalar(None, pa.binary()))
    if kind == "roads.zone_centroid":
        columns["through"] = [False] * len(names)
    return pa.table(columns)


def _street_table(links: _Links, kind_of: dict[str, str], nodes: _Nodes, request: ReadRequest, delivery: Delivery) -> pa.Table:
    def of(name: str) -> np.ndarray:
        return np.array(links.value.get(name, [np.nan] * len(links.ids)), float)

    import shapely

    shapes = []
    for a, b in zip(links.source, links.target, strict=True):
        drawn = nodes.shapes.get((a, b)) or [nodes.xy[n] for n in (a, b) if n in nodes.xy]
        shapes.append(shapely.LineString(drawn) if len(drawn) >= 2 else None)
    wkb = geometry.encode(shapes)
    units = _chosen_units(links, wkb, nodes, request, delivery)
    toll, speed = of("toll"), of("speed")
    centroid = [kind_of[a] == "roads.zone_centroid" or kind_of[b] == "roads.zone_centroid" for a, b in zip(links.source, links.target, strict=True)]
    columns: dict[str, Any] = {
        "id": links.ids, "geometry": wkb, "from_id": [f"{kind_of[n]}:{n}" for n in links.source], "to_id": [f"{kind_of[n]}:{n}" for n in links.target],
        "class": ["centroid" if c else None for c in centroid], "one_way": [True] * len(links.ids), "capacity": of("capacity") / 3600.0,
        "length": of("length") * LENGTH[units["length"]] if "length" in units else np.full(len(toll), np.nan),
        "free_flow_time": of("free_flow_time") * TIME[units["free_flow_time"]], "delay_factor": of("b"), "delay_power": of("power"),
        "speed_limit": np.where(speed > 0, speed * SPEED[units["speed"]], np.nan) if "speed" in units else np.full(len(toll), np.nan),
        "link_type": links.text.get("link_type") or pa.nulls(len(links.ids), pa.string()),
    }
    for name in ("length", "speed", "toll"):
        if name not in units and np.nan_to_num(of(name)).any():
            columns[f"tntp_{name}"] = of(name)  # no unit is known: kept as delivered
    return pa.table({name: pa.array(value, from_pandas=True) if isinstance(value, np.ndarray) else value for name, value in columns.items()})


def _chosen_units(links: _Links, wkb: pa.Array, nodes: _Nodes, request: ReadRequest, delivery: Delivery) -> dict[str, str]:
    """Units by column: what the person says, else what the header says, else minutes, and for lengths what fits the drawing."""
    said: dict[str, Any] = delivery.facts.setdefault("units", {})
    net_units = request.parameters.get("units") or {}
    header = delivery.facts.pop("header_units", {})
    for name, table in (("length", LENGTH), ("free_flow_time", TIME), ("speed", SPEED)):
        unit = str(net_units.get(name) or header.get(name) or "").lower()
        if unit in table:
            said[name] = unit
    if "free_flow_time" not in said:
        said["free_flow_time"] = "min"
        delivery.findings.add("import.assumed_unit", "info", "travel times were taken as minutes", kind="roads.street", column="free_flow_time",
                              fix="Say otherwise with the parameter units.free_flow_time")
    if "length" not in said:
        unit = _fitting_length(np.array(links.value.get("length", []), float), wkb, request.crs or nodes.crs)
        if unit:
            said["length"] = unit
        else:
            delivery.findings.add("import.unknown_unit", "warning", "the unit of the lengths is not known; they were kept as delivered and not used", kind="roads.street",
                                  column="length", fix="Say it with the parameter units.length (m, km, ft, kft, mi)")
    return said


def _fitting_length(delivered: np.ndarray, wkb: pa.Array, crs: str | None) -> str | None:
    """The unit in which the delivered lengths agree with the drawn ones, within 10 % for the middle link and 30 % for most."""
    if crs is None or not len(delivered):
        return None
    place = parse_crs(crs)
    column = wkb
    factor = place.height if place.local else 1.0
    if place.geographic:
        column = geometry.transform(wkb, lambda x, y: (x * 111_320.0 * np.cos(np.radians(np.median(y))), y * 110_574.0))
    drawn = geometry.length(column) * factor
    good = np.isfinite(drawn) & (drawn > 0) & (delivered > 0)
    if good.sum() < 3:
        return None
    ratio = drawn[good] / delivered[good]
    for unit, size in LENGTH.items():
        if abs(np.median(ratio) / size - 1) < 0.1 and np.mean(np.abs(ratio / size - 1) < 0.3) > 0.7:
            return unit
    return None


FORMATS: tuple[Format, ...] = (Format("tntp", "TNTP traffic network", "TNTP 交通网络", (".tntp",), sniff, read, write),)
