"""One disruption of the in2 toy (water, power and roads coupled, four components hit) through time, against a peer made of public tools.

The city is imported from the files beside the checkout. Ours settles water, power and roads together at the strike, after every single repair and when
a tank runs dry or is filled again, with crews that drive on the damaged roads. Each disruption begins with nothing remembered but the undisturbed city.
The peer, bench/peers/coupled_disruption.py, follows the same disruptions through the same 8 hours with WNTR, pandapower and networkx as InfraRisk does,
which cannot be installed: its water in steps of 60 s. Each turn measures one disruption, ours and the peer's; told beside is the peer with hourly steps,
which is the least that it could do. It runs in the interpreter named by HOLDFAST_PEER_COUPLED; without it the peer is InfraRisk's published 1.5 CPU s.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from bench.turns import Program, Taken, cpu, in_turns, ratio
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.gather import gather
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import Timeline
from holdfast.engines.scenario.timeline import run as follow
from holdfast.engines.scenario.world import Damage, World

PUBLISHED = 1.5  # CPU s of InfraRisk
TURNS, AGAIN, BATCH = 7, 5, 128  # disruptions one by one, how often ours repeats each, and how many side by side
HOURS, MOBILISATION = np.array([0.0, 1.0, 2.0, 4.0, 8.0]), 0.5
PRESSURE = 14.0  # m at which a demand is met, as the setting water.required_pressure
FILES = ("transportation/transpo_net.tntp", "water/water.inp", "power/power.json", "dependecies.csv")
HIT = ("water.pipe", "water.pump", "roads.street", "power.line")  # one of each, as in the peer's own scenario
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "coupled" / "in2"


def world_of(folder: Path) -> World:
    """The toy imported and gathered."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as place, create_city(f"{place}/city", crs="local") as city:
        for name in FILES:
            import_files(city, [folder / name], ImportOptions(crs="local:m"))
        return gather(city)[0]


def damage_of(world: World, cases: int, seed: int = 1) -> Damage:
    """One component of each kind in HIT, drawn anew for each case: pipes leak through half of their section, the others are out; 1 to 3 crew hours."""
    rng = np.random.Generator(np.random.Philox(seed))
    kinds = [kind.name for kind in world.kinds]
    state, opening, hours = np.zeros((cases, world.assets), np.int8), np.zeros((cases, world.assets), np.float32), np.zeros((cases, world.assets), np.float32)
    for name in HIT:
        chosen = rng.choice(np.flatnonzero(world.asset_kind == kinds.index(name)), cases)
        state[np.arange(cases), chosen] = 1
        hours[np.arange(cases), chosen] = rng.uniform(1.0, 3.0, cases)
        if name == "water.pipe":
            opening[np.arange(cases), chosen] = 0.5 * world.section[chosen]
    return Damage(state, (state == 0) | (opening > 0.0), opening, hours, np.zeros(state.shape, np.float32))


class Ours:
    """Disruptions of the toy, followed with nothing remembered."""

    def __init__(self) -> None:
        self.world = world_of(DATA)
        self.rules = Rules(mobilisation_hours={"default": MOBILISATION}, shift_hours={"default": 24.0})
        self.crews, self.damage = crews_of(self.world, self.rules), damage_of(self.world, TURNS + BATCH)
        self.solved = 0

    def follow(self, cases: np.ndarray, cascade: Cascade) -> Timeline:
        """Some of the disruptions side by side."""
        before = sum(s.solved for s in cascade.solutions)
        timeline = follow(self.world, self.damage.rows(cases), hours=HOURS, crews=self.crews, cascade=cascade, exact=True)
        self.solved = sum(s.solved for s in cascade.solutions) - before
        return timeline

    def seconds(self, cases: np.ndarray, calls: int) -> float:
        """CPU seconds of following them, each call with a cascade of its own."""
        return mean(cpu(partial(self.follow, cases, Cascade(self.world, self.rules)))() for _ in range(calls))

    def question(self, case: int, step: int) -> dict[str, Any]:
        """The same disruption for the peer."""
        hit = {self.world.asset_id[int(a)].as_py(): {"hours": float(self.damage.repair_hours[case, a]), "opening": float(self.damage.opening[case, a])}
               for a in np.flatnonzero(self.damage.state[case])}  # fmt: skip
        return {"hit": hit, "step": step, "hours": float(HOURS[-1]), "mobilisation": MOBILISATION, "pressure": PRESSURE}


def measured(ours: Ours, python: str | None) -> tuple[dict[str, Taken], dict[str, Any]]:
    """All in turns, the same disruption within each; and what the peer says of itself."""
    at = {name: iter(range(TURNS)) for name in ("ours", "peer", "hourly")}
    contestants = {"ours": lambda: ours.seconds(np.array([next(at["ours"])]), AGAIN), "batch": lambda: ours.seconds(np.arange(TURNS, TURNS + BATCH), 1) / BATCH}
    if not python:
        return in_turns(TURNS, **contestants, peer=lambda: PUBLISHED), {"peer": "InfraRisk, published (HOLDFAST_PEER_COUPLED names no interpreter)"}
    said: list[dict[str, Any]] = []
    with Program(python, str(Path(__file__).parent / "peers" / "coupled_disruption.py"), str(DATA)) as program:

        def turn(name: str, step: int) -> float:
            said.append(program.ask(**ours.question(next(at[name]), step)) | {"step": step})
            return said[-1]["seconds"]

        for step in (60, 3600):
            program.ask(**ours.question(TURNS, step))  # warms up
        taken = in_turns(TURNS, **contestants, peer=lambda: turn("peer", 60), hourly=lambda: turn("hourly", 3600))
    fine = [answer for answer in said if answer["step"] == 60]
    detail = {"peer": "WNTR {wntr} by 60 s, pandapower {pandapower}, networkx {networkx}".format(**said[0]["versions"]), "peer s": taken["peer"].told(),
              "peer with hourly steps s": taken["hourly"].told(), "ratio to it with hourly steps": round(ratio(taken["hourly"], taken["ours"]), 1),
              "events and steps of the peer": f"{mean(a['events'] for a in fine):.1f}, {mean(a['steps'] for a in fine):.0f}",
              "tank dry after h, peer": [None if a["dry_hour"] is None else round(a["dry_hour"], 2) for a in fine]}  # fmt: skip
    return taken, detail


def run() -> dict:
    """Median CPU seconds of one disruption alone; the ratio is the peer's over ours."""
    if not DATA.exists():
        raise SystemExit("the in2 toy is not there: it is expected beside the checkout in shared/data/coupled/in2")
    ours = Ours()
    ours.seconds(np.arange(2), 1)  # compiles
    taken, told = measured(ours, os.environ.get("HOLDFAST_PEER_COUPLED"))
    solved = []
    for case in range(TURNS):
        ours.follow(np.array([case]), Cascade(ours.world, ours.rules))
        solved.append(ours.solved)
    timeline = ours.follow(np.arange(TURNS + BATCH), Cascade(ours.world, ours.rules))
    mine, theirs, batch = taken["ours"], taken["peer"], taken["batch"]
    return {
        "name": "coupled_disruption", "ours": round(mine.median, 5), "peer": round(theirs.median, 3), "unit": "CPU s", "ratio": round(ratio(theirs, mine), 1),
        "detail": {
            "lifelines": ", ".join(f"{line.name} {len(line.component_id)}" for line in ours.world.lifelines), "assets": ours.world.assets, "turns": TURNS,
            "ours ms": mine.told(1e3), "ratio to InfraRisk's published 1.5 s": round(PUBLISHED / mine.median, 1), "network solutions for each": round(mean(solved), 1),
            f"{BATCH} side by side, ms each": batch.told(1e3), "ratio side by side": round(ratio(theirs, batch)),
            "engines": "; ".join(sorted({engine for used in timeline.engines.values() for engine in used})), "not solved": int((timeline.status != 0).sum()),
            "tank dry after h, ours": [round(float(h), 2) if np.isfinite(h) else None for h in timeline.dry_hour[:TURNS, 0]], **told,
        },
    }  # fmt: skip
