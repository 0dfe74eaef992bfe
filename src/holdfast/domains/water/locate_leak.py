"""Locate a leak: rank pipes by how well a leak there explains the pressures that sensors report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np

    from .study import Study

_TEST_LEAK = 2e-3  # m3/s for which the sensitivity is solved [proposal]


def locate_leak(
    city: City,
    *,
    readings: Annotated[list[str], Param("readings sensor=pressure in Pa, or sensor@hour=pressure", "读数:传感器=压力(Pa)或 传感器@时刻=压力")],
    hour: Annotated[float, Param("hour of readings without one; night has least demand", "读数时刻(缺省;夜间用水最少)")] = 3.0,
    noise: Annotated[float, Param("standard deviation of readings and model", "读数与模型误差", "pressure")] = 2000.0,
    top: Annotated[int, Param("pipes to list", "列出管段数")] = 50,
) -> Answer:
    """Compare measured pressures with those of the model without a leak and with a leak at each node.

    readings  pressure sensors or nodes of the network, at least two
    returns   table `pipes` (likeliest first: probability, size of the leak, distance to the likeliest), `sensors` (measured against expected)
    raises    Invalid for readings that cannot be read or are too few, NotFound for unknown sensors
    source    leak location by pressure sensitivity (Perez et al. 2011), scored as in BattLeDIM 2020 (setting water.leak_found_within)
    """
    import numpy as np

    from .leak_location import pipe_shares, refined, search_centre, sensitivity
    from .settings import chosen
    from .solving import PASCAL_PER_METRE, demand_driven, engine_for
    from .study import Study, link_table

    if not noise > 0 or top < 1:
        raise Invalid("the error and the number of pipes must be above zero", fix="Give e.g. noise=2000 and top=50", field="noise" if not noise > 0 else "top")
    study = Study(city)
    sensors, hours, head = read_readings(study, readings, hour)
    model = study.model
    engine = engine_for(demand_driven(model))
    known = sensitivity(engine, sensors, hours, np.flatnonzero(study.junction), _TEST_LEAK)
    score, size, names = refined(engine, known, head, noise / PASCAL_PER_METRE)
    pipes, share = pipe_shares(engine, known, score)
    order = np.argsort(-share, kind="stable")[:top]
    at = pipes[order]
    flow = np.zeros(model.nodes)
    flow[known.node] = size
    middle = (model.node_xy[model.link_from] + model.node_xy[model.link_to]) / 2
    far = np.hypot(*(middle[at] - middle[at[0]]).T) if len(at) else np.zeros(0)
    table = link_table(study, at, probability=share[order], leak_m3s=(flow[model.link_from[at]] + flow[model.link_to[at]]) / 2, distance_to_likeliest_m=far)
    within = float(chosen(city, "leak_found_within"))
    centre, around = search_centre(pipes, share, middle, within)
    compared = _sensor_table(study, sensors, hours, head, known.base)
    summary: dict[str, Any] = {
        "engine": " / ".join(sorted(names)), "sensors": len(sensors), "readings": int(np.isfinite(head).sum()), "likeliest": table["id"][0].as_py(),
        "probability": round(float(share[order[0]]), 6),
        "search_centre": model.link_id[centre].as_py(), "probability_within_radius": round(around, 6), "radius_m": within,
        "leak_m3s": round(float(table["leak_m3s"][0].as_py() or 0.0), 6),
        "mean_fall_m": round(float(np.nanmean(known.base - head)), 4), "findings": study.findings.counts(),
    }  # fmt: skip
    if not share.sum() > 0:
        study.findings.add("water.no_leak", "info", "no leak anywhere lowers the pressures as the readings say", kind="water.pipe", fix="Check model and sensors")
    plots = (Plot("Where the leak may be", "漏点概率分布", "pipes", "x", ("y",), kind="map", colour="probability"),
             Plot("Likeliest pipes", "最可能管段", "pipes", "id", ("probability",), kind="barh"))  # fmt: skip
    return Answer(summary, {"pipes": table, "sensors": compared}, study.findings, plots=plots)


def read_readings(study: Study, readings: list[str], hour: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sensor positions, hours, and heads (hour, sensor) [m] with NaN where nothing was read. raises Invalid, NotFound"""
    import numpy as np

    from .solving import PASCAL_PER_METRE

    kind = "water.pressure_sensor"
    placed = dict(zip(study.tables.ids(kind).to_pylist(), study.tables.texts(kind, "node_id"), strict=True))
    found: list[tuple[int, float, float]] = []
    for text in readings:
        name, sign, value = text.rpartition("=")
        sensor, _, when = name.partition("@")
        try:
            if not sign:
                raise ValueError
            pressure, at = float(value), float(when) if when else hour
        except ValueError:
            raise Invalid(f"{text!r} is no reading", fix="Write sensor=pressure or sensor@hour=pressure, in Pa", field="readings") from None
        node = int(study.nodes(placed.get(sensor) or sensor, "readings")[0])
        found.append((node, at, pressure / PASCAL_PER_METRE + float(study.model.elevation[node])))
    nodes, hours = sorted({f[0] for f in found}), sorted({f[1] for f in found})
    if len(nodes) < 2:
        raise Invalid("one sensor cannot tell where a leak is", fix="Give readings of at least two sensors", field="readings")
    head = np.full((len(hours), len(nodes)), np.nan)
    for node, at, value in found:
        head[hours.index(at), nodes.index(node)] = value
    return np.array(nodes, np.int64), np.array(hours, np.float64), head


def _sensor_table(study: Study, sensors: np.ndarray, hours: np.ndarray, head: np.ndarray, base: np.ndarray) -> Any:
    import numpy as np

    from .study import node_table

    at = np.tile(sensors, len(hours))
    return node_table(study, at, hour=np.repeat(hours, len(sensors)), measured_head_m=head.ravel(), expected_head_m=base.ravel(), fall_m=(base - head).ravel())
