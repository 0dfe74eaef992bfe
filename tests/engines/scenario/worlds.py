"""Small worlds of bare assets for tests of damage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.world import World
from holdfast.model.spec import Kind


def bare_world(kinds: Sequence[Kind], kind: np.ndarray, **columns: Any) -> World:
    """Assets without needs, links or lifelines. columns: length, section, tables, xyz, ids."""
    count = len(kind)
    ids = columns.get("ids") or [f"{kinds[k].name}:{i}" for i, k in enumerate(np.asarray(kind, int))]
    none, empty = np.zeros(count), np.empty(0, np.int32)
    return World(
        crs="local", asset_id=pa.array(ids, pa.string()), asset_kind=np.asarray(kind, np.int16), kinds=tuple(kinds), xyz=columns.get("xyz", np.zeros((count, 3))),
        length=columns.get("length", np.full(count, np.nan)), section=columns.get("section", np.full(count, np.nan)), people=none, critical=none.astype(bool),
        value=none, zone=np.full(count, -1, np.int32), zone_id=(), services=(), use=np.zeros((count, 0), bool), need=np.zeros((count, 0), bool),
        backup=np.zeros((count, 0), np.float32), link_from=empty, link_to=empty, link_service=empty, lifelines=(), component=(), outlet=(),
        local=np.zeros((count, 0), bool), tables=columns.get("tables", {}),
    )  # fmt: skip
