"""Live what-if: the city's networks kept warm, changes laid over them and taken back, the changed state at once.

An overlay never touches the city's facts. A change in one network runs through all: opening a breaker stops the pumps behind it.
"""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.lifeline import CaseStatus, Command

ACTIONS: dict[str, str] = {
    "fail": "out of service",
    "isolate": "no way through: valve closed, breaker opened, pump off, street closed",
    "connect": "way through: valve opened, breaker closed, pump on",
    "burst": "leaks through its full cross-section, or through `opening` m2",
}
"""What can be done to an asset, with what it means."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an overlay. opening: leak area [m2] of a burst, None for the full cross-section."""

    id: str
    action: str
    opening: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What the changes of an overlay do, compared with the undisturbed city.

    assets    id, kind, works: assets that no longer work, the changed ones included
    services  id, service, level: assets whose service changed, with the share that still arrives
    people    service -> people without it
    status    "solved", or what went wrong
    engines   network -> engines that answered since the service was started
    seconds   for this answer
    """

    changes: tuple[Change, ...]
    assets: pa.Table
    services: pa.Table
    people: dict[str, float]
    status: str
    engines: dict[str, dict[str, int]]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For HTTP."""
        return {"changes": [{"id": c.id, "action": c.action, "opening": c.opening} for c in self.changes], "assets": self.assets.to_pylist(),
                "services": self.services.to_pylist(), "people": self.people, "status": self.status, "engines": self.engines, "seconds": self.seconds}  # fmt: skip


@dataclass(slots=True)
class Overlay:
    """A stack of changes on a resident city. Undo takes the last one off, redo puts it back."""

    resident: Resident
    changes: list[Change] = field(default_factory=list)
    undone: list[Change] = field(default_factory=list)

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
        return self.resident.solve(tuple(self.changes))


class Resident:
    """One city kept ready: its world gathered, its networks built, the undisturbed state solved.

    findings  what was wrong when the world was gathered
    """

    def __init__(self, city: City) -> None:
        from holdfast.engines.scenario.cascade import Cascade
        from holdfast.engines.scenario.gather import gather
        from holdfast.engines.scenario.rules import Rules

        self.stamp = city.repository.meta().get("last_stamp", "")
        self.world, self.findings = gather(city)
        self._cascade = Cascade(self.world, Rules.read(city.settings))
        self._at = {asset: row for row, asset in enumerate(self.world.asset_id.to_pylist())}
        self._lock = threading.Lock()
        self._works, self._level = np.ones(self.world.assets, bool), np.empty(0)
        calm = self._settle(())
        self._works, self._level = calm.works[0].copy(), calm.level[0].copy()

    def overlay(self) -> Overlay:
        """A new stack of changes."""
        return Overlay(self)

    def check(self, change: Change) -> None:
        """raises NotFound for an asset that takes no part, Invalid for an action that makes no sense"""
        if change.action not in ACTIONS:
            raise Invalid(f"{change.action!r} is no action", fix=f"Use one of: {', '.join(ACTIONS)}", field="action")
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

    def solve(self, changes: tuple[Change, ...]) -> Effect:
        """The state of the city under these changes."""
        begin = perf_counter()
        with self._lock:
            settled = self._settle(changes)
        works, level, world = settled.works[0], settled.level[0], self.world
        down = np.flatnonzero(self._works & ~works)
        moved = np.argwhere(np.isfinite(level) & (np.abs(level - self._level) > 1e-3))
        kinds = pa.array([k.name for k in world.kinds])
        assets = pa.table({"id": world.asset_id.take(pa.array(down)), "kind": kinds.take(pa.array(world.asset_kind[down]))})
        services = pa.table({"id": world.asset_id.take(pa.array(moved[:, 0])), "service": pa.array(world.services).take(pa.array(moved[:, 1])),
                             "level": level[moved[:, 0], moved[:, 1]]})  # fmt: skip
        without = world.use & (np.nan_to_num(level, nan=1.0) < self._cascade.rules.served_from) & (np.nan_to_num(self._level, nan=1.0) >= self._cascade.rules.served_from)
        people = {s: float(world.people[without[:, at]].sum()) for at, s in enumerate(world.services)}
        return Effect(changes, assets, services, people, CaseStatus(int(settled.status[0])).name.lower(), settled.engines, perf_counter() - begin)

    def _settle(self, changes: tuple[Change, ...]) -> Any:
        from holdfast.engines.scenario.cascade import settle
        from holdfast.engines.scenario.world import Damage

        count = self.world.assets
        works, opening, command = np.ones((1, count), bool), np.zeros((1, count), np.float32), np.zeros((1, count), np.int8)
        for change in changes:
            row = self._at[change.id]
            if change.action == "burst":
                opening[0, row] = self.world.section[row] if change.opening is None else change.opening
            elif change.action == "connect":
                works[0, row], opening[0, row], command[0, row] = True, 0.0, Command.OPEN
            else:
                works[0, row] = False
                command[0, row] = Command.CLOSED if change.action == "isolate" else Command.NORMAL
        nothing = np.zeros((1, count), np.float32)
        exhausted = np.full((1, count, len(self.world.services)), np.inf, np.float32)  # what lasts only on back-up is shown as lost
        damage = Damage((~works).astype(np.int8), works, opening, nothing, nothing, command)
        return settle(self.world, damage, np.zeros((1, count), bool), exhausted, np.zeros(1), base=self._cascade)


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
