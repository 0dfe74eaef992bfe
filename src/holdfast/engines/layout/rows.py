"""Small column makers shared by all parts of the reference city."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry


def asset_ids(kind: str, prefix: str, index: np.ndarray) -> pa.Array:
    """Ids `<kind>:<prefix><number>`, one per entry of `index`; negative numbers give null."""
    index = np.asarray(index)
    number = pa.array(index, pa.int64(), mask=index < 0).cast(pa.string())
    return pc.binary_join_element_wise(f"{kind}:{prefix}", number, "")


def wkb(shapes: np.ndarray) -> pa.Array:
    """Shapes as a WKB column."""
    return geometry.encode(shapes)


def texts(values: np.ndarray | Sequence[Any]) -> pa.Array:
    """Texts as a column."""
    return pa.array(np.asarray(values).astype(object), pa.string())


def chosen(codes: Sequence[str], index: np.ndarray) -> pa.Array:
    """The code at each index."""
    return pa.array(list(codes), pa.string()).take(pa.array(np.asarray(index, np.int64)))


def always(value: Any, count: int) -> pa.Array:
    """One value in every row."""
    return pa.repeat(pa.scalar(value), count)
