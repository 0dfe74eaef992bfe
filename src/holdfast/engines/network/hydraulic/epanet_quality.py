"""Water quality by EPANET: age, a decaying chemical, or the share of water from one source."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from epanet import toolkit as en

from holdfast.model.errors import Invalid

from .epanet_read import Buffer
from .model import HydraulicModel, NodeType

_DAY, _MG = 86400.0, 1000.0  # kg/m3 -> mg/L
_SOURCE = {"CONCEN": en.CONCEN, "MASS": en.MASS, "FLOWPACED": en.FLOWPACED, "SETPOINT": en.SETPOINT}
_MIXING = {"MIXED": 0, "2COMP": 1, "FIFO": 2, "LIFO": 3}


@dataclass(frozen=True, slots=True)
class Source:
    """Injection at a node. strength: [kg/m3], or [kg/s] for MASS; pattern: position or -1."""

    node: int
    type: str
    strength: float
    pattern: int = -1


@dataclass(frozen=True, slots=True)
class Quality:
    """What is followed through the water.

    kind      AGE, CHEMICAL or TRACE
    trace     node whose water is traced
    initial   (node,) [s], [kg/m3] or share; None means zero
    bulk, wall  (link,) first-order reaction rates [1/s] and [m/s], negative for decay; None means none
    tank_bulk (node,) [1/s]
    mixing    (node,) names such as "FIFO", by node position
    sources   injections
    step      [s]; tolerance in the unit of the quality
    """

    kind: str
    trace: int = -1
    initial: np.ndarray | None = None
    bulk: np.ndarray | None = None
    wall: np.ndarray | None = None
    tank_bulk: np.ndarray | None = None
    mixing: dict[int, tuple[str, float]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    bulk_order: float = 1.0
    tank_order: float = 1.0
    wall_order: float = 1.0
    limit: float = 0.0
    diffusivity: float = 1.0
    step: float = 300.0
    tolerance: float = 0.0

    @property
    def factor(self) -> float:
        """SI -> the unit EPANET uses: hours, mg/L or percent."""
        return {"AGE": 1 / 3600, "CHEMICAL": _MG, "TRACE": 100.0}[self.kind]


def set_quality(project: int, model: HydraulicModel, quality: Quality) -> None:
    """Give a project its quality data. raises Invalid for a kind that is none"""
    codes = {"AGE": en.AGE, "CHEMICAL": en.CHEM, "TRACE": en.TRACE}
    if quality.kind not in codes:
        raise Invalid(f"{quality.kind!r} is no water quality", fix="Use AGE, CHEMICAL or TRACE", field="quality")
    en.setqualtype(project, codes[quality.kind], "chemical", "mg/L", f"N{quality.trace}" if quality.kind == "TRACE" else "")
    en.settimeparam(project, en.QUALSTEP, max(1, round(quality.step)))
    en.setoption(project, en.TOLERANCE, quality.tolerance * quality.factor)
    if quality.initial is not None:
        for at in range(model.nodes):
            en.setnodevalue(project, at + 1, en.INITQUAL, float(quality.initial[at]) * quality.factor)
    for at, (name, share) in quality.mixing.items():
        en.setnodevalue(project, at + 1, en.MIXMODEL, float(_MIXING[name]))
        if name == "2COMP":
            en.setnodevalue(project, at + 1, en.MIXFRACTION, share)
    if quality.kind == "CHEMICAL":
        _reactions(project, model, quality)
        for source in quality.sources:
            strength = source.strength * (_MG * 60_000 if source.type == "MASS" else _MG)
            for code, value in ((en.SOURCEQUAL, strength), (en.SOURCETYPE, _SOURCE[source.type]), (en.SOURCEPAT, source.pattern + 1)):
                en.setnodevalue(project, source.node + 1, code, float(value))


def _reactions(project: int, model: HydraulicModel, quality: Quality) -> None:
    for code, value in ((en.BULKORDER, quality.bulk_order), (en.WALLORDER, quality.wall_order), (en.TANKORDER, quality.tank_order),
                        (en.CONCENLIMIT, quality.limit * _MG), (en.SP_DIFFUS, quality.diffusivity)):  # fmt: skip
        en.setoption(project, code, float(value))
    for values, code in ((quality.bulk, en.KBULK), (quality.wall, en.KWALL)):
        if values is not None:
            for at in np.flatnonzero(model.link_type <= 1).tolist():
                en.setlinkvalue(project, at + 1, code, float(values[at]) * _DAY)
    if quality.tank_bulk is not None:
        for at in np.flatnonzero(model.node_type == NodeType.TANK).tolist():
            en.setnodevalue(project, at + 1, en.TANK_KBULK, float(quality.tank_bulk[at]) * _DAY)


def run_quality(project: int, model: HydraulicModel, quality: Quality, grid: np.ndarray) -> np.ndarray:
    """(time, node) quality at the times of `grid` [s] in SI; the hydraulics of the period must have been saved."""
    out = np.full((len(grid), model.nodes), np.nan)
    buffer = Buffer(model.nodes)
    step = grid[1] - grid[0] if len(grid) > 1 else 1.0
    en.openQ(project)
    try:
        en.initQ(project, 0)
        while True:
            now = float(en.runQ(project))
            place = round(now / step)
            if place < len(grid) and abs(place * step - now) < 0.5:
                en.getnodevalues(project, en.QUALITY, buffer.array)
                out[place] = buffer.view / quality.factor
            if en.nextQ(project) <= 0:
                return out
    finally:
        en.closeQ(project)
