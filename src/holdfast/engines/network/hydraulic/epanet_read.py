"""Bulk reads from an EPANET project into arrays in SI."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from epanet import toolkit as en

from .epanet_build import Scale
from .model import HydraulicModel, NodeType


class Buffer:
    """A C array of the toolkit and a NumPy view of it."""

    def __init__(self, count: int) -> None:
        self.array: Any = en.doubleArray(count)
        self.view = np.ctypeslib.as_array(ctypes.cast(int(self.array.cast()), ctypes.POINTER(ctypes.c_double)), (count,))


class Reader:
    """Reads the project's present state, all nodes and links at once."""

    def __init__(self, project: int, model: HydraulicModel, scale: Scale) -> None:
        self.project, self.model, self.scale = project, model, scale
        self._nodes, self._links = Buffer(model.nodes), Buffer(max(model.links, 1))
        self._junction = model.node_type == NodeType.JUNCTION

    @staticmethod
    def empty(shape: tuple[int, ...], model: HydraulicModel) -> dict[str, np.ndarray]:
        """Arrays of `Solution` or `Period`, NaN."""
        out: dict[str, np.ndarray] = {name: np.full((*shape, model.nodes), np.nan) for name in ("head", "wanted", "delivered", "leak")}
        return out | {"flow": np.full((*shape, model.links), np.nan), "open": np.zeros((*shape, model.links), bool)}

    def node(self, code: int) -> np.ndarray:
        """(node,) values in the project's units."""
        en.getnodevalues(self.project, code, self._nodes.array)
        return self._nodes.view.copy()

    def link(self, code: int) -> np.ndarray:
        """(link,) values in the project's units."""
        if self.model.links:
            en.getlinkvalues(self.project, code, self._links.array)
        return self._links.view[: self.model.links].copy()

    def read(self) -> dict[str, np.ndarray]:
        """Heads, demands and flows; where no source reaches there is no head and nothing is delivered."""
        flow = self.scale.flow
        open_ = self.link(en.STATUS) > 0
        fed = connected(self.model, open_)
        wanted = np.where(self._junction, self.node(en.FULLDEMAND), 0.0) / flow
        delivered = np.where(self._junction & fed, self.node(en.DEMANDFLOW), 0.0) / flow
        leak = np.where(self._junction & fed, self.node(en.EMITTERFLOW), 0.0) / flow
        return {"head": np.where(fed, self.node(en.HEAD), np.nan), "wanted": wanted, "delivered": delivered, "leak": leak, "flow": self.link(en.FLOW) / flow, "open": open_}


def connected(model: HydraulicModel, open_: np.ndarray) -> np.ndarray:
    """(node,) whether a reservoir or tank is joined to the node by open links."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    source = model.node_type != NodeType.JUNCTION
    ends = (model.link_from[open_], model.link_to[open_])
    _, label = connected_components(coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(model.nodes, model.nodes)), directed=False)
    fed = np.zeros(label.max(initial=0) + 1, bool)
    fed[label[source]] = True
    return fed[label]
