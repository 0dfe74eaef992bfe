"""Water quality data of a city: reactions, sources and mixing as the model file gave them."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.hydraulic.epanet_quality import Quality, Source
from holdfast.io.sectioned import number
from holdfast.model.errors import Invalid

from .formats.units import DAY, FLOW, US, first
from .hydraulic_tables import places
from .study import Study

KINDS = {"age": "AGE", "chlorine": "CHEMICAL", "trace": "TRACE"}


def quality_of(study: Study, quality: str, source: str = "") -> Quality:
    """What to follow.

    quality  age, chlorine or trace
    source   node traced; the model's own traced node or its first reservoir when left out
    raises   Invalid, NotFound
    """
    model, extra = study.model, study.model.options.extra
    if quality not in KINDS:
        raise Invalid(f"{quality!r} is no water quality", fix=f"Use {', '.join(KINDS)}", field="quality")
    kind = KINDS[quality]
    step = min(model.options.hydraulic_step / 10, 300.0)
    if kind == "AGE":
        return Quality(kind, step=step, tolerance=36.0)
    if kind == "TRACE":
        return Quality(kind, trace=_traced(study, source), step=step, tolerance=1e-4, mixing=_mixing(study))
    orders = {name: _option(extra, f"REACTIONS ORDER {name}", 1.0) for name in ("BULK", "TANK", "WALL")}
    bulk, wall = _pipes(study, "bulk_coefficient", "GLOBAL BULK", 1 / DAY), _pipes(study, "wall_coefficient", "GLOBAL WALL", _length(study) / DAY)
    tank = np.zeros(model.nodes)
    tanks = places(study.tables.ids("water.tank"), model.node_id)
    tank[tanks] = study.tables.numbers("water.tank", "bulk_coefficient", _option(extra, "REACTIONS GLOBAL BULK", 0.0) / DAY)
    return Quality(kind, initial=_initial(study), bulk=bulk, wall=wall, tank_bulk=tank, mixing=_mixing(study), sources=_sources(study), bulk_order=orders["BULK"],
                   tank_order=orders["TANK"], wall_order=orders["WALL"], diffusivity=_option(extra, "DIFFUSIVITY", 1.0), step=step, tolerance=1e-5)  # fmt: skip


def _option(extra: dict[str, str], keyword: str, default: float) -> float:
    value = number(first(extra.get(keyword, "")))
    return default if value is None else value


def _length(study: Study) -> float:
    """Metres per length unit of the file: global wall coefficients are in it."""
    unit = first(study.model.options.extra.get("UNITS", "LPS")).upper()
    return 0.3048 if (unit if unit in FLOW else "GPM") in US else 1.0


def _pipes(study: Study, field: str, keyword: str, factor: float) -> np.ndarray:
    """(link,) reaction rates: of the pipe, else of the whole model."""
    out = np.zeros(study.model.links)
    at = places(study.tables.ids("water.pipe"), study.model.link_id)
    values = study.tables.numbers("water.pipe", field, _option(study.model.options.extra, f"REACTIONS {keyword}", 0.0) * factor)
    out[at[at >= 0]] = values[at >= 0]
    return out


def _initial(study: Study) -> np.ndarray:
    kinds = ("water.junction", "water.reservoir", "water.tank")
    return np.concatenate([study.tables.numbers(kind, "initial_quality", 0.0) for kind in kinds])


def _traced(study: Study, source: str) -> int:
    if source:
        return int(study.nodes(source, "source")[0])
    words = study.model.options.extra.get("QUALITY", "").split()
    if len(words) > 1 and words[0].upper().startswith("TRAC"):
        return int(study.nodes(words[1], "source")[0])
    fixed = np.flatnonzero(~study.junction)
    if not len(fixed):
        raise Invalid("the network has no source to trace", fix="Name a node", field="source")
    return int(fixed[0])


def _mixing(study: Study) -> dict[int, tuple[str, float]]:
    table = study.tables
    at = places(table.ids("water.tank"), study.model.node_id).tolist()
    shares = table.numbers("water.tank", "mixing_fraction", 1.0).tolist()
    return {node: (name, share) for node, name, share in zip(at, table.texts("water.tank", "mixing"), shares, strict=True) if name}


def _sources(study: Study) -> tuple[Source, ...]:
    out = []
    patterns = {name: at for at, name in enumerate(study.model.pattern_id)}
    for kind in ("water.junction", "water.reservoir", "water.tank"):
        types, named = study.tables.texts(kind, "source_type"), study.tables.texts(kind, "source_pattern")
        amount, mass = study.tables.numbers(kind, "source_concentration", 0.0), study.tables.numbers(kind, "source_mass_flow", 0.0)
        nodes = places(study.tables.ids(kind), study.model.node_id)
        for row, name in enumerate(types):
            if name:
                pattern = patterns.get((named[row] or "").partition(":")[2], -1)
                out.append(Source(int(nodes[row]), name, float(mass[row] if name == "MASS" else amount[row]), pattern))
    return tuple(out)
