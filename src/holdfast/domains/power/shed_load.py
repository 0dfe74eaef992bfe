"""Plan load shedding: which loads go first when capacity is missing, by importance."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

from .simulate_outage import COMPONENTS


def shed_load(
    city: City,
    components: Annotated[list[str] | None, Param("components out of service", "停运设备", assets=COMPONENTS)] = None,
    lost_share: Annotated[float, Param("share of the supply's capacity that is lost", "供电能力缺额比例", "ratio")] = 0.0,
    loading: Annotated[float, Param("permitted loading of lines and transformers", "允许负载率", "ratio")] = 1.0,
    low_voltage: Annotated[float, Param("lowest voltage where buses give none", "电压下限", "voltage_pu")] = 0.9,
    backfeed: Annotated[bool, Param("close normally-open switches first", "先合联络开关转供")] = True,
) -> Answer:
    """Find the loads to switch off until no branch is overloaded, no voltage too low and the supply suffices.

    components   out of service, none for the grid as it is
    lost_share   of what the sources give today, 0 to 1
    returns      tables `shed` (loads in order of importance, least first), `levels` (by importance), `branches` (before and after);
                 status "diverged" when the limits cannot be met
    raises       NotFound without a power network, Invalid for ids or shares that make no sense
    source       order of importance of GB 50052-2009 3.0.1 [recalled]; method in `holdfast.engines.network.power.shed`
    """
    import numpy as np

    from holdfast.engines.network.power.backfeed import close_ties
    from holdfast.engines.network.power.model import ENGINES
    from holdfast.engines.network.power.shed import limits, shed, violations
    from holdfast.model.lifeline import CaseStatus

    from .shed_tables import branch_table, capacity_cut, level_table, shed_table
    from .study import Study

    if not 0.0 <= lost_share < 1.0:
        raise Invalid(f"{lost_share} is no share of the capacity", fix="Give a number from 0 to less than 1", field="lost_share")
    if not 0.0 < loading <= 3.0:
        raise Invalid(f"{loading} is no permitted loading", fix="Give a number such as 1.0", field="loading")
    study = Study(city)
    model = study.grid.model
    available = study.without(study.components(list(components or []), "components"))
    cases = study.grid.cases(available)
    closed = np.zeros((1, 0), bool)
    if backfeed and components:
        cases, closed = close_ties(model, cases, study.ties.end, study.ties.ready(available), study.ties.spare)
    before = study.solver.solve(cases)
    limit = limits(model, low_voltage, loading, own_low=True)
    kept, missing = capacity_cut(study, before, lost_share)
    mask = np.where(study.loads.of >= 0, kept[np.maximum(study.loads.of, 0)], True) if len(kept) else np.ones(len(study.loads.of), bool)
    done = shed(study.solver, cases.with_factor(cases.factor * mask), study.loads, limit)
    final = done.kept[0] & kept
    level = study.level(available, done.flow)
    first = study.lost(level)
    level[:, : study.outlets.loads] *= final
    lost = study.lost(level)
    off = ~final & before.live[0, study.loads.node] & (study.loads.power.real > 0)
    over, low = (violations(model, flow, limit) for flow in (before, done.flow))
    power = study.loads.power.real
    summary = {
        "engine": " / ".join(sorted({ENGINES[int(flow.engine[0])] for flow in (before, done.flow)})),
        "out": list(components or []), "lost_share": lost_share, "capacity_missing_w": round(missing, 1), "shed_loads": int(off.sum()),
        "shed_power_w": round(float(power[off].sum()), 1),
        "shed_share": round(float(power[off].sum() / max(power.sum(), 1e-9)), 6), "rounds": int(done.rounds[0]), "flow": CaseStatus(int(done.flow.status[0])).name.lower(),
        "overloaded_before": int((over[0] > 0).sum()), "overloaded_after": int((low[0] > 0).sum()), "low_voltage_before": int((over[1] > 0).sum()),
        "low_voltage_after": int((low[1] > 0).sum()), "switches_closed": int(closed.sum()), "people_basis": study.consumers.basis,
        "people_without_power": round(float(lost["people"][0])), "people_cut_off": round(float(first["people"][0])),
        "power_cut_off_w": round(float(first["power"][0]), 1), "critical_without_power": int(lost["critical"][0]),
        "unsolved_before": bool(before.status[0] != CaseStatus.SOLVED),
    }
    tables = {"shed": shed_table(study, off), "levels": level_table(study, off, before.live[0]), "branches": branch_table(study, before, done.flow, limit)}
    plots = (Plot("Power by importance of the loads", "各级负荷的功率", "levels", "title", ("connected", "shed_power"), "bar", x_label="class", y_label="W"),
             Plot("Branches over their limit", "越限支路的负载率", "branches", "id", ("loading_before", "loading_after", "limit"), "barh"))  # fmt: skip
    return Answer(summary, tables, study.grid.findings, status="diverged" if done.status[0] != CaseStatus.SOLVED else "done", plots=plots)
