"""Who serves whom: providers are matched to needs by reference where one names the other, else by nearness.

Needs and services are declared by kinds; nothing here knows a sector. The result are `serves` links from provider to the asset
that needs, for cities that come without a dependency table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.spec import Kind, Need, Setting, Source
from holdfast.model.tables import LINK

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "dependency.max_distance",
        {"electricity": 1000.0, "water": 1000.0, "fire_flow": 500.0, "drainage": 1000.0, "gas": 3000.0, "heat": 3000.0, "telecom": 5000.0, "road_access": 500.0},
        "farthest provider of each service that can serve an asset",
        "各类服务的最远供给距离",
        Source("Holdfast default", "no limit for services not named", mark="proposal"),
        "length",
    ),
    Setting(
        "dependency.use_distance",
        {"gas": 150.0, "heat": 150.0, "telecom": 2000.0},
        "farthest provider of services that an asset uses without depending on them: the reach of a service connection",
        "非关键服务的最远接入距离",
        Source("Holdfast default", "no limit for services not named", mark="proposal"),
        "length",
    ),
    Setting(
        "dependency.named_only",
        ["heat"],
        "services that reach only the assets which providers name, wherever a provider names any; nearness counts where none does",
        "仅供给其指明对象的服务",
        Source("Holdfast default", "a heat exchanger that stands in a building warms that building and not its neighbours", mark="proposal"),
    ),
)

UNMET = pa.schema(
    [
        ("kind", pa.string()),
        ("service", pa.string()),
        ("assets", pa.int64()),
        ("unmet", pa.int64()),
        ("providers", pa.int64()),  # assets in the city that provide the service at all
    ]
)

_AMOUNTS = ("population", "discharge", "mass_flow", "heat_flow", "apparent_power", "active_power", "count")  # quantities in which capacity is given
_ROUNDS = 8  # nearest providers tried for each need before one is overloaded


@dataclass(slots=True)
class Assets:
    """Assets of one kind that give or need a service: ids, plan positions (n, 2), and their table."""

    kind: Kind
    id: pa.Array
    xy: np.ndarray
    table: pa.Table


def resolve(
    needs: np.ndarray,
    providers: np.ndarray,
    max_distance: float = np.inf,
    capacity: np.ndarray | None = None,
    demand: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The provider of each need: the nearest within reach that still has capacity.

    needs          (n, 2) positions [m]; rows with NaN get none
    providers      (m, 2) positions [m]
    max_distance   [m]
    capacity       (m,) what each provider can give; NaN or None means any amount
    demand         (n,) what each need takes, in the same quantity; default 1
    returns        (n,) provider index, -1 for none, and (n,) distance [m]. Where all near providers are full the nearest is taken
    """
    from scipy.spatial import cKDTree

    index, distance = np.full(len(needs), -1), np.full(len(needs), np.inf)
    asking, giving = (np.flatnonzero(np.isfinite(p).all(axis=1)) for p in (needs, providers))
    if len(asking) == 0 or len(giving) == 0:
        return index, distance
    limited = capacity is not None and bool(np.isfinite(capacity).any())
    tried = min(_ROUNDS, len(giving)) if limited else 1
    gap, near = cKDTree(providers[giving]).query(needs[asking], k=[*range(1, tried + 1)], distance_upper_bound=np.nextafter(max_distance, np.inf))
    reach = np.isfinite(gap)
    near = np.where(reach, giving[np.minimum(near, len(giving) - 1)], -1)
    chosen = _by_capacity(near, gap, capacity, demand, asking, len(providers)) if limited else np.zeros(len(asking), np.int64)
    rows = np.arange(len(asking))
    index[asking], distance[asking] = near[rows, chosen], gap[rows, chosen]
    return index, distance


def _by_capacity(
    near: np.ndarray, gap: np.ndarray, capacity: np.ndarray | None, demand: np.ndarray | None, asking: np.ndarray, count: int
) -> np.ndarray:  # fmt: skip
    """Column of `near` for each need: rounds of everybody asking the next provider, the closest being served first."""
    assert capacity is not None
    left = np.where(np.isfinite(capacity), capacity, np.inf)
    take = np.ones(len(asking)) if demand is None else np.where(np.isfinite(demand[asking]), demand[asking], 1.0)
    chosen, open_ = np.zeros(len(asking), np.int64), np.ones(len(asking), bool)
    for turn in range(near.shape[1]):
        rows = np.flatnonzero(open_ & (near[:, turn] >= 0))
        if len(rows) == 0:
            break
        rows = rows[np.lexsort((gap[rows, turn], near[rows, turn]))]
        provider = near[rows, turn]
        total = np.cumsum(take[rows])
        first = np.searchsorted(provider, provider)  # where each provider's queue begins
        queued = total - np.where(first > 0, total[first - 1], 0.0)
        served = queued <= left[provider] + 1e-9
        chosen[rows[served]] = turn
        open_[rows[served]] = False
        left -= np.bincount(provider[served], weights=take[rows[served]], minlength=count)
    return chosen


def serve(city: Any, kinds: Iterable[str] | None = None) -> pa.Table:
    """Links that give every asset with a need a provider, for those that have none yet.

    kinds     kinds that need, or None for all
    returns   columns of LINK: relation `serves`, the service, and how many hours the asset lasts without it
    """
    limits: Mapping[str, float] = city.settings["dependency.max_distance"]
    reaches: Mapping[str, float] = city.settings["dependency.use_distance"]
    named_only = set(city.settings["dependency.named_only"])
    present = city.counts()
    wanted = None if kinds is None else set(kinds)
    held = city.links().select(["to_id", "relation", "service"])
    needing = [k for k in city.catalog.kinds.values() if k.needs and k.name in present and (wanted is None or k.name in wanted)]
    services = sorted({need.service for kind in needing for need in kind.needs})
    cache: dict[str, Assets] = {}
    pieces = []
    for service in services:
        providers = [_load(city, k, cache) for k in city.catalog.kinds.values() if service in k.provides and k.name in present]
        if not providers:
            continue
        done = _served(held, service)
        for kind in needing:
            for need in (n for n in kind.needs if n.service == service):
                limit = float((limits if need.vital else reaches).get(service, np.inf))
                pieces.append(_serve_kind(_load(city, kind, cache), need, providers, done, limit, service in named_only and not need.vital))
    return pa.concat_tables(pieces) if pieces else LINK.empty_table()


def _load(city: Any, kind: Kind, cache: dict[str, Assets]) -> Assets:
    if kind.name not in cache:
        references = [f.name for f in kind.fields if f.type == "id"]
        hours = [n.backup_field for n in kind.needs if n.backup_field]
        numbers = [f.name for f in kind.fields if f.type in ("number", "integer") and (f.name == "capacity" or f.quantity in _AMOUNTS)]
        table = city.table(kind.name, columns=list(dict.fromkeys(["id", "geometry", *references, *hours, *numbers])))
        cache[kind.name] = Assets(kind, table["id"].combine_chunks(), geometry.centre(table["geometry"]), table)
    return cache[kind.name]


def _served(links: pa.Table, service: str) -> pa.Array:
    """Ids that a link already gives the service."""
    mask = pc.and_(pc.equal(links["service"], service), pc.is_in(links["relation"], value_set=pa.array(["serves", "depends"])))
    return pc.unique(links.filter(pc.fill_null(mask, False))["to_id"])


def _serve_kind(asking: Assets, need: Need, providers: list[Assets], done: pa.Array, limit: float, named_only: bool) -> pa.Table:
    """Links for one kind and need. named_only: assets that no provider names get none if a provider names any of the kind"""
    count = len(asking.id)
    open_ = ~np.asarray(pc.is_in(asking.id, value_set=done).to_numpy(zero_copy_only=False), bool)
    best, source = np.full(count, np.inf), np.full(count, None, object)
    giver = np.full(count, None, object)
    providers = [p for p in providers if p.kind is not asking.kind]  # a booster is fed by the network, not by another booster
    any_named = False
    for provider in providers:
        named = _by_reference(asking, provider)
        any_named |= bool((named >= 0).any())
        hit = open_ & (named >= 0) & (best > 0.0)
        best[hit], source[hit] = 0.0, "reference"
        giver[hit] = provider.id.take(pa.array(named[hit])).to_numpy(zero_copy_only=False)
    for provider in [] if named_only and any_named else providers:
        rows = np.flatnonzero(open_ & (best > 0.0))
        if len(rows) == 0:
            break
        capacity, demand = _capacity(provider, asking, rows)
        position, gap = resolve(asking.xy[rows], provider.xy, min(limit, float(best[rows].max())), capacity, demand)
        nearer = (position >= 0) & (gap < best[rows])
        at = rows[nearer]
        best[at], source[at] = np.maximum(gap[nearer], 1e-9), "nearest provider"
        giver[at] = provider.id.take(pa.array(position[nearer])).to_numpy(zero_copy_only=False)
    found = np.flatnonzero(np.isfinite(best))
    length = len(found)
    columns = [
        pa.array(giver[found], pa.string()), asking.id.take(pa.array(found)), pa.repeat(pa.scalar("serves"), length), pa.repeat(pa.scalar(need.service), length),
        pa.array(_hours(asking, need)[found]), pa.array(source[found], pa.string()),
    ]  # fmt: skip
    return pa.table(columns, schema=LINK)


def _by_reference(asking: Assets, provider: Assets) -> np.ndarray:
    """(n,) provider that names the asset, or that the asset names, in an id field; -1 for none."""
    out = np.full(len(asking.id), -1)
    for field in (f.name for f in provider.kind.fields if f.type == "id"):
        column = provider.table[field]
        if column.null_count < len(column):
            found = _positions(asking.id, column.combine_chunks())
            out = np.where(out < 0, found, out)
    for field in (f.name for f in asking.kind.fields if f.type == "id"):
        column = asking.table[field]
        if column.null_count < len(column):
            found = _positions(column.combine_chunks(), provider.id)
            out = np.where(out < 0, found, out)
    return out


def _positions(ids: pa.Array, index: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=index, skip_nulls=True), -1).to_numpy(zero_copy_only=False), np.int64)


def _capacity(provider: Assets, asking: Assets, rows: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Capacity of the providers and demand of the assets, where both are declared in the same quantity."""
    field = provider.kind.field("capacity")
    if field is None or field.name not in provider.table.column_names:
        return None, None
    taken = next((f.name for f in asking.kind.fields if f.quantity == field.quantity and f.name in asking.table.column_names and f.name != "capacity"), None)
    if taken is None:
        return None, None
    return provider.table["capacity"].to_numpy().astype(np.float64), asking.table[taken].to_numpy().astype(np.float64)[rows]


def _hours(asking: Assets, need: Need) -> np.ndarray:
    """Hours that each asset lasts without the service: its own field, else the kind's."""
    out = np.full(len(asking.id), float(need.backup_hours))
    if need.backup_field and need.backup_field in asking.table.column_names:
        field = asking.kind.field(need.backup_field)
        own = asking.table[need.backup_field].to_numpy().astype(np.float64)
        own = own / 3600.0 if field is not None and field.quantity == "duration" else own
        out = np.where(np.isnan(own), out, own)
    return out


def unmet(city: Any) -> pa.Table:
    """Assets whose needed service has no provider link, counted by kind and service, in `UNMET`; only where there are any."""
    present = city.counts()
    links = city.links().select(["to_id", "relation", "service"])
    provided: dict[str, int] = {}
    for kind in city.catalog.kinds.values():
        for service in kind.provides:
            provided[service] = provided.get(service, 0) + present.get(kind.name, 0)
    served: dict[str, pa.Array] = {}
    rows = []
    for kind in city.catalog.kinds.values():
        if not kind.needs or kind.name not in present:
            continue
        ids = city.table(kind.name, columns=["id"])["id"]
        for need in (n for n in kind.needs if n.vital):
            if need.service not in served:
                served[need.service] = _served(links, need.service)
            met = pc.sum(pc.is_in(ids, value_set=served[need.service])).as_py() or 0
            if met < len(ids):
                rows.append({"kind": kind.name, "service": need.service, "assets": len(ids), "unmet": len(ids) - met, "providers": provided.get(need.service, 0)})
    return pa.Table.from_pylist(rows, schema=UNMET)
