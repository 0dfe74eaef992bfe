"""Who shuts off what leaks: valves are closed within hours, by people of their own, long before the repair.

What leaks spills, and takes from its neighbours, until it is shut off; from then on it is out of service until it is mended. Which valves that takes,
and what else they close off, is the network's to know.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .cascade import Cascade
from .repair import Crews, schedule, straight_travel
from .world import Damage


def shut_off(cascade: Cascade, damage: Damage, crews: Crews) -> Damage:
    """The damage with the hours from which its leaks are shut off.

    As many pairs of valve hands as a team has repair crews leave its depots when it is mobilised and go to the largest leak first, by detours of
    straight lines: with hand tools they pass where a repair crew cannot. Services that shut off from afar, with 0 hours in the rule, do so at once.
    What still does its job while it leaks is left running, except in the services of the rule `isolate_leaking`.
    """
    rules, assets = cascade.rules, cascade.world.assets
    hours, leaking = np.full(assets, np.nan), np.zeros(assets, bool)
    for line, component in zip(cascade.world.lifelines, cascade.world.component, strict=True):
        mine = component[component >= 0]
        hours[mine], leaking[mine] = rules.isolation_hours.get(line.service, np.nan), line.service in rules.isolate_leaking
    spills = (damage.opening > 0.0) & np.isfinite(hours) & (leaking | ~damage.works)
    isolated = np.where(spills & (hours <= 0.0), np.float32(0.0), np.float32(np.inf))
    task = np.flatnonzero(spills.any(axis=0) & (hours > 0.0))
    if len(task):
        work = np.zeros(spills.shape, np.float32)
        work[:, task] = np.where(spills[:, task], hours[task], 0.0)
        largest = -damage.opening[:, task].astype(np.float64)
        done = schedule(cascade.world, replace(damage, repair_hours=work), crews, largest, straight_travel(cascade.world, crews, rules, task), task=task)
        isolated[:, task] = np.where(spills[:, task], done[:, task], np.inf)
    return replace(damage, isolated=isolated)
