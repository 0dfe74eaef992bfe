"""Gathers a `World` from a city: assets, needs, links, people, costs, and the lifelines that its networks declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.dependency import serve
from holdfast.model.errors import HoldfastError
from holdfast.model.finding import Findings
from holdfast.model.lifeline import Lifeline
from holdfast.model.network import xyz as coordinates
from holdfast.model.people import holds_people
from holdfast.model.spec import SERVICES, Kind
from holdfast.model.tables import LINK

from .world import World

_CHOOSING = ("number", "integer", "code", "date", "boolean", "id")  # field types that damage laws and hazards look at


@dataclass(slots=True)
class _Part:
    """All assets of one kind."""

    kind: Kind
    table: pa.Table

    def number(self, name: str) -> np.ndarray:
        """(n,) a number column, NaN where absent."""
        if name not in self.table.column_names:
            return np.full(self.table.num_rows, np.nan)
        return np.asarray(self.table[name].cast(pa.float64()).to_numpy(), np.float64)


def gather(city: Any) -> tuple[World, Findings]:
    """The city as the scenario engine sees it, and what is wrong with it as findings.

    A network that cannot be built is a finding of severity error; its service is then taken as working wherever a provider works.
    """
    findings = Findings()
    lifelines = _lifelines(city, findings)
    parts = _parts(city, lifelines)
    ids = pa.concat_arrays([part.table["id"].combine_chunks() for part in parts]) if parts else pa.array([], pa.string())
    counts = [part.table.num_rows for part in parts]
    kinds = tuple(part.kind for part in parts)
    services = _services(kinds, lifelines)
    use, need, backup = _needs(parts, services)
    xyz = np.concatenate([coordinates(part.table["geometry"].combine_chunks()) for part in parts]) if parts else np.empty((0, 3))
    component = tuple(_positions(line.component_id, ids) for line in lifelines)
    outlet = tuple(_positions(line.outlet_id, ids) for line in lifelines)
    people = np.concatenate([_people(part) for part in parts]) if parts else np.empty(0)
    links = _links(city, ids, services, (use, need, backup), findings)
    if parts and people.sum() == 0.0:
        people, links = _people_at_outlets(parts, lifelines, outlet, services, use, links, findings)
    links = _own_outlets(kinds, counts, services, lifelines, outlet, use, links)
    zone, zone_id = _zones(city, xyz)
    world = World(
        crs=city.crs, asset_id=ids, asset_kind=np.repeat(np.arange(len(parts), dtype=np.int16), counts), kinds=kinds, xyz=xyz,
        length=_joined(parts, _length), section=_joined(parts, _section), people=people, critical=_critical(city, kinds, counts),
        value=_value(city, parts), zone=zone, zone_id=zone_id, services=services, use=use, need=need, backup=backup,
        link_from=links[0], link_to=links[1], link_service=links[2], lifelines=tuple(lifelines), component=component, outlet=outlet,
        local=_local(kinds, counts, services, lifelines, outlet), tables={p.kind.name: p.table.drop_columns(["geometry"]) for p in parts},
    )  # fmt: skip
    return world, findings


def _lifelines(city: Any, findings: Findings) -> list[Lifeline]:
    present = city.counts()
    built = []
    for network in city.catalog.networks.values():
        if network.lifeline is None or not any(present.get(kind) for kind in (*network.node_kinds, *network.edge_kinds)):
            continue
        try:
            line = network.lifeline(city)
        except HoldfastError as error:
            findings.add("scenario.network", "error", f"network {network.name} cannot be solved: {error}", kind=network.edge_kinds[0] if network.edge_kinds else None,
                         fix=error.fix or "Correct the data and run again")  # fmt: skip
            continue
        if line is not None:
            built.append(line)
    return built


def _parts(city: Any, lifelines: list[Lifeline]) -> list[_Part]:
    """Kinds that can be hit, serve, need, or are part of a solved network; records and parties have no place in a disaster."""
    present = city.counts()
    solved = {name for line in lifelines for ids in (line.component_id, line.outlet_id) for name in _kinds_of(ids)}
    parts = []
    for kind in city.catalog.kinds.values():
        if not present.get(kind.name) or kind.trait not in ("node", "edge", "area") or not (kind.damage or kind.needs or kind.provides or kind.name in solved):
            continue
        hours = [n.backup_field for n in kind.needs if n.backup_field]
        columns = ["id", "geometry", *(f.name for f in kind.fields if f.type in _CHOOSING), *hours, *(["shape_length"] if kind.trait == "edge" else [])]
        parts.append(_Part(kind, city.table(kind.name, columns=list(dict.fromkeys(columns)))))
    return parts


def _kinds_of(ids: pa.Array) -> list[str]:
    return pc.unique(pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0)).to_pylist() if len(ids) else []


def _services(kinds: tuple[Kind, ...], lifelines: list[Lifeline]) -> tuple[str, ...]:
    known = {need.service for kind in kinds for need in kind.needs} | {line.service for line in lifelines} | {s for line in lifelines for s in getattr(line, "further", ())}
    return tuple(s for s in SERVICES if s in known)


def _needs(parts: list[_Part], services: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = sum(part.table.num_rows for part in parts)
    use, need, backup = np.zeros((count, len(services)), bool), np.zeros((count, len(services)), bool), np.zeros((count, len(services)), np.float32)
    start = 0
    for part in parts:
        rows = slice(start, start + part.table.num_rows)
        for wanted in part.kind.needs:
            at = services.index(wanted.service)
            use[rows, at], need[rows, at] = True, wanted.vital
            backup[rows, at] = _hours(part, wanted)
        start = rows.stop
    return use, need, backup


def _hours(part: _Part, wanted: Any) -> np.ndarray:
    out = np.full(part.table.num_rows, float(wanted.backup_hours))
    if wanted.backup_field:
        field = part.kind.field(wanted.backup_field)
        own = part.number(wanted.backup_field)
        own = own / 3600.0 if field is not None and field.quantity == "duration" else own
        out = np.where(np.isnan(own), out, own)
    return out


def _positions(ids: pa.Array, index: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=index), -1).to_numpy(zero_copy_only=False), np.int32)


def _links(
    city: Any, ids: pa.Array, services: tuple[str, ...], wants: tuple[np.ndarray, np.ndarray, np.ndarray], findings: Findings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Provider, consumer and service of each link, sorted by consumer and service.

    wants   use, need and backup (asset, service): back-up hours of a link go in, and what a `depends` link names is used and vital

    Needs without a link get the nearest provider, as `holdfast.engines.dependency` finds it; nothing of that is written.
    """
    table = city.links().select(LINK.names).cast(LINK)
    near = serve(city)
    if near.num_rows:
        findings.add("scenario.nearest_provider", "info", f"{near.num_rows} needs have no link to a provider; the nearest one was taken", kind="link",
                     fix="Import a dependency table to say who serves whom")  # fmt: skip
        table = pa.concat_tables([table, near])
    table = table.filter(pc.and_(pc.is_in(table["relation"], value_set=pa.array(["serves", "depends"])), pc.is_in(table["service"], value_set=pa.array(services, pa.string()))))
    giver, taker = _positions(table["from_id"].combine_chunks(), ids), _positions(table["to_id"].combine_chunks(), ids)
    service = _positions(table["service"].combine_chunks(), pa.array(services, pa.string()))
    lost = (giver < 0) | (taker < 0)
    if lost.any():
        findings.add("scenario.link_target", "warning", f"{int(lost.sum())} links name an asset that the city does not have or that takes no part; they are left out",
                     kind="link", fix="Import the missing assets or correct the dependency table")  # fmt: skip
    keep, (use, need, backup) = ~lost, wants
    vital = keep & np.asarray(pc.equal(table["relation"], "depends").to_numpy(zero_copy_only=False), bool)
    use[taker[vital], service[vital]] = need[taker[vital], service[vital]] = True
    hours = np.asarray(table["backup_hours"].to_numpy(zero_copy_only=False), np.float64)
    given = keep & np.isfinite(hours)
    backup[taker[given], service[given]] = hours[given]
    giver, taker, service = giver[keep], taker[keep], service[keep]
    order = np.lexsort((giver, service, taker))
    return giver[order], taker[order], service[order]


def _people(part: _Part) -> np.ndarray:
    """People are counted where they end up, see `holdfast.model.people`."""
    if holds_people(part.kind):
        return np.nan_to_num(part.number("population"))
    return np.zeros(part.table.num_rows)


def _people_at_outlets(parts, lifelines, outlet, services, use, links, findings):
    """For cities without populated buildings: people stand at the outlets that name a population, each outlet serving itself.

    Where nobody is known at all, outlets that serve nobody else serve themselves too, so that it is known which of them go without, and for how long.
    """
    people = np.concatenate([np.nan_to_num(p.number("population")) if p.kind.field("population") is not None else np.zeros(p.table.num_rows) for p in parts])
    giver, taker, service = links
    counted = np.zeros(len(people), bool)
    for line, at in zip(lifelines, outlet, strict=True):
        mine = at[(at >= 0) & (people[np.maximum(at, 0)] > 0) & ~counted[np.maximum(at, 0)]]
        counted[mine] = True
        use[mine, services.index(line.service)] = True
        giver, taker = np.concatenate((giver, mine)), np.concatenate((taker, mine))
        service = np.concatenate((service, np.full(len(mine), services.index(line.service), np.int32)))
    people = np.where(counted, people, 0.0)
    if people.sum() == 0.0:
        findings.add("scenario.people", "warning", "the city has no population in buildings or at outlets; people without service will be 0",
                     fix="Give buildings, or points of use such as water.junction, a population")  # fmt: skip
        for line, at in zip(lifelines, outlet, strict=True):
            number = services.index(line.service)
            mine = np.setdiff1d(at[at >= 0], giver[service == number])
            use[mine, number] = True
            giver, taker, service = np.concatenate((giver, mine)), np.concatenate((taker, mine)), np.concatenate((service, np.full(len(mine), number, np.int32)))
    order = np.lexsort((giver, service, taker))
    return people, (giver[order], taker[order], service[order])


def _own_outlets(kinds, counts, services, lifelines, outlet, use, links):
    """Outlets of a further service, such as hydrants, use it themselves, so that who is without is known for each."""
    giver, taker, service = links
    gives = np.repeat(np.array([[s in kind.provides for s in services] for kind in kinds], bool).reshape(len(kinds), len(services)), counts, axis=0)
    for line, at in zip(lifelines, outlet, strict=True):
        for number in (services.index(s) for s in getattr(line, "further", ())):
            mine = at[(at >= 0) & gives[np.maximum(at, 0), number]]
            use[mine, number] = True
            giver, taker, service = np.concatenate((giver, mine)), np.concatenate((taker, mine)), np.concatenate((service, np.full(len(mine), number, np.int32)))
    order = np.lexsort((giver, service, taker))
    return giver[order], taker[order], service[order]


def _joined(parts: list[_Part], function: Any) -> np.ndarray:
    return np.concatenate([function(part) for part in parts]) if parts else np.empty(0)


def _length(part: _Part) -> np.ndarray:
    drawn = part.number("shape_length")
    stated = part.number("length") if part.kind.trait == "edge" else drawn
    return np.where(np.isfinite(stated), stated, drawn)


def _section(part: _Part) -> np.ndarray:
    if part.kind.trait != "edge":
        return np.full(part.table.num_rows, np.nan)
    round_, box = np.pi / 4.0 * part.number("diameter") ** 2, part.number("width") * part.number("height")
    return np.where(np.isfinite(round_), round_, box)


def _critical(city: Any, kinds: tuple[Kind, ...], counts: list[int]) -> np.ndarray:
    services, named = set(city.settings["scenario.critical_services"]), set(city.settings["scenario.critical_kinds"])
    marks = [k.name in named or bool(services & set(k.provides)) or any(n.service == "fire_flow" for n in k.needs) for k in kinds]
    return np.repeat(np.array(marks, bool), counts)


def _value(city: Any, parts: list[_Part]) -> np.ndarray:
    """(asset,) replacement cost [CNY]; 0 for kinds that declare none."""
    own = city.settings["scenario.unit_cost"]
    out = []
    for part in parts:
        cost = part.kind.cost
        if cost is None:
            out.append(np.zeros(part.table.num_rows))
            continue
        out.append(float(own.get(part.kind.name, cost.amount)) * np.nan_to_num(_amount(part, cost.per), nan=0.0))
    return np.concatenate(out) if out else np.empty(0)


def _amount(part: _Part, per: str) -> np.ndarray:
    if per == "item":
        return np.ones(part.table.num_rows)
    if per == "metre":
        return _length(part)
    import shapely

    area = shapely.area(shapely.from_wkb(part.table["geometry"].to_numpy()))
    if per == "area":
        return area
    floor, storeys = part.number("floor_area"), part.number("storeys")
    return np.where(np.isfinite(floor), floor, area * np.where(np.isfinite(storeys), storeys, 1.0))


def _zones(city: Any, xyz: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Zones are areas with a population that neither need nor give a service."""
    present = city.counts()
    kind = next((k for k in city.catalog.kinds.values() if k.trait == "area" and k.field("population") and not k.needs and not k.provides and present.get(k.name)), None)
    zone = np.full(len(xyz), -1, np.int32)
    if kind is None:
        return zone, ()
    import shapely

    table = city.table(kind.name, columns=["id", "geometry"])
    tree = shapely.STRtree(shapely.from_wkb(table["geometry"].to_numpy()))
    placed = np.flatnonzero(np.isfinite(xyz[:, :2]).all(axis=1))
    point, hit = tree.query(shapely.points(xyz[placed, :2]), predicate="intersects")
    zone[placed[point[::-1]]] = hit[::-1]  # of several zones the first one counts
    return zone, tuple(table["id"].to_pylist())


def _local(kinds: tuple[Kind, ...], counts: list[int], services: tuple[str, ...], lifelines: list[Lifeline], outlet: tuple[np.ndarray, ...]) -> np.ndarray:
    """Providers whose service no network solves for them: they give it while they work."""
    gives = np.array([[service in kind.provides for service in services] for kind in kinds], bool).reshape(len(kinds), len(services))
    local = np.repeat(gives, counts, axis=0)
    for line, at in zip(lifelines, outlet, strict=True):
        local[np.ix_(at[at >= 0], [services.index(s) for s in (line.service, *getattr(line, "further", ()))])] = False
    return local
