"""What the power capabilities share: the grid, its solver, who hangs on it, ties that can be closed, and own sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.power.holdup import Units
from holdfast.engines.network.power.model import Flow
from holdfast.engines.network.power.solve import Solver
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.people import people_at

from .grid import build_grid
from .outlets import Outlets, loads_of, outlets_of, with_flows
from .ties import Ties

PER_CUSTOMER = 2.62
"""People per household connection, China's census of 2020 [recalled]; used only where no consumer with people hangs on the grid."""

CRITICAL = ("1+", "1")
"""Load classes of GB 50052-2009 that make a load critical [recalled]."""

LOW_VOLTAGE = 0.90
"""Lowest voltage [pu] where a bus gives no limit of its own; GB/T 12325-2008: -10 % single-phase 220 V, -7 % up to 20 kV [recalled]."""


@dataclass(frozen=True, slots=True)
class Consumers:
    """link_outlet, link_consumer  (link,) who gives whom power;  id (consumer,);  people (consumer,);  critical (consumer,) bool;  basis where people come from."""

    link_outlet: np.ndarray
    link_consumer: np.ndarray
    id: pa.Array
    people: np.ndarray
    critical: np.ndarray
    basis: str

    def level(self, outlet_level: np.ndarray) -> np.ndarray:
        """(case, consumer) best level of the outlets that serve each; 1 where none does."""
        out = np.ones((len(outlet_level), len(self.people)), np.float32)
        if len(self.link_consumer):
            order = np.argsort(self.link_consumer, kind="stable")
            served, starts = np.unique(self.link_consumer[order], return_index=True)
            out[:, served] = np.maximum.reduceat(outlet_level[:, self.link_outlet[order]], starts, axis=1)
        return out


class Study:
    """A city's grid made ready for questions. raises NotFound when the city has no power network"""

    def __init__(self, city: Any) -> None:
        grid = build_grid(city)
        if grid is None:
            raise NotFound("the city has no power network", fix="Import one, e.g. a pandapower net", kind="power.bus")
        self.city, self.grid = city, grid
        self.solver = Solver(grid.model)
        self.loads, self.placed = loads_of(grid, city)
        plain = outlets_of(grid, self.loads, self.placed)
        self.base = self.solver.base
        self.outlets: Outlets = with_flows(plain, self.base.s_to[0], grid) if self.base.status[0] == 0 else plain
        self.consumers = _consumers(city, self)

    @cached_property
    def ties(self) -> Ties:
        """Open switches that can be closed."""
        return Ties.of(self.grid)

    @cached_property
    def units(self) -> tuple[Units, np.ndarray]:
        """Own sources that stand by, and (unit,) their components."""
        return _units(self)

    def components(self, ids: list[str], field: str) -> np.ndarray:
        """Components named by ids. raises Invalid for ids that are none"""
        found = self.grid.find(ids)
        if (found < 0).any():
            wrong = [name for name, at in zip(ids, found, strict=True) if at < 0]
            raise Invalid(f"{', '.join(wrong[:5])}: no component of the power network", fix="Give ids such as power.line:R1, power.substation:K0", field=field)
        return found

    def without(self, components: np.ndarray) -> np.ndarray:
        """(1, component) bool: all but those."""
        available = self.grid.base()
        available[0, components] = False
        return available

    def lost(self, level: np.ndarray) -> dict[str, np.ndarray]:
        """(case,) people and critical consumers without power, power not supplied [W], loads without power."""
        away = 1.0 - self.consumers.level(level)
        loads = 1.0 - level[:, : self.outlets.loads]
        return {"people": away @ self.consumers.people, "critical": (away[:, self.consumers.critical] > 0.5).sum(axis=1),
                "power": loads @ np.maximum(self.loads.power.real, 0.0), "loads": (loads > 0.5).sum(axis=1)}

    def level(self, available: np.ndarray, flow: Flow) -> np.ndarray:
        """(case, outlet) level by being live."""
        return self.outlets.level(available, flow.live)


def _consumers(city: Any, study: Study) -> Consumers:
    """Assets that electricity links hang on the outlets; where there are none, the loads themselves with their customers."""
    ids = study.outlets.ids(study.grid)
    links = city.links(relation="serves")
    links = links.filter(pc.and_(pc.equal(links["service"], "electricity"), pc.is_in(links["from_id"], value_set=ids)))
    load_class = np.asarray(pc.fill_null(city.table("power.load", columns=["load_class"])["load_class"], "").to_numpy(zero_copy_only=False), object)
    important = np.isin(load_class, CRITICAL)
    if links.num_rows:
        names = pc.unique(links["to_id"])
        names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
        outlet = np.asarray(pc.index_in(links["from_id"].combine_chunks(), value_set=ids).to_numpy(zero_copy_only=False), np.int64)
        consumer = np.asarray(pc.index_in(links["to_id"].combine_chunks(), value_set=names).to_numpy(zero_copy_only=False), np.int64)
        people, critical = _about(city, names)
        if people.sum() > 0:
            return Consumers(outlet, consumer, names, people, critical, "population of the consumers linked to the grid")
    count = study.outlets.loads
    customers = city.table("power.load", columns=["customers"])["customers"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return Consumers(np.arange(count), np.arange(count), ids.slice(0, count), np.nan_to_num(customers) * PER_CUSTOMER, important,
                     f"customers of the loads times {PER_CUSTOMER}")


def _about(city: Any, ids: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """People at each consumer, and whether its kind keeps power of its own for need: those are the critical ones."""
    kinds = np.array([name.partition(":")[0] for name in ids.to_pylist()], object)
    own = {name: any(need.service == "electricity" and need.backup_field for need in city.kind(name).needs) for name in set(kinds)}
    return np.nan_to_num(people_at(city, ids)), np.array([own[name] for name in kinds], bool)


def _units(study: Study) -> tuple[Units, np.ndarray]:
    """Stand-by generators and all batteries, each with the load of its building, else the largest load of its bus."""
    grid, city = study.grid, study.city
    loads = city.table("power.load", columns=["bus_id", "building_id"])
    order = np.argsort(-study.loads.power.real, kind="stable")
    parts = []
    for kind, columns in (("generator", ["backup", "endurance", "start_time"]), ("battery", ["max_energy", "min_energy", "state_of_charge"])):
        table = city.table(f"power.{kind}", columns=["id", "bus_id", "building_id", "rated_power", *columns])
        load = np.full(table.num_rows, -1)
        for name in ("building_id", "bus_id"):
            ranked = loads[name].combine_chunks().take(pa.array(order))
            found = np.asarray(pc.fill_null(pc.index_in(table[name].combine_chunks(), value_set=ranked, skip_nulls=True), -1).to_numpy(zero_copy_only=False), np.int64)
            load = np.where((load < 0) & (found >= 0), order[np.maximum(found, 0)] if len(order) else -1, load)
        number = {name: table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in ("rated_power", *columns) if name != "backup"}
        component = np.arange(grid.span(kind).start, grid.span(kind).stop)
        if kind == "generator":
            use = np.asarray(pc.fill_null(table["backup"], False).to_numpy(zero_copy_only=False), bool)
            hours = np.nan_to_num(number["endurance"]) / 3600.0
            start = np.nan_to_num(number["start_time"]) / 3600.0
            parts.append((load[use], np.nan_to_num(number["rated_power"])[use], np.full(use.sum(), np.inf), hours[use], start[use], component[use]))
        else:
            charge = np.where(np.isnan(number["state_of_charge"]), 1.0, number["state_of_charge"])
            energy = np.maximum(np.nan_to_num(number["max_energy"]) * charge - np.nan_to_num(number["min_energy"]), 0.0)
            parts.append((load, np.nan_to_num(number["rated_power"]), energy, np.full(len(load), np.inf), np.zeros(len(load)), component))
    columns_ = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Units(*columns_[:5]), columns_[5]
