"""Lines of one network that cross in plan without a point, judged by their levels where they cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry

from .network_view import NetworkView


def check_crossings(view: NetworkView, settings: Mapping[str, Any]) -> None:
    """Report pairs of lines that cross: at the same level a point is missing; at unknown levels somebody must look."""
    if not view.wants("survey.crossing_without_point", "survey.crossing_unknown_level"):
        return
    if view.spec.solver in ("ac_power", "reach"):
        return  # cables cross each other in their ducts without being joined
    rows = np.flatnonzero(view.line & np.isfinite(view.first[:, 0]) & np.isfinite(view.last[:, 0]))
    if len(rows) < 2:
        return
    a, b, x, y, ta, tb = crossing_pairs(view.shape.take(pa.array(rows)))
    a, b = rows[a], rows[b]
    apart = _apart(view, a, b)
    a, b, x, y, ta, tb = a[apart], b[apart], x[apart], y[apart], ta[apart], tb[apart]
    level = [_level(view, i, t) for i, t in ((a, ta), (b, tb))]
    gap = np.abs(level[0] - level[1])
    place = np.full((view.edges, 2), np.nan)
    for name, mask in (
        ("survey.crossing_without_point", gap <= settings["survey.crossing_level"]),
        ("survey.crossing_unknown_level", np.isnan(gap)),
    ):  # fmt: skip
        _report(view, name, a[mask], b[mask], x[mask], y[mask], place)


def _report(view: NetworkView, name: str, a: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray, place: np.ndarray) -> None:
    """One finding per crossing, at the crossing, naming the other line."""
    order = np.argsort(a, kind="stable")
    a, b, x, y = a[order], b[order], x[order], y[order]
    turn = np.arange(len(a)) - np.searchsorted(a, a)  # how many crossings of the same line came before
    for number in range(int(turn.max()) + 1 if len(turn) else 0):
        mine = turn == number
        place[a[mine]] = np.column_stack((x[mine], y[mine]))
        other = np.zeros(view.edges, np.int64)
        other[a[mine]] = b[mine]
        view.flag_edges(name, a[mine], place=place, values=view.edge_id.take(pa.array(other)))


def _apart(view: NetworkView, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pairs that have no point in common."""
    shared = np.zeros(len(a), bool)
    for p in (view.start, view.end):
        for q in (view.start, view.end):
            shared |= (p[a] == q[b]) & (p[a] >= 0)
    return ~shared


def _level(view: NetworkView, rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Level at a share of the way along; from the attributes, else from the geometry."""
    ends = []
    for name, point in (("from_elevation", view.first), ("to_elevation", view.last)):
        value = view.edge[name][rows]
        height = point[rows, 2]
        ends.append(np.where(np.isnan(value), np.where(height == 0.0, np.nan, height), value))
    return ends[0] + share * (ends[1] - ends[0])


def crossing_pairs(shape: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of lines whose interiors cross.

    returns   (p,) index of one line and of the other (one < other), x and y of the crossing, and the share of the way along each
    """
    import shapely

    lines = geometry.decode(shape)
    tree = shapely.STRtree(lines)
    one, other = tree.query(lines)
    once = one < other
    one, other = one[once], other[once]
    simple = geometry.coordinates(shape)
    straight = simple.counts == 2 if simple is not None else np.zeros(len(lines), bool)
    both = straight[one] & straight[other]
    parts = []
    if both.any():
        assert simple is not None
        parts.append(_straight(simple, one[both], other[both]))
    if not both.all():
        parts.append(_curved(lines, one[~both], other[~both]))
    if not parts:
        none = np.empty(0)
        return none.astype(np.int64), none.astype(np.int64), none, none, none, none
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))  # type: ignore[return-value]


def _straight(simple: geometry.Coordinates, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two-point lines by arithmetic: both parameters strictly inside."""
    begin = simple.offsets[:-1]
    p, q = simple.values[begin[one], :2], simple.values[begin[other], :2]
    r, s = simple.values[begin[one] + 1, :2] - p, simple.values[begin[other] + 1, :2] - q
    cross = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    w = q - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (w[:, 0] * s[:, 1] - w[:, 1] * s[:, 0]) / cross
        u = (w[:, 0] * r[:, 1] - w[:, 1] * r[:, 0]) / cross
    edge = 1e-9
    hit = (t > edge) & (t < 1 - edge) & (u > edge) & (u < 1 - edge)
    at = p[hit] + t[hit, None] * r[hit]
    return one[hit], other[hit], at[:, 0], at[:, 1], t[hit], u[hit]


def _curved(lines: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, ...]:
    import shapely

    hit = shapely.crosses(lines[one], lines[other])
    one, other = one[hit], other[hit]
    at = shapely.point_on_surface(shapely.intersection(lines[one], lines[other]))
    share = [shapely.line_locate_point(lines[i], at, normalized=True) for i in (one, other)]
    return one, other, shapely.get_x(at), shapely.get_y(at), share[0], share[1]
