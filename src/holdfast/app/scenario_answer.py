"""What a scenario answers: tables, figures and the summary, from the finished blocks of its ensemble."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Diverged
from holdfast.model.finding import Findings
from holdfast.model.lifeline import CaseStatus

from .definition import Definition

_RANKED = 1000  # rows of a ranking that are kept


def answer_of(definition: Definition, task: Any, outcome: Any, findings: Findings, seconds: dict[str, float], run: str) -> Answer:
    """The answer of a scenario whose ensemble is finished, or was cancelled with something finished.

    raises    Diverged if not one case was solved
    """
    from holdfast.engines.scenario import summary
    from holdfast.engines.scenario.case_block import Cases

    world, hours = task.world, np.asarray(task.hours)
    cases = Cases.of(outcome.table("cases"), task)
    if not cases.solved.any():
        raise Diverged("not one case could be solved", fix="See the findings of `holdfast check`, and the statuses in the blocks", folder=outcome.folder)
    users = (world.use * world.people[:, None]).sum(axis=0)
    tables = {
        "impact": summary.impact(world.services, hours, cases.people[cases.solved], users),
        "curves": summary.curves(world.services, hours, cases.people),
        "components": _components(world, cases),
        "assets": _assets(task, cases, outcome),
        "critical": pa.table({"hour": hours, **summary.spread(cases.critical_down)}),
        "zones": _zones(world, cases),
    }  # fmt: skip
    if any(cases.label):
        tables["ranking"] = _ranking(cases)
    body = _summary(definition, task, outcome, cases, findings, run)
    body["seconds"] = {k: round(v, 3) for k, v in (seconds | _seconds(outcome)).items()}
    return Answer(body, {k: t for k, t in tables.items() if t.num_rows}, findings=findings if len(findings) else None, plots=_plots(tables))


def _components(world: Any, cases: Any) -> pa.Table:
    """Per kind: how many there are, and how many are out of service by their own damage."""
    from holdfast.engines.scenario.summary import spread

    found = spread(cases.failed_by_kind)
    total = np.bincount(world.asset_kind, minlength=len(world.kinds))
    hit = np.flatnonzero(found["mean"] > 0.0)
    hit = hit[np.argsort(-found["mean"][hit], kind="stable")]
    return pa.table({"kind": [world.kinds[k].name for k in hit], "assets": total[hit], **{f"failed_{name}": values[hit] for name, values in found.items()}})


def _assets(task: Any, cases: Any, outcome: Any) -> pa.Table:
    """Per asset that fails or loses a service in some case: share of cases in which it fails, mean hours without each service."""
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.population import population

    world, number = task.world, max(int(cases.solved.sum()), 1)
    failed = _summed(outcome.table("assets"), "asset", world.assets) / len(cases.case)
    cascade = prepared(task).cascade
    lost = np.nan_to_num(population(cascade).by_asset(_summed(outcome.table("feeds"), "feed", cascade.wiring.feeds) / number))
    total = lost.max(axis=1)
    at = np.flatnonzero((failed > 0.0) | (total > 0.0))
    xyz, kinds = world.xyz[at], [k.name for k in world.kinds]
    columns = {"id": world.asset_id.take(pa.array(at)), "kind": pa.array(kinds).take(pa.array(world.asset_kind[at])), "x": xyz[:, 0], "y": xyz[:, 1],
               "people": world.people[at], "fails": failed[at], "hours_without": total[at]}  # fmt: skip
    columns |= {f"hours_without_{name}": lost[at, s] for s, name in enumerate(world.services) if lost[:, s].any()}
    return pa.table(columns)


def _summed(table: pa.Table, name: str, size: int) -> np.ndarray:
    return np.bincount(table[name].to_numpy(), table["sum"].to_numpy(), minlength=size) if table.num_rows else np.zeros(size)


def _zones(world: Any, cases: Any) -> pa.Table:
    """Per zone: person-hours without any service per person, to see who is hit hardest."""
    if not world.zone_id:
        return pa.table({"zone": pa.array([], pa.string())})
    placed = world.zone >= 0
    people = np.bincount(world.zone[placed], world.people[placed], minlength=len(world.zone_id))
    lost = cases.zone_hours[cases.solved].mean(axis=0)
    per_person = np.divide(np.nan_to_num(lost), people[:, None], out=np.zeros(lost.shape), where=people[:, None] > 0)
    order = np.argsort(-per_person.sum(axis=1), kind="stable")
    return pa.table({"zone": [world.zone_id[z] for z in order], "people": people[order], "hours_per_person": per_person.sum(axis=1)[order],
                     **{f"hours_{s}": per_person[order, i] for i, s in enumerate(world.services) if per_person[:, i].any()}})  # fmt: skip


def _ranking(cases: Any) -> pa.Table:
    """Cases that carry a label, such as the component taken out, by person-hours lost."""
    total, worst = np.nan_to_num(cases.person_hours.sum(axis=1)), np.nan_to_num(cases.people.max(axis=(1, 2)))
    order = np.lexsort((cases.case, -worst, -total))[:_RANKED]
    return pa.table({"rank": np.arange(1, len(order) + 1), "taken_out": [cases.label[i] for i in order], "person_hours": total[order], "people_worst": worst[order],
                     "failed": cases.failed[order], "status": [CaseStatus(int(cases.status[i])).name.lower() for i in order]})  # fmt: skip


def _summary(definition: Definition, task: Any, outcome: Any, cases: Any, findings: Findings, run: str) -> dict[str, Any]:
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.summary import spread

    world = task.world
    statuses = Counter(CaseStatus(int(s)).name.lower() for s in cases.status)
    engines: dict[str, dict[str, int]] = {}
    for row in outcome.table("engines").to_pylist():
        engines.setdefault(row["network"], Counter())[row["engine"]] += row["solved"]
    indirect = cases.person_hours @ np.array([task.rules.indirect_loss.get(s, 0.0) for s in world.services])
    direct = {name: round(float(v), 2) for name, v in spread(cases.direct_loss[cases.solved]).items()}
    return {
        "title": definition.title or definition.name, "run": run, "hazard": task.model.summary | {"name": definition.hazard},
        "cases": {"total": len(cases.case), **dict(statuses)}, "people": float(world.people.sum()), "assets": world.assets,
        "people_without": _without(task, cases), "components_failed": {name: float(v) for name, v in spread(cases.failed[cases.solved].astype(float)).items()},
        "losses": {"direct_CNY": direct, "indirect_CNY": {name: round(float(v), 2) for name, v in spread(indirect[cases.solved]).items()}},
        "crews": prepared(task).crews.count(), "engines": {name: dict(found) for name, found in engines.items()},
        "resumed_cases": outcome.resumed, "worker_deaths": outcome.deaths, "notes": _notes(prepared(task).cascade.facts(), findings, cases),
    }  # fmt: skip


def _without(task: Any, cases: Any) -> dict[str, Any]:
    """service -> hour -> 5, 50, 95 % of people without, for machines."""
    from holdfast.engines.scenario.summary import spread

    found, hours = spread(cases.people), [f"{h:g}" for h in task.hours]
    out = {}
    for s, service in enumerate(task.world.services):
        if np.nan_to_num(found["mean"][:, s]).any():
            out[service] = {hour: {name: round(float(values[h, s]), 1) for name, values in found.items()} for h, hour in enumerate(hours)}
    return out


def _seconds(outcome: Any) -> dict[str, float]:
    """CPU time of the stages over all workers."""
    total: Counter[str] = Counter()
    for row in outcome.table("seconds").to_pylist():
        total[f"cpu:{row['stage']}"] += row["seconds"]
    return dict(total)


def _notes(facts: dict[str, Any], findings: Findings, cases: Any) -> list[str]:
    """What the reader must know about the numbers."""
    notes = [f"{count} uses of {service} have no provider in the city; they count as served from outside" for service, count in facts["without_provider"].items()
             if facts["missing_provider"] == "outside"]  # fmt: skip
    notes += [f"{count} consumers of {service} are not served even before the event and are left out" for service, count in facts["unserved_undisturbed"].items()]
    notes += [f"network {name} cannot be solved even undisturbed; its providers count as serving while they work" for name in facts["unsolvable_undisturbed"]]
    notes += [f"{name}: {message} ({count} times)" for name, errors in facts["engine_errors"].items() for message, count in errors.items()]
    counts = findings.counts()
    if counts["error"] or counts["warning"]:
        notes.append(f"{counts['error']} errors and {counts['warning']} warnings about the city's data, see the table findings")
    if not cases.solved.all():
        notes.append(f"{int((~cases.solved).sum())} cases were not solved and do not count")
    return notes


def _plots(tables: dict[str, pa.Table]) -> tuple[Plot, ...]:
    band = (("p05", "p95"),)
    plots = [
        Plot("People without service, median and 5 to 95 %", "失去服务的人数(中位数,5%至95%)", "curves", "hour", ("p50",), "line", band, by="service",
             x_label="hours after the event", y_label="people"),
        Plot("Critical facilities down", "停运的关键设施", "critical", "hour", ("p50",), "step", band, x_label="hours after the event", y_label="facilities"),
        Plot("Components failed, mean", "平均损坏构件数", "components", "kind", ("failed_mean",), "barh", x_label="components"),
        Plot("Hours without the service missed longest, mean", "平均失去服务小时数(最长的一项)", "assets", "x", ("y",), "map", colour="hours_without",
             x_label="x [m]", y_label="y [m]"),
    ]  # fmt: skip
    if "ranking" in tables:
        plots.append(Plot("Person-hours lost when taken out", "失效造成的人时损失", "ranking", "taken_out", ("person_hours",), "barh", x_label="person-hours"))
    if "restoration" in tables:
        plots.append(Plot("Harm by order of repairs", "不同抢修顺序的影响", "restoration", "order", ("objective",), "barh", x_label="weighted person-hours"))
    return tuple(plots)
