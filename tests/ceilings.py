"""What every lifeline with a ceiling must keep to."""

from __future__ import annotations

import numpy as np

from holdfast.model.lifeline import ComponentState


def check_ceiling(line, leaking=None, cases=24, seed=5):
    """In random states no level is above the ceiling, and the ceiling never rises when more is taken out. leaking: (component,) bool, what may leak"""
    rng = np.random.Generator(np.random.Philox(seed))
    count = len(line.component_id)
    available = rng.random((cases, count)) > rng.choice([0.002, 0.02, 0.1, 0.4], cases)[:, None]
    opening = None
    if leaking is not None:
        opening = np.where(leaking & (rng.random((cases, count)) < 0.05), 0.01, 0.0).astype(np.float32)
    state = ComponentState(available, opening)
    served, ceiling = line.serve(state), line.ceiling(state)
    solved = served.status == 0
    assert solved.any() and ceiling.shape == served.level.shape and ceiling.max() <= 1.0 and (ceiling < 1.0).any()
    assert (ceiling[solved] >= served.level[solved] - 1e-6).all()
    less = ComponentState(available & (rng.random((cases, count)) > 0.05), opening)
    assert (line.ceiling(less) <= ceiling + 1e-6).all()
