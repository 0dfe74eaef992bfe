"""Assess storage: how long water stays in the tanks of the network and of secondary supplies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    from .study import Study


def assess_storage(city: City, *, days: Annotated[float, Param("days to simulate", "模拟天数")] = 2.0) -> Answer:
    """Run the network and compare what tanks hold with what leaves them; for supplies whose tank is not in the model, with the demand they serve.

    returns   table `storage` (longest stay first): mean volume, outflow, residence time, whether limit and target are kept; findings: a warning above the limit
    raises    Invalid without a network or for days that make no sense
    source    storage time at most 24 h, target 12 h (settings water.storage_limit, water.storage_target)
    """
    import numpy as np
    import pyarrow as pa

    from .settings import chosen
    from .study import Study, nullable

    if not 0 < days <= 60:
        raise Invalid(f"{days:g} days cannot be simulated", fix="Give more than 0 and at most 60", field="days")
    study = Study(city)
    limit, target = float(chosen(city, "storage_limit")), float(chosen(city, "storage_target"))
    rows, engine = _modelled(study, days)
    rows += _by_demand(study, {row["supply"] for row in rows})
    stay = np.array([row["volume"] / row["outflow"] if row["outflow"] > 1e-9 else np.inf for row in rows], np.float64)
    order = np.argsort(-stay, kind="stable")
    over = np.flatnonzero(stay > limit)
    study.findings.add_rows(
        "water.storage_time", "warning", f"water stays longer than {limit / 3600:g} h in the tank", kind="water.tank", ids=[rows[i]["id"] for i in over.tolist()],
        column="tank_volume", values=[f"{stay[i] / 3600:.1f} h" if np.isfinite(stay[i]) else "nothing leaves it" for i in over.tolist()],
        fix="Lower the level, use less of the tank or flush it",
    )  # fmt: skip
    finite = np.where(np.isfinite(stay), stay / 3600, np.nan)[order]
    table = pa.table({
        "id": pa.array([rows[i]["id"] for i in order.tolist()], pa.string()), "supply": pa.array([rows[i]["supply"] for i in order.tolist()], pa.string()),
        "basis": pa.array([rows[i]["basis"] for i in order.tolist()], pa.string()), "volume_m3": pa.array([rows[i]["volume"] for i in order.tolist()], pa.float64()),
        "outflow_m3s": pa.array([rows[i]["outflow"] for i in order.tolist()], pa.float64()), "residence_h": nullable(finite),
        "within_limit": pa.array((stay <= limit)[order]), "within_target": pa.array((stay <= target)[order]),
    })  # fmt: skip
    summary: dict[str, Any] = {"engine": engine, "tanks": len(rows), "above_limit": len(over), "above_target": int((stay > target).sum()), "limit_h": limit / 3600,
                               "target_h": target / 3600, "longest_h": round(float(np.nanmax(finite)), 3) if np.isfinite(finite).any() else None,
                               "findings": study.findings.counts()}  # fmt: skip
    return Answer(summary, {"storage": table}, study.findings, plots=(Plot("Residence time", "停留时间", "storage", "id", ("residence_h",), kind="barh", y_label="h"),))


def _modelled(study: Study, days: float) -> tuple[list[dict[str, Any]], str]:
    """Tanks of the network: mean volume over the period, and what leaves them."""
    from dataclasses import replace

    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.model import NodeType

    from .simulate_day import stored
    from .solving import period_of

    model = study.model
    tanks = np.flatnonzero(model.node_type == NodeType.TANK)
    if not len(tanks):
        return [], "no tank in the model"
    study.model = model = replace(model, options=replace(model.options, duration=86400.0 * days))
    found = period_of(model, Cases(1))
    volume = np.nan_to_num(stored(study, found)).mean(axis=0)
    flow = np.nan_to_num(found.flow[0])
    supply = _supplies(study)
    out = []
    for column, tank in enumerate(tanks.tolist()):
        leaving = np.maximum(flow[:, model.link_from == tank], 0).sum(axis=1) + np.maximum(-flow[:, model.link_to == tank], 0).sum(axis=1)
        out.append({"id": model.node_id[tank].as_py(), "supply": supply.get(tank), "basis": "simulated", "volume": float(volume[column]), "outflow": float(leaving.mean())})
    return out, found.engine


def _supplies(study: Study) -> dict[int, str]:
    """Tank position -> secondary supply whose pumps draw from it."""
    from .hydraulic_tables import places

    links = places(study.tables.ids("water.pump"), study.model.link_id)
    return {int(study.model.link_from[link]): owner for link, owner in zip(links.tolist(), study.tables.texts("water.pump", "station"), strict=True)
            if link >= 0 and owner and owner.startswith("water.secondary_supply:")}  # fmt: skip


def _by_demand(study: Study, known: set[str | None]) -> list[dict[str, Any]]:
    """Supplies with a tank that the model does not contain: the mean demand of what they pump to, else of their node."""
    import numpy as np

    from .hydraulic_tables import places

    kind = "water.secondary_supply"
    demand, model = study.demand(), study.model
    owner: dict[str, set[int]] = {}
    pumps = places(study.tables.ids("water.pump"), model.link_id)
    for link, name in zip(pumps.tolist(), study.tables.texts("water.pump", "station"), strict=True):
        if name and link >= 0:
            owner.setdefault(name, set()).add(int(model.link_to[link]))
    node = places(study.tables.texts(kind, "node_id"), model.node_id)
    volume = study.tables.numbers(kind, "tank_volume")
    out = []
    for row, name in enumerate(study.tables.ids(kind).to_pylist()):
        if name not in known and np.isfinite(volume[row]) and volume[row] > 0:
            nodes = sorted(owner.get(name, set())) or ([int(node[row])] if node[row] >= 0 else [])
            out.append({"id": name, "supply": name, "basis": "tank volume and mean demand", "volume": float(volume[row]), "outflow": float(demand[nodes].sum())})
    return out
