"""The hydraulic design behind the reference city's sewers: which way they run, how large and how deep they are, where pumps lift.

Sewers are designed crossing by crossing from the far ends to the outfall: the smallest diameter that carries the design flow
at the slope the ground allows or the least slope, crowns level where diameters change, cover kept, and a lift where the
invert would come to lie deeper than `DEEPEST`. All numbers are proposals unless marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.engines.layout.mains import Estates, Forest, course_length, estates, forest, nearest_crossing, spot, street_courses

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

SIZES = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.4, 3.6, 4.0])
MANNING = 0.013  # concrete [recalled, standards.md 8.4]
LEAST_SPEED = 0.75  # full pipe, storm and combined; 0.6 for sewage [found, GB 50014 5.3, standards.md 5.4]
LEAST_SLOPE_300 = 0.003  # of DN300 concrete [found, same]
COVER = 1.0  # at least 0.7 under carriageways [found, GB 50014 5.3.7, standards.md 5.4]
SPACING = ((0.6, 75.0), (1.0, 100.0), (1.5, 150.0), (99.0, 200.0))  # largest diameter -> manhole spacing [found, standards.md 5.4]
DEEPEST, DROP = 7.0, 0.05  # depth that calls for a lift; fall through a manhole [m]
FULLNESS = 0.8  # of full flow at which pipes are sized
STEEPEST = 0.08  # steeper ground is taken in drops
END_SLOPE = 0.001  # at least, of the pipe from the last manhole to the outfall
UNDER_RIVER = 5.7  # below the banks: bed 4.5 and cover [m]
NORMAL_LEVEL, BED_LEVEL = 3.0, 4.5  # of the river below its banks [m]
PASSED_UNDER, CLEARANCE = 4.2, 0.15  # foul sewers pass under storm sewers no deeper than this, with this between [found, standards.md 5.3]
CLASH_ROUNDS = 3  # of going over the foul sewers again where they would meet deeper storm sewers
BELOW_RIVER = 2.0  # storm sewers that arrive this far under the river are pumped into it [m]

RETURN_PERIOD = 3.0  # years, city centre 2-5 [found, GB 50014, standards.md 8.3]
STORM_A, STORM_C, STORM_B, STORM_N = 21.6, 0.76, 14.0, 0.84  # i = A (1 + C lg P) / (t + b) ** n, mm/min and min
INLET_MINUTES, TRAVEL_SPEED = 10.0, 1.2
RUNOFF = {"R": 0.60, "A": 0.60, "B": 0.70, "M": 0.70, "W": 0.70, "U": 0.55, "S": 0.85, "G": 0.18, "E": 0.10}
"""Runoff coefficient by first letter of the land-use code; green 0.10-0.20, roofs and asphalt 0.85-0.95 [recalled, standards.md 8.4]."""
PER_RESIDENT, PER_OTHER, INFILTRATION, PEAK = 0.170, 0.075, 1.1, 1.9  # m3 per person and day, share added, peak of sewage

OUTFALL_SPACING, BANK = 260.0, 75.0  # between storm outfalls; crossings this near the water may drain into it [m]


@dataclass(frozen=True, slots=True)
class System:
    """One gravity system. Arrays over crossings describe the sewer from there to the parent.

    way      (J,) True where there is a sewer to the parent
    used     (J,) crossings that have a manhole
    flow     (J,) design flow [m3/s]
    size     (J,) diameter [m]
    start, end  (J,) invert at this crossing and where it meets the parent [m]
    arrive   (J,) lowest invert that reaches the crossing, its own start where nothing does
    lift     (J,) True where a pump lifts to `start`
    ground   (J,) level of manhole covers [m]
    course   (w, 4, 2) lines of the sewers of `np.flatnonzero(way)`
    length   (J,) [m]
    """

    tree: Forest
    roots: np.ndarray
    way: np.ndarray
    used: np.ndarray
    flow: np.ndarray
    size: np.ndarray
    start: np.ndarray
    end: np.ndarray
    arrive: np.ndarray
    lift: np.ndarray
    ground: np.ndarray
    course: np.ndarray
    length: np.ndarray


@dataclass(frozen=True, slots=True)
class Design:
    """Both systems and what enters them: per block the crossing it drains to, its area [m2] and runoff; per estate its sewage [m3/s]."""

    storm: System
    sewage: System
    block_crossing: np.ndarray
    block_area: np.ndarray
    block_runoff: np.ndarray
    estates: Estates
    sewage_mean: np.ndarray


def offsets(plan: CityPlan) -> tuple[np.ndarray, np.ndarray]:
    """(S,) storm sewers right of the street axis, foul sewers left."""
    return -0.056 * plan.street_width, 0.08 * plan.street_width


SPOTS = ((-1.0, 0.8), (1.0, -0.8))
"""Manholes of storm and foul sewers beside the middle of crossings, east and north [m]."""


def rain_rate(minutes: np.ndarray, years: float = RETURN_PERIOD) -> np.ndarray:
    """Design rain [m/s] of a duration. source: standards.md 8.4, form of the formula [recalled]"""
    return STORM_A * (1 + STORM_C * np.log10(years)) / (np.asarray(minutes) + STORM_B) ** STORM_N / 60e3


def design(plan: CityPlan) -> Design:
    """Design both systems."""
    import shapely

    gates = estates(plan)
    area = shapely.area(plan.block_polygon)
    runoff = np.array([RUNOFF.get(use[:1], 0.5) for use in plan.block_use.tolist()])
    roots = outfall_crossings(plan)
    storm_tree = forest(plan, roots, _downhill(plan, np.where(plan.street_bridge, np.inf, 1.0)))
    crossing = _low_corner(plan, storm_tree)
    load = np.bincount(crossing, weights=area * runoff, minlength=len(plan.junction_x))
    minutes = INLET_MINUTES + _longest(storm_tree, plan.street_length) / TRAVEL_SPEED / 60
    free = np.full(len(plan.junction_x), np.inf)
    storm = _dig(plan, storm_tree, roots, storm_tree.gathered(load) * rain_rate(minutes), 0, bank_ground(plan, roots) - NORMAL_LEVEL - BELOW_RIVER, free)
    mean = (gates.low + gates.high) * PER_RESIDENT / 86400.0 * INFILTRATION + (gates.low_others + gates.high_others) * PER_OTHER / 86400.0
    works = sewage_root(plan)
    sewage_tree = forest(plan, np.array([works]), _downhill(plan, np.where(plan.street_bridge, 1.5, 1.0)))
    foul = sewage_tree.gathered(np.bincount(gates.crossing, weights=mean, minlength=len(plan.junction_x)))
    under = np.where(storm.used & (storm.ground - storm.start <= PASSED_UNDER), storm.start - CLEARANCE, np.inf)
    for _ in range(CLASH_ROUNDS):
        sewage = _dig(plan, sewage_tree, np.array([works]), foul * PEAK, 1, np.array([np.inf]), under)  # the works always lift what reaches them
        clash = np.isinf(under) & _clashes(storm, sewage) & (storm.ground - storm.start <= DEEPEST - 0.7)
        if not clash.any():
            break
        under[clash] = storm.start[clash] - CLEARANCE
    return Design(storm, sewage, crossing, area, runoff, gates, mean)


def _clashes(storm: System, sewage: System) -> np.ndarray:
    """(J,) crossings where the span of levels of one system's pipes meets that of the other."""
    spans = []
    for system in (storm, sewage):
        low, high = system.start.copy(), system.start + system.size
        ways = np.flatnonzero(system.way)
        np.fmin.at(low, system.tree.parent[ways], system.end[ways])
        np.fmax.at(high, system.tree.parent[ways], (system.end + system.size)[ways])
        spans.append((low, high))
    (storm_low, storm_high), (low, high) = spans
    return storm.used & sewage.used & (high > storm_low - CLEARANCE) & (low < storm_high + CLEARANCE)


def sewage_root(plan: CityPlan) -> int:
    """The crossing nearest to the sewage works."""
    site = plan.facilities["sewage_works"][:1]
    return int(nearest_crossing(plan, plan.building_x[site], plan.building_y[site])[0])


def outfall_crossings(plan: CityPlan) -> np.ndarray:
    """Crossings by the river, at least OUTFALL_SPACING apart on each bank, where storm sewers may end."""
    import shapely

    points = shapely.points(plan.junction_x, plan.junction_y)
    away = shapely.distance(points, plan.river) - plan.river_width / 2
    limit = max(BANK, float(np.sort(away)[min(3, len(away) - 1)]) + 1.0)
    near = np.flatnonzero(away <= limit)
    along = shapely.line_locate_point(plan.river, points[near])
    start = np.array(plan.river.coords)
    at = np.searchsorted(_stations(start), along) - 1
    at = np.clip(at, 0, len(start) - 2)
    side = np.sign((start[at + 1, 0] - start[at, 0]) * (plan.junction_y[near] - start[at, 1]) - (start[at + 1, 1] - start[at, 1]) * (plan.junction_x[near] - start[at, 0]))
    chosen: list[int] = []
    for bank in (-1.0, 1.0):
        rows = np.flatnonzero(side == bank)
        last = -np.inf
        for row in rows[np.argsort(along[rows], kind="stable")].tolist():
            if along[row] - last >= OUTFALL_SPACING:
                chosen.append(int(near[row]))
                last = along[row]
    return np.array(sorted(chosen), np.int64)


def bank_points(plan: CityPlan, roots: np.ndarray) -> np.ndarray:
    """(n, 2) places on the nearer river bank, just outside the water."""
    import shapely

    points = shapely.points(plan.junction_x[roots], plan.junction_y[roots])
    axis = shapely.get_coordinates(shapely.line_interpolate_point(plan.river, shapely.line_locate_point(plan.river, points)))
    out = np.column_stack([plan.junction_x[roots], plan.junction_y[roots]]) - axis
    return axis + out / np.maximum(np.hypot(*out.T), 1e-6)[:, None] * (plan.river_width / 2 + 1.0)


def bank_ground(plan: CityPlan, roots: np.ndarray) -> np.ndarray:
    """Ground level [m] on the bank at each root."""
    return plan.ground(*bank_points(plan, roots).T)


def _stations(line: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _downhill(plan: CityPlan, weight: np.ndarray) -> np.ndarray:
    """(2, S) factors that make water avoid streets on which it would run uphill."""
    rise = (plan.junction_z[plan.street_to] - plan.junction_z[plan.street_from]) / plan.street_length
    towards_from, towards_to = np.clip(-rise, 0, 0.05), np.clip(rise, 0, 0.05)  # uphill when the water runs to the from-end, to the to-end
    return np.stack([weight * (1 + 60 * towards_from), weight * (1 + 60 * towards_to)])


def _low_corner(plan: CityPlan, tree: Forest) -> np.ndarray:
    """Crossing each block drains to: the lowest of the three nearest that reach an outfall."""
    import shapely
    from scipy.spatial import cKDTree

    reach = np.flatnonzero(tree.root >= 0)
    centre = shapely.get_coordinates(shapely.centroid(plan.block_polygon))
    count = min(3, len(reach))
    near = cKDTree(np.column_stack([plan.junction_x[reach], plan.junction_y[reach]])).query(centre, k=count)[1].reshape(len(centre), count)
    corner = reach[near]
    return corner[np.arange(len(centre)), np.argmin(plan.junction_z[corner], axis=1)]


def _longest(tree: Forest, length: np.ndarray) -> np.ndarray:
    """(J,) longest way of water to each crossing [m]."""
    longest = np.zeros(len(tree.parent))
    for nodes in tree.inwards():
        np.maximum.at(longest, tree.parent[nodes], longest[nodes] + length[tree.street[nodes]])
    return longest


def full_flow(size: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Flow of a full round pipe, Manning [m3/s]."""
    return np.pi / 4 * size**2 * (size / 4) ** (2 / 3) * np.sqrt(slope) / MANNING


def least_slope(size: np.ndarray) -> np.ndarray:
    """Slope at which the full pipe reaches the least speed; never under that of DN300 for DN300."""
    return np.maximum((LEAST_SPEED * MANNING / (size / 4) ** (2 / 3)) ** 2, np.where(size <= 0.3, LEAST_SLOPE_300, 0.0005))


def _dig(plan: CityPlan, tree: Forest, roots: np.ndarray, flow: np.ndarray, kind: int, least: np.ndarray, ceiling: np.ndarray) -> System:
    """Sizes and levels from the far ends inwards, one level of the tree at a time.

    least    invert at each root below which a pump lifts
    ceiling  (J,) level that crowns must stay under at a crossing
    """
    count = len(plan.junction_x)
    way = (flow > 0) & (tree.parent >= 0)
    used = way.copy()
    used[tree.parent[way]] = True
    least, roots = least[flow[roots] > 0], roots[flow[roots] > 0]
    used[roots] = True
    x, y = spot(plan, np.arange(count), SPOTS[kind])
    ground = np.round(plan.ground(x, y), 3)
    rows = np.flatnonzero(way)
    street = tree.street[rows]
    course = street_courses(plan, street, plan.street_to[street] == rows, offsets(plan)[kind], SPOTS[kind])
    length = np.zeros(count)
    length[rows] = course_length(course)
    bridge = np.zeros(count, bool)
    bridge[rows] = plan.street_bridge[street]
    size, start, end = np.zeros(count), np.full(count, np.nan), np.full(count, np.nan)
    lift, invert, crown, widest = np.zeros(count, bool), np.full(count, np.inf), np.full(count, np.inf), np.full(count, SIZES[0])
    reached = np.full(count, np.inf)
    for nodes in tree.inwards():
        nodes = nodes[way[nodes]]
        up = tree.parent[nodes]
        for _ in range(2):
            limits = np.minimum(crown[nodes], ceiling[nodes]), ceiling[up]
            chosen, top, bottom = _one_level(ground[nodes], ground[up], length[nodes], flow[nodes], limits, invert[nodes], widest[nodes], bridge[nodes])
            deep = nodes[(ground[up] - bottom > DEEPEST) & np.isfinite(invert[nodes])]
            lift[deep], crown[deep], invert[deep] = True, np.inf, np.inf  # begins under its cover again
        size[nodes], start[nodes], end[nodes] = chosen, top, bottom
        np.minimum.at(invert, up, bottom)
        np.minimum.at(reached, up, bottom)
        np.minimum.at(crown, up, bottom + chosen)
        np.maximum.at(widest, up, chosen)
    lift[roots] = (ground[roots] - reached[roots] > DEEPEST) | (reached[roots] < least)
    carries = full_flow(SIZES, np.maximum(least_slope(SIZES), END_SLOPE)) * FULLNESS
    for root in roots:  # what leaves the last manhole: an outfall pipe that carries everything
        size[root] = max(widest[root], SIZES[min(np.searchsorted(carries, flow[root]), len(SIZES) - 1)])
        top = ground[root] - COVER - size[root]
        start[root] = np.floor((top if lift[root] else min(crown[root] - size[root], reached[root], top) - DROP) * 1000) / 1000
    arrive = np.where(np.isfinite(reached), reached, start)
    return System(tree, roots, way, used, flow, size, start, end, arrive, lift, ground, course, length)


def _one_level(
    ground: np.ndarray, ground_up: np.ndarray, length: np.ndarray, flow: np.ndarray, limits: tuple[np.ndarray, np.ndarray], invert: np.ndarray, widest: np.ndarray,
    bridge: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Diameter and inverts at both ends of independent sewers: every size is tried, the first that carries the flow is taken.

    limits    highest crowns at both ends
    """
    size = SIZES[None, :]
    cover = np.where(bridge, UNDER_RIVER, COVER)[:, None]
    top = np.minimum(limits[0][:, None] - DROP, ground[:, None] - cover) - size
    top = np.minimum(top, (invert - DROP)[:, None])
    below = np.minimum(ground_up[:, None] - cover, limits[1][:, None]) - size
    slope = np.maximum(least_slope(size), (top - below) / length[:, None])
    top = np.where(slope > STEEPEST, np.minimum(top, below + STEEPEST * length[:, None]), top)
    slope = np.minimum(slope, STEEPEST)
    fits = (full_flow(size, slope) * FULLNESS >= flow[:, None]) & (size >= widest[:, None] - 1e-9)
    chosen = np.where(fits.any(axis=1), fits.argmax(axis=1), len(SIZES) - 1)
    rows = np.arange(len(flow))
    begin = top[rows, chosen]
    begin = np.floor(begin * 1000) / 1000
    return SIZES[chosen], begin, np.floor((begin - slope[rows, chosen] * length) * 1000) / 1000


def spacing(size: np.ndarray) -> np.ndarray:
    """Largest distance between manholes by diameter [m]."""
    limits = np.array([limit for limit, _ in SPACING])
    return np.array([distance for _, distance in SPACING])[np.searchsorted(limits, size - 1e-9)]
