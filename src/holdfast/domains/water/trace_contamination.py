"""Trace contamination: who is reached and when, or from where it can have come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np

    from .study import Study

_PLACES = ("water.junction", "water.reservoir", "water.tank", "water.quality_sensor")


def trace_contamination(
    city: City,
    *,
    node: Annotated[str, Param("node where it enters", "污染进入节点", assets=("water.junction", "water.reservoir", "water.tank"))] = "",
    start: Annotated[float, Param("hour at which it begins", "开始时刻(小时)")] = 0.0,
    lasting: Annotated[float, Param("hours it lasts", "持续小时数")] = 1.0,
    hours: Annotated[float, Param("hours to follow", "追踪小时数")] = 24.0,
    threshold: Annotated[float, Param("share of the concentration at the entry that counts as reached", "到达阈值", "ratio")] = 0.01,
    detections: Annotated[list[str] | None, Param("nodes or quality sensors where it was found", "检出节点或水质传感器", assets=_PLACES)] = None,
    clean: Annotated[list[str] | None, Param("nodes or quality sensors where it was not", "未检出节点或水质传感器", assets=_PLACES)] = None,
) -> Answer:
    """Follow a substance that does not decay from a node, or list where it can have entered when it was detected at the end of `hours`.

    Forward: EPANET moves it; a node is reached when its concentration exceeds `threshold` of that at the entry. Backward: from every detection against the flow
    with the travel times of each hour; a node is a candidate when its water can have got to the detections in time, and less likely when it would also have got
    to places found clean.
    returns   forward: tables `reached` (earliest first), `hours`, `customers`; backward: table `candidates` (likeliest first)
    raises    Invalid without a network, without node and detections, or for numbers that make no sense; NotFound for unknown nodes
    source    EPANET 2.2 Users Manual, water quality; Shang, Uber and Polycarpou (2002), particle backtracking
    """
    from .study import Study

    if bool(node) == bool(detections):
        raise Invalid("either the entry or the detections must be given", fix="Give node, or detections", field="node")
    if not 0 < hours <= 744 or not 0 <= start < hours or lasting <= 0 or not 0 < threshold < 1:
        raise Invalid("the times or the threshold make no sense", fix="Keep 0 <= start < hours <= 744, lasting > 0 and 0 < threshold < 1", field="hours")
    study = Study(city)
    if node:
        return _forward(study, int(study.nodes(node, "node")[0]), start, lasting, hours, threshold)
    return _backward(study, _places(study, detections or [], "detections"), _places(study, clean or [], "clean"), hours)


def _places(study: Study, names: list[str], field: str) -> np.ndarray:
    """Node positions of nodes, or of quality sensors by their node."""
    import numpy as np

    sensors = dict(zip(study.tables.ids("water.quality_sensor").to_pylist(), study.tables.texts("water.quality_sensor", "node_id"), strict=True))
    named = [sensors.get(name) or name for name in names]
    return study.nodes(named, field) if named else np.empty(0, np.int64)


def _forward(study: Study, entry: int, start: float, lasting: float, hours: float, threshold: float) -> Answer:
    from dataclasses import replace

    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.epanet_quality import Quality, Source
    from holdfast.engines.network.hydraulic.model import NodeType

    from .isolate_break import lost_customers
    from .solving import period_of
    from .study import node_table

    model = study.model
    step = 600.0 if hours <= 48 else 3600.0
    options = replace(model.options, duration=3600.0 * hours, report_step=step, hydraulic_step=min(model.options.hydraulic_step, 3600.0))
    parts = max(1, round(model.options.pattern_step / 600))  # patterns in finer steps, so that the entry may begin and end between theirs
    width = model.options.pattern_step / parts
    begin = np.arange(int(np.ceil((3600.0 * hours + model.options.pattern_start) / width)) + 1) * width - model.options.pattern_start
    overlap = np.clip(np.minimum(begin + width, 3600 * (start + lasting)) - np.maximum(begin, 3600 * start), 0, width) / width
    patterns = (*(np.repeat(values, parts) for values in model.patterns), overlap)
    model = replace(model, options=replace(options, pattern_step=width), patterns=patterns, pattern_id=(*model.pattern_id, "injection"))
    study.model = model
    entries = [entry]
    if model.node_type[entry] == NodeType.RESERVOIR:  # EPANET would keep a reservoir marked for ever; its water is marked where it arrives
        entries = sorted({*model.link_to[model.link_from == entry].tolist(), *model.link_from[model.link_to == entry].tolist()})
    quality = Quality("CHEMICAL", sources=tuple(Source(at, "SETPOINT", 1e-1, len(model.patterns) - 1) for at in entries), step=min(60.0, step), tolerance=1e-4)
    found = period_of(model, Cases(1), quality)
    if found.quality is None or not np.isfinite(found.quality[0, 0]).any():
        raise Invalid(f"{found.engine} does not run the network: {found.notes.get(0, '')}", fix="Correct what the findings of the water model name")
    share = np.nan_to_num(found.quality[0]) / 1e-1
    hit = share >= threshold
    reached = hit.any(axis=0)
    first = np.where(reached, found.time[hit.argmax(axis=0)] / 3600, np.nan)
    at = np.flatnonzero(reached & study.junction)
    at = at[np.argsort(first[at], kind="stable")]
    people = study.people()
    dose = (share * np.maximum(np.nan_to_num(found.delivered[0]), 0)).sum(axis=0) * step
    above = hit.sum(axis=0)[at] * step / 3600
    table = node_table(study, at, reached_at_h=first[at], minutes_after_start=(first[at] - start) * 60, peak_share=share.max(axis=0)[at], hours_above=above,
                       volume_drawn_m3=dose[at], people=people[at])  # fmt: skip
    touched = np.maximum.accumulate(hit, axis=0) & study.junction
    course = pa.table({"hour": found.time / 3600, "nodes_reached": touched.sum(axis=1), "people_reached": (touched * people).sum(axis=1),
                       "nodes_above_now": (hit & study.junction).sum(axis=1)})  # fmt: skip
    customers = lost_customers(study, reached, np.zeros(model.nodes, bool))
    summary: dict[str, Any] = {
        "engine": found.engine, "entry": model.node_id[entry].as_py(), "nodes_reached": len(at), "share_of_nodes": round(len(at) / max(int(study.junction.sum()), 1), 6),
        "people_reached": round(float(people[at].sum())), "volume_drawn_m3": round(float(dose[at].sum()), 3), "customers_reached": customers.num_rows,
        "last_reached_at_h": round(float(np.nanmax(first[at])), 3) if len(at) else None, "findings": study.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Reached over time", "污染扩散过程", "hours", "hour", ("nodes_reached", "nodes_above_now"), x_label="h"),
             Plot("When it arrives", "到达时间", "reached", "x", ("y",), kind="map", colour="reached_at_h"))  # fmt: skip
    return Answer(summary, {"reached": table, "hours": course, "customers": customers}, study.findings, plots=plots)


def _backward(study: Study, detections: np.ndarray, clean: np.ndarray, hours: float) -> Answer:
    from dataclasses import replace

    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases

    from .backtrack import Travel, latest_departures
    from .solving import period_of
    from .study import node_table

    model = study.model
    study.model = model = replace(model, options=replace(model.options, duration=3600.0 * hours, report_step=min(model.options.report_step, 3600.0)))
    found = period_of(model, Cases(1))
    travel = Travel.of(model, found.time, np.nan_to_num(found.flow[0]))
    end = float(found.time[-1])
    seen = np.array([latest_departures(travel, int(n), end) for n in detections]).reshape(len(detections), model.nodes)
    spared = np.array([latest_departures(travel, int(n), end) for n in clean]).reshape(len(clean), model.nodes)
    explains = np.isfinite(seen).mean(axis=0)
    latest = np.where(np.isfinite(seen).any(axis=0), np.min(np.where(np.isfinite(seen), seen, np.inf), axis=0), np.nan)
    # entering at the latest moment that explains the detections, would it have got to a clean place as well?
    against = (np.isfinite(spared) & (spared >= latest)).mean(axis=0) if len(clean) else np.zeros(model.nodes)
    at = np.flatnonzero(explains > 0)
    score = explains * (1 - 0.5 * against)
    near = np.where(np.isfinite(latest), latest, 0.0)
    at = at[np.lexsort((-near[at], -score[at]))]
    table = node_table(study, at, score=score[at], detections_explained=explains[at], clean_places_contradicted=against[at], latest_entry_h=latest[at] / 3600)
    full = at[(explains[at] == 1) & (against[at] == 0)]
    summary: dict[str, Any] = {
        "engine": found.engine, "detections": len(detections), "clean": len(clean), "candidates": len(at), "explain_everything": len(full),
        "share_of_network_excluded": round(1 - len(at) / model.nodes, 6), "likeliest": model.node_id[int(at[0])].as_py() if len(at) else None, "findings": study.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Where it can have entered", "可能的污染源", "candidates", "x", ("y",), kind="map", colour="score"),)
    return Answer(summary, {"candidates": table}, study.findings, plots=plots)
