"""Writing a city's roads as TNTP: *_net.tntp, *_node.tntp and *_trips.tntp beside each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.errors import Invalid

LANE_CAPACITY = {"expressway": 1800.0, "trunk": 900.0, "main": 700.0, "branch": 500.0, "service": 300.0, "centroid": 10_000.0}  # vehicles/h [recalled-low]
SPEED = {"expressway": 80.0, "trunk": 60.0, "main": 50.0, "branch": 30.0, "service": 15.0, "centroid": 30.0}  # km/h, CJJ 37 [recalled]
WALKING = frozenset({"path"})


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """Write roads, nodes and trips.

    path      ends with _net.tntp; the other two files get its stem
    raises    Invalid if the name does not fit or there are no streets between nodes
    """
    if not path.name.lower().endswith("_net.tntp"):
        raise Invalid("a TNTP export is named *_net.tntp", fix=f"Write to {path.stem}_net.tntp", file=path.name)

    def table(kind: str) -> pa.Table:
        return city.table(kind) if as_of is None else city.table(kind, as_of=as_of)

    numbers, xy, zones, through = _numbered(table("roads.junction"), table("roads.zone_centroid"), table("roads.demand"))
    links, assumed = _links(table("roads.street"), numbers)
    if not links:
        raise Invalid("there are no streets between nodes to write", fix="Import roads with topology first")
    stem = path.name[: -len("_net.tntp")]
    trips = _trips(table("roads.demand"), numbers)
    files = {path: _net_text(links, len(numbers), zones, through), path.with_name(f"{stem}_node.tntp"): _node_text(numbers, xy)}
    if trips:
        files[path.with_name(f"{stem}_trips.tntp")] = _trip_text(trips, zones)
    for target, text in files.items():
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, target)
    return {"links": len(links), "nodes": len(numbers), "zones": zones, "trips": round(sum(t for _, _, t in trips), 6), "assumed": assumed,
            "files": [f.name for f in files]}


def _order(table: pa.Table) -> list[int]:
    """Rows by their number where all have one, else by id."""
    numbers = table["number"].to_pylist()
    if numbers and all(n is not None and n.isdigit() for n in numbers):
        return sorted(range(len(numbers)), key=lambda i: int(numbers[i]))
    ids = table["id"].to_pylist()
    return sorted(range(len(ids)), key=ids.__getitem__)


def _numbered(junctions: pa.Table, centroids: pa.Table, demand: pa.Table) -> tuple[dict[str, int], np.ndarray, int, int]:
    """Numbers from 1, zones first; positions; number of zones; the first node that may be passed through."""
    joined: list[tuple[str, tuple[float, float]]] = []
    for part in (centroids, junctions):
        places = geometry.centre(part["geometry"]) if part.num_rows else np.empty((0, 2))
        ids = part["id"].to_pylist()
        joined += [(ids[i], (float(places[i, 0]), float(places[i, 1]))) for i in _order(part)]
    pure = centroids.num_rows
    used = set(demand["origin_id"].to_pylist()) | set(demand["destination_id"].to_pylist()) if demand.num_rows else set()
    crossings = joined[pure:]
    if used and not pure:
        crossings = [n for n in crossings if n[0] in used] + [n for n in crossings if n[0] not in used]
    zones = pure or sum(n[0] in used for n in crossings)
    nodes = joined[:pure] + crossings
    return {name: i + 1 for i, (name, _) in enumerate(nodes)}, np.array([place for _, place in nodes]).reshape(-1, 2), zones, pure + 1


def _links(streets: pa.Table, numbers: dict[str, int]) -> tuple[list[tuple[Any, ...]], int]:
    """Directed links: streets for both directions count twice."""
    drawn = geometry.length(streets["geometry"]) if streets.num_rows else np.empty(0)
    names = ("from_id", "to_id", "one_way", "class", "lanes", "capacity", "length", "free_flow_time", "delay_factor", "delay_power", "speed_limit", "link_type")
    links, assumed = [], 0
    for row, plain in zip(streets.select(list(names)).to_pylist(), drawn.tolist(), strict=True):
        a, b = numbers.get(row["from_id"]), numbers.get(row["to_id"])
        if a is None or b is None or a == b or row["class"] in WALKING:
            continue
        level = row["class"] or "branch"
        length = row["length"] or plain
        speed = row["speed_limit"] or SPEED.get(level, 30.0) / 3.6
        ways = 1 if row["one_way"] else 2
        capacity = (row["capacity"] or 0.0) * 3600.0
        if not capacity:
            assumed += 1
            capacity = LANE_CAPACITY.get(level, 500.0) * max(1.0, (row["lanes"] or ways) / ways)
        time = (row["free_flow_time"] or length / speed) / 60.0
        factor, power = (0.15 if row["delay_factor"] is None else row["delay_factor"]), (4.0 if row["delay_power"] is None else row["delay_power"])
        cells = (capacity, length, time, factor, power, (row["speed_limit"] or 0.0) * 3.6, 0, row["link_type"] or "1")
        links.append((a, b, *cells))
        if ways == 2:
            links.append((b, a, *cells))
    return sorted(links, key=lambda link: link[:2]), assumed


def _cell(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _net_text(links: list[tuple[Any, ...]], nodes: int, zones: int, through: int) -> str:
    head = [
        f"<NUMBER OF ZONES> {zones}", f"<NUMBER OF NODES> {nodes}", f"<FIRST THRU NODE> {through}", f"<NUMBER OF LINKS> {len(links)}",
        "<ORIGINAL HEADER>~\tInit node\tTerm node\tCapacity (veh/h)\tLength (m)\tFree Flow Time (min)\tB\tPower\tSpeed limit (km/h)\tToll\tType\t;", "<END OF METADATA>", "",
        "~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;",
    ]
    return "\n".join([*head, *("\t" + "\t".join(map(_cell, link)) + "\t;" for link in links), ""])


def _node_text(numbers: dict[str, int], xy: np.ndarray) -> str:
    return "\n".join(["Node\tX\tY\t;", *(f"{n}\t{_cell(float(x))}\t{_cell(float(y))}\t;" for n, (x, y) in zip(numbers.values(), xy.tolist(), strict=True)), ""])


def _trips(demand: pa.Table, numbers: dict[str, int]) -> list[tuple[int, int, float]]:
    """Trips per hour between numbered zones."""
    rows = demand.select(["origin_id", "destination_id", "trips", "period"]).to_pylist() if demand.num_rows else []
    found = []
    for row in rows:
        a, b = numbers.get(row["origin_id"]), numbers.get(row["destination_id"])
        if a is not None and b is not None and row["trips"]:
            found.append((a, b, row["trips"] * 3600.0 / (row["period"] or 3600.0)))
    return sorted(found)


def _trip_text(trips: list[tuple[int, int, float]], zones: int) -> str:
    lines = [f"<NUMBER OF ZONES> {zones}", f"<TOTAL OD FLOW> {_cell(float(sum(t for _, _, t in trips)))}", "<END OF METADATA>", ""]
    origin = None
    for a, b, amount in trips:
        if a != origin:
            lines += ["", f"Origin {a}"]
            origin = a
        lines.append(f"\t{b} : {_cell(float(amount))};")
    return "\n".join([*lines, ""])
