"""How probable it is to be without a service, hour by hour: for every asset that uses it, and for the people of every zone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

_DIGITS = 4  # of a probability; ten thousand cases give no more


def outage_tables(task: Any, impact: Any) -> dict[str, pa.Table]:
    """Tables `outage`, `lacking` and `zones` of an ensemble. Both have a column h<hour> for each hour of the grid, see `hour_columns`.

    outage  id, kind, service, x, y [m], people: one row an asset and service it uses, where some case takes it away; h<hour> is the share of
            the cases, by their weights, in which less than the share that counts as served arrives
    lacking  kind, service, assets: how many use it; h<hour> is the mean number that is without, e.g. hydrants without fire flow
    zones   id, service, people: one row a zone and service; h<hour> is the mean share of the people counted there who are without
    """
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.population import population

    cascade = prepared(task).cascade
    without = impact.feed_without / impact.mass
    hours = impact.frame.hours
    return {"outage": _by_asset(task.world, cascade, without, hours), "lacking": _by_kind(task.world, cascade.wiring, without, hours),
            "zones": _by_zone(task.world, population(cascade), without, hours)}


def hour_columns(hours: np.ndarray) -> list[str]:
    """Names of the columns of the hours of a grid."""
    return [f"h{hour:g}" for hour in hours]


def _by_asset(world: Any, cascade: Any, without: np.ndarray, hours: np.ndarray) -> pa.Table:
    wiring = cascade.wiring
    slot = np.flatnonzero(without.max(axis=0)[wiring.slot_feed] > 0.0)
    asset, service, feed = wiring.graph.slot_asset[slot], wiring.slot_service[slot], wiring.slot_feed[slot]
    order = np.lexsort((service, asset))
    asset, service, feed = asset[order], service[order], feed[order]
    kinds, services = pa.array([k.name for k in world.kinds]), pa.array(world.services)
    columns = {"id": world.asset_id.take(pa.array(asset)), "kind": kinds.take(pa.array(world.asset_kind[asset])), "service": services.take(pa.array(service)),
               "x": world.xyz[asset, 0], "y": world.xyz[asset, 1], "people": world.people[asset]}  # fmt: skip
    shares = np.round(without, _DIGITS).astype(np.float32)
    return pa.table(columns | {name: row[feed] for name, row in zip(hour_columns(hours), shares, strict=True)})


def _by_kind(world: Any, wiring: Any, without: np.ndarray, hours: np.ndarray) -> pa.Table:
    pair = world.asset_kind[wiring.graph.slot_asset].astype(np.int64) * len(world.services) + wiring.slot_service
    used = np.bincount(pair, minlength=len(world.kinds) * len(world.services))
    lost = np.array([np.bincount(pair, row[wiring.slot_feed], minlength=len(used)) for row in without])
    at = np.flatnonzero(lost.any(axis=0))
    kind, service = np.divmod(at, max(len(world.services), 1))
    columns = {"kind": pa.array([world.kinds[k].name for k in kind], pa.string()), "service": pa.array([world.services[s] for s in service], pa.string()), "assets": used[at]}
    return pa.table(columns | dict(zip(hour_columns(hours), np.round(lost[:, at], 2), strict=True)))


def _by_zone(world: Any, count: Any, without: np.ndarray, hours: np.ndarray) -> pa.Table:
    """Zones in which nobody is counted for a service, and services that nobody ever lacks, are left out."""
    matrix = count.zone_matrix()
    parts = []
    for service, name in enumerate(world.services):
        mine = np.flatnonzero(count.wiring.feed_service == service)
        total = count.zone_total[:, service]
        people = without[:, mine] @ matrix[mine]
        zone = np.flatnonzero(total > 0.0)
        if not people.any():
            continue
        shares = np.round(people[:, zone] / total[zone], _DIGITS).astype(np.float32)
        ids = pa.array([world.zone_id[z] for z in zone], pa.string())
        columns = {"id": ids, "service": pa.array([name] * len(zone), pa.string()), "people": total[zone]}
        parts.append(pa.table(columns | dict(zip(hour_columns(hours), shares, strict=True))))
    return pa.concat_tables(parts) if parts else pa.table({})
