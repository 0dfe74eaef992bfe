"""The gas design of the reference city: who takes how much, where regulators stand, how mains run and how wide they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from holdfast.engines.layout.route import JUNCTION, Corridor, StreetTree, street_tree

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

DENSITY = 0.72  # natural gas at normal conditions [kg/m3] [recalled]
PER_HOUSEHOLD = 0.20 / 3600  # coincident normal volume of one household [m3/s] [proposal]
HOUSEHOLD = 2.62  # persons, census of 2020 [recalled]
# Coincident normal volume by floor area [m3/s per m2] [proposal]
BY_FLOOR = {use: rate / 3600 for use, rate in {
    "commercial": 2.0e-3, "office": 0.8e-3, "public": 1.0e-3, "school": 1.2e-3, "hospital": 3.0e-3, "clinic": 1.5e-3, "industrial": 4.0e-3}.items()}
PEOPLE_IN_GROUP = 16  # most buildings behind one low-pressure pipe
MEDIUM, LOW, ATMOSPHERE = 0.30e6, 2.6e3, 101_325.0  # gauge pressure at gate stations (class MP-A) and behind regulators [Pa] [proposal]
ROUGHNESS, VISCOSITY = 0.05e-3, 1.1e-5  # polyethylene [m] [proposal]; dynamic viscosity of methane [Pa s]
MEDIUM_SPEED, LOW_SPEED, LOW_DROP = 11.0, 5.5, 500.0  # [m/s], [m/s], whole low-pressure pipe [Pa]; drop allowed 0.75 x 2 kPa + 150, GB 50028 [recalled]
# Polyethylene PE100 SDR11, outer and inner diameter [m]; GB/T 15558.1 [recalled]; above 400 mm steel
PIPES = np.array([[.063, .0514], [.090, .0736], [.110, .0900], [.160, .1308], [.200, .1636], [.250, .2046], [.315, .2578], [.400, .3274], [.530, .514], [.720, .700], [.920, .898]])
MAINS = (0.7, 0.85, 1.5)  # how readily mains follow trunk, main and branch streets


@dataclass(slots=True)
class Mains:
    """Groups (g) of buildings, regulators (r) at crossings, and the medium-pressure tree with its ring pipes (o).

    group_*      heaviest building, regulator, normal volume [m3/s], people
    reg_*        block, crossing, street and its end where the low-pressure side starts
    tree         from the gate stations to the crossings with regulators and along all main streets
    flow         (n,) normal volume through the edge to each node [m3/s]
    ring_*       street, tree nodes at its two ends, size index
    """

    demand: np.ndarray
    group_building: np.ndarray
    group_reg: np.ndarray
    group_flow: np.ndarray
    group_people: np.ndarray
    reg_block: np.ndarray
    reg_crossing: np.ndarray
    reg_street: np.ndarray
    reg_at: np.ndarray
    tree: StreetTree
    node_of: np.ndarray
    flow: np.ndarray
    size: np.ndarray
    ring_street: np.ndarray
    ring_from: np.ndarray
    ring_to: np.ndarray
    ring_size: np.ndarray


def corridors(plan: CityPlan) -> tuple[Corridor, Corridor]:
    """Medium pressure inside the telecom duct, on the right of the axis and at least 1.0 m from it (standards.md 5.2); low pressure along the blocks."""
    return Corridor(-(plan.street_width / 2 - 2.6), (4.0, -2.5), 1.5), Corridor(plan.street_width / 2, (5.5, -4.0), 0.9)


def design(plan: CityPlan) -> Mains:
    """Everything that has to be decided before tables can be written."""
    floor = shapely.area(plan.building_polygon) * plan.building_storeys
    demand = np.select([plan.building_use == use for use in BY_FLOOR], [floor * rate for rate in BY_FLOOR.values()], 0.0)
    demand = np.where(plan.building_use == "residential", plan.building_people / HOUSEHOLD * PER_HOUSEHOLD, demand)
    taking = np.flatnonzero(demand > 0)
    blocks, block_of = np.unique(plan.building_block[taking], return_inverse=True)
    building_group, group_reg = _groups(plan, taking, block_of)
    count = len(group_reg)
    flow = np.bincount(building_group, weights=demand[taking], minlength=count)
    people = np.bincount(building_group, weights=plan.building_people[taking], minlength=count).astype(np.int64)
    heaviest = taking[_argmax_by(building_group, demand[taking], count)]
    main = taking[_argmax_by(block_of, demand[taking], len(blocks))]
    street = plan.building_street[main]
    level = np.full(len(plan.junction_x), 9)
    for end in (plan.street_from, plan.street_to):
        np.minimum.at(level, end, plan.street_class)
    far = plan.street_length[street] - plan.building_offset[main]
    to_end = level[plan.street_to[street]] * 1e4 + far < level[plan.street_from[street]] * 1e4 + plan.building_offset[main]
    crossing = np.where(to_end, plan.street_to[street], plan.street_from[street])
    stations = plan.facilities["gas_station"]
    tree = street_tree(plan, (plan.building_street[stations], plan.building_offset[stations]), crossings=np.unique(np.concatenate([crossing, np.flatnonzero(level <= 1)])),
                       weight=np.array(MAINS)[plan.street_class])
    near = np.minimum(8.0, 0.3 * plan.street_length[street])  # low-pressure pipes leave the crossing this far along the street
    node_of = np.full(len(plan.junction_x), -1)
    inner = np.flatnonzero(tree.kind == JUNCTION)
    node_of[tree.index[inner]] = inner
    load = np.zeros(len(tree))
    np.add.at(load, node_of[crossing], np.bincount(group_reg, weights=flow, minlength=len(blocks)))
    through = tree.downstream(load)
    ring = _rings(plan, tree, node_of)
    size = pipe_size(through, MEDIUM, MEDIUM_SPEED)
    size = np.maximum(size, np.where(plan.street_class[tree.street] <= 1, 3, 1))  # mains on main streets at least 160 mm
    a, b = node_of[plan.street_from[ring]], node_of[plan.street_to[ring]]
    return Mains(demand, heaviest, group_reg, flow, people, blocks, crossing, street, np.where(to_end, plan.street_length[street] - near, near), tree, node_of, through, size,
                 ring, a, b, np.maximum(3, np.minimum(size[a], size[b])))


def _groups(plan: CityPlan, taking: np.ndarray, block_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group of each taking building, and block of each group; a block is shared out evenly along its streets."""
    order = np.lexsort((plan.building_offset[taking], plan.building_street[taking], block_of))
    owner = block_of[order]
    size = np.bincount(owner)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    part = rank // np.repeat(np.ceil(size / np.ceil(size / PEOPLE_IN_GROUP)).astype(np.int64), size)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(owner) != 0) | (np.diff(part) != 0)
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(fresh) - 1
    return group, owner[fresh]


def _argmax_by(owner: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    order = np.lexsort((np.arange(len(owner)), -value, owner))
    return order[np.searchsorted(owner[order], np.arange(count))]


def _rings(plan: CityPlan, tree: StreetTree, node_of: np.ndarray) -> np.ndarray:
    """Trunk and main streets that the tree leaves out but whose both ends it reaches: they close the rings."""
    used = np.zeros(len(plan.street_from), bool)
    used[tree.street] = True
    return np.flatnonzero(~used & (plan.street_class <= 1) & (node_of[plan.street_from] >= 0) & (node_of[plan.street_to] >= 0))


def pipe_size(flow: np.ndarray, pressure: float, speed: float) -> np.ndarray:
    """Index into PIPES of the narrowest pipe that keeps a speed.

    flow      normal volume [m3/s]
    pressure  gauge [Pa], at which the gas flows
    """
    actual = flow * ATMOSPHERE / (ATMOSPHERE + pressure)
    area = np.pi / 4 * PIPES[:, 1] ** 2
    return np.minimum(np.searchsorted(area * speed, actual), len(PIPES) - 1)


def low_size(flow: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Index into PIPES for low-pressure pipes: speed, and the pressure drop over the length."""
    size = pipe_size(flow, LOW, LOW_SPEED)
    density = DENSITY * (ATMOSPHERE + LOW) / ATMOSPHERE
    for _ in range(len(PIPES)):
        inner = PIPES[size, 1]
        speed = flow / (np.pi / 4 * inner**2)
        reynolds = np.maximum(density * speed * inner / VISCOSITY, 1.0)
        friction = 0.25 / np.log10(ROUGHNESS / (3.7 * inner) + 5.74 / reynolds**0.9) ** 2  # Swamee-Jain
        size = np.where((friction * length / inner * density * speed**2 / 2 > LOW_DROP) & (size < len(PIPES) - 1), size + 1, size)
    return size
