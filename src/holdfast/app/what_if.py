"""Live what-if: the city's networks kept warm, changes laid over them and taken back, the changed state at once.

An overlay never touches the city's facts. A change in one network runs through all: opening a breaker stops the pumps behind it.
"""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.lifeline import CaseStatus, Command, ComponentState

from .what_if_gauges import NOTHING, Listening, changed
from .what_if_valves import Valves

ACTIONS: dict[str, str] = {
    "fail": "out of service",
    "isolate": "no way through: valve closed, breaker opened, pump off, street closed",
    "connect": "way through: valve opened, breaker closed, pump on",
    "burst": "leaks through its full cross-section, or through `opening` m2",
}
"""What can be done to an asset, with what it means."""

STATES = ("reading", "part", "none", "stopped", "changed")
"""What an asset is marked as on the map, the mildest first: a reading moved, a service arrives in part or not at all, it no longer works, it was changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an overlay. opening: leak area [m2] of a burst, None for the full cross-section."""

    id: str
    action: str
    opening: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What the changes of an overlay do, compared with the undisturbed city.

    assets    id, kind: assets that no longer work, the changed ones included
    services  id, service, before, level, people: assets whose service changed, with the share that arrived and still arrives, and the people there
              who lose it; the least first
    readings  id, quantity, before, after [SI]: what moved in the networks, see `holdfast.model.gauge`; null where there is nothing to read
    marks     id, state: each asset once, with the worst of `STATES`; the worst first
    people    service -> people without it
    status    "solved", or what went wrong
    engines   network -> engines that answered since the service was started
    seconds   for this answer
    """

    changes: tuple[Change, ...]
    assets: pa.Table
    services: pa.Table
    readings: pa.Table
    marks: pa.Table
    people: dict[str, float]
    status: str
    engines: dict[str, dict[str, int]]
    seconds: float

    def as_json(self, most: int = 5000) -> dict[str, Any]:
        """For HTTP, without the marks. most: rows of each table that are given; `counts` says how many there are"""
        tables = {"assets": self.assets, "services": self.services, "readings": self.readings}
        return {"changes": [{"id": c.id, "action": c.action, "opening": c.opening} for c in self.changes],
                **{name: table.slice(0, most).to_pylist() for name, table in tables.items()}, "counts": {name: t.num_rows for name, t in tables.items()},
                "people": self.people, "status": self.status, "engines": self.engines, "seconds": self.seconds}  # fmt: skip


@dataclass(slots=True)
class Overlay:
    """A stack of changes on a resident city. Undo takes the last one off, redo puts it back. last: what was answered last."""

    resident: Resident
    changes: list[Change] = field(default_factory=list)
    undone: list[Change] = field(default_factory=list)
    last: Effect | None = None

    def apply(self, *changes: Change) -> Effect:
        """Add changes and solve. raises NotFound, Invalid; then nothing is added"""
        for change in changes:
            self.resident.check(change)
        self.changes.extend(changes)
        self.undone.clear()
        return self.effect()

    def undo(self) -> Effect:
        """Take the last change back. raises Invalid if there is none"""
        if not self.changes:
            raise Invalid("there is no change to take back", fix="Apply one first")
        self.undone.append(self.changes.pop())
        return self.effect()

    def redo(self) -> Effect:
        """Put the change that was taken back last on again. raises Invalid if there is none"""
        if not self.undone:
            raise Invalid("there is no change to put back", fix="Undo one first")
        self.changes.append(self.undone.pop())
        return self.effect()

    def reset(self) -> Effect:
        """Take all changes back."""
        self.changes.clear()
        self.undone.clear()
        return self.effect()

    def effect(self) -> Effect:
        """The state with all changes of the stack."""
        self.last = self.resident.solve(tuple(self.changes))
        return self.last


class Resident:
    """One city kept ready: its world gathered, its networks built, the undisturbed state solved.

    findings  what was wrong when the world was gathered
    """

    def __init__(self, city: City) -> None:
        from holdfast.engines.scenario.cascade import Cascade
        from holdfast.engines.scenario.gather import gather
        from holdfast.engines.scenario.rules import Rules

        self.stamp = city.repository.meta().get("last_stamp", "")
        world, self.findings = gather(city)
        self._lines = [Listening(line) for line in world.lifelines]
        self.world = replace(world, lifelines=tuple(self._lines))
        self._cascade = Cascade(self.world, Rules.read(city.settings))
        self._at = {asset: row for row, asset in enumerate(self.world.asset_id.to_pylist())}
        self._valves = Valves(city, self._at)
        self._lock = threading.Lock()
        calm, damage = self._settle(())
        self._works, self._level = calm.works[0].copy(), calm.level[0].copy()
        self._calm = [self._state(number, calm.works, damage) for number in range(len(self._lines))]
        for line, state in zip(self._lines, self._calm, strict=True):
            line.read(state)  # so that the first question finds it

    def overlay(self) -> Overlay:
        """A new stack of changes."""
        return Overlay(self)

    def check(self, change: Change) -> None:
        """raises NotFound for an asset that takes no part, Invalid for an action that makes no sense"""
        if change.action not in ACTIONS:
            raise Invalid(f"{change.action!r} is no action", fix=f"Use one of: {', '.join(ACTIONS)}", field="action")
        if change.id in self._valves:
            self._check_valve(change)
            return
        row = self._at.get(change.id)
        if row is None:
            near = difflib.get_close_matches(change.id, self._at, 3, 0.8)
            raise NotFound("no network or service has this asset", fix=f"Did you mean {' or '.join(near)}?" if near else "Check the id", id=change.id)
        if change.action in ("isolate", "connect") and self.world.kinds[self.world.asset_kind[row]].trait != "edge":
            raise Invalid("only what has a way through can be isolated or connected", fix="Use fail", id=change.id, field="action")
        if change.opening is not None and not change.opening > 0.0:
            raise Invalid("an opening is an area above zero", fix="Give it in m2, or leave it out for the full cross-section", field="opening")
        if change.action == "burst" and change.opening is None and not np.isfinite(self.world.section[row]):
            raise Invalid("the asset has no cross-section", fix="Give the opening in m2, or use fail", id=change.id, field="opening")

    def _check_valve(self, change: Change) -> None:
        if change.action not in ("isolate", "connect"):
            raise Invalid("a valve is closed or opened", fix="Use isolate or connect, or change its pipe", id=change.id, field="action")
        if self._valves[change.id].row is None:
            raise Invalid("the valve names no edge of a network, so it shuts nothing", fix="Record the edge on which it stands", id=change.id)

    def solve(self, changes: tuple[Change, ...]) -> Effect:
        """The state of the city under these changes."""
        begin = perf_counter()
        with self._lock:
            settled, damage = self._settle(changes)
            good = settled.status[0] == CaseStatus.SOLVED
            readings = self._readings(settled.works, damage) if good else NOTHING
        works, level, world = settled.works[0], settled.level[0], self.world
        down = np.flatnonzero(self._works & ~works)
        kinds = pa.array([k.name for k in world.kinds])
        assets = pa.table({"id": world.asset_id.take(pa.array(down)), "kind": kinds.take(pa.array(world.asset_kind[down]))})
        served_from = self._cascade.rules.served_from
        without = world.use & (np.nan_to_num(level, nan=1.0) < served_from) & (np.nan_to_num(self._level, nan=1.0) >= served_from)
        people = {s: float(world.people[without[:, at]].sum()) for at, s in enumerate(world.services)}
        moved = np.argwhere(np.isfinite(level) & (np.abs(level - self._level) > 1e-3))
        moved = moved[np.argsort(level[moved[:, 0], moved[:, 1]], kind="stable")]
        row, service = moved[:, 0], moved[:, 1]
        services = pa.table({"id": world.asset_id.take(pa.array(row)), "service": pa.array(world.services).take(pa.array(service)), "before": self._level[row, service],
                             "level": level[row, service], "people": np.where(without[row, service], world.people[row], 0.0)})  # fmt: skip
        marks = self._marks(changes, down, row, level[row, service], self._level[row, service], readings)
        status = CaseStatus(int(settled.status[0])).name.lower()
        return Effect(changes, assets, services, readings, marks, people, status, settled.engines, perf_counter() - begin)

    def _readings(self, works: np.ndarray, damage: Any) -> pa.Table:
        """Of the networks whose components are not all as undisturbed; `works` is (1, asset)."""
        parts = []
        for number, line in enumerate(self._lines):
            state, calm = self._state(number, works, damage), self._calm[number]
            if state.opening is not None or state.command is not None or not np.array_equal(state.available, calm.available):
                parts.append(changed(line, line.read(calm), line.read(state)))
        return pa.concat_tables(parts) if parts else NOTHING

    def _marks(self, changes: tuple[Change, ...], down: np.ndarray, row: np.ndarray, level: np.ndarray, before: np.ndarray, readings: pa.Table) -> pa.Table:
        """Each asset once; see `Effect.marks`. Services that only rose are no mark."""
        rank, fell = np.full(self.world.assets, -1, np.int8), level < before
        np.maximum.at(rank, row[fell], np.where(level[fell] <= 0.005, STATES.index("none"), STATES.index("part")).astype(np.int8))
        rank[down] = STATES.index("stopped")
        valves = list(dict.fromkeys(change.id for change in changes if change.id in self._valves))
        rank[[self._at[change.id] for change in changes if change.id not in self._valves]] = STATES.index("changed")
        at = np.flatnonzero(rank >= 0)
        at = at[np.argsort(-rank[at], kind="stable")]
        told = self.world.asset_id.take(pa.array(at))
        read = readings["id"].filter(pc.invert(pc.is_in(readings["id"], told))).unique()  # junctions of some networks take no part in the cascade
        ids = pa.concat_arrays([pa.array(valves, pa.string()), told.cast(pa.string()), read.cast(pa.string())])
        ranks = np.concatenate([np.full(len(valves), STATES.index("changed"), np.int8), rank[at], np.zeros(len(read), np.int8)])
        return pa.table({"id": ids, "state": pa.array(STATES).take(pa.array(ranks))})

    def _state(self, number: int, works: np.ndarray, damage: Any) -> ComponentState:
        """What a lifeline is asked when the cascade has come to rest; works (1, asset)."""
        component = self.world.component[number]
        known, at = component >= 0, np.maximum(component, 0)
        opening, command = np.where(known, damage.opening[:, at], np.float32(0.0)), np.where(known, damage.command[:, at], np.int8(0))
        hour = np.zeros(1) if self._cascade.rules.follow_day else None
        return ComponentState(works[:, at] | ~known, opening if opening.any() else None, command if command.any() else None, hour)

    def _settle(self, changes: tuple[Change, ...]) -> tuple[Any, Any]:
        """`cascade.Settled` and the damage that stands for the changes."""
        from holdfast.engines.scenario.cascade import settle
        from holdfast.engines.scenario.world import Damage

        count = self.world.assets
        works, opening, command = np.ones((1, count), bool), np.zeros((1, count), np.float32), np.zeros((1, count), np.int8)
        for change in changes:
            if change.id in self._valves:
                continue
            row = self._at[change.id]
            if change.action == "burst":
                opening[0, row] = self.world.section[row] if change.opening is None else change.opening
            elif change.action == "connect":
                works[0, row], opening[0, row], command[0, row] = True, 0.0, Command.OPEN
            else:
                works[0, row] = False
                command[0, row] = Command.CLOSED if change.action == "isolate" else Command.NORMAL
        moves = ((change.id, change.action == "connect") for change in changes if change.id in self._valves)
        for row, order in self._valves.orders(moves, np.flatnonzero(opening[0]).tolist()):
            works[0, row], command[0, row] = works[0, row] and order == Command.OPEN, order
        nothing = np.zeros((1, count), np.float32)
        exhausted = np.full((1, count, len(self.world.services)), np.inf, np.float32)  # what lasts only on back-up is shown as lost
        damage = Damage((~works).astype(np.int8), works, opening, nothing, nothing, command)
        return settle(self.world, damage, np.zeros((1, count), bool), exhausted, np.zeros(1), base=self._cascade), damage


class Residents:
    """Keeps the resident of a city, and makes it anew when the city has changed."""

    def __init__(self, city: City) -> None:
        self._city, self._lock = city, threading.Lock()
        self._resident: Resident | None = None
        self._overlays: dict[str, Overlay] = {}
        self._number = 0

    def get(self) -> Resident:
        """The resident of the city as it is now."""
        with self._lock:
            if self._resident is None or self._resident.stamp != self._city.repository.meta().get("last_stamp", ""):
                self._resident = Resident(self._city)
                self._overlays = {name: Overlay(self._resident, o.changes) for name, o in self._overlays.items()}
            return self._resident

    def open(self) -> tuple[str, Overlay]:
        """A new overlay and its name."""
        resident = self.get()
        with self._lock:
            self._number += 1
            self._overlays[str(self._number)] = resident.overlay()
            return str(self._number), self._overlays[str(self._number)]

    def overlay(self, name: str) -> Overlay:
        """An open overlay. raises NotFound"""
        self.get()
        if name not in self._overlays:
            raise NotFound("there is no such overlay", fix="POST /api/what-if opens one", overlay=name)
        return self._overlays[name]

    def close(self, name: str) -> None:
        """Forget an overlay."""
        self.overlay(name)
        del self._overlays[name]
