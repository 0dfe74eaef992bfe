"""Levels, depths, slopes and sections along a network, against the ground, each other and the standards' limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .cjj61 import CATEGORIES
from .network_view import NetworkView
from .settings import COVER, MANHOLE_SPACING, MIN_SEWER_DIAMETER, MIN_SLOPE, SEWER_SIZES

_SIDES = (("start", "from"), ("end", "to"))


def check_levels(view: NetworkView, settings: Mapping[str, Any]) -> None:
    """Every check of levels and sections that this network is subject to."""
    if view.edges == 0:
        return
    tolerance = settings["survey.level_tolerance"]
    _against_ground(view, tolerance)
    _against_geometry(view, tolerance)
    _same_point(view, tolerance)
    _changes_at_points(view)
    _cover(view)
    if view.spec.gravity:
        _slopes(view, settings["survey.reverse_slope_tolerance"])
        _sewer_sizes(view)
        _reductions(view)


def _at_ends(view: NetworkView, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A node column at the start and the end of every line; NaN where the line names no point."""
    values = np.append(view.node[name], np.nan)  # position -1 reads the NaN
    return values[view.start], values[view.end]


def _against_ground(view: NetworkView, tolerance: float) -> None:
    ground = _at_ends(view, "ground_elevation")
    levels = [view.edge[f"{side}_elevation"] for _, side in _SIDES]
    depths = [view.edge[f"{side}_depth"] for _, side in _SIDES]
    gap = np.column_stack([g - d - z for g, d, z in zip(ground, depths, levels, strict=True)])
    worst = np.where(np.isnan(gap), 0.0, np.abs(gap)).max(axis=1)
    view.flag_edges(
        "survey.line_level_sum", worst > tolerance, column="from_depth", values=worst,
        messages=lambda i: [f"ground level of the point differs by {w:.3f} m from depth plus level of the line" for w in worst[i]],
    )  # fmt: skip
    rise = np.column_stack([z - g for g, z in zip(ground, levels, strict=True)])
    above = np.where(np.isnan(rise), -np.inf, rise).max(axis=1)
    view.flag_edges("survey.level_above_ground", (above > tolerance) & view.buried(), column="from_elevation", values=np.where(np.isfinite(above), above, 0.0))


def _against_geometry(view: NetworkView, tolerance: float) -> None:
    flat = (view.first[:, 2] == 0.0) & (view.last[:, 2] == 0.0)  # heights of zero are what 2D drawings carry
    off = np.column_stack([view.first[:, 2] - view.edge["from_elevation"], view.last[:, 2] - view.edge["to_elevation"]])
    turned = np.column_stack([view.last[:, 2] - view.edge["from_elevation"], view.first[:, 2] - view.edge["to_elevation"]])
    worst = np.minimum(*(np.where(np.isnan(gap), 0.0, np.abs(gap)).max(axis=1) for gap in (off, turned)))
    view.flag_edges("survey.level_not_geometry", (worst > tolerance) & ~flat & view.line, column="from_elevation", values=worst)


def _spread(view: NetworkView, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n,) largest less smallest value that lines give each point; 0 where fewer than two do."""
    low, high = np.full(view.nodes, np.inf), np.full(view.nodes, -np.inf)
    for position, values in ((view.start, start), (view.end, end)):
        use = (position >= 0) & np.isfinite(values) & view.line
        np.minimum.at(low, position[use], values[use])
        np.maximum.at(high, position[use], values[use])
    return np.where(high >= low, high - low, 0.0)


def _same_point(view: NetworkView, tolerance: float) -> None:
    """Lines meeting at a point agree on it. Sewers may drop in a manhole, so for them only the ground that follows must agree."""
    level = [view.edge[f"{side}_elevation"] for _, side in _SIDES]
    depth = [view.edge[f"{side}_depth"] for _, side in _SIDES]
    implied = _spread(view, level[0] + depth[0], level[1] + depth[1])
    wrong, said = implied > tolerance, np.where(implied > tolerance, implied, 0.0)
    if not view.spec.gravity:
        for values in (level, depth):
            spread = _spread(view, *values)
            said = np.where(~wrong & (spread > tolerance), spread, said)
            wrong |= spread > tolerance
    view.flag_nodes("survey.point_level_differs", wrong, values=said)


def _changes_at_points(view: NetworkView) -> None:
    """Material and section at characteristic points that exactly two lines share."""
    feature = view.node_text["feature"]
    if feature.null_count == len(feature):
        return
    given = np.asarray(pc.fill_null(pc.greater(pc.utf8_length(feature), 0), False).to_numpy(zero_copy_only=False), bool)
    ends = np.concatenate((view.start[view.line], view.end[view.line]))
    two = given & (np.bincount(ends[ends >= 0], minlength=view.nodes) == 2)
    for name, word, rule in (("material", "材", "survey.material_changes"), ("diameter", "径", "survey.section_changes")):
        if name == "material":
            code = pc.fill_null(pc.dictionary_encode(view.edge_text["material"]).indices.cast(pa.float64()), np.nan)
            values = np.asarray(code.to_numpy(zero_copy_only=False), np.float64)
        else:
            values = view.edge["diameter"]
        recorded = np.asarray(pc.fill_null(pc.match_substring(feature, word), False).to_numpy(zero_copy_only=False), bool)
        view.flag_nodes(rule, two & ~recorded & (_spread(view, values, values) > 1e-6), column=name, values=feature)


def _cover(view: NetworkView) -> None:
    """Cover to the top of buried lines against the least of the standard, whatever lies above."""
    if not view.wants("survey.cover"):
        return
    ground = _at_ends(view, "ground_elevation")
    depth = []
    for (_, side), level_of_ground in zip(_SIDES, ground, strict=True):
        given = view.edge[f"{side}_depth"]
        depth.append(np.where(np.isnan(given), level_of_ground - view.edge[f"{side}_elevation"], given))
    top = np.fmin(*depth)
    if view.spec.gravity:  # depths of sewers are to the invert
        top = top - np.where(np.isnan(view.edge["diameter"]), 0.0, view.edge["diameter"])
    least = _least_cover(view)
    view.flag_edges(
        "survey.cover", view.buried() & (top < least - 1e-6) & (top > -1.0), column="from_depth", values=top,
        messages=lambda i: [f"the cover is {c:.2f} m, the least allowed under a footway is {m:.2f} m" for c, m in zip(top[i], least[i], strict=True)],
    )  # fmt: skip


def _least_cover(view: NetworkView) -> np.ndarray:
    digits = {c.digit: c.symbol for c in CATEGORIES.values()}
    least = np.full(view.edges, np.nan)
    for index, kind in enumerate(view.edge_kinds):
        code = kind.symbol.feature_code if kind.symbol else ""
        symbol = digits.get(int(code[1])) if len(code) == 8 else None
        mine = view.edge_kind == index
        for row in (r for r in COVER if r.category == symbol):
            fits = mine & np.isnan(least)
            if row.laying:
                fits &= np.asarray(pc.fill_null(pc.is_in(view.edge_text["laying"], value_set=pa.array(row.laying)), False).to_numpy(zero_copy_only=False), bool)
            least[fits] = row.sidewalk
    return least


def invert_levels(view: NetworkView) -> tuple[np.ndarray, np.ndarray]:
    """Level at start and end of each line: as surveyed, else the point's own level plus the line's offset above it."""
    levels = []
    for (_, side), own in zip(_SIDES, _at_ends(view, "elevation"), strict=True):
        offset = view.edge[f"{side}_offset"]
        levels.append(np.where(np.isnan(view.edge[f"{side}_elevation"]), own + np.where(np.isnan(offset), 0.0, offset), view.edge[f"{side}_elevation"]))
    return levels[0], levels[1]


def _gravity_lines(view: NetworkView) -> np.ndarray:
    pressed = pc.fill_null(pc.equal(view.edge_text["shape"], "FORCE_MAIN"), False)
    return view.line & ~np.asarray(pressed.to_numpy(zero_copy_only=False), bool)


def _slopes(view: NetworkView, tolerance: float) -> None:
    start, end = invert_levels(view)
    fall, length = start - end, view.edge["shape_length"]
    lines = _gravity_lines(view)
    rising = lines & (fall < -tolerance)
    view.flag_edges(
        "survey.reverse_slope", rising, column="to_elevation", values=-fall,
        messages=lambda i: [f"the line rises {r:.3f} m in its flow direction" for r in -fall[i]],
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = fall / length
    least = np.full(view.edges, np.nan)
    diameter = view.edge["diameter"]
    for row in MIN_SLOPE:
        fits = np.isnan(least) & (diameter <= row.diameter + 1e-6) & (diameter > 0)
        if row.materials:
            fits &= np.asarray(pc.fill_null(pc.is_in(view.edge_text["material"], value_set=pa.array(row.materials)), False).to_numpy(zero_copy_only=False), bool)
        least[fits] = row.slope
    flat = lines & ~rising & view.closed() & (slope < least - 1e-9) & (length > 0)
    view.flag_edges(
        "survey.min_slope", flat, column="to_elevation", values=slope,
        messages=lambda i: [f"the slope is {s:.4f}, the least allowed is {m:.4f}" for s, m in zip(slope[i], least[i], strict=True)],
    )  # fmt: skip


def _sewer_sizes(view: NetworkView) -> None:
    diameter, length = view.edge["diameter"], view.edge["shape_length"]
    pipes = _gravity_lines(view) & view.closed()
    view.flag_edges("survey.min_diameter", pipes & (diameter > 0) & (diameter < MIN_SEWER_DIAMETER - 1e-6), column="diameter", values=diameter)
    widest = np.array([row.diameter for row in MANHOLE_SPACING])
    spacing = np.append([row.spacing for row in MANHOLE_SPACING], np.nan)
    most = spacing[np.searchsorted(widest, np.where(np.isnan(diameter), np.inf, diameter - 1e-6))]
    view.flag_edges(
        "survey.manhole_spacing", pipes & (length > most), values=length,
        messages=lambda i: [f"manholes are {n:.1f} m apart, at most {m:g} m are allowed" for n, m in zip(length[i], most[i], strict=True)],
    )  # fmt: skip


def _reductions(view: NetworkView) -> None:
    """Sewers narrower than the widest that flows into their upper point, when no other line leaves it as wide."""
    diameter = view.edge["diameter"]
    use = _gravity_lines(view) & view.closed() & np.isfinite(diameter) & (view.start >= 0) & (view.end >= 0)
    incoming, outgoing = np.zeros(view.nodes), np.zeros(view.nodes)
    np.maximum.at(incoming, view.end[use], diameter[use])
    np.maximum.at(outgoing, view.start[use], diameter[use])
    before = np.append(incoming, 0.0)[view.start]
    narrower = use & (diameter < before - 1e-3) & (diameter >= np.append(outgoing, 0.0)[view.start] - 1e-9)
    sizes = np.array(SEWER_SIZES)

    def told(index: np.ndarray) -> list[str]:
        steps = np.searchsorted(sizes, before[index] - 1e-3) - np.searchsorted(sizes, diameter[index] - 1e-3)
        return [
            f"the line after the point is {d * 1000:.0f} mm, the one before it {b * 1000:.0f} mm ({s} size{'s' if s != 1 else ''} less; two are allowed at most)"
            for d, b, s in zip(diameter[index], before[index], steps, strict=True)
        ]

    view.flag_edges("survey.diameter_reduction", narrower, column="diameter", values=diameter, messages=told)
