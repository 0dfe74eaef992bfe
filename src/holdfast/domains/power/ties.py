"""Ties: open switches that are closed by hand or from afar to feed a dead part from another side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from holdfast.engines.network.power.model import Cases

from .grid import Grid


@dataclass(frozen=True, slots=True)
class Ties:
    """Switches that alone hold an end of a branch open today.

    end        (tie,) branch for its first end, branch + branches for the second     component  (tie,) of the switch
    station    (tie,) component of its substation, -1 none
    spare      (tie,) permitted power of the branch [VA]: where only one is closed, the largest is
    """

    end: np.ndarray
    component: np.ndarray
    station: np.ndarray
    spare: np.ndarray

    @classmethod
    def of(cls, grid: Grid) -> Ties:
        """The ties of a grid."""
        m = grid.model
        branch = grid.switch_end % max(m.branches, 1)
        end = np.where(m.ideal[branch], branch, grid.switch_end) if len(grid.switch_end) else grid.switch_end
        pairs = np.unique(np.stack([end, grid.switch_component])[:, ~grid.switch_closed], axis=1)
        ends, count = np.unique(pairs[0], return_counts=True)
        alone = np.isin(pairs[0], ends[count == 1])
        end, component = pairs[0][alone].astype(np.int64), pairs[1][alone].astype(np.int64)
        branch = end % max(m.branches, 1)
        spare = np.sqrt(3.0) * m.node_rated[m.branch_from[branch]] * np.minimum(m.branch_limit_from[branch], 1e6)
        return cls(end, component, grid.station_of[component], spare)

    def __len__(self) -> int:
        return len(self.end)

    def ready(self, available: np.ndarray) -> np.ndarray:
        """(case, tie) bool: the switch is sound and its substation too."""
        return available[:, self.component] & np.where(self.station >= 0, available[:, np.maximum(self.station, 0)], True)

    def all_closed(self, grid: Grid, cases: Cases, ready: np.ndarray) -> Cases:
        """The cases with every ready tie closed: what hangs together then is what closing one tie for each dead part can feed."""
        m = grid.model
        branch, second = self.end % m.branches, self.end >= m.branches
        on_from, on_to = cases.on_from.copy(), cases.on_to.copy()
        np.logical_or.at(on_from, (slice(None), branch), ready & (~second | m.ideal[branch]))
        np.logical_or.at(on_to, (slice(None), branch), ready & (second | m.ideal[branch]))
        return replace(cases, on_from=on_from, on_to=on_to)
