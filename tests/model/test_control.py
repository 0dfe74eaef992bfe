"""Transformations fitted to control points, and points that do not belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.model.control import fit, read_control_points
from holdfast.model.errors import Invalid


def helmert(points: np.ndarray, scale: float = 0.3048, turn: float = 0.3) -> np.ndarray:
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return scale * points @ rotation + (520_000.0, 2_500_000.0)


@pytest.fixture
def source() -> np.ndarray:
    return np.random.default_rng(3).uniform(0.0, 5000.0, (8, 2))


@pytest.mark.parametrize("model", ["helmert", "affine"])
def test_recovers_an_exact_transformation(source: np.ndarray, model: str) -> None:
    found = fit(source, helmert(source), model)  # type: ignore[arg-type]
    assert found.scale == pytest.approx(0.3048, rel=1e-9)
    assert found.rotation == pytest.approx(0.3, abs=1e-9)
    assert found.rms < 1e-6 and found.checked and not found.suspect.any()
    fresh = np.array([[100.0, 200.0], [9000.0, -50.0]])
    assert np.allclose(np.column_stack(found(*fresh.T)), helmert(fresh), atol=1e-5)


def test_affine_takes_up_different_scales(source: np.ndarray) -> None:
    target = source * (1.0, 1.001) + (10.0, 20.0)
    assert fit(source, target, "affine").rms < 1e-9
    with pytest.raises(Invalid, match="do not fit"):
        fit(source, target, "helmert")


def test_two_points_are_enough_but_unchecked(source: np.ndarray) -> None:
    found = fit(source[:2], helmert(source[:2]))
    assert not found.checked and np.isnan(found.predicted).all() and found.rms < 1e-6


@pytest.mark.parametrize("model", ["helmert", "affine"])
@pytest.mark.parametrize("bad", range(8))
def test_a_gross_error_is_named_and_only_it(source: np.ndarray, model: str, bad: int) -> None:
    target = helmert(source) + np.random.default_rng(4).normal(0.0, 0.01, source.shape)
    target[bad, 0] += 2.0
    with pytest.raises(Invalid) as error:
        fit(source, target, model, names=[f"K{i}" for i in range(8)])  # type: ignore[arg-type]
    assert [name for name in (f"K{i}:" for i in range(8)) if name in error.value.message] == [f"K{bad}:"]


def test_leave_one_out_distance_is_what_refitting_gives(source: np.ndarray) -> None:
    target = helmert(source) + np.random.default_rng(5).normal(0.0, 0.02, source.shape)
    found = fit(source, target)
    for i in range(len(source)):
        rest = np.arange(len(source)) != i
        x, y = fit(source[rest], target[rest])(*source[i][:, None])
        assert found.predicted[i] == pytest.approx(np.hypot(x[0] - target[i, 0], y[0] - target[i, 1]), abs=1e-6)


@pytest.mark.parametrize(
    ("points", "model", "said"),
    [
        ([[0.0, 0.0]], "helmert", "at least 2"),
        ([[0.0, 0.0], [1000.0, 0.0]], "affine", "at least 3"),
        ([[0.0, 0.0], [0.1, 0.1]], "helmert", "within one unit"),
        ([[0.0, 0.0], [500.0, 1.0], [1000.0, 0.0]], "affine", "in a line"),
        ([[0.0, 0.0], [np.nan, 1.0]], "helmert", "not a number"),
    ],
)
def test_bad_geometry_of_points_is_refused(points: list[list[float]], model: str, said: str) -> None:
    values = np.array(points)
    with pytest.raises(Invalid, match=said):
        fit(values, values + 1.0, model)  # type: ignore[arg-type]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "控制点.csv"
    path.write_text("name,source_x,source_y,target_x,target_y\nK1,0,0,100,200\nK2,1000,0,1100,200\n", encoding="utf-8-sig")
    source, target, names = read_control_points(path)
    assert names == ["K1", "K2"] and source.tolist() == [[0, 0], [1000, 0]] and target.tolist() == [[100, 200], [1100, 200]]


@pytest.mark.parametrize(("text", "where"), [("a,b\n1,2\n", None), ("source_x,source_y,target_x,target_y\n1,2,3,\n", 1)])
def test_csv_faults_name_the_row(tmp_path: Path, text: str, where: int | None) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(Invalid) as error:
        read_control_points(path)
    assert error.value.where.get("row") == where and error.value.fix
    with pytest.raises(Invalid):
        read_control_points(tmp_path / "absent.csv")
