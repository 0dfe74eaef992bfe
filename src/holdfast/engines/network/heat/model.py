"""A district heat network as arrays in SI units: supply and return in one graph. Made from a city by `holdfast.domains.heat.network`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class LinkType(IntEnum):
    """What a link does. RESISTIVE: pipes, valves, pumps that add a fixed pressure."""

    RESISTIVE = 0
    CONSUMER = 1  # takes heat; its valve lets no more than the wanted flow pass


class Mode(IntEnum):
    """Which two things a consumer fixes, as in pandapipes."""

    FLOW_HEAT = 0
    FLOW_DROP = 1
    FLOW_RETURN = 2
    HEAT_DROP = 3
    HEAT_RETURN = 4


@dataclass(frozen=True, slots=True)
class HeatModel:
    """The network; N nodes, E links. Pressures are absolute.

    elevation        (node,) [m]
    held             (node,) absolute pressure held by a pump or plant [Pa], NaN where none is
    supplied         (node,) temperature held by a plant [K], NaN where none is
    demand           (node,) water taken out [kg/s], negative where it is fed in
    link_type        (link,) int8           link_from, link_to  (link,)
    length, diameter, outer, roughness  (link,) [m]; outer diameter is the one heat is lost through
    minor            (link,) loss coefficient      lift  (link,) pressure added in the direction of the link [Pa]
    transfer         (link,) heat transfer coefficient [W/m2/K]      surroundings  (link,) temperature around [K]
    extracted        (link,) heat taken out of the pipe besides losses [W]
    mode             (link,) int8 `Mode` of consumers
    heat, flow, drop, back  (link,) wanted heat [W], flow [kg/s], temperature drop [K], return temperature [K]; NaN where not fixed
    needed           (link,) pressure difference that a consumer needs for its full flow [Pa]
    most             (link,) highest flow its valve lets pass [kg/s]
    effect           (link,) share of the heat above room temperature that the exchanger can take; inf where it takes whatever is wanted
    closed           (link,) bool in the undisturbed network
    stagnant         temperature where nothing flows [K]      room  temperature on the other side of exchangers [K]
    """

    elevation: np.ndarray
    held: np.ndarray
    supplied: np.ndarray
    demand: np.ndarray
    link_type: np.ndarray
    link_from: np.ndarray
    link_to: np.ndarray
    length: np.ndarray
    diameter: np.ndarray
    outer: np.ndarray
    roughness: np.ndarray
    minor: np.ndarray
    lift: np.ndarray
    transfer: np.ndarray
    surroundings: np.ndarray
    extracted: np.ndarray
    mode: np.ndarray
    heat: np.ndarray
    flow: np.ndarray
    drop: np.ndarray
    back: np.ndarray
    needed: np.ndarray
    most: np.ndarray
    effect: np.ndarray
    closed: np.ndarray
    stagnant: float = 283.15
    room: float = 293.15

    @property
    def nodes(self) -> int:
        return len(self.elevation)

    @property
    def links(self) -> int:
        return len(self.link_from)


def model(nodes: int, ends: tuple[np.ndarray, np.ndarray], *, stagnant: float = 283.15, room: float = 293.15, **given: object) -> HeatModel:
    """A network from what is known of it; the rest gets neutral values: level ground, no loss of heat, open, plain pipes of 100 m and DN 100."""
    start, stop = (np.asarray(end, np.int32) for end in ends)
    links = len(start)
    neutral: dict[str, tuple[int, object, float]] = {name: (nodes, np.float64, value) for name, value in
                                                     {"elevation": 0.0, "held": np.nan, "supplied": np.nan, "demand": 0.0}.items()}
    neutral |= {name: (links, np.float64, value) for name, value in {
        "length": 100.0, "diameter": 0.1, "outer": np.nan, "roughness": 1e-4, "minor": 0.0, "lift": 0.0, "transfer": 0.0, "surroundings": 283.15, "extracted": 0.0,
        "heat": np.nan, "flow": np.nan, "drop": np.nan, "back": np.nan, "needed": 5e3, "most": np.inf, "effect": np.inf}.items()}
    neutral |= {"link_type": (links, np.int8, 0), "mode": (links, np.int8, 0), "closed": (links, np.bool_, 0)}
    arrays = {name: np.array(np.broadcast_to(np.asarray(given.pop(name, value), dtype), (size,))) for name, (size, dtype, value) in neutral.items()}
    if given:
        raise TypeError(f"a heat network has no {', '.join(given)}")
    arrays["outer"] = np.where(np.isfinite(arrays["outer"]), arrays["outer"], arrays["diameter"])
    return HeatModel(link_from=start, link_to=stop, stagnant=stagnant, room=room, **arrays)  # type: ignore[arg-type]
