"""How lines and points hang together: ends, orphans, doubles, islands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.spec import Kind

from .network_view import NetworkView, is_line
from .sink import Sink


def check_ends(view: NetworkView, settings: Mapping[str, Any]) -> None:
    """Ends that name nothing, have no point, or lie away from the point that they name."""
    tolerance = settings["survey.end_tolerance"]
    off = np.full((view.edges, 2), np.nan)
    for side, (position, ids, at, column) in enumerate(
        ((view.start, view.start_id, view.first, "from_id"), (view.end, view.end_id, view.last, "to_id"))
    ):  # fmt: skip
        unnamed = np.asarray(ids.is_null().to_numpy(zero_copy_only=False), bool)
        equipment = ~view.line & np.asarray(pc.fill_null(pc.is_in(ids, value_set=view.edge_id), False).to_numpy(zero_copy_only=False), bool)  # a switch sits on a line
        view.flag_edges("survey.dangling_end", (position < 0) & ~unnamed & ~equipment, place=at[:, :2], column=column, values=ids)
        _unnamed_ends(view, np.flatnonzero(unnamed & np.isfinite(at[:, 0])), at, column, tolerance)
        named = position >= 0
        off[named, side] = np.hypot(*(at[named, :2] - view.xyz[position[named], :2]).T)
    both = (view.start >= 0) & (view.end >= 0)
    crossed = np.full((view.edges, 2), np.nan)
    crossed[both, 0] = np.hypot(*(view.first[both, :2] - view.xyz[view.end[both], :2]).T)
    crossed[both, 1] = np.hypot(*(view.last[both, :2] - view.xyz[view.start[both], :2]).T)
    away = off > tolerance
    turned = away.any(axis=1) & (crossed <= tolerance).all(axis=1)
    view.flag_edges("survey.reversed_geometry", turned & view.line)
    for side, (at, column) in enumerate(((view.first, "from_id"), (view.last, "to_id"))):
        ids = view.start_id if side == 0 else view.end_id
        view.flag_edges(
            "survey.end_off_point", away[:, side] & ~turned & view.line, place=at[:, :2], column=column, values=ids,
            messages=lambda i, gap=off[:, side]: [f"the line ends {g:.3f} m from the point that it names" for g in gap[i]],
        )  # fmt: skip


def _unnamed_ends(view: NetworkView, index: np.ndarray, at: np.ndarray, column: str, tolerance: float) -> None:
    """Ends of lines that name no point there: is there one, or is it missing?"""
    if len(index) == 0:
        return
    placed = np.flatnonzero(np.isfinite(view.xyz[:, 0]))
    near = np.full(len(index), -1)
    if len(placed):
        from scipy.spatial import cKDTree

        distance, found = cKDTree(view.xyz[placed, :2]).query(at[index, :2], distance_upper_bound=tolerance)
        near = np.where(np.isfinite(distance), placed[np.minimum(found, len(placed) - 1)], -1)
    known = near >= 0
    view.flag_edges("survey.missing_point", index[~known], place=at[:, :2], column=column)
    names = np.full(view.edges, None, object)
    names[index[known]] = view.node_id.take(pa.array(near[known])).to_pylist()
    view.flag_edges("survey.unconnected_end", index[known], place=at[:, :2], column=column, values=names)


def check_points(view: NetworkView, settings: Mapping[str, Any]) -> None:
    """Points without a line, in the same place, or under the same number with other attributes."""
    if view.edges:
        used = np.zeros(view.nodes, bool)
        used[view.start[view.start >= 0]] = True
        used[view.end[view.end >= 0]] = True
        if used.any():  # otherwise no line names its points at all, which is reported once by the attribute checks
            view.flag_nodes("survey.orphan_point", ~used)
    grain = max(settings["survey.same_point"], 1e-9)
    place = np.where(np.isfinite(view.xyz), view.xyz, 0.0)
    first = first_alike(np.round(place / grain).astype(np.int64))
    double = (first != np.arange(view.nodes)) & np.isfinite(view.xyz[:, 0])
    view.flag_nodes("survey.duplicate_position", double, values=view.node_id.take(pa.array(first)))
    _same_number(view)


def _same_number(view: NetworkView) -> None:
    numbers = view.node_text["map_number"]
    if numbers.null_count == len(numbers):
        return
    code = pc.dictionary_encode(numbers).indices
    known = np.asarray(code.is_valid().to_numpy(zero_copy_only=False), bool)
    group = np.where(known, np.asarray(pc.fill_null(code, 0).to_numpy(zero_copy_only=False), np.int64), -1 - np.arange(len(known)))
    first = first_alike(group[:, None])
    again = np.flatnonzero(first != np.arange(len(first)))
    if len(again) == 0:
        return
    original = first[again]
    differs = (np.abs(view.xyz[again] - view.xyz[original]) > 0.01).any(axis=1)
    for values in view.node.values():
        differs |= np.abs(values[again] - values[original]) > 0.001
    for name in ("feature", "attachment"):
        column = view.node_text[name]
        a, b = column.take(pa.array(again)), column.take(pa.array(original))
        differs |= np.asarray(pc.fill_null(pc.not_equal(a, b), False).to_numpy(zero_copy_only=False), bool)
    view.flag_nodes("survey.duplicate_number", again[differs], column="map_number", values=numbers)


def first_alike(keys: np.ndarray) -> np.ndarray:
    """(n,) index of the first row with the same integer keys (n, k)."""
    mixed = np.zeros(len(keys), np.uint64)
    with np.errstate(over="ignore"):
        for column in keys.T:  # a 64-bit mixing hash; equal hashes of unequal rows are too rare to matter among millions
            mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    _, first, group = np.unique(mixed, return_index=True, return_inverse=True)
    return first[group]


def check_duplicate_lines(sink: Sink, kind: Kind, table: pa.Table, settings: Mapping[str, Any]) -> None:
    """Lines of one kind between the same points with the same shape, in either direction. Parallel equipment is not meant."""
    if not is_line(kind) or table.num_rows < 2 or not sink.wants("survey.duplicate_line", "survey.reversed_duplicate"):
        return
    shape = table["geometry"]
    box, length = geometry.bounds(shape), geometry.length(shape)
    first, last = (p[:, :2] for p in geometry.ends(shape))
    forward = (first[:, 0] < last[:, 0]) | ((first[:, 0] == last[:, 0]) & (first[:, 1] <= last[:, 1]))
    low, high = np.where(forward[:, None], first, last), np.where(forward[:, None], last, first)
    usable = np.isfinite(length) & (length > 0)
    grain = max(settings["survey.same_point"], 1e-9)
    parts = np.column_stack((low, high, box, length))
    keys = np.round(np.where(usable[:, None], parts, 0.0) / grain).astype(np.int64)
    start, end = _codes(table["from_id"], table["to_id"])
    alike = first_alike(np.column_stack((keys, np.minimum(start, end), np.maximum(start, end))))
    double = (alike != np.arange(len(alike))) & usable & usable[alike]
    turned = forward != forward[alike]
    names = table["id"].take(pa.array(alike))
    sink.flag("survey.duplicate_line", double & ~turned, values=names)
    sink.flag("survey.reversed_duplicate", double & turned, values=names)


def _codes(start: pa.ChunkedArray, end: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Integer codes of ids, the same in both columns; 0 where null."""
    joined = pa.chunked_array([*start.chunks, *end.chunks], pa.string()).combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        joined = pa.concat_arrays(joined.chunks)
    code = np.asarray(pc.fill_null(pc.cast(pc.dictionary_encode(joined).indices, pa.int64()), -1).to_numpy(zero_copy_only=False)) + 1
    return code[: len(start)], code[len(start) :]


def check_islands(view: NetworkView, references: Mapping[str, list[np.ndarray]]) -> None:
    """Parts of a network that no source feeds (or no outfall drains).

    references   kind name -> one array of node positions (-1: none) per id field, for kinds of the domain that are not in the
                 network but refer to its points, such as a supply at a bus or a three-winding transformer
    """
    if view.edges == 0 or not view.wants("survey.island"):
        return
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, end = [view.start], [view.end]
    for fields in references.values():
        for other in fields[1:]:  # something that refers to several points joins them
            start.append(fields[0])
            end.append(other)
    tail, head = np.concatenate(start), np.concatenate(end)
    whole = (tail >= 0) & (head >= 0)
    graph = coo_array((np.ones(int(whole.sum()), np.int8), (tail[whole], head[whole])), shape=(view.nodes, view.nodes))
    count, label = connected_components(graph.tocsr(), directed=False)
    lines = np.bincount(label[view.start[(view.start >= 0) & (view.end >= 0)]], minlength=count)
    size = np.bincount(label, minlength=count)
    fed = np.zeros(count, bool)
    fed[label[_sources(view, references)]] = True
    if not view.spec.sources:
        fed[int(size.argmax())] = True
    lone = np.flatnonzero(~fed & (lines > 0))
    first = np.full(count, -1)
    first[label[::-1]] = np.arange(view.nodes)[::-1]
    wanting = "is not connected to the largest part" if not view.spec.sources else f"reaches no {' or '.join(s.partition('.')[2] for s in view.spec.sources)}"
    view.flag_nodes(
        "survey.island", first[lone],
        messages=lambda i: [f"a part with {size[label[n]]} points and {lines[label[n]]} lines {wanting}" for n in i],
    )  # fmt: skip


def _sources(view: NetworkView, references: Mapping[str, list[np.ndarray]]) -> np.ndarray:
    names = [k.name for k in view.node_kinds]
    found = [np.flatnonzero(view.node_kind == names.index(s)) for s in view.spec.sources if s in names]
    for name in view.spec.sources:
        found += [positions[positions >= 0] for positions in references.get(name, [])]
    return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)
