"""Numbers that every network law needs: what no law can take is refused by name before anything is solved with it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid


def require(
    field: str, values: np.ndarray, *, above: float | None = None, least: float | None = None, where: np.ndarray | None = None, ids: pa.Array | None = None, row: str = "link"
) -> None:
    """Refuse values that are not finite or too small; an engine would carry them into every answer, or take such a pipe for one without friction.

    field     what the values are, in words that a person knows
    values    (n,) numbers
    above     they must be more than this        least  they must be at least this; without either any finite number will do
    where     (n,) bool: rows that need a value; default all
    ids       (n,) asset ids for the message; without them rows are counted from 0 as `row`
    raises    Invalid naming the field, the first few rows and the first value
    """
    low = np.zeros(len(values), bool) if above is None and least is None else values <= above if above is not None else values < least
    bad = ~np.isfinite(values) | low
    at = np.flatnonzero(bad if where is None else bad & where)
    if len(at) == 0:
        return
    first = ids.take(pa.array(at[:3])).to_pylist() if ids is not None else [f"{row} {n}" for n in at[:3]]
    names = ", ".join(first) + (f" and {len(at) - 3} more" if len(at) > 3 else "")
    must = f"above {above:g}" if above is not None else f"{least:g} or more" if least is not None else "a number"
    raise Invalid(f"{field} of {names} is {values[at[0]]:g} and must be {must}", fix=f"Correct the {field}", field=field)
