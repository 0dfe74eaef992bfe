"""What still works and who is still served once failures have run through all lifelines: the fixed point over services.

An asset works when its own damage is mended or harmless, and each service it cannot do without arrives or its back-up lasts. Each lifeline turns
working components into service at its outlets; consumers take the best of their providers. Starting from everything that is sound, the
largest state that holds itself up is found: two stations that need each other count as working, that is, somebody can start them by hand.
Where less never gives more (all lifelines monotone) works only shrinks, so at most one round per asset is needed; with load shedding the rounds
are capped, and a case that still moves is `CaseStatus.DIVERGED` with its last two states kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus, ComponentState, Stocked

from . import cascade_kernel as kernel
from .rules import Rules
from .solutions import Solutions
from .wiring import Wiring, wire
from .world import Damage, World

_NO_LEAK, _NO_ORDERS = np.empty((0, 0), np.float32), np.empty((0, 0), np.int8)


@dataclass(slots=True)
class Block:
    """Working memory for some cases of a damage; rows are cases.

    mended  (case, asset) bool        sound  (case, asset) bool own damage mended or harmless
    clock   (case, feed) float32 hours without so far
    given   (case, giver) float32     works  (case, asset) bool     level  (case, feed) float32
    status  (case,) int8              rounds (case,) int64 of the last settling
    leak    (case, asset) float32 [m2] that still leaks, or (0, 0)
    spent   (case, stock) bool stocks of all lifelines that are used up     draw  (case, stock) float32 what leaves them in an hour
    last_two  case -> (2, asset) bool, what worked in the last two rounds of a diverged case
    """

    damage: Damage
    mended: np.ndarray
    sound: np.ndarray
    clock: np.ndarray
    given: np.ndarray
    works: np.ndarray
    level: np.ndarray
    status: np.ndarray
    rounds: np.ndarray
    leak: np.ndarray
    orders: np.ndarray
    spent: np.ndarray
    draw: np.ndarray
    last_two: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return len(self.status)

    def shut_off(self, hour: np.ndarray) -> None:
        """Shut off what is isolated by hour (case,), where it is not mended; inf is everything that ever will be."""
        if self.damage.isolated is not None and self.leak.size:
            over = (self.damage.opening > 0.0) & np.isfinite(self.damage.isolated) & (self.damage.isolated <= np.asarray(hour)[:, None] + kernel.SLACK) & ~self.mended
            self.leak[over] = 0.0
            self.sound &= ~over


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the cascade came to rest.

    works     (case, asset) bool
    feed_level  (case, feed) float32 by set of providers, see `Wiring`
    rounds    (case,) rounds in which a lifeline was solved again
    status    (case,) int8 `CaseStatus`
    engines   lifeline -> engine -> rows answered so far, see `Cascade.engines`
    last_two  case -> (2, asset) bool of diverged cases
    """

    works: np.ndarray
    feed_level: np.ndarray
    rounds: np.ndarray
    status: np.ndarray
    engines: dict[str, dict[str, int]]
    last_two: dict[int, np.ndarray]
    wiring: Wiring

    @property
    def level(self) -> np.ndarray:
        """(case, asset, service) float32 share of the service that arrives; 1 where nobody in the city gives it, NaN where it is not used."""
        wiring = self.wiring
        out = np.full((len(self.status), *wiring.outside.shape), np.nan, np.float32)
        out[:, wiring.outside] = 1.0
        out[:, wiring.graph.slot_asset, wiring.slot_service] = self.feed_level[:, wiring.slot_feed]
        return out


class Cascade:
    """A world made ready for settling: links compressed, the undisturbed city solved, solutions remembered.

    unserved   (feed,) bool: not served even in the undisturbed city; with "outside" these consumers are left alone
    base_given, base_level   (giver,), (feed,) float32 in the undisturbed city
    stocks     lifeline -> its stocks as a slice of those of all lifelines
    stock, stock_full, base_draw   (stock,) amounts at the start and at most; float32 what leaves them in an hour in the undisturbed city
    loss_only  works may only shrink; certain to end. None: where all lifelines are monotone
    """

    def __init__(self, world: World, rules: Rules | None = None, *, loss_only: bool | None = None) -> None:
        self.world, self.rules = world, rules or Rules()
        self.wiring = wire(world, self.rules)
        self.graph = self.wiring.graph
        self.loss_only = all(line.monotone for line in world.lifelines) if loss_only is None else loss_only
        self.seconds = 0.0  # outside lifelines
        self.givers = [np.flatnonzero(self.wiring.giver_line == number) for number in range(len(world.lifelines))]
        room = self.rules.cache // max(len(world.lifelines), 1)
        self.solutions = [
            Solutions(line, self.wiring.giver_outlet[givers].astype(np.int64), room) for line, givers in zip(world.lifelines, self.givers, strict=True)
        ]  # fmt: skip
        self.unsolvable: list[str] = []
        self.crew_travel = ""  # how long crews were taken to drive, once repairs have been planned
        ends = np.cumsum([0, *(s.stocks for s in self.solutions)]).tolist()
        self.stocks = [slice(*pair) for pair in pairwise(ends)]
        kept = [line for line in world.lifelines if isinstance(line, Stocked)]
        self.stock, self.stock_full = (np.concatenate([np.zeros(0), *parts]) for parts in ([line.stock for line in kept], [line.stock_full for line in kept]))
        self.base_draw = np.zeros(ends[-1], np.float32)
        self.base_given = self._undisturbed()
        self.base_level = self._settle_base()
        self.unserved = self.base_level < self.graph.threshold
        if self.rules.missing_provider == "outside":
            self.graph.threshold[self.unserved] = -1.0
        self._order = self._by_dependents()
        self._rises = np.array([not (self.loss_only or line.monotone) for line in world.lifelines], bool)

    # the undisturbed city

    def _undisturbed(self) -> np.ndarray:
        given = np.ones(self.wiring.givers, np.float32)
        for number, line in enumerate(self.world.lifelines):
            state = ComponentState(np.ones((1, len(line.component_id)), bool))
            level, status, draw = self.solutions[number].answer(np.zeros((1, 2), np.uint64), lambda _, state=state: state)
            if status[0] != CaseStatus.SOLVED:
                self.unsolvable.append(line.name)
            else:
                given[self.givers[number]] = level[0]
                self.base_draw[self.stocks[number]] = draw[0]
        return given

    def _settle_base(self) -> np.ndarray:
        count, assets = self.wiring.feeds, self.world.assets
        level, works = np.zeros((1, count), np.float32), np.ones((1, assets), bool)
        forever = np.full((1, count), -np.inf, np.float32)  # nothing fails while the normal level is read off
        kernel.spread(self.graph, np.zeros(1, np.int64), works.copy(), self.base_given[None], works, level, forever)
        return level[0]

    def _by_dependents(self) -> list[int]:
        """Lifelines in the order of how many components need them, so that most failures are known before the others are solved."""
        part = np.zeros(self.world.assets, bool)
        for component in self.world.component:
            part[component[component >= 0]] = True
        vital = self.graph.slot_vital & part[self.graph.slot_asset]
        counts = np.bincount(self.wiring.slot_service[vital], minlength=len(self.world.services))
        return sorted(range(len(self.world.lifelines)), key=lambda number: (-counts[self.world.services.index(self.world.lifelines[number].service)], number))

    def facts(self) -> dict[str, Any]:
        """What the report must say once: needs met from outside, consumers not served even undisturbed, networks that cannot be solved."""
        services, wiring = self.world.services, self.wiring
        dark = np.bincount(wiring.slot_service[self.unserved[wiring.slot_feed]], minlength=len(services))
        return {
            "without_provider": {s: int(n) for s, n in zip(services, wiring.outside.sum(axis=0), strict=True) if n},
            "unserved_undisturbed": {s: int(n) for s, n in zip(services, dark, strict=True) if n},
            "missing_provider": self.rules.missing_provider,
            "unsolvable_undisturbed": list(self.unsolvable),
            "loss_only": self.loss_only,
            "crew_travel": self.crew_travel,
            "engine_errors": {line.name: dict(s.errors) for line, s in zip(self.world.lifelines, self.solutions, strict=True) if s.errors},
        }

    def engines(self) -> dict[str, dict[str, int]]:
        """Rows answered so far, by lifeline and by the engine that solved them, be it just now, for an earlier row, or for the undisturbed city."""
        return {line.name: dict(s.engines) for line, s in zip(self.world.lifelines, self.solutions, strict=True)}

    # settling

    def block(self, damage: Damage) -> Block:
        """Working memory for all cases of a damage, nothing mended yet. raises Invalid if it is of another world"""
        cases, assets = damage.works.shape
        if assets != self.world.assets:
            raise Invalid(f"the damage is of {assets} assets, the world has {self.world.assets}", fix="Sample the damage from the same world")
        feeds = self.wiring.feeds
        leaks = bool(damage.opening.any())
        return Block(
            damage, np.zeros((cases, assets), bool), damage.works.copy(), np.zeros((cases, feeds), np.float32), np.empty((cases, self.wiring.givers), np.float32),
            np.empty((cases, assets), bool), np.empty((cases, feeds), np.float32), np.zeros(cases, np.int8), np.zeros(cases, np.int64),
            np.array(damage.opening, np.float32, order="C") if leaks else _NO_LEAK,
            _NO_ORDERS if damage.command is None else np.ascontiguousarray(damage.command, np.int8),
            np.zeros((cases, len(self.base_draw)), bool), np.tile(self.base_draw, (cases, 1)),
        )  # fmt: skip

    def settle(self, block: Block, rows: np.ndarray, hour: np.ndarray, *, graph: kernel.Graph | None = None, clock: np.ndarray | None = None) -> None:
        """Bring some cases of a block to rest: writes works, level, draw, status and rounds.

        rows   (n,) cases                   hour   (case,) hours since the event, of all cases of the block
        graph, clock   only where hours without are kept otherwise than by feed
        """
        begin, inside = perf_counter(), sum(s.seconds for s in self.solutions)
        graph, clock = graph or self.graph, block.clock if clock is None else clock
        tag = self._tag(hour)
        rows = np.ascontiguousarray(rows, np.int64)
        block.given[rows], block.rounds[rows], block.draw[rows] = self.base_given, 0, self.base_draw
        kernel.spread(graph, rows, block.sound, block.given, block.works, block.level, clock)
        seen = np.zeros((len(self.solutions), block.cases, 2), np.uint64)
        may_rise = np.repeat(self._rises[:, None], block.cases, axis=1)
        left, before = rows, np.empty((len(rows), 0), bool) if self.loss_only else block.works[rows]
        while len(left):
            moved = np.zeros(block.cases, bool)
            for number in self._order:
                self._resolve(number, block, left, hour, tag, seen[number], may_rise, moved, graph, clock)
            stays = moved[left]
            before, left = before[stays], left[stays]
            block.rounds[left] += 1
            if not self.loss_only and len(left):
                if block.rounds[left[0]] >= self.rules.max_rounds:
                    self._diverged(block, left, before)
                    break
                before = block.works[left]
        self.seconds += perf_counter() - begin - (sum(s.seconds for s in self.solutions) - inside)

    def _resolve(
        self, number: int, block: Block, left: np.ndarray, hour: np.ndarray, tag: np.ndarray, seen: np.ndarray, may_rise: np.ndarray, moved: np.ndarray,
        graph: kernel.Graph, clock: np.ndarray,
    ) -> None:  # fmt: skip
        """Solve one lifeline for the cases whose components changed since it was asked last.

        One that is monotone gives more than before only where something came back since: what else rises, as pressure does where a neighbour is
        cut off, would bring back the one whose failure let it rise, and so for ever.
        """
        keys = self._keys(number, block, left, tag)
        new = (keys != seen[left]).any(axis=1)
        if block.rounds[left[0]] == 0:
            self.solutions[number].untouched(len(left) - int(new.sum()))
        if not new.any():
            return
        changed, keys = left[new], keys[new]
        seen[changed], moved[changed] = keys, True
        level, status, draw = self.solutions[number].answer(keys, lambda some: self._state(number, block, changed[some], hour))
        block.draw[changed, self.stocks[number]] = draw
        block.status[changed] = np.maximum(block.status[changed], status)
        solved = status == CaseStatus.SOLVED  # a case that was not keeps the level of its last solved state
        changed, level, givers = changed[solved], level[solved], self.givers[number]
        risen = may_rise[number, changed]
        if risen.any():
            risen &= (level > block.given[changed[:, None], givers]).any(axis=1)
        may_rise[number, changed] = self._rises[number]
        kernel.lower(graph, changed[~risen], givers, level[~risen], block.given, block.works, block.level, clock)
        if risen.any():  # what had failed may work again: from the beginning
            again = changed[risen]
            may_rise[:, again] = True
            block.given[again[:, None], givers] = level[risen]
            kernel.spread(graph, again, block.sound, block.given, block.works, block.level, clock)

    def answer(self, number: int, block: Block, rows: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Level (n, giver of the lifeline) float32 that one lifeline gives with `works` as it stands; as undisturbed where it was not solved."""
        keys = self._keys(number, block, rows, self._tag(hour))
        level, status, _ = self.solutions[number].answer(keys, lambda some: self._state(number, block, rows[some], hour))
        return np.where((status == CaseStatus.SOLVED)[:, None], level, self.base_given[self.givers[number]])

    def _keys(self, number: int, block: Block, rows: np.ndarray, tag: np.ndarray) -> np.ndarray:
        """(n, 2) uint64 what tells the states of one lifeline's components apart."""
        keys, stocks = np.empty((len(rows), 2), np.uint64), self.stocks[number]
        component = self.world.component[number]
        kernel.state_keys(rows, component, block.works, block.leak.view(np.int32), block.orders, block.mended, tag, block.spent, stocks.start, stocks.stop, keys)
        return keys

    def _tag(self, hour: np.ndarray) -> np.ndarray:
        return (hour * 60.0).astype(np.int64) + 1 if self.rules.follow_day else np.zeros(len(hour), np.int64)

    def _state(self, number: int, block: Block, rows: np.ndarray, hour: np.ndarray) -> ComponentState:
        component = self.world.component[number]
        known, at = component >= 0, np.maximum(component, 0)
        where = rows[:, None]
        available = block.works[where, at] | ~known
        open_, opening, command = known & ~block.mended[where, at], None, None
        if block.leak.size:
            opening = np.where(open_, block.leak[where, at], np.float32(0.0)).astype(np.float32)
        if block.damage.command is not None:
            command = np.where(open_, block.damage.command[where, at], 0).astype(np.int8)
        spent = block.spent[rows, self.stocks[number]]
        return ComponentState(
            available, opening if opening is not None and opening.any() else None, command if command is not None and command.any() else None,
            hour[rows].astype(np.float64) if self.rules.follow_day else None, spent if spent.any() else None,
        )  # fmt: skip

    @staticmethod
    def _diverged(block: Block, left: np.ndarray, before: np.ndarray) -> None:
        block.status[left] = np.maximum(block.status[left], np.int8(CaseStatus.DIVERGED))
        for row, case in enumerate(left):
            block.last_two[int(case)] = np.stack((before[row], block.works[case]))


def settle(
    world: World, damage: Damage, repaired: np.ndarray, without: np.ndarray, hour: np.ndarray, *, base: Cascade | None = None, max_rounds: int | None = None
) -> Settled:  # fmt: skip
    """Settle all cases of a damage once.

    repaired   (case, asset) bool               without   (case, asset, service) float32 hours already without each service
    hour       (case,) hours since the event    base      the world made ready, where it is used more than once
    max_rounds rounds before a case of load shedding counts as diverged, where no `base` with its own rules is given
    """
    if base is None:
        base = Cascade(world, Rules() if max_rounds is None else Rules(max_rounds=max_rounds))
    block = base.block(damage)
    block.mended = np.ascontiguousarray(repaired, bool)
    block.sound = damage.works | block.mended
    block.shut_off(hour)
    graph = base.graph._replace(slot_clock=base.graph.slot_asset.astype(np.int64) * len(world.services) + base.wiring.slot_service)
    clock = np.ascontiguousarray(without, np.float32).reshape(block.cases, -1)
    base.settle(block, np.arange(block.cases), np.asarray(hour, np.float64), graph=graph, clock=clock)
    return Settled(block.works, block.level, block.rounds, block.status, base.engines(), block.last_two, base.wiring)
