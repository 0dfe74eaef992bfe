"""Who keeps power on batteries and own generators when the network is gone, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Units:
    """Batteries and generators that stand by for one load each.

    load       (unit,) load that it serves, -1 none
    power      (unit,) most it gives [W];  energy (unit,) what it has stored [J], inf for generators
    endurance  (unit,) running time on stored fuel [h], inf for batteries;  start (unit,) time until it runs [h]
    """

    load: np.ndarray
    power: np.ndarray
    energy: np.ndarray
    endurance: np.ndarray
    start: np.ndarray

    def take(self, keep: np.ndarray) -> Units:
        """The units where `keep` (unit,) is true."""
        return Units(*(getattr(self, name)[keep] for name in Units.__slots__))


@dataclass(frozen=True, slots=True)
class Holdup:
    """share (load,) of the load that is carried, 0 to 1; hours (load,) for how long; gap (load,) [h] without power until a generator runs."""

    share: np.ndarray
    hours: np.ndarray
    gap: np.ndarray


def hold_up(demand: np.ndarray, units: Units) -> Holdup:
    """Batteries bridge until generators run, and carry on when the fuel is gone; units too small for the whole load carry a part of it.

    demand    (load,) active power [W]
    """
    count = len(demand)
    stored, running = np.isfinite(units.energy), ~np.isfinite(units.energy)

    def total(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
        use = mask & (units.load >= 0)
        return np.bincount(units.load[use], weights=values[use], minlength=count)

    p_store, e_store, p_run = total(stored, units.power), total(stored, np.where(stored, units.energy, 0.0)), total(running, units.power)
    fuel = total(running, units.power * np.where(running, units.endurance, 0.0))  # W h
    start = np.zeros(count)
    use = running & (units.load >= 0)
    np.maximum.at(start, units.load[use], units.start[use])
    need = np.where(demand > 0, demand, np.nan)
    share_run, share_store = np.nan_to_num(np.minimum(p_run / need, 1.0)), np.nan_to_num(np.minimum(p_store / need, 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        run_hours = np.nan_to_num(fuel / np.minimum(need, p_run), posinf=0.0)  # sets share the load, so part load stretches the fuel
        store_hours = np.nan_to_num(e_store / 3600.0 / np.minimum(need, p_store), posinf=0.0)
    gap = np.where(p_run > 0, np.maximum(start - store_hours, 0.0), 0.0)
    run_hours = np.where(p_run > 0, run_hours, 0.0)
    return Holdup(np.maximum(share_run, share_store), run_hours + store_hours, gap)
