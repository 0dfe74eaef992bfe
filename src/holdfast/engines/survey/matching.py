"""Which row of a new delivery is which asset that is known already: by id, or by where it lies."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry

Match = Literal["auto", "id", "geometry"]
Pairs = tuple[np.ndarray, np.ndarray]

_NEIGHBOURS = 8  # candidates looked at per row; more identical twins than that are matched in file order
_TRUSTED = 0.5  # share of equal ids that must also lie in the same place for ids to be believed


def match_rows(old: pa.Table, new: pa.Table, match: Match = "auto", tolerance: float = 0.5) -> Pairs:
    """Row pairs (old index, new index), each row at most once, sorted by old index.

    old, new    tables with `id` and, where the kind has a place, `geometry` as WKB
    match       id: equal ids. geometry: same shape within `tolerance`, drawn in either direction. auto: ids first, then
                geometry for the rest; when fewer than half of the equal ids lie in the same place the delivery was
                numbered anew, and geometry alone decides
    tolerance   [m] Hausdorff distance
    """
    none = (np.empty(0, np.int64), np.empty(0, np.int64))
    by_id = _by_id(old, new) if match != "geometry" else none
    if match == "id" or "geometry" not in new.column_names or "geometry" not in old.column_names:
        return by_id
    if match == "auto" and len(by_id[0]) and not _believable(old, new, by_id, tolerance):
        by_id = none
    left = np.setdiff1d(np.arange(old.num_rows), by_id[0], assume_unique=True)
    right = np.setdiff1d(np.arange(new.num_rows), by_id[1], assume_unique=True)
    if len(left) == 0 or len(right) == 0:
        return _sorted(by_id)
    found = _by_place(old["geometry"].take(pa.array(left)), new["geometry"].take(pa.array(right)), tolerance)
    return _sorted((np.concatenate((by_id[0], left[found[0]])), np.concatenate((by_id[1], right[found[1]]))))


def _sorted(pairs: Pairs) -> Pairs:
    order = np.argsort(pairs[0], kind="stable")
    return pairs[0][order], pairs[1][order]


def _by_id(old: pa.Table, new: pa.Table) -> Pairs:
    position = pc.index_in(new["id"].combine_chunks(), value_set=old["id"].combine_chunks())
    hit = np.asarray(position.is_valid().to_numpy(zero_copy_only=False), bool)
    return np.asarray(position.drop_null().to_numpy(), np.int64), np.flatnonzero(hit)


def _believable(old: pa.Table, new: pa.Table, pairs: Pairs, tolerance: float) -> bool:
    before = geometry.centre(old["geometry"].take(pa.array(pairs[0])))
    after = geometry.centre(new["geometry"].take(pa.array(pairs[1])))
    distance = np.hypot(*(before - after).T)
    known = np.isfinite(distance)
    return not known.any() or float(np.mean(distance[known] <= max(tolerance, 1e-9))) >= _TRUSTED or known.sum() < 4


def _by_place(old: pa.ChunkedArray, new: pa.ChunkedArray, tolerance: float) -> Pairs:
    """Mutually nearest shapes. Shapes within a Hausdorff distance have bounds that agree to that distance."""
    from scipy.spatial import cKDTree

    before, after = geometry.bounds(old), geometry.bounds(new)
    left, right = (np.flatnonzero(np.isfinite(b).all(axis=1)) for b in (before, after))
    if len(left) == 0 or len(right) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    tree = cKDTree(before[left])
    near = min(_NEIGHBOURS, len(left))
    _, index = tree.query(after[right], k=[*range(1, near + 1)], p=np.inf, distance_upper_bound=tolerance * (1 + 1e-9) + 1e-9)
    hit = index < len(left)
    pair_new, pair_old = right[np.nonzero(hit)[0]], left[index[hit]]
    distance = _distance(old, new, pair_old, pair_new)
    close = distance <= tolerance
    return _one_to_one(pair_old[close], pair_new[close], distance[close])


def _distance(old: pa.ChunkedArray, new: pa.ChunkedArray, pair_old: np.ndarray, pair_new: np.ndarray) -> np.ndarray:
    """Hausdorff distance of candidate pairs; plain distance between points."""
    import shapely

    before, after = geometry.coordinates(old), geometry.coordinates(new)
    if before is not None and after is not None and not before.lines and not after.lines:
        gap = before.values[before.offsets[pair_old], :2] - after.values[after.offsets[pair_new], :2]
        return np.hypot(*gap.T)
    return shapely.hausdorff_distance(geometry.decode(old.take(pa.array(pair_old))), geometry.decode(new.take(pa.array(pair_new))))


def _one_to_one(old: np.ndarray, new: np.ndarray, distance: np.ndarray) -> Pairs:
    """The closest pairs first, every row once; ties in file order."""
    order = np.lexsort((new, old, np.round(distance, 6)))
    old, new = old[order], new[order]
    taken_old: list[np.ndarray] = []
    taken_new: list[np.ndarray] = []
    while len(old):
        first_old, first_new = (np.zeros(len(old), bool) for _ in range(2))
        first_old[np.unique(old, return_index=True)[1]] = True
        first_new[np.unique(new, return_index=True)[1]] = True
        best = first_old & first_new  # nobody wants either side more
        taken_old.append(old[best])
        taken_new.append(new[best])
        rest = ~np.isin(old, old[best]) & ~np.isin(new, new[best])
        old, new = old[rest], new[rest]
    return (np.concatenate(taken_old), np.concatenate(taken_new)) if taken_old else (old, new)
