"""The lane-parallel sparse factorisation against scipy."""

import numpy as np
import pytest
from numba import njit
from scipy.sparse import csc_array
from scipy.sparse.linalg import spsolve

from holdfast.engines.network.sparse import analyse, eliminate, eliminate_grounded, factor_solve


def _grid(side: int) -> tuple[int, np.ndarray, np.ndarray]:
    number = np.arange(side * side).reshape(side, side)
    i = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel(), [0, 3, 5]])
    j = np.concatenate([number[:, 1:].ravel(), number[1:].ravel(), [1, 3, 40]])  # a repeated pair, a pair with itself and a far one
    return side * side, i, j


def _fill(symbolic, n, i, j, weight, ground):
    diagonal, off = ground.copy(), np.zeros((symbolic.entries, 8))
    for k in range(len(i)):
        if i[k] == j[k]:
            continue
        diagonal[i[k]] += weight[k]
        diagonal[j[k]] += weight[k]
        off[symbolic.position[k]] -= weight[k]
    return diagonal, off


def _reference(n, i, j, weight, ground, right, lane):
    apart = i != j
    i, j, w = i[apart], j[apart], weight[apart, lane]
    rows, columns = np.concatenate([i, j, i, j, np.arange(n)]), np.concatenate([j, i, i, j, np.arange(n)])
    return spsolve(csc_array((np.concatenate([-w, -w, w, w, ground[:, lane]]), (rows, columns)), shape=(n, n)), right[:, lane])


@pytest.mark.parametrize("order", [None, "natural", "reverse"])
def test_same_solution_as_scipy_in_every_lane(order):
    rng = np.random.default_rng(3)
    n, i, j = _grid(11)
    given = {None: None, "natural": np.arange(n), "reverse": np.arange(n)[::-1]}[order]
    symbolic = analyse(n, i, j, given)
    weight, ground, right = 10 ** rng.uniform(-3, 3, (len(i), 8)), rng.uniform(0.001, 1, (n, 8)), rng.normal(size=(n, 8))
    diagonal, off = _fill(symbolic, n, i, j, weight, ground)
    solution = right.copy()
    bad = factor_solve(symbolic, diagonal, off, solution)
    assert (bad == -1).all()
    for lane in range(8):
        np.testing.assert_allclose(solution[:, lane], _reference(n, i, j, weight, ground, right, lane), rtol=1e-8, atol=1e-10)


def test_grounded_elimination_gives_the_same():
    rng = np.random.default_rng(5)
    n, i, j = _grid(9)
    symbolic = analyse(n, i, j)
    weight, ground, right = 10 ** rng.uniform(-3, 3, (len(i), 8)), rng.uniform(0.001, 1, (n, 8)), rng.normal(size=(n, 8))
    _, off = _fill(symbolic, n, i, j, weight, ground)
    solution, bad = right.copy(), np.zeros((1, 8))
    eliminate_grounded(symbolic.factor, ground.copy(), off, solution, bad)
    assert (bad == 0).all()
    for lane in range(8):
        np.testing.assert_allclose(solution[:, lane], _reference(n, i, j, weight, ground, right, lane), rtol=1e-8, atol=1e-10)


def test_grounded_elimination_is_exact_behind_a_coupling_far_below_round_off():
    """A chain 0 - 1 - 2, tied strongly within and by 1e-8 to fixed heads of 10 and 30 at its ends: 20 in between, whatever the strength within."""
    symbolic = analyse(3, np.array([0, 1]), np.array([1, 2]))
    ground, right, bad = np.zeros((3, 8)), np.zeros((3, 8)), np.zeros((1, 8))
    ground[[0, 2]] = 1e-8
    right[0], right[2] = 10e-8, 30e-8
    off = np.full((symbolic.entries, 8), -1e9)
    eliminate_grounded(symbolic.factor, ground, off, right, bad)
    np.testing.assert_allclose(right, 20.0, rtol=1e-12)


def test_minimum_degree_keeps_the_factor_small():
    n, i, j = _grid(20)
    assert analyse(n, i, j).entries < 0.6 * analyse(n, i, j, np.arange(n)).entries


def test_a_tree_has_no_fill():
    rng = np.random.default_rng(0)
    child = np.arange(1, 300)
    parent = (rng.uniform(size=299) * child).astype(int)
    symbolic = analyse(300, child, parent)
    assert symbolic.entries == 299
    assert len(symbolic.factor.target) == 0


def test_a_singular_lane_is_named_and_leaves_the_others_alone():
    n, i, j = 4, np.array([0, 1, 2]), np.array([1, 2, 3])
    symbolic = analyse(n, i, j)
    weight, ground, right = np.ones((3, 8)), np.full((n, 8), 0.5), np.ones((n, 8))
    ground[:, 2] = 0.0
    ground[1, 5] = np.nan
    diagonal, off = _fill(symbolic, n, i, j, weight, ground)
    solution = right.copy()
    bad = factor_solve(symbolic, diagonal, off, solution)
    assert bad[2] >= 0 and bad[5] >= 0
    others = [0, 1, 3, 4, 6, 7]
    assert (bad[others] == -1).all()
    np.testing.assert_allclose(solution[:, others], 2.0)


def test_grounded_elimination_names_the_first_pivot_that_fails():
    """Lane 2 has no ground at all, lane 5 one that is no number at the unknown that comes second; the others are solved."""
    symbolic = analyse(4, np.array([0, 1, 2]), np.array([1, 2, 3]))
    ground, right, bad = np.full((4, 8), 0.5), np.ones((4, 8)), np.zeros((1, 8))
    ground[:, 2] = 0.0
    ground[symbolic.factor.order[1], 5] = np.nan
    off = np.full((symbolic.entries, 8), -1.0)
    eliminate_grounded(symbolic.factor, ground, off, right, bad)
    assert bad[0].tolist() == [0, 0, 4, 0, 0, 2, 0, 0]
    np.testing.assert_allclose(right[:, [0, 1, 3, 4, 6, 7]], 2.0)


def test_groups_are_columns_of_one_length():
    n, i, j = _grid(11)
    symbolic = analyse(n, i, j)
    factor = symbolic.factor
    assert factor.group[0] == 0 and factor.group[-1] == n and (np.diff(factor.group) > 0).all()
    length = np.repeat(factor.length, np.diff(factor.group))
    assert length.sum() == symbolic.entries == len(factor.row)
    assert (length * (length - 1) // 2).sum() == len(factor.target)


def test_patterns_of_one_and_no_unknown():
    empty = np.array([], int)
    symbolic = analyse(1, empty, empty)
    right = np.full((1, 8), 6.0)
    factor_solve(symbolic, np.full((1, 8), 2.0), np.zeros((0, 8)), right)
    assert (right == 3.0).all()
    nothing = analyse(0, empty, empty)
    assert factor_solve(nothing, np.zeros((0, 8)), np.zeros((0, 8)), np.zeros((0, 8))).tolist() == [-1] * 8


def test_wrong_shape_is_refused():
    symbolic = analyse(2, np.array([0]), np.array([1]))
    with pytest.raises(ValueError, match="off must be"):
        factor_solve(symbolic, np.ones((2, 8)), np.ones((1, 4)), np.ones((2, 8)))


@pytest.mark.parametrize("function", [eliminate, eliminate_grounded])
def test_the_elimination_works_in_packed_registers(function):
    """Compiled here once more, because a function that comes from the disk shows no machine code."""
    again = njit(nogil=True, error_model="numpy")(function.py_func)
    symbolic = analyse(2, np.array([0]), np.array([1]))
    again(symbolic.factor, np.full((2, 8), 2.0), np.zeros((symbolic.entries, 8)), np.ones((2, 8)), np.zeros((1, 8)))
    assembly = "".join(again.inspect_asm().values())
    assert assembly.count("zmm") + assembly.count("ymm") > 20
