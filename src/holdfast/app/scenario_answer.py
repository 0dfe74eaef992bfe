"""What a scenario answers: tables, figures and the summary, from the finished blocks of its ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Diverged
from holdfast.model.finding import Findings
from holdfast.model.lifeline import CaseStatus

from .definition import Definition
from .scenario_notes import notes_of
from .scenario_order import order_of
from .scenario_outage import outage_tables

_RANKED = 1000  # rows of a ranking that are kept


def answer_of(definition: Definition, task: Any, outcome: Any, findings: Findings, seconds: dict[str, float], run: str) -> Answer:
    """The answer of a scenario whose ensemble is finished, or was cancelled with something finished.

    raises    Diverged if not one case was solved
    """
    from holdfast.engines.scenario import summary
    from holdfast.engines.scenario.case_block import frame_of, prepared
    from holdfast.engines.scenario.exceedance import exceedance, yearly
    from holdfast.engines.scenario.impact import from_tables
    from holdfast.engines.scenario.population import population

    world, users, blocks = task.world, np.nan_to_num(population(prepared(task).cascade).total), {name: outcome.table(name) for name in ("cases", "sums")}
    impact = from_tables(frame_of(task), blocks)
    if not impact.good.any():
        raise Diverged("not one case could be solved", fix="See the findings of `holdfast check`, and the statuses in the blocks", folder=outcome.folder)
    labels = blocks["cases"]["label"].to_pylist()
    compared = len(labels) > 1 and all(labels) and len(set(labels)) == len(labels)  # labels that repeat name a model or a group, not what was taken out
    tables = {
        "impact": summary.table_of(impact, users),
        "curves": summary.curves(impact),
        "components": _components(world, impact),
        "assets": _assets(task, impact, outcome),
        "critical": pa.table({"hour": impact.frame.hours, **summary.columns_of(impact.critical_down[impact.good], impact.weight[impact.good])}),
    } | outage_tables(task, impact)  # fmt: skip
    if compared:
        tables["ranking"] = _ranking(impact, labels)
    rate = task.model.summary.get("events_per_year")
    if rate is not None:
        tables["exceedance"] = exceedance(impact, rate)
    ordered, restoration = order_of(task, impact, 0 if compared else definition.restoration)  # cases that are compared are different events: no order serves them all
    tables |= ordered | {"findings": findings.table()}
    body = _summary(definition, task, outcome, impact, findings, run, compared)
    if rate is not None:
        body["average_year"] = {"events": rate, **yearly(impact, rate)}
    if restoration:
        body["restoration"] = restoration
        seconds = seconds | {"restoration": restoration.get("seconds", 0.0)}
    body["seconds"] = {k: round(v, 3) for k, v in (seconds | {f"cpu:{k}": v for k, v in impact.seconds.items()}).items()}
    return Answer(body, {k: t for k, t in tables.items() if t.num_rows}, findings=findings if len(findings) else None, plots=_plots(tables))


def _components(world: Any, impact: Any) -> pa.Table:
    """Per kind: how many there are, and how many are out of service by their own damage."""
    from holdfast.engines.scenario.summary import columns_of

    found = columns_of(impact.failed[impact.good], impact.weight[impact.good])
    total = np.bincount(world.asset_kind, minlength=len(world.kinds))
    hit = np.flatnonzero(found["mean"] > 0.0)
    hit = hit[np.argsort(-found["mean"][hit], kind="stable")]
    return pa.table({"kind": [world.kinds[k].name for k in hit], "assets": total[hit], **{f"failed_{name}": values[hit] for name, values in found.items()}})


def _assets(task: Any, impact: Any, outcome: Any) -> pa.Table:
    """Per asset that fails or loses a service in some case: share of cases in which it fails, mean hours without each service."""
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.population import population

    world, counted = task.world, outcome.table("assets")
    failed = np.bincount(counted["asset"].to_numpy(), counted["failed"].to_numpy(), minlength=world.assets) if counted.num_rows else np.zeros(world.assets)
    failed = failed / len(impact.case)
    lost = np.nan_to_num(population(prepared(task).cascade).by_asset(impact.lost_hours / impact.mass))
    longest = lost.max(axis=1)
    at = np.flatnonzero((failed > 0.0) | (longest > 0.0))
    kinds = pa.array([k.name for k in world.kinds])
    columns = {"id": world.asset_id.take(pa.array(at)), "kind": kinds.take(pa.array(world.asset_kind[at])), "x": world.xyz[at, 0], "y": world.xyz[at, 1],
               "people": world.people[at], "fails": failed[at], "hours_without": longest[at]}  # fmt: skip
    columns |= {f"hours_without_{name}": lost[at, s] for s, name in enumerate(world.services) if lost[:, s].any()}
    return pa.table(columns)


def _ranking(impact: Any, labels: list[str | None]) -> pa.Table:
    """Cases that carry a label, such as the component taken out, by person-hours lost."""
    total, worst = np.nan_to_num(np.nansum(impact.person_hours, axis=1)), np.nan_to_num(impact.people.max(axis=(1, 2)))
    order = np.lexsort((impact.case, -worst, -total))[:_RANKED]
    return pa.table({"rank": np.arange(1, len(order) + 1), "taken_out": [labels[i] for i in order], "person_hours": total[order], "people_worst": worst[order],
                     "status": [CaseStatus(int(impact.status[i])).name.lower() for i in order]})  # fmt: skip


def _summary(definition: Definition, task: Any, outcome: Any, impact: Any, findings: Findings, run: str, compared: bool) -> dict[str, Any]:
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.impact import summarise

    world, found = task.world, summarise(impact, task.rules)
    without = {service: {f"{h:g}": {q: values["people_without"][q][i] for q in ("mean", "p5", "p50", "p95")} for i, h in enumerate(found["hours"])}
               for service, values in found["services"].items() if any(values["people_without"]["mean"])}  # fmt: skip
    return {
        "title": definition.title or definition.name, "run": run, "hazard": {k: v for k, v in task.model.summary.items() if k != "notes"} | {"name": definition.hazard},
        "cases": {"total": found["cases"], **found["status"]}, "people": float(world.people.sum()), "assets": world.assets, "people_without": without,
        "services": {name: {k: v for k, v in values.items() if k not in ("people_without", "share")} for name, values in found["services"].items()},
        "resilience": found["resilience"], "critical_facilities": found["critical_facilities"],
        "components_failed": {k: v for k, v in found["components_failed"].items() if k != "by_kind"},
        "losses": {"direct_CNY": {k: v for k, v in found["direct_loss"].items() if k != "by_kind"}, "indirect_CNY": found["indirect_loss"]},
        "crews": prepared(task).crews.count(), "depots": {domain: ", ".join(ids) for domain, ids in definition.depots.items()}, "repair_rule": definition.order,
        "engines": found["engines"], "resumed_cases": outcome.resumed, "worker_deaths": outcome.deaths,
        "notes": notes_of(definition, task, prepared(task).cascade.facts(), findings, impact, compared),
    }  # fmt: skip


def _plots(tables: dict[str, pa.Table]) -> tuple[Plot, ...]:
    band = (("p5", "p95"),)
    plots = [
        Plot("People without service, median and 5 to 95 %", "失去服务的人数(中位数,5%至95%)", "curves", "hour", ("p50",), "line", band, by="service",
             x_label="hours after the event [h]", y_label="people"),
        Plot("Critical facilities down", "停运的关键设施", "critical", "hour", ("p50",), "step", band, x_label="hours after the event [h]", y_label="facilities"),
        Plot("Components failed, mean", "平均损坏构件数", "components", "kind", ("failed_mean",), "barh", x_label="components"),
        Plot("Hours without the service missed longest, mean", "平均失去服务小时数(最长的一项)", "assets", "x", ("y",), "map", colour="hours_without",
             x_label="x [m]", y_label="y [m]"),
    ]  # fmt: skip
    if "exceedance" in tables:
        people = tuple(name for name in tables["exceedance"].column_names if name.startswith("people_"))
        plots.append(Plot("People without service by return period", "不同重现期失去服务的人数", "exceedance", "return_period", people, "line",
                          x_label="years between such events", y_label="people"))  # fmt: skip
    if "ranking" in tables:
        plots.append(Plot("Person-hours lost when taken out", "失效造成的人时损失", "ranking", "taken_out", ("person_hours",), "barh", x_label="person-hours"))
    if "restoration" in tables:
        plots.append(Plot("Harm by order of repairs", "不同抢修顺序的影响", "restoration", "order", ("objective",), "barh", x_label="weighted person-hours"))
    return tuple(plots)
