"""Power flow of radial networks by backward and forward sweeps, many cases in one call.

source    Shirmohammadi et al. 1988, A compensation-based power flow method for weakly meshed networks (the radial part) [recalled]
"""

from __future__ import annotations

import numpy as np

from .kernel import MESHED, sweep
from .model import BASE, Cases, PowerModel

TOLERANCE, LIMIT = 1e-10, 200


def solve(model: PowerModel, cases: Cases, tolerance: float = TOLERANCE) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve the radial cases.

    tolerance  largest change of a voltage in the last sweep [pu]
    returns    status (case,) int8, with `kernel.MESHED` for cases that are not trees; voltage (case, node) complex [pu];
               s_from, s_to (case, branch) complex [VA]
    """
    count = cases.count
    status, voltage = np.zeros(count, np.int8), np.empty((count, model.nodes), complex)
    s_from, s_to = np.empty((count, model.branches), complex), np.empty((count, model.branches), complex)
    sweep(*model.incidence, model.branch_from, model.branch_to, model.ideal, model.z_pu, model.half_y_pu, model.branch_ratio, *model.injections_at,
          model.inject_s / BASE, model.inject_law, cases.node, cases.on_from, cases.on_to, cases.factor, model.source_node, model.source_v, cases.source,
          tolerance, LIMIT, status, voltage, s_from, s_to)
    return status, voltage, s_from * BASE, s_to * BASE


__all__ = ["MESHED", "solve"]
