"""Small power models for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.engines.network.power.model import BranchKind, PowerModel


def model(nodes: int, branches: list[tuple[int, int, complex]], loads: dict[int, complex], sources: tuple[int, ...] = (0,), **more: Any) -> PowerModel:
    """A 10 kV network: branches (from, to, ohm), couplers where the impedance is 0; loads [VA] by node; sources at 1.0 pu.

    more      columns of `PowerModel` that differ from the plain ones; `limit` [A] for all branches
    """
    start, end = (np.array([b[i] for b in branches], np.int32) for i in (0, 1))
    z = np.array([b[2] for b in branches], complex)
    count, size = len(branches), len(loads)
    limit = np.full(count, float(more.pop("limit", np.inf)))
    none, empty = np.zeros(0, np.int64), np.zeros(0)
    columns = {
        "node_rated": np.full(nodes, 10e3), "node_on": np.ones(nodes, bool), "node_low": np.full(nodes, np.nan), "node_high": np.full(nodes, np.nan),
        "branch_kind": np.where(z == 0, BranchKind.COUPLER, BranchKind.LINE).astype(np.int8), "branch_from": start, "branch_to": end, "branch_z": z,
        "branch_y": np.zeros(count, complex), "branch_ratio": np.ones(count, complex), "branch_limit_from": limit, "branch_limit_to": limit.copy(),
        "branch_on_from": np.ones(count, bool), "branch_on_to": np.ones(count, bool), "inject_node": np.array(list(loads), np.int32),
        "inject_s": np.array(list(loads.values()), complex), "inject_law": np.zeros(size, np.int8), "source_node": np.array(sources, np.int32),
        "source_v": np.ones(len(sources), complex), "source_on": np.ones(len(sources), bool), "held_node": none.astype(np.int32), "held_v": empty, "held_p": empty,
        "held_on": np.zeros(0, bool), "forming_source": none, "forming_power": empty, "forming_inject": none, "forming_held": none,
    }
    return PowerModel(**(columns | more))


def feeder(nodes: int = 5, load: complex = 0.4e6 + 0.1e6j, z: complex = 0.2 + 0.15j, **more: Any) -> PowerModel:
    """A line of nodes from the source, with a load at each but the first."""
    return model(nodes, [(i, i + 1, z) for i in range(nodes - 1)], dict.fromkeys(range(1, nodes), load), **more)


def random_tree(nodes: int, seed: int, couplers: float = 0.2, ratios: bool = True) -> PowerModel:
    """A random tree with couplers, charging, off-nominal ratios with phase shift, and loads of all three laws."""
    rng = np.random.default_rng(seed)
    branches: list[tuple[int, int, complex]] = []
    for node in range(1, nodes):
        other = int(rng.integers(max(0, node - 6), node))
        z = 0j if rng.random() < couplers else complex(0.05 + 0.1 * rng.random(), 0.02 + 0.1 * rng.random())
        branches.append((other, node, z) if rng.random() < 0.5 else (node, other, z))
    loads = {node: complex(rng.uniform(1e4, 8e4), rng.uniform(0, 3e4)) for node in range(1, nodes)}
    net = model(nodes, branches, loads)
    ideal = net.ideal
    turns = np.where(ideal | (rng.random(len(branches)) > 0.2), 1.0, (1 + rng.uniform(-0.03, 0.03, len(branches))) * np.exp(1j * np.pi / 6 * rng.integers(0, 12, len(branches))))
    charging = np.where(ideal, 0, 1j * rng.uniform(0, 2e-5, len(branches)))
    law = rng.integers(0, 3, len(loads)).astype(np.int8)
    columns = {name: getattr(net, name) for name in PowerModel.__dataclass_fields__}
    return PowerModel(**(columns | {"branch_ratio": turns if ratios else np.ones(len(branches), complex), "branch_y": charging, "inject_law": law}))
