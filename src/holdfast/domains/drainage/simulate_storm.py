"""Simulate a storm: SWMM's dynamic wave through the city's sewers, with pumps, gates and the level of the water outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param

if TYPE_CHECKING:
    from holdfast.engines.network.swmm.changes import Runs, Series

    from .case_model import CityModel

AFTER = 4.0  # hours that are simulated after a storm unless said otherwise
_STOPPED = ("drainage.pump", "drainage.pump_station", "drainage.gate", "drainage.conduit", "drainage.orifice", "drainage.weir", "drainage.outlet")


def simulate_storm(
    city: City,
    return_period: Annotated[float | None, Param("return period in years", "重现期(年)")] = None,
    duration: Annotated[float | None, Param("duration of the storm", "降雨历时", "duration")] = None,
    hours: Annotated[float | None, Param("hours simulated", "模拟时长(小时)")] = None,
    rain: Annotated[str, Param("design, stored, or the id of a rain series", "降雨：设计、实测或序列")] = "design",
    tide: Annotated[float | None, Param("water level at the outfalls", "排放口水位", "elevation")] = None,
    pumps_out: Annotated[bool, Param("all pumps out", "全部水泵停运")] = False,
    out: Annotated[list[str] | None, Param("pumps, stations, gates or sewers out of service", "停运设施", assets=_STOPPED)] = None,
) -> Answer:
    """Run rain through the sewers and say where water comes up, how much and for how long.

    return_period  of the design storm [a], default the setting drainage.return_period
    duration       of the design storm [s], default the setting drainage.storm_duration
    hours          simulated from the start of the rain; default the storm and 4 hours, for stored rain what the model says
    rain           "design": Chicago storm by the city's formula (settings drainage.storm_*) on all gauges; "stored": what the gauges of the
                   city hold; or the id of a drainage.series of intensities for all gauges
    tide           level [m] at all outfalls but those into sewage works; default as the outfalls say
    out            ids of pumps (stopped), pump stations (all their pumps), gates (shut), sewers (blocked)
    returns        tables `flooded`, `over_time`, `links`, `balance`; findings: runs that do not balance, values that were assumed
    raises         NotFound without a drainage network; Invalid for a wrong parameter, or with SWMM's words where it refuses the model
    source         EPA SWMM 5.2 in a worker process; storm: standards notes 8.4
    """
    from holdfast.engines.network.swmm.changes import Changes
    from holdfast.engines.network.swmm.pool import Pool
    from holdfast.engines.network.swmm.simulate import simulate
    from holdfast.model.errors import Invalid
    from holdfast.model.lifeline import CaseStatus

    from . import sewers, storm_tables
    from .case_model import city_model, design_storm, stored_series

    fallen = None if rain == "stored" else design_storm(city, return_period, duration) if rain == "design" else stored_series(city, rain)
    if hours is not None and not 0 < hours <= 24 * 366:
        raise Invalid(f"{hours:g} hours cannot be simulated", fix="Give up to a year", field="hours")
    length = hours if hours is not None else None if fallen is None else float(fallen.hours[-1]) + AFTER
    with city_model(city) as model:
        stopped = (*(model.pumps() if pumps_out else ()), *model.links_of(out or ()))
        changes = Changes(rain=fallen, out=tuple(dict.fromkeys(stopped)), stage={} if tide is None else model.stages(tide), hours=length)
        timeout = float(city.settings["drainage.swmm_timeout"])
        runs = simulate(model.deck, [changes], series=("flooding", "flow"), pool=Pool(workers=1, timeout=timeout))
        if runs.status[0] != CaseStatus.SOLVED:
            raise Invalid(f"SWMM does not run this network: {runs.message[0]}", fix="Correct what it names, or raise drainage.swmm_timeout", field="drainage")
        made = sewers.load(city)
        tables = {"flooded": storm_tables.flooded(model, made, runs), "over_time": storm_tables.over_time(model, runs, fallen),
                  "links": storm_tables.links(model, made, runs), "balance": storm_tables.balance(runs)}  # fmt: skip
        findings = storm_tables.doubts(model, runs, float(city.settings["drainage.continuity_limit"]))
        summary = _summary(model, runs, fallen, tables, changes.out)
    plots = (
        Plot("Rain and flooding", "降雨与积水", "over_time", "hour", ("flooding", "pumped", "outflow"), x_label="h", y_label="m3/s"),
        Plot("Flooded nodes", "积水点", "flooded", "x", ("y",), kind="map", colour="volume", x_label="x [m]", y_label="y [m]"),
    )
    return Answer(summary, tables, findings, plots=plots)


def _summary(model: CityModel, runs: Runs, rain: Series | None, tables: dict[str, Any], out: tuple[str, ...]) -> dict[str, Any]:
    import numpy as np

    from holdfast.engines.network.swmm.changes import VOLUMES

    volume = dict(zip(VOLUMES, runs.volume[0].tolist(), strict=True))
    depth = None if rain is None else float(np.sum(rain.values[:-1] * np.diff(rain.hours)) * 3600)
    use = tables["links"]["use"].drop_null().to_numpy()
    return {
        "engine": runs.engine, "rain_mm": None if depth is None else round(depth * 1e3, 2), "peak_mm_per_h": None if rain is None else round(float(rain.values.max()) * 3.6e6, 2),
        "hours": round(float(runs.hours[-1]), 3) if len(runs.hours) else 0.0, "out_of_service": len(out), "nodes": len(runs.node),
        "flooded_nodes": tables["flooded"].num_rows, "flooded_m3": round(volume["flooding"], 1),
        "longest_flooding_h": round(float(tables["flooded"]["hours"].to_numpy().max(initial=0.0)), 3), "rainfall_m3": round(volume["rainfall"], 1),
        "inflow_m3": round(volume["inflow"], 1), "outflow_m3": round(volume["outflow"], 1), "full_sewers": int((use >= 1.0).sum()),
        "runoff_error_percent": round(float(runs.continuity[0, 0]), 4), "routing_error_percent": round(float(runs.continuity[0, 1]), 4),
        "engine_seconds": round(float(runs.seconds[0]), 2), "assumed": model.facts["assumed"],
    }  # fmt: skip
