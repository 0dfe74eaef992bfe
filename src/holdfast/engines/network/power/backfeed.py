"""Supply from another side: close normally-open ends so that dead but sound parts hang on live ones, one tie for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .model import Cases, PowerModel
from .parts import labels, live_nodes


def close_ties(model: PowerModel, cases: Cases, tie_end: np.ndarray, tie_ready: np.ndarray, spare: np.ndarray) -> tuple[Cases, np.ndarray]:
    """Close ties, those with most spare first, while one side is live and the other is not. No loop arises.

    tie_end    (tie,) end of a branch that the tie opens, numbered branch, or branch + branches for the second end; couplers by their first end
    tie_ready  (case, tie) bool it can be closed
    spare      (tie,) the larger, the sooner
    returns    the cases with those ends closed, and (case, tie) bool closed
    """
    b = tie_end % model.branches
    second = tie_end >= model.branches
    label, live = labels(model, cases), live_nodes(model, cases)
    on_from, on_to = cases.on_from.copy(), cases.on_to.copy()
    closed = np.zeros((cases.count, len(tie_end)), bool)
    rank = np.argsort(-spare, kind="stable")
    for c in range(cases.count):
        fed = np.zeros(int(label[c].max(initial=-1)) + 2, bool)  # by part; the last stands for nodes that are off
        fed[label[c][live[c]]] = True
        ends = label[c, model.branch_from[b]], label[c, model.branch_to[b]]
        other = np.where(model.ideal[b], True, np.where(second, on_from[c, b], on_to[c, b]))
        able = tie_ready[c] & other & (ends[0] >= 0) & (ends[1] >= 0)
        moving = True
        while moving:
            moving = False
            for t in rank[able[rank]]:
                if fed[ends[0][t]] != fed[ends[1][t]]:
                    fed[ends[0][t]] = fed[ends[1][t]] = closed[c, t] = moving = True
                    on_from[c, b[t]] |= not second[t] or model.ideal[b[t]]
                    on_to[c, b[t]] |= bool(second[t]) or model.ideal[b[t]]
    return replace(cases, on_from=on_from, on_to=on_to), closed
