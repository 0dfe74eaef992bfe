"""A city that is never worse off than the real one, and in which less never gives more: what is lost there is lost whatever the networks do.

Each lifeline is replaced by a limit of its levels from above. A lifeline that sheds load or whose pressures interact says such a limit by its
`ceiling`, as a rule that a path of working components leads to some source. One that is declared monotone and says no ceiling is its own limit; of
any other nothing is known, and its level is taken to be 1 wherever its outlets work.

Why nobody is better off in the real city. Let F be the real answer of all lifelines to what works, G >= F the limits, G rising with what works. What
works in the real city once it has come to rest holds itself up under F, hence under G, hence is part of the largest set that holds itself up under G
(Knaster and Tarski), and that is what the cascade finds here. So each service that arrives in the real city arrives here, no back-up is used up
earlier here, and by induction over the hours this stays so while the same things are mended at the same hours or earlier here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.lifeline import CaseStatus, ComponentState, Lifeline, Served

from .cascade import Cascade


class Ceiling:
    """A lifeline's limit from above, as a lifeline."""

    monotone = True

    def __init__(self, inner: Lifeline) -> None:
        self.inner, self.name, self.service = inner, inner.name, inner.service
        self.engine = f"limit of {inner.engine}"
        self.component_id: pa.Array = inner.component_id
        self.outlet_id: pa.Array = inner.outlet_id
        self.outlet_demand: np.ndarray = inner.outlet_demand

    def serve(self, state: ComponentState) -> Served:
        """The limit in all cases."""
        limit: Any = getattr(self.inner, "ceiling", None)
        level = np.ones((state.cases, len(self.outlet_id)), np.float32) if limit is None else np.asarray(limit(state), np.float32)
        return Served(level, np.full(state.cases, CaseStatus.SOLVED, np.int8), self.engine)


def needs_ceiling(line: Lifeline) -> bool:
    """Whether a lifeline's own answer is no limit from above."""
    return hasattr(line, "ceiling") or not line.monotone


def outer(cascade: Cascade) -> Cascade:
    """The same city with limits instead of lifelines; the cascade itself where all its lifelines are their own limits.

    Who counts is as in the real city: consumers that are not served even in the undisturbed one are left alone here too.
    """
    world = cascade.world
    if cascade.loss_only and not any(needs_ceiling(line) for line in world.lifelines):
        return cascade
    lines = tuple(Ceiling(line) if needs_ceiling(line) else line for line in world.lifelines)
    made = Cascade(replace(world, lifelines=lines), cascade.rules, loss_only=True)
    made.graph.threshold[:] = cascade.graph.threshold
    made.unserved = cascade.unserved
    return made
