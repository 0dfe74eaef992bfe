"""Which controls are seized in which case, and what they are made to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.damage_law import fits
from holdfast.engines.scenario.random import keys, uniform
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.hazard import Command, Sites, Strike

SHARE = 0.2
"""Of the controls that nobody named; a proposal."""

ACTIONS = {"closed": Command.CLOSED, "open": Command.OPEN, "frozen": Command.FROZEN}


@dataclass(frozen=True, slots=True)
class CyberModel:
    """Commands on chosen controls. Fields as in `holdfast.model.hazard.HazardModel`. chosen: (c,) columns of the sites."""

    measures: tuple[str, ...]
    cases: int | None
    summary: dict[str, Any]
    sites: int
    chosen: np.ndarray
    items: np.ndarray
    share: float
    action: str
    duration: float

    def strike(self, cases: np.ndarray, seed: int) -> Strike:
        """Commands of the cases numbered `cases` (case,)."""
        cases = np.asarray(cases, np.int64)
        if self.share < 1.0:
            seized = uniform(seed, "cyber.seized", cases, self.items) < self.share
        else:
            seized = np.ones((len(cases), len(self.chosen)), bool)
        if self.action == "mixed":
            order = np.array([Command.CLOSED, Command.OPEN, Command.FROZEN], np.int8)
            what = order[(uniform(seed, "cyber.action", cases, self.items) * 3).astype(np.int64)]
        else:
            what = np.full(seized.shape, ACTIONS[self.action], np.int8)
        command = np.zeros((len(cases), self.sites), np.int8)
        command[:, self.chosen] = np.where(seized, what, np.int8(Command.NORMAL))
        label = pa.array([f"{number} of {len(self.chosen)} controls {self.action}" for number in seized.sum(axis=1)], pa.string())
        return Strike(command=command, label=label, regained=np.full(len(cases), self.duration))


def build(
    city: Any, sites: Sites, *, domains: Sequence[str] | str, kinds: Sequence[str] | str, where: dict[str, str], share: float | None, action: str, duration: float
) -> CyberModel:  # fmt: skip
    """See `holdfast.hazards.cyber.model`."""
    if action not in (*ACTIONS, "mixed"):
        raise Invalid(f"there is no action {action!r}", fix=f"Actions are: {', '.join(ACTIONS)}, mixed", field="action")
    wanted, sectors = _listed(kinds), _listed(domains)
    if share is None:
        share = 1.0 if wanted or where else SHARE
    if not 0.0 < share <= 1.0:
        raise Invalid("share must be above 0 and at most 1", fix="Give for example share = 0.2", field="share")
    if not float(duration) > 0.0:
        raise Invalid("control is lost for more than 0 hours", fix="Give for example duration = 24, or inf for never regained", field="duration")
    controls = wanted or list(city.settings["cyber.controls"])
    parts, before = [], 0
    for number, kind in enumerate(sites.kinds):
        if kind.name in controls and (not sectors or kind.domain in sectors):
            here = np.flatnonzero(sites.kind == number)
            before += len(here)
            parts.append(here[fits(tuple(where.items()), sites.tables.get(kind.name), len(here), "where")] if where else here)
    chosen = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    if before and not len(chosen):
        raise NotFound("no control fits the selection", fix=f"Loosen `where`: none of {before} controls has these values", field="where")
    if not len(chosen):
        known, field = ", ".join(city.settings["cyber.controls"]), "domains" if sectors and not wanted else "kinds"
        raise NotFound("the city has no such control", fix=f"Controls are of the kinds: {known}", field=field)
    names = sites.id.take(pa.array(chosen))
    summary = {
        "hazard": "cyber", "controls": len(chosen), "kinds": sorted({str(i).partition(":")[0] for i in names.to_pylist()}), "share": share, "action": action,
        "duration_hours": float(duration) if np.isfinite(duration) else None,
    }  # fmt: skip
    certain = share >= 1.0 and action != "mixed"
    return CyberModel((), 1 if certain else None, summary, len(sites), chosen, keys(names), float(share), action, float(duration))


def _listed(value: Sequence[str] | str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else list(value)
