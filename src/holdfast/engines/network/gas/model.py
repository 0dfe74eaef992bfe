"""A gas network as arrays in SI units. Made from a city by `holdfast.domains.gas.network`; absolute pressures throughout."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .fluid import GASES, Gas, ambient_pressure


class LinkType(IntEnum):
    """What a link does. RESISTIVE: pipes, valves, resistors and short pipes."""

    RESISTIVE = 0
    REGULATOR = 1  # holds the pressure behind it, never raises it
    COMPRESSOR = 2  # raises the pressure to a ratio or to a set pressure, never lowers it


class Status(IntEnum):
    """State of a regulator or compressor in a solution."""

    CLOSED = 0
    OPEN = 1
    ACTIVE = 2


class Friction(IntEnum):
    """Law of the friction factor.

    NIKURADSE    64/Re + (2 lg(d/k) + 1.14)^-2, pandapipes' default
    COLEBROOK    Colebrook-White, laminar below Re 2000
    SWAMEE_JAIN  explicit fit of Colebrook-White, laminar below Re 2000
    ALTSHUL      0.11 (k/d + 68/Re)^0.25 with its own laminar and critical range: low-pressure formula of GB 50028-2006 6.2 [recalled]
    """

    NIKURADSE = 0
    COLEBROOK = 1
    SWAMEE_JAIN = 2
    ALTSHUL = 3


@dataclass(frozen=True, slots=True)
class GasModel:
    """The network; N nodes and E links.

    elevation        (node,) [m]
    temperature      (node,) [K]
    held             (node,) absolute pressure that a source holds there [Pa], NaN where none does
    feed             (node,) mass flow that other sources feed in [kg/s]
    demand           (node,) mass flow wanted [kg/s], all consumers of the node together
    least, wanted    (node,) absolute pressures [Pa] at which supply stops and at which it is full; equal where supply never falls
    link_type        (link,) int8 `LinkType`
    link_from, link_to  (link,) node positions
    length, diameter, roughness  (link,) [m]; length 0 for anything but pipes
    minor            (link,) loss coefficient          constant  (link,) pressure loss whatever the flow [Pa]
    target           (link,) absolute pressure that a regulator or compressor holds [Pa], NaN for compressors with a ratio
    ratio            (link,) pressure ratio of compressors, NaN otherwise
    controlled       (link,) node whose pressure a regulator holds; its own end as a rule
    closed           (link,) bool: shut in the undisturbed network
    """

    gas: Gas
    elevation: np.ndarray
    temperature: np.ndarray
    held: np.ndarray
    feed: np.ndarray
    demand: np.ndarray
    least: np.ndarray
    wanted: np.ndarray
    link_type: np.ndarray
    link_from: np.ndarray
    link_to: np.ndarray
    length: np.ndarray
    diameter: np.ndarray
    roughness: np.ndarray
    minor: np.ndarray
    constant: np.ndarray
    target: np.ndarray
    ratio: np.ndarray
    controlled: np.ndarray
    closed: np.ndarray
    friction: Friction = Friction.NIKURADSE

    @property
    def nodes(self) -> int:
        return len(self.elevation)

    @property
    def links(self) -> int:
        return len(self.link_from)

    @property
    def ambient(self) -> np.ndarray:
        """(node,) air pressure at each node [Pa]."""
        return ambient_pressure(self.elevation)

    @property
    def link_temperature(self) -> np.ndarray:
        """(link,) mean of the temperatures at both ends [K]."""
        return (self.temperature[self.link_from] + self.temperature[self.link_to]) / 2


def model(nodes: int, ends: tuple[np.ndarray, np.ndarray], gas: Gas = GASES["hgas"], **given: np.ndarray | float | Friction) -> GasModel:
    """A network from what is known of it; the rest gets neutral values: level ground, 15 degC, no demand, open, plain pipes of 100 m and DN 100.

    ends    from and to nodes of the links
    given   any field of `GasModel`, as an array or one number for all
    """
    start, stop = (np.asarray(end, np.int32) for end in ends)
    neutral: dict[str, tuple[int, object, float]] = {
        "elevation": (nodes, np.float64, 0.0), "temperature": (nodes, np.float64, 288.15), "held": (nodes, np.float64, np.nan), "feed": (nodes, np.float64, 0.0),
        "demand": (nodes, np.float64, 0.0), "least": (nodes, np.float64, 0.0), "wanted": (nodes, np.float64, 0.0), "link_type": (len(start), np.int8, 0),
        "length": (len(start), np.float64, 100.0), "diameter": (len(start), np.float64, 0.1), "roughness": (len(start), np.float64, 1e-4),
        "minor": (len(start), np.float64, 0.0), "constant": (len(start), np.float64, 0.0), "target": (len(start), np.float64, np.nan),
        "ratio": (len(start), np.float64, np.nan), "closed": (len(start), np.bool_, 0),
    }
    arrays = {name: np.array(np.broadcast_to(np.asarray(given.pop(name, default), dtype), (size,))) for name, (size, dtype, default) in neutral.items()}
    controlled = np.asarray(given.pop("controlled", stop), np.int32)
    return GasModel(gas=gas, link_from=start, link_to=stop, controlled=controlled, **arrays, **given)  # type: ignore[arg-type]
