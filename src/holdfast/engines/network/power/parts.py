"""Which parts of a switched network hold together, and which of them have a source: for many cases at once, before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .kernel import flood, label_parts
from .model import Cases, PowerModel


@dataclass(frozen=True, slots=True)
class Parts:
    """label (case, node) int32 part number in its case, -1 off; feed (case, node) int8: 0 dead, 1 external grid, 2 its own generation."""

    label: np.ndarray
    feed: np.ndarray


def live_nodes(model: PowerModel, cases: Cases) -> np.ndarray:
    """(case, node) bool: connected to a source that is on."""
    live = np.empty(cases.node.shape, bool)
    flood(*model.incidence, model.branch_from, model.branch_to, cases.node, cases.on_from, cases.on_to, model.source_node, cases.source, live)
    return live


def labels(model: PowerModel, cases: Cases) -> np.ndarray:
    """(case, node) int32 part number in its case, -1 for nodes out of service."""
    found = np.empty(cases.node.shape, np.int32)
    label_parts(*model.incidence, model.branch_from, model.branch_to, cases.node, cases.on_from, cases.on_to, found)
    return found


def island(model: PowerModel, cases: Cases, reserve: float = 0.0) -> tuple[Cases, Parts]:
    """Let parts without an external grid run on their own generation where it can carry their load.

    reserve   share of the capacity that must stay free
    returns   the cases with the largest able unit of each such part as its source, and the parts
    """
    label, live = labels(model, cases), live_nodes(model, cases)
    feed = live.astype(np.int8)
    if len(model.forming_source) == 0:
        return cases, Parts(label, feed)
    source, held, factor = cases.source.copy(), cases.held.copy(), cases.factor.copy()
    node, unit = model.source_node[model.forming_source], model.forming_source
    demand = np.where(model.inject_s.real > 0, model.inject_s.real, 0.0) * cases.factor
    ready = np.ones((cases.count, len(unit)), bool)
    for own, column in ((model.forming_inject, cases.factor > 0), (model.forming_held, cases.held)):
        has = own >= 0
        ready[:, has] &= column[:, own[has]]
    for c in range(cases.count):
        dead = (label[c, node] >= 0) & ~live[c, node] & ready[c]
        if not dead.any():
            continue
        count = int(label[c].max()) + 1
        there = cases.node[c, model.inject_node]
        load = np.bincount(label[c, model.inject_node[there]], weights=demand[c, there], minlength=count)
        power = np.bincount(label[c, node[dead]], weights=model.forming_power[dead], minlength=count)
        able = power * (1.0 - reserve) >= load
        rank = np.flatnonzero(dead)[np.argsort(-model.forming_power[dead], kind="stable")]
        part, first = np.unique(label[c, node[rank]], return_index=True)
        lead = rank[first[able[part]]]
        source[c, unit[lead]] = True
        held[c, model.forming_held[lead][model.forming_held[lead] >= 0]] = False
        factor[c, model.forming_inject[lead][model.forming_inject[lead] >= 0]] = 0.0
        feed[c, np.isin(label[c], part[able[part]])] = 2
    return replace(cases, source=source, held=held, factor=factor), Parts(label, feed)
