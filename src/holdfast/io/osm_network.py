"""From drawn ways to a network: ways are cut where they share a node, and end at crossings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holdfast.model import geometry


@dataclass(slots=True)
class Pieces:
    """Stretches of ways between crossings.

    way, number  (k,) index of the way and running number in it from 1
    parts        (k,) number of pieces of that way
    start, end   (k,) node ids
    shape        (k,) WKB lines
    nodes, xy    (j,) crossings with their coordinates
    lost         (w,) vertices without a position, per way
    """

    way: np.ndarray
    number: np.ndarray
    parts: np.ndarray
    start: np.ndarray
    end: np.ndarray
    shape: pa.Array
    nodes: np.ndarray
    xy: np.ndarray
    lost: np.ndarray


def cut_ways(refs: np.ndarray, xy: np.ndarray, counts: np.ndarray, reverse: np.ndarray) -> Pieces:
    """Cut ways at every node that two ways share, that a way passes twice, or where a way ends.

    refs     (m,) node ids of all ways one after another
    xy       (m, 2) their positions, NaN where the file has none
    counts   (w,) nodes per way
    reverse  (w,) ways to be turned round
    """
    way = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    place = np.arange(len(refs)) - first[way]
    order = np.where(reverse[way], first[way] + counts[way] - 1 - place, np.arange(len(refs)))
    refs, xy = refs[order], xy[order]
    known = np.isfinite(xy).all(axis=1)
    lost = np.bincount(way[~known], minlength=len(counts))
    same = np.zeros(len(refs), bool)  # a vertex drawn twice in a row
    kept = np.flatnonzero(known)
    same[kept[1:]] = (refs[kept[1:]] == refs[kept[:-1]]) & (way[kept[1:]] == way[kept[:-1]])
    kept = kept[~same[kept]]
    refs, xy, way = refs[kept], xy[kept], way[kept]
    long = np.bincount(way, minlength=len(counts))[way] >= 2
    refs, xy, way = refs[long], xy[long], way[long]
    if not len(refs):
        none = np.empty(0, np.int64)
        return Pieces(none, none, none, none, none, pa.array([], pa.binary()), none, np.empty((0, 2)), lost)
    return _pieces(refs, xy, way, lost)


def _pieces(refs: np.ndarray, xy: np.ndarray, way: np.ndarray, lost: np.ndarray) -> Pieces:
    unique, inverse, uses = np.unique(refs, return_inverse=True, return_counts=True)
    head = np.append(True, way[1:] != way[:-1])
    tail = np.append(head[1:], True)
    stop = head | tail | (uses[inverse] > 1)
    begin, finish = _stretches(stop, way)
    loop = (refs[begin] == refs[finish]) & (finish - begin >= 2)  # a street that comes back needs a second end
    stop[(begin + finish)[loop] // 2] = True
    begin, finish = _stretches(stop, way)
    size = finish - begin + 1
    offsets = np.append(0, np.cumsum(size))
    vertex = np.arange(offsets[-1]) - np.repeat(offsets[:-1], size) + np.repeat(begin, size)
    shape = geometry.lines(xy[vertex], offsets)
    owner = way[begin]
    _, first, parts = np.unique(owner, return_index=True, return_counts=True)
    number = np.arange(len(owner)) - np.repeat(first, parts) + 1
    nodes = np.unique(np.concatenate([refs[begin], refs[finish]]))
    where = np.empty(len(unique), np.int64)
    where[inverse] = np.arange(len(refs))
    return Pieces(owner, number, np.repeat(parts, parts), refs[begin], refs[finish], shape, nodes, xy[where[np.searchsorted(unique, nodes)]], lost)


def _stretches(stop: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last vertex of every stretch between two stops of one way."""
    at = np.flatnonzero(stop)
    begin, finish = at[:-1], at[1:]
    whole = way[begin] == way[finish]
    return begin[whole], finish[whole]
