"""The city as the scenario engine sees it: one list of assets, who needs what from whom, and the lifelines. Nothing here knows a sector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holdfast.model.lifeline import Lifeline
from holdfast.model.spec import Kind


@dataclass(frozen=True, slots=True)
class World:
    """All assets that can be hit, that serve, or that are served. Made by `holdfast.app.scenario`; picklable.

    asset_id     (asset,) ids                    asset_kind  (asset,) int16 index into `kinds`
    xyz          (asset, 3) [m] in `crs`         length      (asset,) [m] of edges, NaN others
    section      (asset,) cross-section of pipes [m2], NaN others
    people       (asset,) people living or working there; only assets that people use (buildings, else outlets) have any
    critical     (asset,) bool: hospitals, fire stations, shelters ...
    value        (asset,) replacement cost [CNY]
    zone         (asset,) int32 index into `zone_id`, -1 none
    services     names, in the order of the `service` axis
    use          (asset, service) bool: the asset or its people use the service; whoever has people here misses it
    need         (asset, service) bool: of these, what the asset cannot work without           backup      (asset, service) float32 hours that it lasts without
    link_from, link_to, link_service  (link,) int32: provider serves consumer; sorted by link_to, then service
    lifelines    networks that are solved        component, outlet  per lifeline, (c,) and (o,) asset positions of its ids, -1 unknown
    local        (asset, service) bool: the asset itself gives the service when it works (a telecom site), without a network solve
    tables       attributes by kind name, for choosing damage curves
    """

    crs: str
    asset_id: pa.Array
    asset_kind: np.ndarray
    kinds: tuple[Kind, ...]
    xyz: np.ndarray
    length: np.ndarray
    section: np.ndarray
    people: np.ndarray
    critical: np.ndarray
    value: np.ndarray
    zone: np.ndarray
    zone_id: tuple[str, ...]
    services: tuple[str, ...]
    use: np.ndarray
    need: np.ndarray
    backup: np.ndarray
    link_from: np.ndarray
    link_to: np.ndarray
    link_service: np.ndarray
    lifelines: tuple[Lifeline, ...]
    component: tuple[np.ndarray, ...]
    outlet: tuple[np.ndarray, ...]
    local: np.ndarray
    tables: dict[str, pa.Table]

    @property
    def assets(self) -> int:
        return len(self.asset_id)


@dataclass(frozen=True, slots=True)
class Damage:
    """What a strike did to the assets, before any cascade or repair.

    state         (case, asset) int8: 0 intact, then the states of the asset's law from light to severe
    works         (case, asset) bool: still does its job as far as its own damage goes
    opening       (case, asset) float32 leak area [m2]
    repair_hours  (case, asset) float32 crew hours to mend it, 0 where nothing is to mend
    loss          (case, asset) float32 share of the replacement cost
    command       (case, asset) int8 `Command`, or None
    regained      (case,) float64 hours after the event at which controls obey again; None for never
    isolated      (case, asset) float32 hours after the event from which a leak is shut off, its asset out of service until it is mended; inf for
                  never. None where nobody has planned it yet, see `spills.shut_off`
    """

    state: np.ndarray
    works: np.ndarray
    opening: np.ndarray
    repair_hours: np.ndarray
    loss: np.ndarray
    command: np.ndarray | None = None
    isolated: np.ndarray | None = None
    regained: np.ndarray | None = None

    @property
    def cases(self) -> int:
        return self.state.shape[0]

    def rows(self, index: np.ndarray) -> Damage:
        """The cases at `index`, in that order; a case may come more than once."""
        parts = (self.state, self.works, self.opening, self.repair_hours, self.loss)
        return Damage(*(part[index] for part in parts), *(None if part is None else part[index] for part in (self.command, self.isolated, self.regained)))


def harmful(damage: Damage) -> np.ndarray:
    """(case, asset) bool: what is broken so that it matters as long as it is not mended; the rest of the damage only takes crews."""
    found = ~damage.works | (damage.opening > 0.0)
    return found if damage.command is None else found | (damage.command != 0)
