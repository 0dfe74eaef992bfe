"""What tanks hold, how long that bridges a lack of supply, and what an empty one still hands out.

A snapshot at mean demand knows no tomorrow, so the day must balance in it. Links that a falling tank would switch on count as switched (`refilling`):
over a day a control runs a pump for as long as it takes, so what tells whether a tank lasts is what comes in with the pump on. What a tank gives in
the undisturbed snapshot even so, it gets back at another hour of the day; only what it gives beyond that empties it. Its head stays that of the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from holdfast.engines.network.hydraulic.answers import Breaks, Solution
from holdfast.engines.network.hydraulic.model import Control, ControlType, HydraulicModel, LinkType, NodeType, Rule, Status

_NOTHING = 1e-3  # of what leaves a tank: less that flows in or that is missing is within the accuracy of the flows


def volume(model: HydraulicModel, tank: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(..., tank) [m3] in tanks (tank,) of a model at levels (..., tank) [m] above their bottoms."""
    out = model.tank_minimum_volume[tank] + model.tank_area[tank] * (level - model.tank_minimum[tank])
    for column, node in enumerate(tank.tolist()):
        if model.tank_curve[node] >= 0:
            points = model.curves[model.tank_curve[node]]
            out[..., column] = np.interp(level[..., column], points[:, 0], points[:, 1])
    return out


def refilling(model: HydraulicModel) -> HydraulicModel:
    """The model with each link as its controls and rules set it where a tank is low, whatever the hour; controls by the levels of tanks are left out.

    Only what is opened then is taken over, and what is closed beside it between the same nodes, its bypass: what is closed elsewhere protects
    pumps that draw from the tank.
    """
    tank = model.node_type == NodeType.TANK
    status, setting = model.initial_status.copy(), model.initial_setting.copy()
    low = [(c.link, c.status, c.setting) for c in model.controls if c.type == ControlType.LOW_LEVEL and tank[c.node]]
    low += [(action.link, action.status, action.setting) for rule in model.rules if _when_low(rule, tank) for action in rule.then]
    opened = [link for link, state, _ in low if state in (Status.OPEN, Status.ACTIVE)]
    junctions = {int(node) for link in opened for node in (model.link_from[link], model.link_to[link]) if model.node_type[node] == NodeType.JUNCTION}
    for link, state, value in low:
        beside = link not in opened and junctions & {int(model.link_from[link]), int(model.link_to[link])}
        if link in opened and state != Status.CLOSED:
            status[link] = state
            setting[link] = setting[link] if value is None else value
        elif state == Status.CLOSED and beside:
            status[link] = state
    return replace(model, initial_status=status, initial_setting=setting, controls=tuple(c for c in model.controls if not _by_tank(c, tank)))


def _by_tank(control: Control, tank: np.ndarray) -> bool:
    return control.type in (ControlType.LOW_LEVEL, ControlType.HIGH_LEVEL) and bool(tank[control.node])


def _when_low(rule: Rule, tank: np.ndarray) -> bool:
    """Whether a rule acts on low tanks: all its tests of nodes are of tanks from above."""
    tests = [p for p in rule.premises if p.object == "node"]
    return bool(tests) and all(tank[p.index] and p.attribute in ("LEVEL", "HEAD", "GRADE", "PRESSURE") and p.relation in ("<", "<=") for p in tests)


@dataclass(frozen=True, slots=True)
class Tanks:
    """The tanks of a model and the links at them.

    node      (tank,) positions in the model              stock, full  (tank,) [m3] above the lowest level, at the start and at most
    link      (end,) links at tanks, one row for each end at one
    tank      (end,) which tank                           away  (end,) 1 where a positive flow of the link leaves the tank, else -1
    other     (end,) node at the other end               part  (end,) its part of the network, -1 for another tank or a reservoir
    floating  (tank,) bool: hangs on pipes of one part of the network, and so only gives while the head there is lower than its own
    head      (tank,) [m] at the start
    part_of   (node,) part of each junction once reservoirs and tanks are taken out, -1 for those
    """

    node: np.ndarray
    stock: np.ndarray
    full: np.ndarray
    link: np.ndarray
    tank: np.ndarray
    away: np.ndarray
    other: np.ndarray
    part: np.ndarray
    floating: np.ndarray
    head: np.ndarray
    part_of: np.ndarray

    @classmethod
    def of(cls, model: HydraulicModel) -> Tanks:
        """The tanks of a model."""
        node = np.flatnonzero(model.node_type == NodeType.TANK)
        at = np.full(model.nodes, -1)
        at[node] = np.arange(len(node))
        low, start, high = (volume(model, node, level[node]) for level in (model.tank_minimum, model.tank_initial, model.tank_maximum))
        first, last = np.flatnonzero(at[model.link_from] >= 0), np.flatnonzero(at[model.link_to] >= 0)
        link, away = np.concatenate([first, last]), np.repeat([1.0, -1.0], [len(first), len(last)])
        part_of = _parts(model)
        tank, other = at[np.concatenate([model.link_from[first], model.link_to[last]])], np.concatenate([model.link_to[first], model.link_from[last]])
        part = part_of[other]
        floating = np.array([len(set(part[tank == t].tolist()) - {-1}) <= 1 and (model.link_type[link[tank == t]] <= LinkType.PIPE).all() for t in range(len(node))], bool)
        head = model.elevation[node] + model.tank_initial[node]
        return cls(node, np.maximum(start - low, 0.0), np.maximum(high - low, 0.0), link, tank, away, other, part, floating, head, part_of)

    def __len__(self) -> int:
        return len(self.node)

    def leaving(self, model: HydraulicModel, found: Solution, breaks: Breaks | None) -> np.ndarray:
        """(case, end) [m3/s] out of the tank, negative into it; 0 in cases that were not solved.

        The flow of a pipe that leaks is that at its start, where its leak is booked too.
        """
        flow = found.flow[:, self.link].copy()
        if breaks is not None:
            leaks = np.zeros((len(flow), model.links), bool)
            leaks[breaks.case, breaks.link] = True
            flow -= np.where(leaks[:, self.link] & (self.away < 0), found.leak[:, model.link_from[self.link]], 0.0)
        return np.nan_to_num(flow * self.away)

    def stays_empty(self, head: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """(case, tank) bool: certain not to fill, by the heads (case, end) around it while it is shut: floating, all of them lower, and nothing to spare."""
        higher = self.total((np.nan_to_num(head, nan=-np.inf) > self.head[self.tank]).astype(np.float64)) > 0.0
        return self.floating & ~higher & (spare <= 0.0)

    def total(self, values: np.ndarray) -> np.ndarray:
        """(case, tank) sums of (case, end)."""
        out = np.zeros((len(values), len(self.node)))
        np.add.at(out, (slice(None), self.tank), values)
        return out

    def draw(self, leaving: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """(case, tank) [m3/h] that empties each tank, or fills it where negative. spare: (1, tank) [m3/s] that it gets back at other hours"""
        return self._hourly(self.total(leaving), spare, self.total(np.maximum(leaving, 0.0)))

    @staticmethod
    def _hourly(net: np.ndarray, spare: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        return 3600.0 * np.where(net > 0.0, np.where(net - spare > _NOTHING * wanted, net - spare, 0.0), net)

    def barren(self, leaving: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """(case, tank) bool: hardly anything flows in."""
        return self.total(np.maximum(-leaving, 0.0)) + spare <= _NOTHING * self.total(np.maximum(leaving, 0.0))

    def turns(self, leaving: np.ndarray, off: np.ndarray, spare: np.ndarray, spent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How much of what is wanted spent tanks can hand out, and what empties the tanks then.

        A tank that nothing is left in hands on what flows in; as heads are those of a tank with water, it does so by turns, for a share of the time.
        A part of the network that several such tanks feed has the mean of their shares; tanks that this part fills get the less, as often as
        tanks feed each other.
        leaving, off  (case, end) with all these tanks open, and with none          spent  (case, tank)
        returns  share (case, part) of the time; draw (case, tank) [m3/h], of a spent tank with the water that it gets by turns
        """
        cases, parts = len(leaving), int(self.part_of.max(initial=-1)) + 1
        out, into = np.maximum(leaving, 0.0), np.maximum(-leaving, 0.0)
        wanted = self.total(out)
        share, known = np.ones((cases, parts + 1)), np.maximum(self.part, -1)  # the last column is of other tanks and reservoirs
        feeds = np.where(spent[:, self.tank] & (self.part >= 0), out, 0.0)
        fed = np.zeros((cases, parts + 1))
        np.add.at(fed, (slice(None), known), feeds)
        for _ in range(min(len(self.node), 8)):
            gets = self.total(into * share[:, known]) + spare  # with none open nothing flows into them either
            own = np.where(wanted > 0.0, np.minimum(gets / np.where(wanted > 0.0, wanted, 1.0), 1.0), 1.0)
            weighted = np.zeros((cases, parts + 1))
            np.add.at(weighted, (slice(None), known), feeds * own[:, self.tank])
            share = np.where(fed > 0.0, weighted / np.where(fed > 0.0, fed, 1.0), 1.0)
        mean = share[:, known] * leaving + (1.0 - share[:, known]) * off
        net = np.where(spent, wanted - self.total(into * share[:, known]), self.total(mean))
        return share[:, :parts], self._hourly(net, spare, wanted)


def _parts(model: HydraulicModel) -> np.ndarray:
    """(node,) label of the connected part without reservoirs and tanks; -1 for those."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    junction = model.node_type == NodeType.JUNCTION
    inside = junction[model.link_from] & junction[model.link_to]
    ends = (model.link_from[inside], model.link_to[inside])
    graph = coo_array((np.ones(int(inside.sum()), np.int8), ends), shape=(model.nodes, model.nodes)).tocsr()
    label = connected_components(graph, directed=False)[1]
    return np.where(junction, label, -1).astype(np.int64)
