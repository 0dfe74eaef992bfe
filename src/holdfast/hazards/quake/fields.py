"""Spatially correlated residuals at many sites: Gaussian fields on grids by circulant embedding, then read off at the sites.

source    Jayaram and Baker 2009, Earthquake Engng Struct. Dyn. 38, 1687: correlation exp(-3 h / b) with b = 40.7 - 15 T km where ground
          conditions are clustered and 8.5 + 17.2 T km where they vary, T < 1 s; 22 + 3.7 T km above (recalled). PGA as T = 0, PGV as
          T = 1 s (proposal). Correlation between measures at a site: Baker and Jayaram 2008 for spectral ordinates, 0.73 between PGA
          and PGV (recalled). Embedding: Dietrich and Newsam 1997
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.engines.scenario.random import case_keys, normal_fields, normal_quick, stream_key, uniform_at
from holdfast.model.errors import Invalid

PERIOD = {"pga": 0.0, "pgv": 1.0, "sa03": 0.3, "sa10": 1.0}  # s
TOGETHER = {("pga", "pgv"): 0.73, ("pga", "sa03"): 0.78, ("pga", "sa10"): 0.52, ("pgv", "sa03"): 0.68, ("pgv", "sa10"): 0.78, ("sa03", "sa10"): 0.59}
_FINE, _LARGEST = 24, 256  # grid cells in one correlation length, and at most along a side of the region


def range_of(measure: str, kind: str) -> float:
    """Correlation length b [m] of a measure; kind: clustered or varied. raises Invalid"""
    t = PERIOD[measure]
    if kind not in ("clustered", "varied"):
        raise Invalid(f"there is no correlation {kind!r}", fix="Write clustered, varied, none, or a length in metres", field="correlation")
    if t >= 1.0:
        return 1000.0 * (22.0 + 3.7 * t)
    return 1000.0 * (40.7 - 15.0 * t if kind == "clustered" else 8.5 + 17.2 * t)


def between_measures(measures: tuple[str, ...]) -> np.ndarray:
    """(measure, measure) correlation of residuals at one site."""
    out = np.eye(len(measures))
    for i, one in enumerate(measures):
        for j, other in enumerate(measures):
            if i != j:
                out[i, j] = TOGETHER.get((one, other), TOGETHER.get((other, one), 0.0))
    return out


@dataclass(frozen=True, slots=True)
class Field:
    """One field of unit variance with correlation exp(-3 h / b), ready for drawing at fixed sites.

    root        (ny, nx) float32 amplitude of each wave          spacing  of the grid [m]
    corner      (site,) int32 lower left node of each site's cell, in the flattened grid
    weight      (site, 4) float32 of the nodes of the cell
    patch       (site,) uint64 number of the patch of ground, a quarter of a cell wide
    rough       (site,) float32 standard deviation of what varies between patches, which makes the variance one at every site
    """

    root: np.ndarray
    spacing: float
    corner: np.ndarray
    weight: np.ndarray
    patch: np.ndarray
    rough: np.ndarray

    def draw(self, seed: int, stream: str, cases: np.ndarray) -> np.ndarray:
        """(case, site) float32. The real and imaginary part of one transform serve an even case and the next odd one."""
        from scipy import fft

        pairs, which = np.unique(np.asarray(cases, np.int64) // 2, return_inverse=True)
        size = self.root.size
        noise = normal_fields(seed, stream, pairs, np.arange(2 * size)).view(np.complex64).reshape(len(pairs), *self.root.shape)
        noise *= self.root
        grid = fft.fft2(noise, axes=(1, 2), overwrite_x=True, workers=1).reshape(len(pairs), size).view(np.float32)
        out = np.empty((len(which), len(self.corner)), np.float32)
        numbers = np.asarray(cases, np.int64)
        key = stream_key(seed, f"{stream}.rough")
        read(key, numbers, grid, which.astype(np.int64), numbers % 2, self.corner, self.weight, self.patch, self.rough, self.root.shape[1], out)
        return out


def make_field(x: np.ndarray, y: np.ndarray, length: float) -> Field:
    """A field for sites at x, y (site,) [m].

    length    correlation length b [m]
    """
    low = np.array([x.min(), y.min()]) if len(x) else np.zeros(2)
    extent = np.array([np.ptp(x), np.ptp(y)]) if len(x) else np.zeros(2)
    spacing = max(length / _FINE, float(extent.max()) / _LARGEST)
    # the torus must be twice the region, and long enough for the correlation to die away before it comes round
    nx, ny = (_smooth(int(np.ceil(max(2.0 * side, side + 1.2 * length) / spacing)) + 4) for side in extent)
    dx, dy = (np.minimum(np.arange(n), n - np.arange(n)) * spacing for n in (nx, ny))
    correlation = np.exp(-3.0 * np.hypot(dx[None, :], dy[:, None]) / length)
    power = np.maximum(np.fft.fft2(correlation).real, 0.0)  # what little is negative is dropped
    power *= nx * ny / power.sum()
    root = np.sqrt(power / (nx * ny)).astype(np.float32)
    kept = np.fft.ifft2(power).real
    u, v = (x - low[0]) / spacing, (y - low[1]) / spacing
    i, j = u.astype(np.int64), v.astype(np.int64)
    p, q = u - i, v - j
    weight = np.stack([(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q], axis=1)
    near, diagonal = 0.5 * (kept[0, 1] + kept[1, 0]), kept[1, 1]
    mix = np.array([[1, near, near, diagonal], [near, 1, diagonal, near], [near, diagonal, 1, near], [diagonal, near, near, 1]])
    rough = np.sqrt(np.maximum(1.0 - np.einsum("si,ij,sj->s", weight, mix, weight), 0.0))  # lost between the nodes
    patch = np.floor(4.0 * v).astype(np.uint64) * np.uint64(1 << 32) + np.floor(4.0 * u).astype(np.uint64)
    return Field(root, spacing, (j * nx + i).astype(np.int32), weight.astype(np.float32), patch, rough.astype(np.float32))


def _smooth(n: int) -> int:
    """The next even number without large prime factors, fast to transform."""
    from scipy.fft import next_fast_len

    n = next_fast_len(n)
    while n % 2:
        n = next_fast_len(n + 1)
    return n


@kernel
def read(stream, cases, grid, pair, part, corner, weight, patch, rough, columns, out):
    """Values at sites from grids (pair, 2 * node) of interleaved real and imaginary parts."""
    for k in range(pair.size):
        first, second = case_keys(stream, cases[k])
        row, shift = grid[pair[k]], part[k]
        for i in range(corner.size):
            a = 2 * corner[i] + shift
            b = a + 2 * columns
            value = weight[i, 0] * row[a] + weight[i, 1] * row[a + 2] + weight[i, 2] * row[b] + weight[i, 3] * row[b + 2]
            out[k, i] = value + rough[i] * normal_quick(uniform_at(first, second, patch[i]))
