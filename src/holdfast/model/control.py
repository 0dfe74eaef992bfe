"""A transformation fitted to control points, for grids whose relation to the city's CRS nobody has published.

A plane Helmert transformation (shift, turn, one scale) needs two points, an affine one three. Each point is judged by
how far the others would have put it, so that one mistyped coordinate is named rather than spread over all.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from .errors import Invalid
from .spec import Setting, Source

Model = Literal["helmert", "affine"]

MAX_RESIDUAL = Setting(
    "survey.control_point_residual",
    0.10,
    "largest residual of a control point",
    "控制点最大残差",
    Source("Holdfast default", "twice the plan tolerance of survey points against control (CJJ 61, to be verified)", mark="proposal"),
    quantity="length",
)

COLUMNS = ("source_x", "source_y", "target_x", "target_y")


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted transformation, called as `x, y = fit(x, y)`.

    matrix      (2, 2); target = matrix @ (source - centre) + shift
    residuals   (n, 2) fitted less given target [m]
    predicted   (n,) distance between each point and where the others put it [m]; NaN where they cannot say
    leverage    (n,) share of each point's own coordinate in its fitted value, 0..1
    suspect     (n,) bool: points that do not agree with the rest
    rms         root mean square of the residual distances [m]
    checked     False when there are no more points than the transformation needs
    """

    model: Model
    matrix: np.ndarray
    centre: np.ndarray
    shift: np.ndarray
    residuals: np.ndarray
    predicted: np.ndarray
    leverage: np.ndarray
    suspect: np.ndarray
    rms: float
    checked: bool

    def __call__(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Target coordinates of source coordinates (n,)."""
        u, v = np.asarray(x, np.float64) - self.centre[0], np.asarray(y, np.float64) - self.centre[1]
        (a, b), (c, d) = self.matrix
        return a * u + b * v + self.shift[0], c * u + d * v + self.shift[1]

    @property
    def scale(self) -> float:
        """Target metres per source unit, the geometric mean of both axes."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    @property
    def rotation(self) -> float:
        """Turn from source to target, counter-clockwise [rad]."""
        return float(np.arctan2(self.matrix[1, 0] - self.matrix[0, 1], self.matrix[0, 0] + self.matrix[1, 1]))


def read_control_points(path: str | Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Source (n, 2), target (n, 2) and names from a CSV with columns source_x, source_y, target_x, target_y and, if wanted, name.

    raises    Invalid naming the row and column at fault
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("the control points cannot be read", fix="Save them as a UTF-8 CSV file", file=path.name) from error
    reader = csv.DictReader(text.splitlines())
    lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if lacking:
        raise Invalid(f"the control point file lacks {', '.join(lacking)}", fix=f"Name the columns {', '.join(COLUMNS)}", file=path.name)
    values, names = [], []
    for number, row in enumerate(reader, start=1):
        try:
            values.append([float(row[name] or "") for name in COLUMNS])
        except (TypeError, ValueError) as error:
            raise Invalid("a control point has no number where one is needed", fix="Correct or remove the row", file=path.name, row=number) from error
        names.append(row.get("name") or str(number))
    table = np.array(values, np.float64).reshape(-1, 4)
    return table[:, :2], table[:, 2:], names


def fit(source: np.ndarray, target: np.ndarray, model: Model | None = None, max_residual: float = 0.10, names: list[str] | None = None) -> Fit:
    """The least-squares transformation from source to target coordinates.

    source         (n, 2) in the units of the file
    target         (n, 2) in the city's CRS [m]
    model          "helmert" (n >= 2) or "affine" (n >= 3); default helmert
    max_residual   [m] largest distance left between a fitted and a given point
    names          of the points, for messages
    raises         Invalid when there are too few points, they lie too close together or in a line, or one does not fit
    """
    model = model or "helmert"
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    names = names or [str(i + 1) for i in range(len(source))]
    _require(source, target, model)
    residuals, predicted, leverage, matrix, offset = _solve(source, target, model)
    distance = np.hypot(*residuals.T)
    suspect = _gross_errors(source, target, model, max_residual)
    rms, checked = float(np.sqrt((distance**2).mean())), len(source) > (2 if model == "helmert" else 3)
    result = Fit(model, matrix, source.mean(axis=0), target.mean(axis=0) + offset, residuals, predicted, leverage, suspect, rms, checked)
    if distance.max() > max_residual:
        worst = sorted(np.flatnonzero(suspect), key=lambda i: -distance[i])
        told = "; ".join(f"{names[i]}: {distance[i]:.3f} m left, {predicted[i]:.3f} m from where the others put it" for i in worst)
        raise Invalid(
            f"the control points do not fit within {max_residual:g} m (root mean square {result.rms:.3f} m): {told}",
            fix="Check these points for exchanged axes or typing errors, or remove them",
            field="fit",
        )
    return result


def _require(source: np.ndarray, target: np.ndarray, model: Model) -> None:
    needed = 2 if model == "helmert" else 3
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2:
        raise Invalid("control points need x and y on both sides", fix=f"Give the columns {', '.join(COLUMNS)}", field="fit")
    if len(source) < needed:
        raise Invalid(f"a {model} transformation needs at least {needed} control points, {len(source)} given", fix="Measure more points", field="fit")
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise Invalid("a control point has a coordinate that is not a number", fix="Correct or remove the point", field="fit")
    for side, values in (("source", source), ("target", target)):
        axes = np.linalg.svd(values - values.mean(axis=0), compute_uv=False)
        if axes[0] < 1.0:
            raise Invalid(f"the control points lie within one unit of each other on the {side} side", fix="Take points at the edges of the area", field="fit")
        if model == "affine" and axes[1] < 0.02 * axes[0]:
            raise Invalid(f"the control points lie in a line on the {side} side", fix="Add a point away from the line, or fit model helmert", field="fit")


def _design(u: np.ndarray, model: Model) -> np.ndarray:
    """(2n, k) rows for x and y of each point in turn."""
    one, zero, (x, y) = np.ones(len(u)), np.zeros(len(u)), u.T
    if model == "helmert":
        pair = (np.column_stack((x, -y, one, zero)), np.column_stack((y, x, zero, one)))
    else:
        pair = (np.column_stack((x, y, zero, zero, one, zero)), np.column_stack((zero, zero, x, y, zero, one)))
    return np.stack(pair, axis=1).reshape(2 * len(u), -1)


def _matrix(parameters: np.ndarray, model: Model, spread: float) -> tuple[np.ndarray, np.ndarray]:
    if model == "helmert":
        a, b = parameters[:2] / spread
        return np.array([[a, -b], [b, a]]), parameters[2:]
    return parameters[:4].reshape(2, 2) / spread, parameters[4:]


def _left_out(design: np.ndarray, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each point from its prediction by the others, and its leverage, from the hat matrix without refitting."""
    count = len(residuals)
    q, _ = np.linalg.qr(design)
    hat = (q @ q.T).reshape(count, 2, count, 2)
    own = hat[np.arange(count), :, np.arange(count), :]  # (n, 2, 2)
    leverage = own[:, [0, 1], [0, 1]].mean(axis=1)
    predicted = np.full(count, np.nan)
    for i in np.flatnonzero(leverage < 1.0 - 1e-9):
        predicted[i] = np.hypot(*np.linalg.solve(np.eye(2) - own[i], residuals[i]))
    return predicted, leverage


def _gross_errors(source: np.ndarray, target: np.ndarray, model: Model, max_residual: float) -> np.ndarray:
    """Points to take away, worst first, until the rest fit; all that miss when no such choice can be checked."""
    needed = 2 if model == "helmert" else 3
    keep = np.ones(len(source), bool)
    while True:
        residuals, predicted, *_ = _solve(source[keep], target[keep], model)
        distance = np.hypot(*residuals.T)
        if distance.max() <= max_residual:
            return ~keep
        if keep.sum() <= needed + 1 or not np.isfinite(predicted).any():
            suspect = np.zeros(len(source), bool)
            suspect[np.flatnonzero(keep)[distance > max_residual]] = True
            return suspect | ~keep
        keep[np.flatnonzero(keep)[int(np.nanargmax(predicted))]] = False


def _solve(source: np.ndarray, target: np.ndarray, model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Residuals, leave-one-out predictions, leverages, matrix and offset about the centres of both sides."""
    u, goal = source - source.mean(axis=0), target - target.mean(axis=0)
    spread = max(float(np.sqrt((u**2).sum(axis=1).max())), 1e-9)
    design = _design(u / spread, model)
    parameters, *_ = np.linalg.lstsq(design, goal.reshape(-1), rcond=None)
    residuals = (design @ parameters - goal.reshape(-1)).reshape(-1, 2)
    matrix, offset = _matrix(parameters, model, spread)
    return residuals, *_left_out(design, residuals), matrix, offset
