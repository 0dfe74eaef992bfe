"""The hydraulic design behind the reference city's water network: districts, demands, diameters, heads, pumps.

Each works or pump station feeds one district of streets, shut off from the next by closed pipes. Pipes are sized on the
shortest-path tree of the district at the peak hour; loops then only add capacity. All numbers are proposals unless marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from holdfast.engines.layout.mains import Estates, Forest, estates, forest

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

DAY = 86400.0
PER_RESIDENT, PER_OTHER = 0.200, 0.090  # m3 per person and day, losses included
PATTERN = (0.45, 0.40, 0.38, 0.38, 0.44, 0.64, 1.00, 1.38, 1.46, 1.30, 1.20, 1.20, 1.24, 1.14, 1.05, 1.00, 1.05, 1.20, 1.38, 1.50, 1.46, 1.28, 0.95, 0.66)
PEAK = 1.55  # of the pattern against its mean, rounded up
FILL = 2.0  # tank filling against mean demand of the buildings it serves
COVER = 1.0  # of pipes; at least 0.7 under carriageways [recalled, standards.md 5.4]
TRUNK_COVER = 2.2  # of transmission mains, which pass under the others
SIZES = np.array([0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.4, 4.0])
LEAST = np.array([0.3, 0.2, 0.15])  # diameter by street class
HAZEN_WILLIAMS = 130.0
LEAST_PRESSURE, MOST_PRESSURE = 19.0, 68.0  # aimed at; network ends need 14 m [found, CJJ 58, standards.md 1.5]
LOSS_BUDGET = 10.0  # m on the way through a district at the peak
TALL = 16  # storeys from which pumps draw on a tank instead of the main
STOREY = 3.0


@dataclass(frozen=True, slots=True)
class Design:
    """Sizes and heads. Stations are numbered, 0 is the works.

    estates, low, high   gates of blocks; mean demand of low and of tall buildings (e,) [m3/s]
    tanked               (e,) tall buildings are fed from a tank; `boosted` there are any with people
    districts            crossing -> station
    station, crossing    (k,) building of each station and the crossing its pumps feed
    mean                 (k,) mean demand of each district [m3/s]
    diameter             (S,) of street mains [m]; closed (S,) between districts
    loss                 (J,) head lost from the station at the peak [m]
    head                 (k,) head at the station outlet at the peak [m]; rise (k,) shut-off head of pumps over duty head
    trunk                transmission tree from the works; trunk_used (J,) its crossings, trunk_diameter (J,) to the parent
    trunk_head           head of the transmission pumps at the works [m]
    service              (e,) diameter of service pipes [m]
    """

    estates: Estates
    low: np.ndarray
    high: np.ndarray
    tanked: np.ndarray
    boosted: np.ndarray
    districts: Forest
    station: np.ndarray
    crossing: np.ndarray
    mean: np.ndarray
    diameter: np.ndarray
    closed: np.ndarray
    loss: np.ndarray
    head: np.ndarray
    rise: np.ndarray
    trunk: Forest
    trunk_used: np.ndarray
    trunk_diameter: np.ndarray
    trunk_head: float
    service: np.ndarray


def pattern() -> np.ndarray:
    """(24,) hourly demand over its mean."""
    values = np.array(PATTERN)
    return np.round(values / values.mean(), 4)


def design(plan: CityPlan) -> Design:
    """Size the whole network."""
    gates = estates(plan)
    low = (gates.low * PER_RESIDENT + gates.low_others * PER_OTHER) / DAY
    high = (gates.high * PER_RESIDENT + gates.high_others * PER_OTHER) / DAY
    boosted = high > 0
    tanked = boosted & (gates.storeys > TALL)
    station, crossing = _stations(plan)
    districts = forest(plan, crossing)
    load = np.bincount(gates.crossing, weights=low * PEAK + high * np.where(tanked, FILL, PEAK), minlength=len(plan.junction_x))
    mean = np.bincount(districts.root[gates.crossing], weights=low + high, minlength=len(station))
    diameter = LEAST[plan.street_class].copy()
    flow = districts.gathered(load)
    loss = _size(plan, districts, flow, diameter)
    head, rise = _heads(plan, districts, loss, station)
    same = districts.root[plan.street_from] == districts.root[plan.street_to]
    trunk, used, trunk_diameter, trunk_head = _trunk(plan, station, crossing, mean)
    service = pick(np.maximum(low * PEAK + high * np.where(tanked, FILL, PEAK), 0.002), 1.1)
    return Design(gates, low, high, tanked, boosted, districts, station, crossing, mean, diameter, ~same, loss, head, rise, trunk, used, trunk_diameter, trunk_head, service)


def _stations(plan: CityPlan) -> tuple[np.ndarray, np.ndarray]:
    """Buildings of the works and the pump stations, and the crossing nearest to each; one station per crossing."""
    sites = np.concatenate([plan.facilities["waterworks"][:1], plan.facilities["pump_station"]])
    street, at = plan.building_street[sites], plan.building_offset[sites]
    crossing = np.where(at > plan.street_length[street] / 2, plan.street_to[street], plan.street_from[street])
    first = np.sort(np.unique(crossing, return_index=True)[1])
    return sites[first], crossing[first]


def pick(flow: np.ndarray, speed: float | np.ndarray) -> np.ndarray:
    """Smallest diameter of the series that carries a flow at a speed [m/s]."""
    need = np.sqrt(4 * np.abs(flow) / (np.pi * speed))
    return SIZES[np.minimum(np.searchsorted(SIZES, need - 1e-9), len(SIZES) - 1)]


def gradient(flow: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """Head lost per metre, Hazen-Williams."""
    return 10.667 * np.abs(flow) ** 1.852 / (HAZEN_WILLIAMS**1.852 * diameter**4.871)


def speed(flow: np.ndarray) -> np.ndarray:
    """Economic speed by flow: 0.6 m/s in small pipes to 1.5 m/s in the largest."""
    return np.clip(0.55 + 0.35 * np.abs(flow) ** 0.35 * 2.0, 0.6, 1.5)


def _size(plan: CityPlan, districts: Forest, flow: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """Set diameters on the ways of each district so that its loss stays within the budget; returns the loss to each crossing."""
    ways = np.flatnonzero(districts.parent >= 0)
    street = districts.street[ways]
    base = diameter[street].copy()
    slack = np.ones(int(districts.root.max()) + 1)
    step = np.zeros(len(flow))
    for _ in range(16):
        chosen = np.maximum(base, pick(flow[ways], speed(flow[ways]) * slack[districts.root[ways]]))
        step[ways] = gradient(flow[ways], chosen) * plan.street_length[street] * 1.05
        loss = districts.spread(step)
        worst = np.zeros(len(slack))
        np.maximum.at(worst, districts.root[ways], loss[ways])
        if (worst <= LOSS_BUDGET).all():
            break
        slack[worst > LOSS_BUDGET] *= 0.85
    diameter[street] = chosen
    return loss


def _heads(plan: CityPlan, districts: Forest, loss: np.ndarray, station: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outlet head of each station at the peak, and how far its pumps may rise when nothing is drawn."""
    count = len(station)
    need, lowest = np.full(count, -np.inf), np.full(count, np.inf)
    member = districts.root >= 0
    np.maximum.at(need, districts.root[member], plan.junction_z[member] + LEAST_PRESSURE + loss[member])
    np.minimum.at(lowest, districts.root[member], plan.junction_z[member] - COVER)
    head = need + 2.0
    lift = np.maximum(head - plan.building_z[station], 10.0)
    allowed = (lowest + MOST_PRESSURE - plan.building_z[station]) / lift
    return plan.building_z[station] + lift, np.clip(allowed, 1.03, 1.12)


def _trunk(plan: CityPlan, station: np.ndarray, crossing: np.ndarray, mean: np.ndarray) -> tuple[Forest, np.ndarray, np.ndarray, float]:
    """Transmission mains from the works to every other station, along main streets where possible."""
    count = len(plan.junction_x)
    tree = forest(plan, crossing[:1], np.array([1.0, 1.0, 2.0])[plan.street_class])
    supply = np.zeros(count)
    np.add.at(supply, crossing[1:], 1.25 * mean[1:])
    flow = tree.gathered(supply)
    used = flow > 0
    ways = np.flatnonzero(used & (tree.parent >= 0))
    diameter, step = np.zeros(count), np.zeros(count)
    diameter[ways] = np.maximum(0.3, pick(flow[ways], 1.1))
    step[ways] = gradient(flow[ways], diameter[ways]) * plan.street_length[tree.street[ways]] * 1.1
    loss = tree.spread(step)
    ends = crossing[1:]
    head = float((plan.building_z[station[1:]] + 5.0 + loss[ends]).max(initial=plan.building_z[station[0]] + 5.0)) + 6.0
    return tree, used, diameter, head
