"""Cases in blocks of eight, one to a lane, for solvers whose kernels work on `(rows, 8)` arrays; and the lists by which those kernels walk a network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from holdfast.engines.network.lanes import WIDTH


def blocks(count: int) -> Iterator[np.ndarray]:
    """Cases 0 .. count - 1 in turn, up to eight at a time."""
    for start in range(0, count, WIDTH):
        yield np.arange(start, min(start + WIDTH, count))


def in_lanes(given: np.ndarray | None, normal: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n, 8) values of up to eight cases, one to a lane; lanes left over repeat the last case, so that they take no longer than it.

    given    (case, n) values of all cases, or None where every case has the normal ones
    normal   (n,) values of the undisturbed network, whose type the answer has
    rows     the cases
    """
    if given is None:
        return np.repeat(normal[:, None], WIDTH, axis=1)
    lanes = np.concatenate([rows, np.full(WIDTH - len(rows), rows[-1])])
    return np.array(given[lanes].T, dtype=normal.dtype, order="C")


def neighbours(nodes: int, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Links of each node as compressed rows: start (node + 1,), then per entry the node at the other end and the link, int32.

    first, second   (link,) its end nodes; a link from a node to itself is listed there twice
    """
    ends, far = np.concatenate([first, second]), np.concatenate([second, first])
    link = np.tile(np.arange(len(first), dtype=np.int32), 2)
    order = np.argsort(ends, kind="stable")
    start = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=nodes), out=start[1:])
    return start, far[order].astype(np.int32), link[order]
