"""GraphML road graphs, as OSMnx writes them: nodes with x and y, directed edges with length and shape.

The two directions of a street that may be driven both ways are one street here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from . import osm_tags as tag
from .values import code_spellings

_X, _Y = ("x", "lon", "longitude", "X"), ("y", "lat", "latitude", "Y")
_USED = frozenset({"geometry", "length", "highway", "oneway", "name", "osmid", "lanes", "maxspeed", "bridge", "tunnel", "reversed", "width"})


@dataclass(slots=True)
class _Graph:
    directed: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)  # from, to, key, attributes


def sniff(path: Path, head: bytes) -> float:
    """The root element."""
    return 1.0 if b"<graphml" in head[:4000] else 0.0


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a graph. raises Invalid if it is no well-formed GraphML or has no nodes"""
    findings = Findings()
    graph = _parse(path)
    if not graph.nodes:
        raise Invalid("the graph has no nodes", fix="Deliver a GraphML file with nodes and edges", file=path.name)
    found = re.search(r"epsg:\s*(\d{4,6})", graph.facts.get("crs", ""), re.IGNORECASE)
    delivery = Delivery("graphml", (), crs=f"EPSG:{found.group(1)}" if found else None, findings=findings)
    delivery.facts = {"nodes": len(graph.nodes), "edges": len(graph.edges), **{k: v for k, v in graph.facts.items() if k in ("created_with", "created_date")}}
    delivery.batches = _batches(path.name, graph, request, delivery)
    return delivery


def _parse(path: Path) -> _Graph:
    with path.open("rb") as file:
        if b"<!DOCTYPE" in file.read(4096):
            raise Invalid("the file declares a document type", fix="Deliver GraphML without DOCTYPE", file=path.name)
    graph = _Graph()
    names: dict[str, str] = {}
    try:
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            kind = element.tag.rpartition("}")[2]
            if event == "start":
                if kind == "graph":
                    graph.directed = element.get("edgedefault", "directed") == "directed"
                continue
            if kind == "key":
                names[element.get("id", "")] = element.get("attr.name") or element.get("id", "")
            elif kind == "node":
                graph.nodes[element.get("id", "")] = _data(element, names)
                element.clear()
            elif kind == "edge":
                graph.edges.append((element.get("source", ""), element.get("target", ""), element.get("id") or "", _data(element, names)))
                element.clear()
            elif kind == "graph":
                graph.facts = _data(element, names)
    except (ElementTree.ParseError, ValueError) as error:
        raise Invalid(f"the file is no well-formed GraphML: {error}", fix="Deliver it again", file=path.name) from error
    return graph


def _data(element: Any, names: dict[str, str]) -> dict[str, str]:
    return {names.get(d.get("key", ""), d.get("key", "")): d.text or "" for d in element if d.tag.rpartition("}")[2] == "data"}


def _batches(file: str, graph: _Graph, request: ReadRequest, delivery: Delivery) -> Iterator[Batch]:
    xy = {name: place for name, data in graph.nodes.items() if (place := _place(data)) is not None}
    lost = [name for name in graph.nodes if name not in xy]
    if lost:
        delivery.findings.add_rows("import.no_coordinates", "warning", "the node has no position", kind="roads.junction",
        ids=[f"roads.junction:{n}" for n in lost],
                                   column="geometry", file=file, fix="Give every node x and y")
    wanted = {k for k in ("roads.junction", "roads.street") if k in request.catalog.kinds and (request.only is None or k in request.only)}
    if "roads.junction" in wanted:
        yield Batch("roads.junction", _node_table(graph, xy))
    if "roads.street" in wanted:
        edges = _merged(graph, file, delivery.findings)
        delivery.facts["streets"] = len(edges)
        if edges:
            yield Batch("roads.street", _edge_table(edges, xy, request, file, delivery.findings))


def _place(data: dict[str, str]) -> tuple[float, float] | None:
    try:
        x, y = (float(next(data[n] for n in names if n in data)) for names in (_X, _Y))
    except (StopIteration, ValueError, RuntimeError):
        return None
    return (x, y) if np.isfinite([x, y]).all() else None


def _node_table(graph: _Graph, xy: dict[str, tuple[float, float]]) -> pa.Table:
    known = pa.array([name in xy for name in graph.nodes])
    places = np.array([xy.get(name, (0.0, 0.0)) for name in graph.nodes]).reshape(-1, 2)
    control = {"traffic_signals": "signal", "stop": "stop", "give_way": "yield", "mini_roundabout": "roundabout", "turning_circle": "roundabout",
    "crossing": "crossing",
               "motorway_junction": "interchange"}
    rows = list(graph.nodes.values())
    more = sorted({key for row in rows for key in row} - {*_X, *_Y, "highway"})
    return pa.table({
        "id": [f"roads.junction:{n}" for n in graph.nodes], "geometry": pa.compute.if_else(known, geometry.points(*places.T), pa.scalar(None, pa.binary())),
        "control": [control.get(r.get("highway", ""), "none") for r in rows], **{f"node_{m}": pa.array([r.get(m) for r in rows], pa.string()) for m in more},
    })


def _merged(graph: _Graph, file: str, findings: Findings) -> list[tuple[str, str, str, dict[str, str], bool]]:
    """Edges as streets: from, to, key, attributes, one way. An edge back that repeats one already met is left out."""
    met: set[tuple[str, str, str, float]] = set()
    result = []
    for source, target, key, data in graph.edges:
        if source not in graph.nodes or target not in graph.nodes:
            findings.add("import.missing_node", "error", f"the edge runs between {source} and {target}, which are not both in the graph", kind="roads.street",
                         id=f"roads.street:{source}-{target}", file=file, fix="Deliver all nodes")
            continue
        one_way = graph.directed and data.get("oneway", "True").lower() in ("true", "yes", "1")
        ways = ",".join(sorted(re.findall(r"\d+", data.get("osmid", ""))))
        length = round(_number(data.get("length")) or 0.0, 1)  # sums of the two directions differ in the last digits
        if not one_way and (target, source, ways, length) in met:
            continue
        met.add((source, target, ways, length))
        result.append((source, target, key, data, one_way))
    return result


def _items(text: str | None) -> list[str]:
    """The entries of a value that may be a list written as text."""
    if text and text.startswith("["):
        try:
            return [str(v) for v in ast.literal_eval(text)]
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
    return [text] if text else []


def _first(text: str | None) -> str | None:
    return next(iter(_items(text)), None)


def _number(text: str | None) -> float | None:
    return tag.measure(_first(text), {"": 1.0, "m": 1.0})


def _edge_table(edges: list[tuple[str, str, str, dict[str, str], bool]], xy: dict[str, Any], request: ReadRequest, file: str, findings: Findings) -> pa.Table:
    classes = code_spellings(request.catalog.kinds["roads.street"].field("class").dictionary)  # type: ignore[union-attr]
    data = [d for _, _, _, d, _ in edges]
    seen: dict[str, int] = {}
    ids = []
    for source, target, key, _, _ in edges:
        name = f"{source}-{target}" + (f"-{key}" if key not in ("", "0") else "")
        seen[name] = seen.get(name, 0) + 1
        ids.append(f"roads.street:{name}" if seen[name] == 1 else f"roads.street:{name}~{seen[name]}")
    more = sorted({key for d in data for key in d} - _USED)
    texts = {
        "name": [" / ".join(_items(d.get("name"))) or None for d in data], "highway": [_first(d.get("highway")) for d in data],
        "class": [classes.get(_first(d.get("highway")) or "", "branch") for d in data],
        "source_way": [",".join(_items(d.get("osmid"))) or None for d in data],
    }
    numbers = {
        "length": [_number(d.get("length")) for d in data], "speed_limit": [tag.speed(_first(d.get("maxspeed"))) for d in data],
        "carriageway_width": [_number(d.get("width")) for d in data],
    }
    flags = {"bridge": [_first(d.get("bridge")) not in (None, "no", "False") for d in data], "tunnel": [_first(d.get("tunnel")) not in (None, "no",
    "False") for d in data]}
    return pa.table({
        "id": ids, "geometry": _shapes(edges, ids, xy, file, findings), "from_id": [f"roads.junction:{e[0]}" for e in edges],
        "to_id": [f"roads.junction:{e[1]}" for e in edges],
        "one_way": [e[4] for e in edges], "lanes": pa.array([tag.whole(_first(d.get("lanes"))) for d in data], pa.int64()), **{n: pa.array(v,
        pa.string()) for n, v in texts.items()},
        **{n: pa.array(v, pa.float64()) for n, v in numbers.items()}, **flags, **{f"edge_{m}": pa.array([d.get(m) for d in data], pa.string()) for m in more},
    })


def _shapes(edges: list[tuple[str, str, str, dict[str, str], bool]], ids: list[str], xy: dict[str, Any], file: str, findings: Findings) -> pa.Array:
    import shapely

    drawn = shapely.from_wkt([d.get("geometry") or None for _, _, _, d, _ in edges], on_invalid="ignore")
    bad = [i for i, (e, shape) in enumerate(zip(edges, drawn.tolist(),
    strict=True)) if e[3].get("geometry") and (shape is None or shape.geom_type != "LineString")]
    if bad:
        findings.add_rows("import.bad_geometry", "warning", "the shape of the edge is no line; it was drawn straight", kind="roads.street",
        ids=[ids[i] for i in bad],
                          column="geometry", file=file, fix="Write WKT LINESTRING")
        drawn[bad] = None
    for i in np.flatnonzero(shapely.is_missing(drawn)).tolist():
        source, target = edges[i][:2]
        if source in xy and target in xy and source != target:
            drawn[i] = shapely.LineString([xy[source], xy[target]])
    return geometry.encode(drawn)


FORMATS: tuple[Format, ...] = (Format("graphml", "GraphML road graph", "GraphML 路网", (".graphml", ".graphml.xml"), sniff, read),)
