"""Assess fire flow: what each hydrant gives at the pressure that must remain, against the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Code, Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .study import Study

_ROUNDS, _CLOSE, _MOST, _BLOCK = 12, 0.05, 0.5, 256  # rounds of search, [m], [m3/s], cases at once

_POINTS = (Code("hydrants", "hydrants", "消火栓"), Code("junctions", "junctions", "节点"))


def assess_fireflow(
    city: City,
    *,
    points: Annotated[str, Param("points to assess: hydrants or junctions", "评估对象:hydrants(消火栓)或 junctions(节点)", choices=_POINTS)] = "hydrants",
    hour: Annotated[float | None, Param("hour of the day; the hour of the largest demand when left out", "时刻;缺省为最大用水时")] = None,
    flow: Annotated[float | None, Param("flow each point must give", "要求流量", "discharge")] = None,
    residual: Annotated[float | None, Param("pressure that must remain", "要求动压", "pressure")] = None,
) -> Answer:
    """Draw from one point at a time on top of the demand of an hour and find the pressure at the rule's flow and the flow at the rule's pressure.

    points    hydrants; junctions where hydrants are not known
    returns   table `points` (worst first) with static pressure, pressure at the required flow, flow available and whether the rule is met; findings: one
              warning for each point that fails
    raises    Invalid without a network or points, or for values that make no sense
    source    GB 50974-2014: at least 15 L/s at 0.10 MPa at the worst hydrant (settings water.fire_flow, water.fire_residual)
    """
    import numpy as np

    from .settings import chosen
    from .solving import PASCAL_PER_METRE, demand_driven, engine_for, peak_time
    from .study import Study

    if points not in {"hydrants", "junctions"}:
        raise Invalid(f"{points!r} cannot be assessed", fix="Use hydrants or junctions", field="points")
    rule = float(chosen(city, "fire_flow")) if flow is None else flow
    remain = (float(chosen(city, "fire_residual")) if residual is None else residual) / PASCAL_PER_METRE
    if not 0 < rule <= _MOST or not 0 < remain < 1000:
        raise Invalid("flow and pressure must be above zero and possible", fix="Give e.g. 0.015 m3/s and 100000 Pa", field="flow" if not 0 < rule <= _MOST else "residual")
    study = Study(city)
    ids, node, level = _points(study, points)
    when = peak_time(study.model) / 3600 if hour is None else float(hour)
    search = Search(engine_for(demand_driven(study.model)), node, level, when, np.maximum(study.demand(), 0) > 0)
    static = search.static()
    at_rule, elsewhere = search.draw(np.full(len(node), rule))
    available, settled = search.available(static, rule, at_rule, remain)
    meets = np.nan_to_num(at_rule, nan=-1.0) >= remain - 1e-6
    table = _table(study, ids, node, static, at_rule, available, elsewhere, meets, settled)
    failing = ~meets
    study.findings.add_rows(
        "water.fire_flow", "warning", f"gives less than {1000 * rule:g} L/s at {remain * PASCAL_PER_METRE / 1e6:.2f} MPa", kind=f"water.{points[:-1]}",
        ids=[name for name, bad in zip(ids, failing.tolist(), strict=True) if bad], column="rated_flow", fix="Strengthen the main or add a feed",
        values=[f"{1000 * q:.1f} L/s" for q in available[failing].tolist()],
    )  # fmt: skip
    summary = {
        "engine": " / ".join(sorted(search.names)), "hour": round(when, 3), "points": len(ids), "meet_the_rule": int(meets.sum()), "fail": int(failing.sum()),
        "unsolved": int(np.isnan(static).sum()), "required_flow_m3s": rule, "required_pressure_pa": remain * PASCAL_PER_METRE,
        "lowest_available_flow_m3s": round(float(np.nanmin(available)), 6) if np.isfinite(available).any() else None,
        "median_available_flow_m3s": round(float(np.nanmedian(available)), 6) if np.isfinite(available).any() else None,
        "lowest_static_pressure_pa": round(float(np.nanmin(static)) * PASCAL_PER_METRE, 1) if np.isfinite(static).any() else None, "findings": study.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Fire flow available", "可用消防流量", "points", "x", ("y",), kind="map", colour="available_flow_m3s"),
             Plot("Weakest points", "最不利点", "points", "id", ("available_flow_m3s",), kind="barh", y_label="m3/s"))  # fmt: skip
    return Answer(summary, {"points": table}, study.findings, plots=plots)


def _points(study: Study, points: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Ids, node positions and levels [m] of the points."""
    import numpy as np

    from .hydraulic_tables import places

    model = study.model
    if points == "junctions":
        at = np.flatnonzero(study.junction)
        return [model.node_id[int(i)].as_py() for i in at], at, model.elevation[at]
    kind = "water.hydrant"
    ids = study.tables.ids(kind)
    node = places(study.tables.texts(kind, "node_id"), model.node_id)
    study.tables.report("hydrant_without_node", "error", kind, ids, node < 0, "it names no node of the network and is left out", "Name the node that feeds it", "node_id")
    study.findings.extend(study.tables.findings)
    use = np.flatnonzero((node >= 0) & study.junction[node])
    if not len(use):
        raise Invalid("the city has no hydrants on its network", fix="Assess points=junctions", field="points")
    ground = study.tables.numbers(kind, "ground_elevation")[use]
    at = node[use]
    return [ids[int(i)].as_py() for i in use], at, np.where(np.isnan(ground), model.elevation[at], ground)


class Search:
    """Draws from points, one in each case. level: of the outlets [m]; used: (node,) bool points of use; names: of what answered so far"""

    def __init__(self, engine: Any, node: np.ndarray, level: np.ndarray, hour: float, used: np.ndarray) -> None:
        self.engine, self.node, self.level, self.hour, self.used = engine, node, level, hour, used
        self.names: set[str] = set()

    def static(self) -> np.ndarray:
        """(point,) pressure head without drawing [m]; NaN where there is none."""
        found = self.engine.snapshot(None, self.hour)
        self.names.add(found.engine)
        head = found.head[0]
        return head[self.node] - self.level

    def draw(self, flow: np.ndarray, which: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(point,) pressure head at a flow [m3/s] from each, and the lowest pressure head at any point of use meanwhile."""
        import numpy as np

        from holdfast.engines.network.hydraulic.answers import Cases

        model = self.engine.model
        which = np.arange(len(self.node)) if which is None else which
        pressure, lowest = np.full(len(which), np.nan), np.full(len(which), np.nan)
        for start in range(0, len(which), _BLOCK):
            part = which[start : start + _BLOCK]
            demand = np.zeros((len(part), model.nodes))
            demand[np.arange(len(part)), self.node[part]] = flow[start : start + _BLOCK]
            found = self.engine.snapshot(Cases(len(part), demand=demand), self.hour, warm=True)
            self.names.add(found.engine)
            head = found.head
            rows = slice(start, start + len(part))
            pressure[rows] = head[np.arange(len(part)), self.node[part]] - self.level[part]
            others = (head - model.elevation)[:, self.used]
            lowest[rows] = np.min(np.where(np.isnan(others), np.inf, others), axis=1, initial=np.inf)
        return pressure, np.where(np.isfinite(lowest), lowest, np.nan)

    def available(self, static: np.ndarray, flow: float, at_flow: np.ndarray, remain: float) -> tuple[np.ndarray, np.ndarray]:
        """(point,) flow at which `remain` [m] is left, and whether the search settled. A bracket is kept; inside it the loss is taken to grow with flow^1.852."""
        import numpy as np

        count = len(static)
        low, high = np.zeros(count), np.full(count, _MOST)
        now, pressure = np.full(count, flow), at_flow.copy()
        dead = ~(static > remain)
        settled = dead | (np.abs(pressure - remain) < _CLOSE)
        for _ in range(_ROUNDS):
            todo = np.flatnonzero(~settled)
            if not len(todo):
                break
            enough = pressure[todo] > remain
            low[todo] = np.where(enough, np.maximum(low[todo], now[todo]), low[todo])
            high[todo] = np.where(enough, high[todo], np.minimum(high[todo], now[todo]))
            drop = static[todo] - pressure[todo]
            guess = now[todo] * np.where(drop > 1e-6, (static[todo] - remain) / np.where(drop > 1e-6, drop, 1.0), 16.0) ** (1 / 1.852)
            inside = np.isfinite(guess) & (guess > low[todo]) & (guess < high[todo])
            now[todo] = np.where(inside, guess, np.where(high[todo] >= _MOST, _MOST, (low[todo] + high[todo]) / 2))
            pressure[todo] = self.draw(now[todo], todo)[0]
            settled[todo] = (np.abs(pressure[todo] - remain) < _CLOSE) | ((now[todo] >= _MOST) & (pressure[todo] > remain)) | (high[todo] - low[todo] < 1e-5)
        return np.where(dead, np.where(np.isnan(static), np.nan, 0.0), now), settled


def _table(study: Study, ids: list[str], node: np.ndarray, static: np.ndarray, at_rule: np.ndarray, available: np.ndarray, elsewhere: np.ndarray, meets: np.ndarray,
           settled: np.ndarray) -> pa.Table:  # fmt: skip
    import numpy as np
    import pyarrow as pa

    from .study import nullable

    order = np.argsort(np.where(np.isnan(available), -1.0, available), kind="stable")
    xy = study.model.node_xy[node]
    return pa.table({
        "id": pa.array([ids[i] for i in order.tolist()]), "node": study.model.node_id.take(pa.array(node[order])), "static_pressure_m": nullable(static[order]),
        "pressure_at_required_flow_m": nullable(at_rule[order]), "available_flow_m3s": nullable(available[order]), "meets_rule": meets[order],
        "lowest_pressure_elsewhere_m": nullable(elsewhere[order]), "settled": settled[order], "x": nullable(xy[order, 0]), "y": nullable(xy[order, 1]),
    })  # fmt: skip
