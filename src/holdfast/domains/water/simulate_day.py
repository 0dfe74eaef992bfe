"""Simulate a day: pressures, flows, tank levels and, where asked, water age, chlorine or the share of one source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Code, Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.answers import Period
    from holdfast.engines.network.hydraulic.epanet_quality import Quality

    from .shortage import Shortage
    from .study import Study

_UNIT = {"age": ("h", 1 / 3600), "chlorine": ("mg/L", 1000.0), "trace": ("1", 1.0)}
_COLUMN = {"age": "age_h", "chlorine": "chlorine_mg_per_l", "trace": "traced_share"}
_QUALITY = (Code("none", "none", "不计算"), Code("age", "age of the water", "水龄"), Code("chlorine", "chlorine", "余氯"), Code("trace", "share of one source", "水源占比"))


def simulate_day(
    city: City,
    *,
    hours: Annotated[float, Param("hours to simulate", "模拟小时数")] = 24.0,
    quality: Annotated[str, Param("water quality: none, age, chlorine or trace", "水质:none、age、chlorine、trace", choices=_QUALITY)] = "none",
    source: Annotated[str, Param("node whose water is traced", "示踪水源节点", assets=("water.junction", "water.reservoir", "water.tank"))] = "",
    closed: Annotated[list[str] | None, Param("pipes, pumps or valves held closed", "保持关闭的管段、水泵或阀门", assets=("water.pipe", "water.pump", "water.valve"))] = None,
    pressure_driven: Annotated[bool, Param("demands depend on pressure", "按压力驱动计算用水")] = False,
) -> Answer:
    """Run the network through a period with its patterns, controls and rules.

    quality   follows water age, free chlorine (reactions of the model file) or the share of water from `source`; always by EPANET
    returns   tables `hours` (network), `nodes` (pressures, quality at the end), `tanks` (levels), `pumps` (hours run, energy), `worst` (points of use without
              or short of water); status "diverged" when the hydraulics did not settle at some time
    raises    Invalid without a network, for hours or a quality that make no sense, or where no engine takes the network; NotFound for unknown ids
    source    EPANET 2.2 Users Manual; limits of the settings water.required_pressure, water.age_limit, water.chlorine_limit
    """
    from dataclasses import replace

    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.model import Status

    from .quality import quality_of
    from .shortage import people_of, report, shortage, worst
    from .solving import period_of
    from .solving import pressure_driven as by_pressure
    from .study import Study

    if not 0 < hours <= 8784:
        raise Invalid(f"{hours:g} hours cannot be simulated", fix="Give more than 0 and at most 8784 hours", field="hours")
    if quality not in {"none", *_UNIT}:
        raise Invalid(f"{quality!r} is no water quality", fix="Use none, age, chlorine or trace", field="quality")
    study = Study(city)
    if study.junction.all():
        raise Invalid("the network has no reservoir and no tank; nothing would be delivered", fix="Add a source, or join the network to one")
    model = by_pressure(study.model, city) if pressure_driven else study.model
    study.model = model = replace(model, options=replace(model.options, duration=3600.0 * hours))
    shut = study.links(closed, "closed") if closed else np.empty(0, np.int64)
    status = np.full((1, model.links), -1, np.int8)
    status[0, shut] = Status.CLOSED
    followed = quality_of(study, quality, source) if quality != "none" else None
    _check_quality(study, followed)
    found = period_of(model, Cases(1, status=status if len(shut) else None), followed)
    if 0 in found.notes and not np.isfinite(found.head[0]).any():
        raise Invalid(f"{found.engine} does not run the network: {found.notes[0]}", fix="Correct what the findings of the water model name")
    lack = shortage(study, found)
    people = people_of(study) if lack.short.any() or lack.below.any() else np.zeros(len(lack.use))
    tables = {"hours": _hours(study, found, lack), "nodes": _nodes(study, found, quality, lack), "tanks": _tanks(study, found), "pumps": _pumps(study, found),
              "worst": worst(study, found, lack, people)}  # fmt: skip
    if quality == "age":
        _check_age(study, found, hours)
    lacking = report(study, found, lack, people)
    summary = _summary(study, found, hours, quality, -1 if followed is None else followed.trace, tables, lack) | lacking | {"findings": study.findings.counts()}
    return Answer(summary, tables, study.findings, status="done" if found.status[0] == 0 else "diverged", plots=_plots(quality, tables))


def _check_quality(study: Study, followed: Quality | None) -> None:
    """Finding where there is no chlorine to follow: zero everywhere would say nothing of the network."""
    if followed is not None and followed.kind == "CHEMICAL" and not followed.sources and not (followed.initial is not None and followed.initial.any()):
        sources = [name for name, inner in zip(study.model.node_id.to_pylist(), study.junction, strict=True) if not inner]
        study.findings.add_rows("water.no_dose", "warning", "the model names neither an initial concentration nor a dose of chlorine, so there is none anywhere",
                                kind="water.reservoir", ids=sources, column="initial_quality",
                                fix="Give initial_quality of the sources [kg/m3], or [SOURCES] in the model file")  # fmt: skip


def _check_age(study: Study, found: Period, hours: float) -> None:
    """Finding where water is as old as the simulation is long: how old it gets is not known yet."""
    import numpy as np

    assert found.quality is not None
    old = np.flatnonzero(study.junction & (found.quality[0, -1] > 0.98 * 3600.0 * hours))
    study.findings.add_rows("water.age_unknown", "warning", f"the water was not renewed in {hours:g} h, so its age is at least that", kind="water.junction",
                            ids=[study.model.node_id[int(at)].as_py() for at in old], fix="Simulate more hours")  # fmt: skip


def _pressure(study: Study, found: Period) -> np.ndarray:
    """(time, junction) pressure heads [m]."""
    return (found.head[0] - study.model.elevation)[:, study.junction]


def _hours(study: Study, found: Period, lack: Shortage) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from .study import nullable

    pressure = _pressure(study, found)
    known = np.isfinite(pressure).any(axis=1)
    wanted, delivered = np.maximum(found.wanted[0], 0).sum(axis=1), np.maximum(found.delivered[0], 0).sum(axis=1)
    lowest = np.where(known, np.nanmin(np.where(np.isnan(pressure), np.inf, pressure), axis=1), np.nan)
    mean = np.where(known, np.nansum(pressure, axis=1) / np.maximum(np.isfinite(pressure).sum(axis=1), 1), np.nan)
    return pa.table({"hour": found.time / 3600, "demand_m3s": nullable(wanted), "delivered_m3s": nullable(delivered), "leak_m3s": nullable(found.leak[0].sum(axis=1)),
                     "stored_m3": nullable(stored(study, found).sum(axis=1)), "lowest_pressure_m": nullable(lowest), "mean_pressure_m": nullable(mean),
                     "points_without_water": (lack.dry & lack.use).sum(axis=1)})  # fmt: skip


def stored(study: Study, found: Period) -> np.ndarray:
    """(time, tank) water in each tank above its lowest level, and what it holds at that level [m3]."""
    import numpy as np

    from holdfast.engines.network.hydraulic.model import NodeType

    from .tanks import volume

    model = study.model
    tanks = np.flatnonzero(model.node_type == NodeType.TANK)
    return volume(model, tanks, found.head[0][:, tanks] - model.elevation[tanks])


def _nodes(study: Study, found: Period, quality: str, lack: Shortage) -> pa.Table:
    import numpy as np

    from .shortage import hours_of
    from .study import node_table

    pressure = _pressure(study, found)
    known = np.isfinite(pressure)
    some = known.any(axis=0)
    low = np.where(some, np.min(np.where(known, pressure, np.inf), axis=0), np.nan)
    high = np.where(some, np.max(np.where(known, pressure, -np.inf), axis=0), np.nan)
    mean = np.where(some, np.where(known, pressure, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
    at = np.flatnonzero(study.junction)
    columns: dict[str, Any] = {"lowest_pressure_m": low, "mean_pressure_m": mean, "highest_pressure_m": high, "hours_without_supply": hours_of(found, lack.dry),
                               "demand_m3s": found.wanted[0].mean(axis=0)[at], "delivered_m3s": found.delivered[0].mean(axis=0)[at]}  # fmt: skip
    if found.quality is not None:
        factor = _UNIT[quality][1]
        last = found.quality[0, -max(1, min(24, len(found.time) // 2)) :]
        columns[_COLUMN[quality]] = last.mean(axis=0)[at] * factor
    return node_table(study, at, **columns)


def _tanks(study: Study, found: Period) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.model import NodeType

    from .study import nullable

    model = study.model
    tanks = np.flatnonzero(model.node_type == NodeType.TANK)
    level = found.head[0][:, tanks] - model.elevation[tanks]
    hour = np.repeat(found.time / 3600, len(tanks))
    ids = model.node_id.take(pa.array(np.tile(tanks, len(found.time))))
    return pa.table({"hour": hour, "id": ids, "level_m": nullable(level.ravel()), "volume_m3": nullable(stored(study, found).ravel())})


def _pumps(study: Study, found: Period) -> pa.Table:
    """Hours run, mean flow while running, head lifted, and the energy at the efficiency of the model (75 % where it names none)."""
    import numpy as np

    from holdfast.engines.network.hydraulic.model import LinkType

    from .study import link_table

    model = study.model
    pumps = np.flatnonzero(model.link_type == LinkType.PUMP)
    step = model.options.report_step / 3600
    flow = np.nan_to_num(found.flow[0][:-1, pumps] if len(found.time) > 1 else found.flow[0][:, pumps])
    runs = flow > 1e-6
    lift = np.nan_to_num((found.head[0][:, model.link_to[pumps]] - found.head[0][:, model.link_from[pumps]])[: len(flow)])
    try:
        efficiency = float(model.options.extra.get("ENERGY GLOBAL EFFICIENCY", model.options.extra.get("ENERGY GLOBAL EFFIC", "75")).split()[0]) / 100
    except (ValueError, IndexError):
        efficiency = 0.75
    power = 9.80665 * flow * np.maximum(lift, 0) / (efficiency or 0.75)
    count = np.maximum(runs.sum(axis=0), 1)
    return link_table(study, pumps, hours_run=runs.sum(axis=0) * step, flow_m3s=(flow * runs).sum(axis=0) / count, head_m=(lift * runs).sum(axis=0) / count,
                      energy_kwh=power.sum(axis=0) * step)  # fmt: skip


def _summary(study: Study, found: Period, hours: float, quality: str, traced: int, tables: dict[str, pa.Table], lack: Shortage) -> dict[str, Any]:
    import numpy as np

    from .settings import chosen

    required = float(chosen(study.city, "required_pressure"))
    at = np.flatnonzero(study.junction)
    used = lack.use
    low = np.asarray(tables["nodes"]["lowest_pressure_m"].to_numpy(zero_copy_only=False), np.float64)
    last = found.time[-1] if len(found.time) > 1 else 3600.0
    wanted, delivered = (float(np.maximum(values[0], 0).sum(axis=1).mean() * last) for values in (found.wanted, found.delivered))
    known = used & np.isfinite(low)
    worst = np.flatnonzero(known)[np.argmin(low[known])] if known.any() else None
    out: dict[str, Any] = {
        "engine": found.engine, "hours": hours, "nodes": study.model.nodes, "links": study.model.links, "demand_m3": round(wanted, 3), "delivered_m3": round(delivered, 3),
        "supplied_share": round(min(delivered / wanted, 1.0), 6) if wanted > 0 else 1.0, "points_of_use": int(used.sum()),
        "points_below_required_pressure": int((used & (~(low >= required) | lack.dry.any(axis=0))).sum()), "required_pressure_m": required,
        "lowest_pressure_m": None if worst is None else round(float(low[worst]), 3), "lowest_at": None if worst is None else study.model.node_id[int(at[worst])].as_py(),
        "pump_energy_kwh": round(float(np.sum(tables["pumps"]["energy_kwh"].to_numpy())), 2),
    }  # fmt: skip
    if found.quality is not None:
        out |= _quality_summary(study, found, quality, at[used])
    if traced >= 0:
        out["traced_source"] = study.model.node_id[traced].as_py()
    return out


def _quality_summary(study: Study, found: Period, quality: str, at: np.ndarray) -> dict[str, Any]:
    import numpy as np

    from .settings import chosen

    values = found.quality[0, -1][at] if found.quality is not None else np.empty(0)
    unit, factor = _UNIT[quality]
    if not len(values):
        return {"quality": quality}
    out = {"quality": quality, "unit": unit, "mean_at_end": round(float(values.mean() * factor), 6), "lowest_at_end": round(float(values.min() * factor), 6),
           "highest_at_end": round(float(values.max() * factor), 6)}  # fmt: skip
    if quality == "age":
        out["points_above_age_limit"] = int((values > float(chosen(study.city, "age_limit"))).sum())
    if quality == "chlorine":
        out["points_below_chlorine_limit"] = int((values < float(chosen(study.city, "chlorine_limit"))).sum())
    return out


def _plots(quality: str, tables: dict[str, pa.Table]) -> tuple[Plot, ...]:
    column = _COLUMN.get(quality, "")
    plots = [
        Plot("Demand and delivery", "需水与供水", "hours", "hour", ("demand_m3s", "delivered_m3s"), x_label="h", y_label="m3/s"),
        Plot("Pressure in the network", "管网压力", "hours", "hour", ("lowest_pressure_m", "mean_pressure_m"), x_label="h", y_label="m"),
        Plot("Lowest pressure at each node", "各节点最低压力", "nodes", "x", ("y",), kind="map", colour="lowest_pressure_m"),
    ]
    if tables["tanks"].num_rows:
        plots.append(Plot("Levels of tanks", "水池水位", "tanks", "hour", ("level_m",), by="id", x_label="h", y_label="m"))
    if column:
        plots.append(Plot("Water quality at the end", "期末水质", "nodes", "x", ("y",), kind="map", colour=column))
    return tuple(plots)
