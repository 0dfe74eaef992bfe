"""Small hydraulic models written as arrays: what differs from a plain pipe or junction is given, the rest is the default."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, NodeType, Options, Status

_PIPE = {"length": 100.0, "diameter": 0.2, "roughness": 110.0, "minor_loss": 0.0, "initial_status": int(Status.OPEN), "initial_setting": np.nan, "pump_curve": -1,
         "pump_power": np.nan, "pump_pattern": -1, "valve_curve": -1}  # fmt: skip


def pipe(start: int, end: int, kind: LinkType = LinkType.PIPE, **changes: Any) -> dict[str, Any]:
    """A link of any type; 100 m of a 200 mm pipe with C 110 unless `changes` say otherwise."""
    return _PIPE | {"link_from": start, "link_to": end, "link_type": int(kind)} | changes


def pump(start: int, end: int, **changes: Any) -> dict[str, Any]:
    """A pump at speed 1."""
    return pipe(start, end, LinkType.PUMP, initial_setting=1.0, length=np.nan, diameter=np.nan, roughness=np.nan, **changes)


def valve(start: int, end: int, kind: LinkType, setting: float, **changes: Any) -> dict[str, Any]:
    """A valve of 200 mm that follows its setting."""
    return pipe(start, end, kind, **{"initial_setting": setting, "initial_status": int(Status.ACTIVE)} | changes)


def tank(level: float = 3.0, low: float = 0.0, high: float = 6.0, area: float = 50.0) -> dict[str, float]:
    """Numbers of a tank, for `water(tanks=...)`."""
    return {"tank_initial": level, "tank_minimum": low, "tank_maximum": high, "tank_area": area}


def water(junctions: list[float], demands: list[float], sources: list[float], links: list[dict[str, Any]], tanks: dict[int, dict[str, float]] | None = None,
          **parts: Any) -> HydraulicModel:
    """A model: elevations of junctions [m], their demands [m3/s], heads of reservoirs or bottoms of tanks [m], links.

    tanks   position among the sources -> `tank()`; tanks must come last
    parts   further fields of `HydraulicModel`; Options fields may stand in `options`
    """
    count, first = len(junctions) + len(sources), len(junctions)
    kind = np.array([NodeType.JUNCTION] * first + [NodeType.RESERVOIR] * len(sources), np.int8)
    own = {name: np.full(count, np.nan) for name in ("tank_initial", "tank_minimum", "tank_maximum", "tank_area")}
    for place, numbers in (tanks or {}).items():
        kind[first + place] = NodeType.TANK
        for name, value in numbers.items():
            own[name][first + place] = value
    columns = {name: np.array([link[name] for link in links], np.int8 if name in {"link_type", "initial_status"} else None) for name in links[0]} if links else {}
    base = {
        "node_id": pa.array([f"n{i}" for i in range(count)]), "node_type": kind, "node_xy": np.zeros((count, 2)), "elevation": np.array([*junctions, *sources], float),
        "head_pattern": np.full(count, -1), "emitter": np.zeros(count), **own, "tank_minimum_volume": np.zeros(count), "tank_curve": np.full(count, -1),
        "tank_overflow": np.zeros(count, bool), "demand_node": np.arange(first), "demand_base": np.array(demands, float), "demand_pattern": np.full(first, -1),
        "link_id": pa.array([f"l{k}" for k in range(len(links))]), **columns,
    }  # fmt: skip
    options = Options(**({"accuracy": 1e-5} | parts.pop("options", {})))
    return HydraulicModel(**base | parts, options=options)
