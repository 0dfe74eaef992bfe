"""From the strike to recovery: the cascade is settled hour by hour while crews mend, back-up runs out and tanks run dry.

Between two hours of the grid every case stops once more whenever a back-up or a stock of a lifeline (`stocks`) runs out, so that no asset outlives its
own, and when seized controls obey again. A stock that has run out is filled again as soon as its network can. Repairs are seen at the next stop; what
they bring back is counted from the mean of the hours at which what was mended or shut off since the last stop was, or with `late` from the stop.
With `exact` every repair is followed at once. A back-up is full again as soon as the service returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus

from . import cascade_kernel, timeline_kernel
from .access import plan_repairs
from .cascade import Block, Cascade
from .cascade_kernel import SLACK
from .population import Population, population
from .repair import Crews, crews_of
from .rules import Rules
from .spills import shut_off
from .stocks import Stocks
from .world import Damage, World, harmful

GRID = (0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 72.0, 120.0, 168.0, 240.0, 336.0, 504.0, 720.0)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to the city in each case; NaN where the status of the case says that it must not be used.

    hours             (hour,) grid
    people            (case, hour, service) people whose service is below the threshold
    share             (case, hour, service) share of the people's normal service that arrives, 0 to 1; NaN where nobody uses it
    zone_share        (case, hour, zone, service) the same by zone
    critical_down     (case, hour) critical facilities that do not work       down   (case, hour) assets that do not work
    person_hours      (case, service) people without, over the whole time     lost_share_hours  (case, service) hours times share lost
    zone_hours        (case, zone, service) person-hours without by zone
    lost_hours        (case, feed) hours without, by set of providers         feed_without  (case, hour, feed) bool; False where not to be used
    critical_hours    (case, critical) hours that each facility was down
    done_hour         (case, asset) when it was mended and obeys              failed  (case, kind) assets out of service by their own damage
    dry_hour          (case, stock) when each stock of the lifelines first ran out, inf for never
    status            (case,) int8 `CaseStatus`
    last_two          case -> (2, asset) bool what worked in the last two rounds of a diverged case
    engines           lifeline -> engine -> rows answered, see `Cascade.engines`   seconds  stage -> s
    population        who was counted where
    """

    hours: np.ndarray
    people: np.ndarray
    share: np.ndarray
    zone_share: np.ndarray
    critical_down: np.ndarray
    down: np.ndarray
    person_hours: np.ndarray
    lost_share_hours: np.ndarray
    zone_hours: np.ndarray
    lost_hours: np.ndarray
    feed_without: np.ndarray
    critical_hours: np.ndarray
    done_hour: np.ndarray
    dry_hour: np.ndarray
    failed: np.ndarray
    status: np.ndarray
    last_two: dict[int, np.ndarray]
    engines: dict[str, dict[str, int]]
    seconds: dict[str, float]
    population: Population

    def asset_hours(self) -> np.ndarray:
        """(asset, service) float32 hours without each service, mean over the good cases; NaN where it is not used."""
        good = self.status == CaseStatus.SOLVED
        return self.population.by_asset(self.lost_hours[good].mean(axis=0) if good.any() else np.full(self.lost_hours.shape[1], np.nan))


def run(
    world: World,
    damage: Damage,
    *,
    hours: tuple[float, ...] | np.ndarray = GRID,
    crews: Crews | None = None,
    order: str | np.ndarray = "importance",
    travel: np.ndarray | None = None,
    done_hour: np.ndarray | None = None,
    rules: Rules | None = None,
    cascade: Cascade | None = None,
    exact: bool = False,
    late: bool = False,
    stocks: bool = True,
    seed: int = 0,
) -> Timeline:
    """Follow all cases of a damage through time.

    hours      grid, from 0 upwards                 crews     by the rules for the population when left out
    order      rule of `repair.priorities` or ranks (asset,) or (case, asset); less is more urgent
    travel     (depot, asset) or (1 or case, depot, asset) hours on the roads
    done_hour  (case, asset) when everything is mended, instead of a schedule
    cascade    the world made ready, for running many blocks
    exact      settle at every single repair instead of at the next hour of the grid
    late       count what a repair brings back from the next stop, so that no hour without is missed
    stocks     follow the stocks of lifelines; without, they last for ever
    """
    grid = np.asarray(hours, np.float64)
    if len(grid) < 2 or grid[0] != 0.0 or (np.diff(grid) <= 0.0).any():
        raise Invalid("the hours of a timeline rise from 0", fix="Give at least two, such as 0, 24, 72", field="hours")
    cascade = cascade or Cascade(world, rules)
    inside, outside = [s.seconds for s in cascade.solutions], cascade.seconds
    before = {name: dict(engines) for name, engines in cascade.engines().items()}
    start = perf_counter()
    if damage.isolated is None and damage.opening.any():
        crews = crews or crews_of(world, cascade.rules)
        damage = shut_off(cascade, damage, crews)
    if done_hour is None:
        done_hour = plan_repairs(cascade, damage, crews or crews_of(world, cascade.rules), order, grid, travel=travel, seed=seed)
    repair = perf_counter() - start - sum(s.seconds - was for s, was in zip(cascade.solutions, inside, strict=True))
    walk = _Walk(cascade, damage, np.ascontiguousarray(done_hour, np.float32), grid, exact, not exact and not late, stocks)
    walk.go()
    seconds = {f"lifeline:{line.name}": s.seconds - was for line, s, was in zip(world.lifelines, cascade.solutions, inside, strict=True)}
    seconds |= {"repair": repair, "cascade": cascade.seconds - outside}
    seconds["timeline"] = max(perf_counter() - start - sum(seconds.values()), 0.0)
    engines = {name: {e: n - before[name].get(e, 0) for e, n in new.items() if n > before[name].get(e, 0)} for name, new in cascade.engines().items()}
    return walk.timeline(engines, seconds)


class _Walk:
    """One run: the block, the time of each case, and what has been measured so far."""

    def __init__(self, cascade: Cascade, damage: Damage, done: np.ndarray, grid: np.ndarray, exact: bool, middle: bool, stocks: bool) -> None:
        self.cascade, self.damage, self.done, self.grid, self.exact, self.middle = cascade, damage, done, grid, exact, middle
        self.block: Block = cascade.block(damage)
        self.harmful, self.regained = harmful(damage), np.full(damage.cases, np.inf) if damage.regained is None else damage.regained
        self.stocks = Stocks(cascade, self.block) if stocks else None
        self.count = population(cascade)
        cases, hours, services, zones = damage.cases, len(grid), len(cascade.world.services), self.count.zone_total.shape[0]
        self.now, self.next_done, self.next_shut = np.zeros(cases), np.full(cases, np.inf), np.full(cases, np.inf)
        self.leaks = np.flatnonzero((damage.opening > 0.0).any(axis=0)) if damage.isolated is not None else np.empty(0, np.int64)
        self.opening, self.isolated = (np.ascontiguousarray(part[:, self.leaks]) for part in (damage.opening, damage.opening if damage.isolated is None else damage.isolated))
        self.people, self.share = np.zeros((cases, hours, services), np.float32), np.ones((cases, hours, services), np.float32)
        self.zone_share = np.ones((cases, hours, zones, services), np.float32)
        self.critical_down, self.down = np.zeros((cases, hours), np.float32), np.zeros((cases, hours), np.float32)
        self.lost, self.lost_share = np.zeros((cases, cascade.wiring.feeds), np.float32), np.zeros((cases, services))
        self.feed_without = np.zeros((cases, hours, cascade.wiring.feeds), bool)
        self.critical_hours = np.zeros((cases, len(self.count.critical)), np.float32)
        self.back, self.last_step, self.last_share, self.last_critical = np.zeros(cases), np.zeros(cases), np.ones((cases, services)), np.zeros(self.critical_hours.shape, bool)

    def go(self) -> None:
        rows, horizon = np.arange(len(self.now)), self.grid[-1]
        for i, hour in enumerate(self.grid):
            self.now[rows] = hour
            rows, seen = self._settle(rows)
            self._record(rows, slice(i, i + 1), seen)
            if hour == horizon or not len(rows):
                break
            over, good = self._finished(rows, seen[-1])
            self._record(rows[over], slice(i + 1, None), tuple(part[over] for part in seen))
            self._still_broken(rows[good], i + 1)
            self._pass(rows[over], np.full(int(over.sum()), horizon - hour), tuple(part[over] for part in seen))
            rows, seen = rows[~over], tuple(part[~over] for part in seen)
            todo, end = rows, self.grid[i + 1]
            while len(todo):
                step = self._step(todo, end)
                self._pass(todo, step, seen)
                todo = todo[self.now[todo] < end - SLACK]
                if len(todo):
                    todo, seen = self._settle(todo)
            rows = rows[self.block.status[rows] == CaseStatus.SOLVED]

    def _settle(self, rows: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Settle at the present of each row; returns the rows that are good and what is measured there."""
        block, count = self.block, self.count
        if not len(rows):
            return rows, self._room(0)
        soon, ago, back = np.empty(len(rows)), np.empty(len(rows)), np.empty(len(rows))
        timeline_kernel.mend(rows, self.now, self.last_step, self.done, self.damage.works, self.harmful, block.mended, block.sound, soon, ago, back)
        if len(self.leaks):
            shut = np.empty(len(rows))
            timeline_kernel.shut_off(
                rows, self.now, self.last_step, self.leaks, self.opening, self.isolated, block.mended, block.sound, block.leak, soon, shut, ago, back
            )
            self.next_shut[rows] = shut
        self.next_done[rows], self.back[rows] = soon, ago / np.maximum(back, 1.0)
        if self.stocks is not None:
            self.stocks.reopen(rows)
            self.stocks.run_dry(rows, self.now)  # by what they drew so far; should a repair fill them now, they are as good as open
        left = rows
        while len(left):
            self.cascade.settle(block, left, self.now)
            left = self.stocks.run_dry(left[block.status[left] == CaseStatus.SOLVED], self.now) if self.stocks is not None else left[:0]
        rows = rows[block.status[rows] == CaseStatus.SOLVED]
        seen = self._room(len(rows))
        timeline_kernel.measure(
            rows, block.level, block.works, self.cascade.graph.threshold, self.cascade.base_level, self.cascade.wiring.feed_service, count.feed_people,
            count.zone_ptr, count.zone, count.zone_people, count.critical, *seen,
        )  # fmt: skip
        if self.middle:
            self._came_back(rows, seen)
        return rows, seen

    def _room(self, rows: int) -> tuple[np.ndarray, ...]:
        zones, services = self.count.zone_total.shape
        sums = np.empty((rows, services)), np.empty((rows, services)), np.empty((rows, zones, services)), np.empty(rows)
        return *sums, np.empty((rows, len(self.count.critical)), bool), np.empty((rows, self.cascade.wiring.feeds), bool)

    def _record(self, rows: np.ndarray, at: slice, seen: tuple[np.ndarray, ...]) -> None:
        without, got, zone_got, down, critical_down, dark = seen
        self.people[rows, at] = without[:, None]
        self.share[rows, at] = (got / self.count.total)[:, None]
        self.zone_share[rows, at] = (zone_got / self.count.zone_total)[:, None]
        self.down[rows, at] = down[:, None]
        self.critical_down[rows, at] = critical_down.sum(axis=1)[:, None]
        self.feed_without[rows, at] = dark[:, None]

    def _still_broken(self, rows: np.ndarray, first: int) -> None:
        """Where everybody is served again only what is broken itself is down."""
        broken, done = ~self.damage.works[rows], self.done[rows]
        broken[:, self.leaks] |= np.isfinite(self.isolated[rows]) & (self.opening[rows] > 0.0)
        for at in range(first, len(self.grid)):
            self.down[rows, at] = (broken & (done > self.grid[at] + SLACK)).sum(axis=1)

    def _finished(self, rows: np.ndarray, critical_down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows in which everybody is served as before or nothing can change any more, and of these the former."""
        good, expiry, lasts = np.empty(len(rows), bool), self._expiry(rows), self._lasts(rows)
        timeline_kernel.restored(rows, self.block.level, self.cascade.base_level, self.cascade.graph.threshold, critical_down, good)
        good &= np.isinf(self.next_shut[rows]) & np.isinf(lasts)  # shutting a leak off may take the service from those behind it, as an empty tank does
        return good | (np.isinf(expiry) & np.isinf(lasts) & (self.next_done[rows] > self.grid[-1])), good

    def _expiry(self, rows: np.ndarray) -> np.ndarray:
        expiry = np.empty(len(rows))
        cascade_kernel.next_expiry(self.cascade.graph, rows, self.block.works, self.block.level, self.block.clock, expiry)
        return expiry

    def _lasts(self, rows: np.ndarray) -> np.ndarray:
        """Hours until the next stock runs out, inf where none will before the end."""
        if self.stocks is None:
            return np.full(len(rows), np.inf)
        lasts = self.stocks.lasts(rows)
        return np.where(self.now[rows] + lasts <= self.grid[-1], lasts, np.inf)

    def _step(self, rows: np.ndarray, end: float) -> np.ndarray:
        step = np.minimum(end - self.now[rows], np.minimum(self._expiry(rows), self._lasts(rows)))
        left = self.regained[rows] - self.now[rows]
        step = np.where(left > SLACK, np.minimum(step, left), step)
        if self.exact:
            step = np.minimum(step, np.maximum(self.next_done[rows] - self.now[rows], SLACK))
        return step

    def _came_back(self, rows: np.ndarray, seen: tuple[np.ndarray, ...]) -> None:
        """What came back in the last step did so when, in the mean, that was mended or shut off which was in it."""
        back = self.back[rows]
        timeline_kernel.credit(rows, back, self.block.level, self.cascade.graph.threshold, self.block.clock, self.lost)
        self.lost_share[rows] -= np.maximum(np.nan_to_num(seen[1] / self.count.total) - self.last_share[rows], 0.0) * back[:, None]
        self.critical_hours[rows] -= (self.last_critical[rows] & ~seen[4]) * back[:, None].astype(np.float32)

    def _pass(self, rows: np.ndarray, step: np.ndarray, seen: tuple[np.ndarray, ...]) -> None:
        """Let time pass in the state that was seen; `seen` has the same rows."""
        if self.stocks is not None:
            self.stocks.flow(rows, step)
        timeline_kernel.advance(rows, step, self.block.level, self.cascade.graph.threshold, self.block.clock, self.lost)
        share = np.where(np.isfinite(self.count.total), seen[1] / self.count.total, 1.0)
        self.last_step[rows], self.last_share[rows], self.last_critical[rows] = step, share, seen[4]
        self.lost_share[rows] += (1.0 - share) * step[:, None]
        self.critical_hours[rows] += seen[4] * step[:, None].astype(np.float32)
        self.now[rows] += step

    def timeline(self, engines: dict[str, dict[str, int]], seconds: dict[str, float]) -> Timeline:
        world, count, bad = self.cascade.world, self.count, self.block.status != CaseStatus.SOLVED
        kinds = np.zeros((self.damage.cases, len(world.kinds)), np.int32)
        case, asset = np.nonzero(~self.damage.works)
        np.add.at(kinds, (case, world.asset_kind[asset]), 1)
        services = len(world.services)
        person_hours, zone_hours = np.zeros((len(bad), services)), np.zeros((len(bad), *count.zone_total.shape), np.float32)
        for service in range(services):
            mine = np.flatnonzero(self.cascade.wiring.feed_service == service)
            person_hours[:, service] = self.lost[:, mine].astype(np.float64) @ count.feed_people[mine]
            zone_hours[:, :, service] = self.lost[:, mine] @ count.zone_matrix()[mine]
        for array in (self.people, self.share, self.zone_share, self.critical_down, self.down, self.lost_share, self.lost, self.critical_hours, person_hours, zone_hours):
            array[bad] = np.nan
        dry = np.full((len(bad), 0), np.inf) if self.stocks is None else self.stocks.dry_hour
        self.feed_without[bad] = False
        return Timeline(
            self.grid, self.people, self.share, self.zone_share, self.critical_down, self.down, person_hours, self.lost_share, zone_hours, self.lost,
            self.feed_without, self.critical_hours, self.done, dry, kinds, self.block.status, self.block.last_two, engines, seconds, count,
        )  # fmt: skip
