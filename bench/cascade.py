"""Failures spreading through 200,000 assets that need up to eight services, against rounds of whole-array NumPy on the same links.

The peer recomputes every service of every asset in each round until nothing changes: what one writes without a queue. A second peer, dictionaries
and sets as one writes it with networkx, is timed on a tenth of the city and named in the details. All take turns.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa

from bench.turns import cpu, in_turns, ratio
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.world import Damage, World
from holdfast.model.spec import SERVICES, Kind

ASSETS, NEEDED, TURNS = 200_000, 8, 5


def city(assets: int, seed: int = 1) -> World:
    """Assets along a line: everyone needs all services, each from one of two providers within 300 places upstream; the first 400 need nothing."""
    rng = np.random.Generator(np.random.Philox(seed))
    services = SERVICES[:NEEDED]
    consumer = np.repeat(np.arange(400, assets), NEEDED)
    service = np.tile(np.arange(NEEDED), assets - 400)
    second = rng.random(len(consumer)) < 0.3  # some have a spare provider
    first = consumer - rng.integers(1, 300, len(consumer))
    spare = np.flatnonzero(second)
    link_from = np.concatenate((first, consumer[spare] - rng.integers(1, 300, len(spare)))).astype(np.int32)
    link_to, link_service = (np.concatenate((column, column[spare])).astype(np.int32) for column in (consumer, service))
    order = np.lexsort((link_from, link_service, link_to))
    need = np.zeros((assets, NEEDED), bool)
    need[400:] = True
    backup = np.where(rng.random((assets, NEEDED)) < 0.84, 24.0, 0.0).astype(np.float32)
    nothing = np.full(assets, np.nan)
    return World(
        crs="local", asset_id=pa.array(np.arange(assets).astype(str)), asset_kind=np.zeros(assets, np.int16), kinds=(Kind("base.asset", "node", "Asset", "资产"),),
        xyz=np.zeros((assets, 3)), length=nothing, section=nothing, people=np.ones(assets), critical=np.zeros(assets, bool), value=np.ones(assets),
        zone=np.full(assets, -1, np.int32), zone_id=(), services=services, use=need, need=need, backup=backup, link_from=link_from[order],
        link_to=link_to[order], link_service=link_service[order], lifelines=(), component=(), outlet=(), local=np.ones((assets, NEEDED), bool), tables={},
    )  # fmt: skip


def by_rounds(world: World, sound: np.ndarray) -> tuple[np.ndarray, int]:
    """What works, and after how many rounds, by whole-array NumPy."""
    slot = world.link_to.astype(np.int64) * NEEDED + world.link_service
    vital = (world.need & (world.backup <= 0.0)).reshape(-1)
    works, rounds = sound.copy(), 0
    while True:
        level = np.zeros(len(vital), bool)
        level[slot[works[world.link_from]]] = True
        left = sound & (level | ~vital).reshape(-1, NEEDED).all(axis=1)
        rounds += 1
        if (left == works).all():
            return works, rounds
        works = left


class Objects:
    """The links as dictionaries, made once; `fail` follows failures with a list."""

    def __init__(self, world: World) -> None:
        self.givers: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.takers: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.vital = {(a, s) for a, s in np.argwhere(world.need & (world.backup <= 0.0)).tolist()}
        for giver, taker, service in zip(world.link_from.tolist(), world.link_to.tolist(), world.link_service.tolist(), strict=True):
            self.givers[taker, service].append(giver)
            self.takers[giver].append((taker, service))

    def fail(self, broken: list[int]) -> set[int]:
        """All that has failed in the end."""
        failed, todo = set(broken), list(broken)
        while todo:
            for taker, service in self.takers[todo.pop()]:
                if taker not in failed and (taker, service) in self.vital and all(g in failed for g in self.givers[taker, service]):
                    failed.add(taker)
                    todo.append(taker)
        return failed


def damage_of(world: World, share: float, seed: int = 2) -> Damage:
    """One case with a share of the assets broken."""
    hit = np.random.Generator(np.random.Philox(seed)).random((1, world.assets)) < share
    zero = np.zeros(hit.shape, np.float32)
    return Damage(hit.astype(np.int8), ~hit, zero, zero, zero)


def run() -> dict:
    """CPU seconds of one cascade over the whole city; the ratio is the peer's over ours."""
    world = city(ASSETS)
    cascade = Cascade(world)
    block, hour = cascade.block(damage_of(world, 0.02)), np.zeros(1)
    cascade.settle(block, np.arange(1), hour)  # compiles
    works, rounds = by_rounds(world, block.damage.works[0])
    if not (works == block.works[0]).all():
        raise SystemExit("the cascade and its peer disagree")
    small = city(ASSETS // 10)
    objects, hit, little = Objects(small), damage_of(small, 0.02), Cascade(small)
    part, broken = little.block(hit), np.flatnonzero(~hit.works[0]).tolist()
    little.settle(part, np.arange(1), hour)
    if len(objects.fail(broken)) != int((~part.works[0]).sum()):
        raise SystemExit("the cascade and dictionaries disagree")
    taken = in_turns(
        TURNS, ours=cpu(lambda: cascade.settle(block, np.arange(1), hour), 3), peer=cpu(lambda: by_rounds(world, block.damage.works[0])),
        tenth=cpu(lambda: little.settle(part, np.arange(1), hour), 10), objects=cpu(lambda: objects.fail(broken)), wiring=cpu(lambda: Cascade(world)),
    )  # fmt: skip
    ours, peer = taken["ours"], taken["peer"]
    return {
        "name": "cascade", "ours": round(ours.median, 4), "peer": round(peer.median, 4), "unit": "CPU s", "ratio": round(ratio(peer, ours), 1),
        "detail": {
            "assets": ASSETS, "services": NEEDED, "links": len(world.link_to), "broken": int((~block.damage.works).sum()), "failed": int((~block.works).sum()),
            "turns": TURNS, "ours s": ours.told(), "peer": f"whole-array NumPy, {rounds} rounds", "peer s": peer.told(),
            "compressing the links once s": taken["wiring"].told(), "dictionaries and sets over ours, a tenth of the city": round(ratio(taken["objects"], taken["tenth"]), 1),
        },
    }  # fmt: skip
