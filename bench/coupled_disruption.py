"""One disruption of the in2 toy (water, power and roads coupled, four components hit) through time, against InfraRisk's published 1.5 CPU s.

The city is imported from the files beside the checkout. Ours settles water, power and roads together at the strike and after every single repair
(steady states; InfraRisk steps its water model by 60 s through the same 8 hours), with crews that drive on the damaged roads. Each disruption begins
with nothing remembered but the undisturbed city. The peer's figure is the one of `shared/reference/resilience.md` 4.5, not measured in this run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.gather import gather
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run as follow
from holdfast.engines.scenario.world import Damage, World

PEER, SINGLE, BATCH = 1.5, 25, 128  # CPU s; disruptions one by one, and side by side
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


def run() -> dict:
    """Median CPU seconds of one disruption alone; the ratio is the peer's over ours."""
    if not DATA.exists():
        raise SystemExit("the in2 toy is not there: it is expected beside the checkout in shared/data/coupled/in2")
    world = world_of(DATA)
    rules = Rules(mobilisation_hours={"default": 0.5}, shift_hours={"default": 24.0})
    cascade, crews, hours = Cascade(world, rules), crews_of(world, rules), np.array([0.0, 1.0, 2.0, 4.0, 8.0])
    damage = damage_of(world, BATCH + SINGLE)
    follow(world, damage.rows(np.arange(2)), hours=hours, crews=crews, cascade=cascade, exact=True)  # compiles
    times, solved = [], 0
    for case in range(SINGLE):
        cascade = Cascade(world, rules)
        before = sum(s.solved for s in cascade.solutions)
        start = process_time()
        follow(world, damage.rows(np.array([case])), hours=hours, crews=crews, cascade=cascade, exact=True)
        times.append(process_time() - start)
        solved += sum(s.solved for s in cascade.solutions) - before
    cascade = Cascade(world, rules)
    start = process_time()
    timeline = follow(world, damage.rows(np.arange(SINGLE, SINGLE + BATCH)), hours=hours, crews=crews, cascade=cascade, exact=True)
    batch = (process_time() - start) / BATCH
    ours = float(np.median(times))
    return {
        "name": "coupled_disruption", "ours": round(ours, 5), "peer": PEER, "unit": "CPU s", "ratio": round(PEER / ours, 1),
        "detail": {
            "lifelines": ", ".join(f"{line.name} {len(line.component_id)}" for line in world.lifelines), "assets": world.assets,
            "network solutions for each": round(solved / SINGLE, 1), f"{BATCH} side by side": f"{batch * 1e3:.2f} ms each, ratio {PEER / batch:.0f}",
            "engines": "; ".join(sorted({engine for used in timeline.engines.values() for engine in used})), "not solved": int((timeline.status != 0).sum()),
            "peer": "InfraRisk, published, water stepped by 60 s; ours steady states between repairs",
        },
    }  # fmt: skip
