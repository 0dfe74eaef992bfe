"""Which damage laws act on which asset: chosen once, laid out as arrays for the kernel.

The first law of each measure whose `when` fits is used; a `RepairRate` and a curve or table of one measure may act side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid
from holdfast.model.spec import Consequence, DamageCurve, DamageTable, Kind, RepairRate, Source

from .damage_chance import STATES, Chances, curve_reach, lay_out, worst_first

Law = DamageCurve | DamageTable | RepairRate

GENERIC = DamageCurve(
    "", ("slight", "moderate", "extensive", "destroyed"), (1.0, 2.0, 3.0, 4.0), (1.0,) * STATES, Source("Holdfast default", mark="proposal"),
    consequences=(
        Consequence("slight", True, 2.0, loss=0.05), Consequence("moderate", True, 8.0, loss=0.2),
        Consequence("extensive", False, 48.0, loss=0.5), Consequence("destroyed", False, 168.0, loss=1.0)),
)
"""What a direct hit means where a kind declares no law of its own."""


@dataclass(frozen=True, slots=True)
class LawTable:
    """All laws of a world as arrays, and the laws of each asset.

    measures  names; `measure` and `given` index them, -1 none
    curve     (law,) bool: states by a curve or a table, else repairs along the length
    states    (law,) number of states, 1 to 4             chances  of reaching the states of curves and tables
    position  (law, 4) of repair rates: running sums of shares
    factor, exponent  (law,) of repair rates
    works, hours, hours_beta, loss, opening  (law, 4) consequences of each state
    start     (asset + 1,), laws (..): laws of asset i are laws[start[i]:start[i + 1]]
    forced    (asset,) law whose consequences a direct hit has
    """

    measures: tuple[str, ...]
    measure: np.ndarray
    given: np.ndarray
    curve: np.ndarray
    states: np.ndarray
    chances: Chances
    position: np.ndarray
    factor: np.ndarray
    exponent: np.ndarray
    works: np.ndarray
    hours: np.ndarray
    hours_beta: np.ndarray
    loss: np.ndarray
    opening: np.ndarray
    start: np.ndarray
    laws: np.ndarray
    forced: np.ndarray


def fits(when: tuple[tuple[str, str], ...], table: pa.Table | None, rows: int, field: str = "when") -> np.ndarray:
    """(rows,) bool: where all conditions hold.

    when    (field, wanted) pairs; wanted is a value, several values as "a|b", or a range of numbers as "low..high" (low included,
            high not, either may be left out); "" is a field that is not filled in. Otherwise an empty field fits nothing, as does an unknown one
    field   what the conditions are called where they were written
    raises  Invalid naming `field` for a range that is none, or of a field that has no numbers
    """
    out = np.ones(rows, bool)
    for name, wanted in when:
        if table is None or name not in table.column_names:
            return np.zeros(rows, bool)
        out &= _matches(name, table[name], wanted, field)
    return out


def _matches(name: str, column: pa.ChunkedArray, wanted: str, field: str) -> np.ndarray:
    if not wanted:
        return np.asarray(column.is_null().to_numpy())
    if ".." in wanted:
        low, high = (part.strip() for part in wanted.split("..", 1))
        try:
            values = np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
            return (values >= (float(low) if low else -np.inf)) & (values < (float(high) if high else np.inf))
        except (pa.ArrowInvalid, ValueError) as error:
            fix = "Write a range of numbers such as 0.1..0.3, ..0.3 or 0.3.., and only for a field of numbers"
            raise Invalid(f"{name} = {wanted!r} is no range, or {name} is not a field of numbers", fix=fix, field=field) from error
    text = np.asarray(column.cast(pa.string()).to_numpy(zero_copy_only=False), object)
    return np.isin(text, [part.strip() for part in wanted.split("|")])


def choose(kinds: Sequence[Kind], kind: np.ndarray, tables: dict[str, pa.Table]) -> LawTable:
    """The laws of every asset.

    kinds   declared kinds             kind  (asset,) index into them
    tables  attributes by kind name, rows in the order of the assets of that kind
    raises  Invalid if a table does not match its assets
    """
    known: dict[int, int] = {}
    laws: list[Law] = []
    pairs: list[tuple[np.ndarray, int, int]] = []
    forced = np.full(len(kind), -1, np.int64)
    for number, one in enumerate(kinds):
        assets = np.flatnonzero(kind == number)
        if not len(assets) or not one.damage:
            continue
        table = tables.get(one.name)
        if table is not None and table.num_rows != len(assets):
            raise Invalid(f"{one.name}: {table.num_rows} rows for {len(assets)} assets", fix="Give one row for each asset of the kind, in their order")
        taken: dict[tuple[bool, str, str | None], np.ndarray] = {}
        for order, law in enumerate(one.damage):
            key = (isinstance(law, RepairRate), law.measure, getattr(law, "given", None))
            here = fits(law.when, table, len(assets)) & ~taken.get(key, np.zeros(len(assets), bool))
            taken[key] = taken.get(key, np.zeros(len(assets), bool)) | here
            if not here.any():
                continue
            at = known.setdefault(id(law), len(laws))
            if at == len(laws):
                laws.append(law)
            pairs.append((assets[here], at, order))
            empty = here & (forced[assets] < 0) if law.consequences else np.zeros(len(assets), bool)
            forced[assets[empty]] = at
    laws.append(GENERIC)
    forced[forced < 0] = len(laws) - 1
    return _pack(laws, pairs, forced)


def _pack(laws: list[Law], pairs: list[tuple[np.ndarray, int, int]], forced: np.ndarray) -> LawTable:
    measures = tuple(dict.fromkeys([m for law in laws[:-1] for m in (law.measure, getattr(law, "given", None)) if m]))
    shape = (len(laws), STATES)
    table = {name: np.zeros(shape) for name in ("position", "hours", "hours_beta", "loss", "opening")}
    works = np.ones(shape, bool)
    factor, exponent = np.zeros(len(laws)), np.zeros(len(laws))
    for at, law in enumerate(laws):
        count = len(law.states)
        if isinstance(law, DamageCurve) and not min(law.betas, default=1.0) > 0.0:
            raise Invalid("a damage curve has no spread", fix="Give lognormal standard deviations above 0")
        if not 1 <= count <= STATES:
            raise Invalid(f"a damage law has {count} states", fix=f"Give 1 to {STATES} states")
        if isinstance(law, RepairRate):
            table["position"][at, :count] = np.cumsum(law.shares)
            factor[at], exponent[at] = law.factor, law.exponent
        for state, what in enumerate(law.consequences):
            works[at, state] = what.works
            table["hours"][at, state], table["hours_beta"][at, state] = what.repair_hours, what.repair_beta
            table["loss"][at, state], table["opening"][at, state] = what.loss, what.opening
    assets = np.concatenate([p[0] for p in pairs]) if pairs else np.empty(0, np.int64)
    law_of = np.concatenate([np.full(len(p[0]), p[1]) for p in pairs]) if pairs else np.empty(0, np.int64)
    rank = np.concatenate([np.full(len(p[0]), p[2]) for p in pairs]) if pairs else np.empty(0, np.int64)
    order = np.lexsort((rank, assets))
    start = np.zeros(len(forced) + 1, np.int64)
    np.cumsum(np.bincount(assets, minlength=len(forced)), out=start[1:])
    return LawTable(
        measures=measures, measure=np.array([measures.index(law.measure) if law.measure else -1 for law in laws], np.int64),
        given=np.array([measures.index(law.given) if getattr(law, "given", None) else -1 for law in laws], np.int64),
        curve=np.array([not isinstance(law, RepairRate) for law in laws]), states=np.array([len(law.states) for law in laws], np.int64),
        chances=lay_out(laws), factor=factor, exponent=exponent, works=works, start=start, laws=law_of[order].astype(np.int64), forced=forced, **table,
    )  # fmt: skip


def probabilities(law: DamageCurve | DamageTable, intensity: np.ndarray) -> np.ndarray:
    """Probability of each state (..., states + 1) at intensities (...), the first being no damage.

    Reaching a state is at least as likely as reaching any worse one, as in the sampled damage.
    """
    if isinstance(law, DamageTable):
        x = np.asarray(intensity, float)
        reach = np.stack([np.where(x < law.onset, 0.0, np.interp(x, law.levels, row)) for row in law.chances], axis=-1)
    else:
        reach = curve_reach(law, intensity)
    reach = worst_first(reach)
    full = np.concatenate([np.ones((*reach.shape[:-1], 1)), reach, np.zeros((*reach.shape[:-1], 1))], -1)
    return full[..., :-1] - full[..., 1:]
