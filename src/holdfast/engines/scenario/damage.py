"""Damage of a strike: laws chosen once for a world, then sampled case by case in one compiled pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from holdfast.model.errors import Invalid
from holdfast.model.hazard import Strike

from .damage_kernel import STEP, sample_block, sample_single
from .damage_law import LawTable, choose
from .random import keys, salt, stream_key
from .world import Damage, World


class Group(NamedTuple):
    """Assets that have one law each, all of one measure; arrays as `damage_kernel.sample_single` takes them."""

    measure: str
    which: np.ndarray
    runs: np.ndarray
    law_of: np.ndarray
    salt: np.ndarray
    salt_repair: np.ndarray
    site: np.ndarray
    section: np.ndarray


class Sampler:
    """Turns strikes into damage of one world. Picklable.

    An asset's draws belong to its id, so adding assets elsewhere leaves them as they are.

    world        the assets
    site         (asset,) column of the strike's arrays for each asset, -1 for assets that the hazard leaves out; None when the
                 sites are the assets in their order
    rate_scale   factor on all repair rates            hours_scale  factor on all repair times
    """

    def __init__(self, world: World, site: np.ndarray | None = None, *, rate_scale: float = 1.0, hours_scale: float = 1.0) -> None:
        self.laws: LawTable = choose(world.kinds, np.asarray(world.asset_kind), world.tables)
        self._keys = keys(world.asset_id)
        self._site = np.arange(world.assets, dtype=np.int64) if site is None else np.asarray(site, np.int64)
        if len(self._site) != world.assets:
            raise Invalid(f"{len(self._site)} sites are given for {world.assets} assets", fix="Give the site of each asset, -1 where it has none")
        self._length = np.nan_to_num(np.asarray(world.length, float))
        self._section = np.nan_to_num(np.asarray(world.section, float))
        self._scale = (float(rate_scale), float(hours_scale))
        self._single, self._rest = self._split()

    def sample(self, strike: Strike, cases: np.ndarray, seed: int) -> Damage:
        """Damage in the cases numbered `cases` (case,), the rows of the strike's arrays.

        raises    Invalid if the strike's arrays do not have one row per case and one column per site
        """
        cases = np.ascontiguousarray(cases, np.int64)
        shape = (len(cases), self._columns(strike))
        hit = np.zeros((1, 1), np.int8) if strike.hit is None else np.ascontiguousarray(strike.hit, np.int8)
        if strike.hit is not None and hit.shape != shape:
            raise Invalid(f"hits have the shape {hit.shape}, not {shape}", fix="Give one row for each case and one column for each site")
        for name, values in strike.intensity.items():
            if values.shape != shape:
                raise Invalid(f"intensity {name} has the shape {values.shape}, not {shape}", fix="Give one row for each case and one column for each site")
        size = (len(cases), len(self._keys))
        out = (np.zeros(size, np.int8), np.ones(size, np.bool_), np.zeros(size, np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32))
        t, stream = self.laws, stream_key(seed, "damage")
        rest = self._rest
        if strike.hit is not None:  # direct hits need the general kernel
            rest = np.arange(len(self._keys))
        else:
            for group in self._single:
                if group.measure in strike.intensity:
                    values = np.ascontiguousarray(strike.intensity[group.measure], np.float32)
                    sample_single(stream, cases, group.which, group.runs, group.law_of, group.salt, group.salt_repair, group.site, values, values.view(np.int32),
                                  self._scale[1], t.chances, t.works, t.hours, t.hours_beta, t.loss, t.opening, group.section, *out)  # fmt: skip
        if len(rest):
            intensity = self._stack(strike, shape)
            sample_block(
                stream, cases, rest, self._keys, self._site, intensity, intensity.view(np.int32), hit, strike.hit is not None, self._length, self._section,
                *self._scale, t.chances, t.measure, t.given, t.curve, t.states, t.position, t.factor, t.exponent, t.works, t.hours, t.hours_beta, t.loss,
                t.opening, t.start, t.laws, t.forced, *out,
            )  # fmt: skip
        state, works, opening, repair, loss = out
        return Damage(state, works, opening, repair, loss, self._command(strike), regained=strike.regained)

    def _split(self) -> tuple[list[Group], np.ndarray]:
        """Assets with one law, a curve or a table, by measure and sorted by law; and positions of all others that have laws."""
        t, count = self.laws, np.diff(self.laws.start)
        law = np.full(len(count), -1, np.int64)
        law[count == 1] = t.laws[t.start[:-1][count == 1]]
        single = (law >= 0) & t.curve[law] & (self._site >= 0)
        groups = []
        for number, measure in enumerate(t.measures):
            which = np.flatnonzero(single & (t.measure[law] == number))
            which = which[np.argsort(law[which], kind="stable")]
            if len(which):
                law_of, start = np.unique(law[which], return_index=True)
                runs = np.stack((start, np.append(start[1:], len(which))), axis=1)
                salts = salt(self._keys[which] + STEP), salt(self._keys[which] ^ STEP)
                groups.append(Group(measure, which, runs, law_of, *salts, self._site[which], self._section[which]))
        return groups, np.flatnonzero(~single & (count > 0) & (self._site >= 0))

    def _columns(self, strike: Strike) -> int:
        arrays = [*strike.intensity.values(), *(a for a in (strike.hit, strike.command) if a is not None)]
        columns = arrays[0].shape[1] if arrays else int(self._site.max(initial=-1)) + 1
        if len(self._site) and self._site.max() >= columns:
            raise Invalid(f"the strike has {columns} sites, the assets refer to site {self._site.max()}", fix="Use the sites that the hazard model was made with")
        return columns

    def _stack(self, strike: Strike, shape: tuple[int, int]) -> np.ndarray:
        """(measure, case, site) float32; a measure that the hazard does not give is zero, and so does nothing."""
        out = np.zeros((max(len(self.laws.measures), 1), *shape), np.float32)
        for name, values in strike.intensity.items():
            if name in self.laws.measures:
                out[self.laws.measures.index(name)] = values
        return out

    def _command(self, strike: Strike) -> np.ndarray | None:
        if strike.command is None:
            return None
        placed = np.maximum(self._site, 0)
        return np.where(self._site >= 0, strike.command[:, placed], np.int8(0)).astype(np.int8)
