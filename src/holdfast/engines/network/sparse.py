"""Symmetric positive definite sparse systems of one pattern, eight at a time.

The pattern is analysed once: an ordering that keeps the factor small, the places where entries arise, and for every column the list of
updates it causes. `factor_solve` then factors A = L D L' and solves for eight right-hand sides with eight matrices in step, without
searching and without allocating. Networks are nearly trees, so the factor has hardly more entries than the network has links.

source: George & Liu, Computer Solution of Large Sparse Positive Definite Systems, 1981; ordering: multiple minimum degree as in SuperLU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.lanes import WIDTH, absolute, at, load, reciprocal, smallest_of, splat, store, where_at_most
from holdfast.engines.network.pack import Shorts

_TINY_PATTERN = 3


class Factor(NamedTuple):
    """What the kernel needs of a pattern; columns in order of elimination.

    order   (n,) int32      unknown eliminated at each step
    group   (groups + 1,) int32  first step of each group: columns that follow each other and have the same number of entries
    length  (groups,) int32  that number
    row     (entries,) int32   unknown each entry below the diagonal belongs to, column after column
    target  (updates,) int32   entry each product of two entries of a column is subtracted from, in the order they arise

    In networks four of five columns have one entry or two. The groups let the kernels run through these in loops without inner loops: with
    a loop over each column's own entries, the processor spends most of the time on counting them.
    """

    order: Shorts
    group: Shorts
    length: Shorts
    row: Shorts
    target: Shorts


@dataclass(frozen=True, slots=True)
class Symbolic:
    """A pattern ready for `factor_solve`.

    size      n, number of unknowns
    entries   rows of the off-diagonal array, fill included
    position  (pairs,) int32  row of the off-diagonal array that belongs to each pair given to `analyse`; -1 where i equals j
    factor    arrays of the kernel
    """

    size: int
    entries: int
    position: np.ndarray
    factor: Factor


def minimum_degree(n: int, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """An elimination order with little fill.

    n     number of unknowns
    i, j  (pairs,) unknowns that share an equation
    returns (n,) unknown eliminated at each step
    """
    if n <= _TINY_PATTERN:
        return np.arange(n)
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    apart = i != j
    i, j = i[apart], j[apart]
    rows, columns = np.concatenate([i, j, np.arange(n)]), np.concatenate([j, i, np.arange(n)])
    values = np.concatenate([np.full(2 * len(i), -1.0), np.full(n, 2.0 * len(i) + 1.0)])
    matrix = csc_array((values, (rows, columns)), shape=(n, n))
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.argsort(solver.perm_c)


def analyse(n: int, i: np.ndarray, j: np.ndarray, order: np.ndarray | None = None) -> Symbolic:
    """Prepare a pattern.

    n      number of unknowns
    i, j   (pairs,) unknowns coupled by an off-diagonal entry; pairs may repeat and may be equal (no entry)
    order  (n,) elimination order; by default minimum degree
    """
    i, j = np.asarray(i, np.int64), np.asarray(j, np.int64)
    apart = i != j
    order = np.asarray(minimum_degree(n, i, j) if order is None else order, np.int64)
    _, _, start, row = _ordered(n, i, j, order)
    order = order[_by_level(n, start, row)]
    first, second, start, row = _ordered(n, i, j, order)
    target = _targets(n, start, row)
    position = np.full(len(i), -1, np.int32)
    position[apart] = _find(start, row, first[apart], second[apart])
    length = np.diff(start)
    group = np.flatnonzero(np.diff(length, prepend=-1, append=-1))
    factor = Factor(*(part.astype(np.int32) for part in (order, group, length[group[:-1]], order[row], target)))
    return Symbolic(n, len(row), position, factor)


def _ordered(n: int, i: np.ndarray, j: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs by steps of elimination, smaller first, and the factor's columns for this order."""
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    first, second = np.minimum(place[i], place[j]), np.maximum(place[i], place[j])
    apart = first != second
    sequence = np.argsort(first[apart] * max(n, 1) + second[apart], kind="stable")
    return first, second, *_pattern(n, first[apart][sequence], second[apart][sequence])


@kernel
def _levels(n, start, row):
    """Height of every column above the leaves of the elimination tree."""
    level = np.zeros(n, np.int64)
    for column in range(n):
        if start[column + 1] > start[column]:
            parent = row[start[column]]
            level[parent] = max(level[parent], level[column] + 1)
    return level


def _by_level(n: int, start: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Columns sorted by level, and within a level by length: the fill stays the same, but neighbours in the order do not wait for each other."""
    return np.lexsort((np.diff(start), _levels(n, start, row)))


@kernel
def _pattern(n, first, second):
    """Rows of the factor's columns, ascending: a column has its own entries and those of the columns whose first row it is."""
    begin = np.searchsorted(first, np.arange(n + 1))
    start = np.zeros(n + 1, np.int64)
    row = np.empty(max(16, 4 * len(first)), np.int64)
    seen = np.full(n, -1, np.int64)
    child = np.full(n, -1, np.int64)
    sibling = np.full(n, -1, np.int64)
    count = 0
    for column in range(n):
        if count + n - column > len(row):
            longer = np.empty(2 * len(row) + n, np.int64)
            longer[:count] = row[:count]
            row = longer
        low = count
        seen[column] = column
        for entry in range(begin[column], begin[column + 1]):
            if seen[second[entry]] != column:
                seen[second[entry]] = column
                row[count] = second[entry]
                count += 1
        below = child[column]
        while below >= 0:
            for entry in range(start[below], start[below + 1]):
                if seen[row[entry]] != column:
                    seen[row[entry]] = column
                    row[count] = row[entry]
                    count += 1
            below = sibling[below]
        row[low:count].sort()
        start[column + 1] = count
        if count > low:
            parent = row[low]
            sibling[column] = child[parent]
            child[parent] = column
    return start, row[:count].copy()


@kernel
def _find(start, row, first, second):
    """Entry of (second, first) for each pair; every pair is in the pattern."""
    found = np.empty(len(first), np.int32)
    for k in range(len(first)):
        low, high = start[first[k]], start[first[k] + 1]
        found[k] = low + np.searchsorted(row[low:high], second[k])
    return found


@kernel
def _targets(n, start, row):
    """Where the product of each two entries of a column goes, entry by entry in the order of the elimination."""
    total = 0
    for column in range(n):
        length = start[column + 1] - start[column]
        total += length * (length - 1) // 2
    target = np.empty(total, np.int64)
    t = 0
    for column in range(n):
        for one in range(start[column], start[column + 1]):
            low, high = start[row[one]], start[row[one] + 1]
            for other in range(one + 1, start[column + 1]):
                target[t] = low + np.searchsorted(row[low:high], row[other])
                t += 1
    return target


@kernel
def eliminate(factor, diagonal, off, right, bad):
    """Factor and solve in place; the kernel behind `factor_solve`.

    bad  (1, 8) gets the step of elimination, counted from 1, at which a pivot was first not positive; 0 where none was. There the pivot
         is taken as 1, so that other lanes are not touched.
    """
    order, row, target = factor.order, factor.row, factor.target
    worst = splat(0.0)
    low, update = 0, 0
    for g in range(len(factor.length)):
        length = at(factor.length, g)
        for step in range(at(factor.group, g), at(factor.group, g + 1)):
            j = at(order, step)
            pivot = load(diagonal, j)
            failed = where_at_most(pivot, 1e-300, splat(step + 1.0), where_at_most(pivot, 1e300, splat(0.0), splat(step + 1.0)))
            worst = where_at_most(worst, 0.0, failed, worst)
            inverse = reciprocal(where_at_most(failed, 0.0, pivot, splat(1.0)))
            store(diagonal, j, inverse)
            known = load(right, j)
            high = low + length
            for one in range(low, high):
                share = load(off, one) * inverse
                i = at(row, one)
                store(diagonal, i, load(diagonal, i) - load(off, one) * share)
                store(right, i, load(right, i) - share * known)
                for other in range(one + 1, high):
                    t = at(target, update)
                    update += 1
                    store(off, t, load(off, t) - share * load(off, other))
                store(off, one, share)
            low = high
    _back(factor, diagonal, off, right)
    store(bad, 0, worst)


@kernel
def _back(factor, inverse, off, right):
    """Back substitution with the inverse pivots and L."""
    order, row = factor.order, factor.row
    e = len(row)
    for g in range(len(factor.length) - 1, -1, -1):
        length, first, step = at(factor.length, g), at(factor.group, g), at(factor.group, g + 1) - 1
        if length == 1:
            while step >= first:
                e -= 1
                j = at(order, step)
                store(right, j, load(right, j) * load(inverse, j) - load(off, e) * load(right, at(row, e)))
                step -= 1
        elif length == 2:
            while step >= first:
                e -= 2
                j = at(order, step)
                known = load(off, e) * load(right, at(row, e)) + load(off, e + 1) * load(right, at(row, e + 1))
                store(right, j, load(right, j) * load(inverse, j) - known)
                step -= 1
        else:
            while step >= first:
                e -= length
                j = at(order, step)
                value = load(right, j) * load(inverse, j)
                for one in range(e, e + length):
                    value = value - load(off, one) * load(right, at(row, one))
                store(right, j, value)
                step -= 1


@kernel
def _pass_on(ground, right, i, share, own, known):
    """Hand a neighbour its share of the ground and of the right-hand side of an eliminated unknown; shares are not positive."""
    store(ground, i, load(ground, i) - share * own)
    store(right, i, load(right, i) - share * known)


@kernel
def _of_one(order, row, first, stop, e, ground, off, right, least, total):
    """Eliminate columns of one entry each; smallest pivot and sum of inverse pivots."""
    for step in range(first, stop):
        j = at(order, step)
        own, known, only = load(ground, j), load(right, j), load(off, e)
        pivot = own - only
        inverse = reciprocal(pivot)
        least, total = smallest_of(pivot, least), total + inverse
        store(ground, j, inverse)
        share = only * inverse
        store(off, e, share)
        _pass_on(ground, right, at(row, e), share, own, known)
        e += 1
    return least, total


@kernel
def _of_two(order, row, target, first, stop, e, update, ground, off, right, least, total):
    """Eliminate columns of two entries each."""
    for step in range(first, stop):
        j = at(order, step)
        own, known, one, other = load(ground, j), load(right, j), load(off, e), load(off, e + 1)
        pivot = own - (one + other)
        inverse = reciprocal(pivot)
        least, total = smallest_of(pivot, least), total + inverse
        store(ground, j, inverse)
        share = one * inverse
        t = at(target, update)
        store(off, t, load(off, t) - share * other)
        store(off, e, share)
        _pass_on(ground, right, at(row, e), share, own, known)
        share = other * inverse
        store(off, e + 1, share)
        _pass_on(ground, right, at(row, e + 1), share, own, known)
        update += 1
        e += 2
    return least, total


@kernel
def _of_several(order, row, target, first, stop, length, e, update, ground, off, right, least, total):
    """Eliminate columns of any number of entries each, the same for all."""
    for step in range(first, stop):
        j = at(order, step)
        own, known = load(ground, j), load(right, j)
        pivot = own
        high = e + length
        for one in range(e, high):
            pivot = pivot - load(off, one)
        inverse = reciprocal(pivot)
        least, total = smallest_of(pivot, least), total + inverse
        store(ground, j, inverse)
        for one in range(e, high):
            share = load(off, one) * inverse
            _pass_on(ground, right, at(row, one), share, own, known)
            for other in range(one + 1, high):
                t = at(target, update)
                update += 1
                store(off, t, load(off, t) - share * load(off, other))
            store(off, one, share)
        e = high
    return least, total


@kernel
def _first_failures(order, inverse, doubtful, bad):
    """The step at which each lane first had a pivot that is not positive. Looked for only where `doubtful`, after the elimination: it is rare."""
    store(bad, 0, doubtful)
    for lane in range(WIDTH):
        if bad[0, lane] > 0.0:
            for step in range(len(order)):
                if not 0.0 < inverse[order[step], lane] < 1e300:
                    bad[0, lane] = step + 1.0
                    break


@kernel
def eliminate_grounded(factor, ground, off, right, bad):
    """The same for networks: entries off the diagonal are not positive, and each diagonal entry is what they sum up to plus a ground.

    ground  (n, 8) what the diagonal exceeds the sum of the couplings by, not negative; overwritten by the inverse pivots
    bad     as in `eliminate`, but the solution of such a lane is no number

    Nothing is ever subtracted, so each pivot is right to the last digits even where a part of the network hangs on the rest by a coupling
    a million million times weaker than those within it (Grassmann, Taksar & Heyman 1985).
    """
    order, row, target = factor.order, factor.row, factor.target
    least, total = splat(1e300), splat(0.0)
    e, update = 0, 0
    for g in range(len(factor.length)):
        length, first, stop = at(factor.length, g), at(factor.group, g), at(factor.group, g + 1)
        if length == 1:
            least, total = _of_one(order, row, first, stop, e, ground, off, right, least, total)
        elif length == 2:
            least, total = _of_two(order, row, target, first, stop, e, update, ground, off, right, least, total)
        else:
            least, total = _of_several(order, row, target, first, stop, length, e, update, ground, off, right, least, total)
        e += length * (stop - first)
        update += length * (length - 1) // 2 * (stop - first)
    _back(factor, ground, off, right)
    # the sum of the inverses stays infinite or no number once one of them was
    _first_failures(order, ground, where_at_most(least, 1e-300, splat(1.0), where_at_most(absolute(total), 1e300, splat(0.0), splat(1.0))), bad)


def factor_solve(symbolic: Symbolic, diagonal: np.ndarray, off: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve eight systems in place.

    symbolic  pattern from `analyse`
    diagonal  (n, 8) float64 diagonals; overwritten by the inverse pivots
    off       (entries, 8) float64 off-diagonal entries at `symbolic.position`, zero elsewhere; overwritten by L
    right     (n, 8) float64 right-hand sides; overwritten by the solutions
    returns   (8,) int64 unknown whose pivot was not positive, -1 where the matrix was positive definite
    raises    ValueError for arrays of other shapes or types
    """
    for name, array, rows in (("diagonal", diagonal, symbolic.size), ("off", off, symbolic.entries), ("right", right, symbolic.size)):
        if array.shape != (rows, WIDTH) or array.dtype != np.float64 or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be a C-contiguous float64 array of shape ({rows}, {WIDTH}), not {array.dtype} {array.shape}")
    bad = np.zeros((1, WIDTH))
    eliminate(symbolic.factor, diagonal, off, right, bad)
    step = bad[0].astype(np.int64) - 1
    found = np.full(WIDTH, -1, np.int64)
    found[step >= 0] = symbolic.factor.order[step[step >= 0]]
    return found
