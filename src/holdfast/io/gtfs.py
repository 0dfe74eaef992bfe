"""GTFS timetables (.zip or folder): stops and lines, with trips and departures of a working day.

source    gtfs.org, GTFS Schedule reference; coordinates are WGS 84
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from .archive_guard import members, readable_name
from .values import to_number

NEEDED = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
MORE = ("agency.txt", "calendar.txt", "shapes.txt")
WORKING_DAY = "wednesday"
MODES = {100: "2", 200: "3", 400: "1", 700: "3", 800: "11", 900: "0", 1000: "4", 1200: "4", 1300: "6", 1400: "7"}  # extended route types by hundreds
LOCATION = {"": "stop", "0": "stop", "1": "station", "2": "entrance", "3": "node", "4": "boarding area"}


def sniff(path: Path, head: bytes) -> float:
    """An archive or folder with stops.txt and routes.txt."""
    try:
        if path.is_dir():
            names = {p.name for p in path.iterdir()}
        elif head[:2] == b"PK":
            with zipfile.ZipFile(path) as archive:
                names = {n.rpartition("/")[2] for n in archive.namelist()}
        else:
            return 0.0
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError):
        return 0.0
    return 0.95 if {"stops.txt", "routes.txt"} <= names else 0.0


class _Feed:
    """The tables of a feed, read when asked for; every column is text."""

    def __init__(self, path: Path, findings: Findings) -> None:
        self.path, self.findings = path, findings
        self.inside: dict[str, Any] = {}
        if path.is_dir():
            self.inside = {p.name: p for p in path.iterdir() if p.name in (*NEEDED, *MORE)}
        else:
            self.inside = {readable_name(m).rpartition("/")[2]: m for m in members(path)}
        missing = [name for name in NEEDED if name not in self.inside]
        if missing:
            raise Invalid(f"the timetable has no {', '.join(missing)}", fix="Deliver the complete GTFS archive", file=path.name)

    def table(self, name: str, columns: tuple[str, ...]) -> pa.Table:
        """The wanted columns of one file; absent ones are null, rows of another length are left out with a finding."""
        from pyarrow import csv

        if name not in self.inside:
            return pa.table({c: pa.array([], pa.string()) for c in columns})

        def skip(row: Any) -> str:
            self.findings.add("import.bad_row", "warning", f"the row has {row.actual_columns} of {row.expected_columns} columns", file=name, row=row.number,
            value=row.text,
                              fix="Quote values that hold commas")
            return "skip"

        data = self._bytes(name)
        first = data[: data.find(b"\n") if b"\n" in data else len(data)].lstrip(b"\xef\xbb\xbf").decode("utf-8", "replace")
        names = [c.strip().strip('"') for c in first.strip().split(",")]
        wanted = [c for c in columns if c in names]
        try:
            table = csv.read_csv(
                io.BytesIO(data), read_options=csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
                parse_options=csv.ParseOptions(invalid_row_handler=skip, newlines_in_values=b'"' in data[:1_000_000]),
                convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=wanted, strings_can_be_null=False),
            )  # fmt: skip
        except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
            raise Invalid(f"{name} cannot be read: {error}", fix="Deliver the archive again in UTF-8", file=self.path.name) from error
        return pa.table({c: pc.utf8_trim_whitespace(table[c]) if c in wanted else pa.nulls(table.num_rows, pa.string()) for c in columns})

    def _bytes(self, name: str) -> bytes:
        place = self.inside[name]
        try:
            if isinstance(place, Path):
                return place.read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(place)
        except Exception as error:  # zlib, lzma and zipfile each have their own
            raise Invalid(f"{name} cannot be unpacked: {error}", fix="Pack the archive again", file=self.path.name) from error


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a feed. raises Invalid if a needed file is missing or damaged"""
    findings = Findings()
    feed = _Feed(path, findings)
    stops = feed.table("stops.txt", ("stop_id", "stop_code", "stop_name", "stop_desc", "stop_lat", "stop_lon", "location_type", "parent_station",
    "wheelchair_boarding"))
    routes = feed.table("routes.txt", ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type", "route_color"))
    trips = feed.table("trips.txt", ("route_id", "service_id", "trip_id", "direction_id", "shape_id"))
    times = feed.table("stop_times.txt", ("trip_id", "stop_id", "stop_sequence", "departure_time"))
    delivery = Delivery("gtfs", (), crs="EPSG:4326", findings=findings)
    delivery.facts = {"stops": stops.num_rows, "routes": routes.num_rows, "trips": trips.num_rows, "stop_times": times.num_rows}
    delivery.batches = _batches(feed, stops, routes, trips, times, request)
    return delivery


def _batches(feed: _Feed, stops: pa.Table, routes: pa.Table, trips: pa.Table, times: pa.Table, request: ReadRequest) -> Iterator[Batch]:
    runs = _working_day(feed, trips)
    trip_ids = trips["trip_id"].combine_chunks()
    trip_of = pc.fill_null(pc.index_in(times["trip_id"], trip_ids), -1).to_numpy()
    lost = np.flatnonzero(trip_of < 0)
    if len(lost):
        feed.findings.add("import.missing_trip", "warning", f"{len(lost)} stop times belong to trips that are not in trips.txt", file="stop_times.txt",
        row=int(lost[0]) + 2,
                          fix="Deliver stop_times.txt and trips.txt of one day")
    wanted = {k for k in ("roads.stop", "roads.transit_line") if k in request.catalog.kinds and (request.only is None or k in request.only)}
    where = _positions(feed, stops)
    if "roads.stop" in wanted:
        stop_of = pc.fill_null(pc.index_in(times["stop_id"], stops["stop_id"].combine_chunks()), -1).to_numpy()
        good = (stop_of >= 0) & (trip_of >= 0)
        departures = np.bincount(stop_of[good], weights=runs[trip_of[good]], minlength=stops.num_rows)
        yield Batch("roads.stop", _stop_table(stops, where, departures, _stop_modes(routes, trips, trip_of, stop_of, stops.num_rows)),
        np.arange(stops.num_rows) + 2)
    if "roads.transit_line" in wanted and trips.num_rows:
        table = _lines(feed, routes, trips, runs, times, trip_of, dict(zip(stops["stop_id"].to_pylist(), where.tolist(), strict=True)))
        yield Batch("roads.transit_line", table)


def _working_day(feed: _Feed, trips: pa.Table) -> np.ndarray:
    """1 for trips that run on a working day, 0 for others; NaN-free: without a calendar every trip counts."""
    calendar = feed.table("calendar.txt", ("service_id", WORKING_DAY))
    if calendar.num_rows == 0:
        return np.ones(trips.num_rows)
    at = pc.fill_null(pc.index_in(trips["service_id"], calendar["service_id"].combine_chunks()), -1).to_numpy()
    open_ = pc.fill_null(pc.equal(calendar[WORKING_DAY], "1"), False).to_numpy().astype(float)
    return np.where(at >= 0, open_[at], 0.0)


def _positions(feed: _Feed, stops: pa.Table) -> np.ndarray:
    """(n, 2) longitude and latitude, NaN with a finding where they are none."""
    xy = np.column_stack([to_number(stops[c]).column.to_numpy() for c in ("stop_lon", "stop_lat")]).astype(float)
    bad = ~np.isfinite(xy).all(axis=1) | (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90)
    if bad.any():
        at = np.flatnonzero(bad)
        ids = [f"roads.stop:{i}" for i in stops["stop_id"].take(pa.array(at)).to_pylist()]
        feed.findings.add_rows("import.no_coordinates", "warning", "the stop has no usable position", kind="roads.stop", ids=ids, column="geometry",
        file="stops.txt", rows=at + 2,
                               fix="Give stop_lat and stop_lon in degrees")
        xy[bad] = np.nan
    return xy


def _modes(routes: pa.Table) -> list[str | None]:
    """Basic route type of every route; extended types by their hundred."""
    result = []
    for text in routes["route_type"].to_pylist():
        number = int(text) if (text or "").isdigit() else -1
        result.append(str(number) if 0 <= number <= 12 else MODES.get(number // 100 * 100))
    return result


def _stop_modes(routes: pa.Table, trips: pa.Table, trip_of: np.ndarray, stop_of: np.ndarray, count: int) -> pa.Array:
    """The mode of the first line that serves each stop."""
    route_of = pc.fill_null(pc.index_in(trips["route_id"], routes["route_id"].combine_chunks()), -1).to_numpy()
    good = np.flatnonzero((trip_of >= 0) & (stop_of >= 0))
    route = np.full(count, -1)
    route[stop_of[good][::-1]] = route_of[trip_of[good]][::-1]
    return pa.array(_modes(routes), pa.string()).take(pa.array(route, mask=route < 0))


def _stop_table(stops: pa.Table, where: np.ndarray, departures: np.ndarray, mode: pa.Array) -> pa.Table:
    known = pa.array(np.isfinite(where).all(axis=1))
    parent = stops["parent_station"].to_pylist()
    return pa.table({
        "id": [f"roads.stop:{i}" for i in stops["stop_id"].to_pylist()], "name": stops["stop_name"], "code": _blank(stops["stop_code"]),
        "geometry": pc.if_else(known, geometry.points(*np.nan_to_num(where).T), pa.scalar(None, pa.binary())), "mode": mode,
        "description": _blank(stops["stop_desc"]),
        "location_type": [LOCATION.get(v or "", v) for v in stops["location_type"].to_pylist()],
        "parent_id": [f"roads.stop:{p}" if p else None for p in parent],
        "wheelchair": pa.array([{"1": True, "2": False}.get(v or "") for v in stops["wheelchair_boarding"].to_pylist()], pa.bool_()),
        "departures": departures,
    })


def _blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _lines(feed: _Feed, routes: pa.Table, trips: pa.Table, runs: np.ndarray, times: pa.Table, trip_of: np.ndarray, where: dict[str, list[float]]) -> pa.Table:
    """One line per route, direction and shape, with the stops of its longest trip."""
    agency = feed.table("agency.txt", ("agency_id", "agency_name"))
    operators = dict(zip(agency["agency_id"].to_pylist(), agency["agency_name"].to_pylist(), strict=True))
    only = agency["agency_name"].to_pylist()[0] if agency.num_rows == 1 else None
    key = pc.binary_join_element_wise(*(pc.fill_null(trips[c], "") for c in ("route_id", "direction_id", "shape_id")), "\x1f")
    coded = pc.dictionary_encode(key).combine_chunks()
    group = coded.indices.to_numpy()
    length = np.bincount(trip_of[trip_of >= 0], minlength=trips.num_rows)
    order = np.lexsort((np.arange(len(group)), -length, group))
    longest = order[np.searchsorted(group[order], np.arange(len(coded.dictionary)))]
    sequences = _sequences(times, trip_of, longest)
    shapes = _shapes(feed)
    route_rows = {row["route_id"]: {**row, "mode": mode} for row, mode in zip(routes.to_pylist(), _modes(routes), strict=True)}
    day = np.bincount(group, weights=runs, minlength=len(longest))
    rows, lines = [], []
    for number, (text, served) in enumerate(zip(coded.dictionary.to_pylist(), sequences, strict=True)):
        route_id, direction, shape_id = text.split("\x1f")
        route = route_rows.get(route_id, {})
        if not route:
            feed.findings.add("import.missing_route", "warning", f"trips belong to route {route_id}, which is not in routes.txt", file="trips.txt",
            fix="Add the route")
        drawn = shapes.get(shape_id)
        if drawn is None:
            places = np.array([where[s] for s in served if s in where], float).reshape(-1, 2)
            drawn = places[np.isfinite(places).all(axis=1)]
        lines.append(drawn)
        rows.append({
            "id": f"roads.transit_line:{'.'.join(p for p in (route_id, direction, shape_id) if p)}",
            "name": route.get("route_long_name") or route.get("route_short_name"),
            "mode": route.get("mode"), "number": route.get("route_short_name"), "route": route_id, "direction": direction or None,
            "colour": route.get("route_color") or None,
            "operator": operators.get(route.get("agency_id") or "", only), "trips": float(day[number]),
            "stops": json.dumps([f"roads.stop:{s}" for s in served]),
            "shape": shape_id or None,
        })
    names = list(rows[0])
    return pa.table({"geometry": _wkb(lines), **{n: pa.array([r[n] for r in rows], pa.float64() if n == "trips" else pa.string()) for n in names}})


def _sequences(times: pa.Table, trip_of: np.ndarray, longest: np.ndarray) -> list[list[str]]:
    """Stops in order of the chosen trips."""
    place = np.full(int(max(trip_of.max(initial=-1), longest.max(initial=-1))) + 1, -1)
    place[longest] = np.arange(len(longest))
    own = np.where(trip_of >= 0, place[trip_of], -1)
    rows = np.flatnonzero(own >= 0)
    number = to_number(times["stop_sequence"].take(pa.array(rows))).column.to_numpy()
    order = np.lexsort((number, own[rows]))
    stops = np.array(times["stop_id"].take(pa.array(rows[order])).to_pylist(), object)
    bounds = np.searchsorted(own[rows[order]], np.arange(len(longest) + 1))
    return [stops[a:b].tolist() for a, b in itertools.pairwise(bounds)]


def _shapes(feed: _Feed) -> dict[str, np.ndarray]:
    """(n, 2) longitude and latitude of every drawn line."""
    table = feed.table("shapes.txt", ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"))
    if table.num_rows == 0:
        return {}
    coded = pc.dictionary_encode(table["shape_id"]).combine_chunks()
    x, y, n = (to_number(table[c]).column.to_numpy() for c in ("shape_pt_lon", "shape_pt_lat", "shape_pt_sequence"))
    good = np.isfinite(x) & np.isfinite(y)
    if not good.all():
        feed.findings.add("import.no_coordinates", "warning", f"{int((~good).sum())} points of lines have no position", file="shapes.txt",
        row=int(np.flatnonzero(~good)[0]) + 2,
                          fix="Give shape_pt_lat and shape_pt_lon in degrees")
    group = coded.indices.to_numpy()
    order = np.lexsort((n, group))
    order = order[good[order]]
    bounds = np.searchsorted(group[order], np.arange(len(coded.dictionary) + 1))
    xy = np.column_stack([x, y])[order]
    return {name: xy[a:b] for name, a, b in zip(coded.dictionary.to_pylist(), bounds[:-1], bounds[1:], strict=True)}


def _wkb(lines: list[np.ndarray]) -> pa.Array:
    """Lines of at least two points; null for shorter ones."""
    long = np.array([len(line) >= 2 for line in lines], bool)
    kept = [line for line, good in zip(lines, long, strict=True) if good]
    offsets = np.append(0, np.cumsum([len(line) for line in kept])).astype(np.int64)
    array = geometry.lines(np.concatenate(kept) if kept else np.empty((0, 2)), offsets)
    return array.take(pa.array(np.cumsum(long) - 1, mask=~long))


FORMATS: tuple[Format, ...] = (Format("gtfs", "GTFS timetable", "GTFS 公交时刻表", (".zip", ".gtfs"), sniff, read),)
