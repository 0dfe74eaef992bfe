"""The earthquake bound to a city's sites: one event, a stochastic catalogue, or a map of shaking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from holdfast.engines.scenario.random import keys, normal, normal_fields, uniform
from holdfast.model.hazard import Sites, Strike

from .catalogue import Catalogue
from .fields import Field
from .ground_failure import deform
from .motion import ground_motion
from .rupture import Rupture, distances

_CHUNK = 64  # cases in one pass, so that the fields of a block stay small


@dataclass(frozen=True, slots=True)
class Ground:
    """What the sites are, (site,): x, y [km], Vs30 [m/s], susceptibility, ground cell, depth of the ground water [m]; placed: has coordinates.

    sediments   depth to 1 km/s [m], None: usual for the Vs30          measured   Vs30 was measured
    """

    x: np.ndarray
    y: np.ndarray
    vs30: np.ndarray
    category: np.ndarray
    cell: np.ndarray
    water: float
    placed: np.ndarray
    sediments: float | None = None
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """ln of the median (SI), and between-event and within-event standard deviations, each (branch, measure, site) float32."""

    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray


@dataclass(frozen=True, slots=True)
class QuakeModel:
    """See `holdfast.model.hazard.HazardModel`.

    motions     measures of ground motion, in the order of tables and fields; `measures` has "pgd" besides
    models      ground motion models, one branch of the tree each     chances  running sums of their weights
    fields      one correlated field for each motion; empty for independent sites (`items`)
    mixing      (motion, motion) lower factor of the correlation between motions at a site
    truncation  deviations are normal within so many standard deviations and never beyond; 0 cuts none
    """

    measures: tuple[str, ...]
    cases: int | None
    summary: dict[str, Any]
    ground: Ground
    motions: tuple[str, ...]
    models: tuple[str, ...]
    chances: np.ndarray
    region: str
    fields: tuple[Field, ...]
    items: np.ndarray
    mixing: np.ndarray
    truncation: float
    magnitude: float
    table: Table | None = None
    catalogue: Catalogue | None = None
    label: str = field(default="")

    def strike(self, cases: np.ndarray, seed: int) -> Strike:
        """Ground motion, and deformation where the ground fails, in the cases numbered `cases` (case,)."""
        cases = np.asarray(cases, np.int64)
        shape = (len(cases), len(self.ground.x))
        out = {name: np.empty(shape, np.float32) for name in self.measures}
        magnitude = np.full(len(cases), self.magnitude)
        labels: list[str] = []
        for begin in range(0, len(cases), _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            labels += self._shake(cases[rows], seed, {n: a[rows] for n, a in out.items()}, magnitude[rows])
        if "pgd" in out:
            g = self.ground
            out["pgd"][:] = deform(seed, cases, g.cell, g.category, magnitude, g.water, out["pga"])
        for values in out.values():
            values[:, ~self.ground.placed] = 0.0
        return Strike(intensity=out, label=pa.array(labels, pa.string()))

    def _shake(self, cases: np.ndarray, seed: int, out: dict[str, np.ndarray], magnitude: np.ndarray) -> list[str]:
        count = len(self.motions)
        branch = np.searchsorted(self.chances, uniform(seed, "quake.branch", cases, np.zeros(1))[:, 0]).clip(0, len(self.models) - 1)
        eta = normal(seed, "quake.between", cases, np.arange(count)) @ self.mixing.T
        latent = np.empty((count, len(cases), len(self.ground.x)), np.float32)
        for m, name in enumerate(self.motions):
            stream = f"quake.within.{name}"
            latent[m] = self.fields[m].draw(seed, stream, cases) if self.fields else normal_fields(seed, stream, cases, self.items)
        labels = [self.models[b] if self.models else self.label for b in branch]
        if self.catalogue is None:
            table, rows = self.table, branch.astype(np.int64)
        else:
            events = self.catalogue.events(seed, cases)
            magnitude[:] = [e.magnitude for e in events]
            table, rows = self._tabulate(events, branch), np.arange(len(cases))
            labels = [f"M {e.magnitude:.2f} at {np.hypot(e.x - self.catalogue.x, e.y - self.catalogue.y):.0f} km, {n}" for e, n in zip(events, labels, strict=True)]
        assert table is not None
        cut = truncated(self.truncation)
        eta = np.interp(eta, _GRID, cut) if len(cut) else eta
        for m, name in enumerate(self.motions):
            combine(table.mean[:, m], table.between[:, m], table.within[:, m], rows, eta[:, m], latent[: m + 1], self.mixing[m].astype(np.float32), cut, out[name])
        return labels

    def _tabulate(self, events: list[Rupture], branch: np.ndarray) -> Table:
        parts = [tabulate((self.models[b],), self.motions, event, self.ground, self.region) for event, b in zip(events, branch, strict=True)]
        return Table(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("mean", "between", "within")))


def tabulate(models: tuple[str, ...], motions: tuple[str, ...], rupture: Rupture, ground: Ground, region: str) -> Table:
    """Ground motion of one event by every model, at every site."""
    where = distances(rupture, ground.x, ground.y)
    shape = (len(models), len(motions), len(ground.x))
    mean, between, within = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.float32)
    for b, model in enumerate(models):
        for m, measure in enumerate(motions):
            mean[b, m], between[b, m], within[b, m] = ground_motion(
                model, measure, rupture, where, ground.vs30, region, ground.sediments, ground.measured
            )
    return Table(mean, between, within)


_STEPS, _REACH = 128, 6  # of the table below: cells to a standard deviation, and how far it goes
_GRID = np.linspace(-_REACH, _REACH, 2 * _REACH * _STEPS + 1)


def truncated(limit: float) -> np.ndarray:
    """What normal numbers at even steps from -6 to 6 become, so that they are normal within the limit and never beyond; empty for 0."""
    from scipy.special import ndtr, ndtri

    if limit <= 0.0:
        return np.zeros(0, np.float32)
    tail = ndtr(-limit)
    half = ndtri(tail + ndtr(_GRID[_GRID <= 0.0]) * (1.0 - 2.0 * tail))  # the upper half by symmetry, where digits would be lost
    return np.concatenate((half, -half[-2::-1])).clip(-limit, limit).astype(np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def combine(mean, between, within, rows, eta, latent, factor, cut, out):
    """out (case, site) = exp(mean + between * eta + within * epsilon); epsilon is a mixture of the latent fields (field, case, site), cut as `truncated` says."""
    steps, last = np.float32(_STEPS), np.float32(cut.size - 2)
    for k in range(rows.size):
        b = rows[k]
        event = np.float32(eta[k])
        for i in range(out.shape[1]):
            epsilon = np.float32(0.0)
            for j in range(latent.shape[0]):
                epsilon += factor[j] * latent[j, k, i]
            if cut.size:
                place = min(max((epsilon + np.float32(_REACH)) * steps, np.float32(0.0)), last)
                cell = np.uint32(place)
                low = cut[cell]
                epsilon = low + (place - np.float32(cell)) * (cut[cell + np.uint32(1)] - low)
            out[k, i] = np.exp(mean[b, i] + between[b, i] * event + within[b, i] * epsilon)


def item_keys(sites: Sites) -> np.ndarray:
    """Draws of independent sites belong to their ids."""
    return keys(sites.id)
