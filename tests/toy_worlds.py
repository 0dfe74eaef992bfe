"""Small worlds for tests of the scenario engine, and lifelines that really solve something: reach on a graph, and a plant that sheds load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.world import Damage, World
from holdfast.model.lifeline import CaseStatus, Served
from holdfast.model.spec import Kind

SERVICES = ("electricity", "water", "telecom", "road_access")


@dataclass
class Reach:
    """Service reaches every asset that is connected to a source through available components; a leak anywhere halves it.

    edges    component pairs (a, b) by position in `component_id`; sources are positions; outlets are components too
    """

    name: str
    service: str
    component_id: pa.Array
    outlet_id: pa.Array
    edges: tuple[tuple[int, int], ...]
    sources: tuple[int, ...]
    monotone: bool = True
    engine: str = "toy reach"
    calls: int = 0
    rows: int = 0

    @property
    def outlet_demand(self):
        return np.ones(len(self.outlet_id))

    def serve(self, state):
        self.calls += 1
        self.rows += state.cases
        position = {name: i for i, name in enumerate(self.component_id.to_pylist())}
        outlets = [position[name] for name in self.outlet_id.to_pylist()]
        reached = np.zeros_like(state.available)
        reached[:, list(self.sources)] = state.available[:, list(self.sources)]
        for _ in range(len(self.component_id)):
            for a, b in self.edges:
                both = (reached[:, a] | reached[:, b]) & state.available[:, a] & state.available[:, b]
                reached[:, a] |= both
                reached[:, b] |= both
        level = reached[:, outlets].astype(np.float32)
        if state.opening is not None:
            level[(state.opening > 0).any(axis=1)] *= 0.7
        return Served(level, np.zeros(state.cases, np.int8), self.engine)


@dataclass
class Shedding:
    """A bus that is dead while the load (component 0) draws power and the spare unit (component 1) is lost; without the load it is alive."""

    component_id: pa.Array
    outlet_id: pa.Array
    name: str = "grid"
    service: str = "electricity"
    engine: str = "toy shedding"
    monotone: bool = False

    @property
    def outlet_demand(self):
        return np.ones(len(self.outlet_id))

    def serve(self, state):
        dead = state.available[:, :1] & ~state.available[:, 1:2]
        return Served(np.where(dead, 0.0, 1.0).astype(np.float32).repeat(len(self.outlet_id), axis=1), np.zeros(state.cases, np.int8), self.engine)


@dataclass
class Moody:
    """Reach that fails for a case in the way that `mood` says when component 0 is lost: a status, an exception or a level that is no number."""

    inner: Reach
    mood: str

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def serve(self, state):
        lost = ~state.available[:, 0]
        if self.mood == "raise" and lost.any():
            raise RuntimeError("component 0 is lost")
        served = self.inner.serve(state)
        if self.mood == "status":
            served.status[lost] = CaseStatus.SINGULAR
            served.level[lost] = np.nan
        if self.mood == "nan":
            served.level[lost] = np.nan
        return served


def make_world(names, *, needs=(), uses=(), links=(), lifelines=(), people=None, critical=(), zone=None, xy=None, value=None, services=SERVICES):
    """A world of assets named `<kind>:<name>`.

    needs    (asset, service, backup hours)          uses   (asset, service)
    links    (provider, consumer, service); a provider that is not named is unknown
    people   asset -> people                          zone   asset -> zone number
    """
    place = {name: i for i, name in enumerate(names)}
    count = len(names)
    kind_names = list(dict.fromkeys(name.partition(":")[0] for name in names))
    need, use, backup = np.zeros((count, len(services)), bool), np.zeros((count, len(services)), bool), np.zeros((count, len(services)), np.float32)
    for asset, service, hours in needs:
        need[place[asset], services.index(service)] = True
        backup[place[asset], services.index(service)] = hours
    for asset, service in uses:
        use[place[asset], services.index(service)] = True
    rows = sorted((place[b], services.index(s), place.get(a, -1)) for a, b, s in links)
    to, service, source = (np.array(column, np.int32) for column in zip(*rows, strict=True)) if rows else (np.empty(0, np.int32),) * 3
    zones = np.array([(zone or {}).get(name, -1) for name in names], np.int32)
    flags = np.zeros(count, bool)
    flags[[place[name] for name in critical]] = True
    xyz = np.zeros((count, 3)) if xy is None else np.column_stack((np.asarray(xy, float), np.zeros(count)))
    return World(
        crs="local", asset_id=pa.array(names), asset_kind=np.array([kind_names.index(name.partition(":")[0]) for name in names], np.int16),
        kinds=tuple(Kind(name, "node", name, name) for name in kind_names), xyz=xyz, length=np.full(count, np.nan), section=np.full(count, np.nan),
        people=np.array([float((people or {}).get(name, 0.0)) for name in names]), critical=flags,
        value=np.full(count, 1000.0) if value is None else np.asarray(value, float), zone=zones,
        zone_id=tuple(f"zone {i}" for i in range(zones.max(initial=-1) + 1)), services=tuple(services), use=use | need, need=need, backup=backup,
        link_from=source, link_to=to, link_service=service, lifelines=tuple(lifelines),
        component=tuple(_places(line.component_id, place) for line in lifelines), outlet=tuple(_places(line.outlet_id, place) for line in lifelines),
        local=np.zeros((count, len(services)), bool), tables={},
    )  # fmt: skip


def _places(ids, place):
    return np.array([place.get(name, -1) for name in ids.to_pylist()], np.int32)


def make_damage(world, *broken, hours=10.0, leak=0.0):
    """One case for each collection of asset names in `broken`, each named asset out of service until mended. hours: number or name -> hours"""
    names = world.asset_id.to_pylist()
    shape = (len(broken), world.assets)
    hit = np.zeros(shape, bool)
    time = np.zeros(shape, np.float32)
    for case, group in enumerate(broken):
        for name in group:
            hit[case, names.index(name)] = True
            time[case, names.index(name)] = hours[name] if isinstance(hours, dict) else hours
    return Damage(hit.astype(np.int8), ~hit, np.where(hit, leak, 0.0).astype(np.float32), time, np.where(hit, 0.5, 0.0).astype(np.float32))


def chain_world(**changes):
    """A source, a line and a substation of electricity; a pump and a main of water; a tower; a hospital and 100 people in each of two houses.

    power:plant - power:line - power:station - everybody; water:pump (needs electricity) - water:main - houses; telecom:tower (8 h of battery).
    The hospital needs electricity (24 h of diesel) and water.
    """
    power = Reach("power", "electricity", pa.array(["power:plant", "power:line", "power:station"]), pa.array(["power:station"]), ((0, 1), (1, 2)), (0,))
    water = Reach("water", "water", pa.array(["water:pump", "water:main"]), pa.array(["water:main"]), ((0, 1),), (0,))
    names = ["power:plant", "power:line", "power:station", "water:pump", "water:main", "telecom:tower", "city:hospital", "city:a", "city:b"]
    settings = {
        "needs": [("water:pump", "electricity", 0.0), ("telecom:tower", "electricity", 8.0), ("city:hospital", "electricity", 24.0), ("city:hospital", "water", 0.0)],
        "uses": [(house, service) for house in ("city:a", "city:b") for service in ("electricity", "water", "telecom")],
        "links": [("power:station", asset, "electricity") for asset in ("water:pump", "telecom:tower", "city:hospital", "city:a", "city:b")]
        + [("water:main", asset, "water") for asset in ("city:hospital", "city:a", "city:b")]
        + [("telecom:tower", house, "telecom") for house in ("city:a", "city:b")],
        "lifelines": (power, water), "people": {"city:a": 100, "city:b": 100}, "critical": ("city:hospital",), "zone": {"city:a": 0, "city:b": 1},
    }  # fmt: skip
    return make_world(names, **(settings | changes))
