"""What is left in the stocks of a city, such as tanks, while time passes: they empty, stop giving, and fill again.

A stock that runs out is spent: it is whole and works, but its network gets no more from it than flows in. It is so until its network, in the
state that it is in, would fill it. Stocks are only declared spent within one moment, and only taken back before a settling that follows the
passing of time: so a moment takes at most one settling more than there are stocks.
"""

from __future__ import annotations

import numpy as np

from .cascade import Block, Cascade

SOON = 0.25  # h: what runs out within it counts as out with the first, so that many small stocks are not settled one by one


class Stocks:
    """The stocks of all lifelines in the cases of a block.

    left   (case, stock) float64 amount               dry_hour  (case, stock) float64 when each first ran out, inf for never
    """

    def __init__(self, cascade: Cascade, block: Block) -> None:
        self.block, self.full = block, cascade.stock_full
        self.left = np.tile(cascade.stock, (block.cases, 1))
        self.dry_hour = np.full(self.left.shape, np.inf)

    def reopen(self, rows: np.ndarray) -> None:
        """Before settling: what the network of each case fills again is no longer spent."""
        if self.left.size:
            self.block.spent[rows] &= self.block.draw[rows] > 0.0

    def run_dry(self, rows: np.ndarray, now: np.ndarray) -> np.ndarray:
        """After settling: rows in which more stocks are spent than before, to be settled again. now (case,) hours"""
        if not self.left.size:
            return rows[:0]
        draw = self.block.draw[rows].astype(np.float64)
        new = ~self.block.spent[rows] & (draw > 0.0) & (self.left[rows] <= draw * SOON)
        self.block.spent[rows] |= new
        self.dry_hour[rows] = np.where(new, np.minimum(self.dry_hour[rows], now[rows, None]), self.dry_hour[rows])
        return rows[new.any(axis=1)]

    def lasts(self, rows: np.ndarray) -> np.ndarray:
        """(n,) hours until the next stock runs out as things are, inf where none will."""
        draw = self.block.draw[rows].astype(np.float64)
        empties = ~self.block.spent[rows] & (draw > 0.0)
        return np.where(empties, self.left[rows] / np.where(empties, draw, 1.0), np.inf).min(axis=1, initial=np.inf)

    def flow(self, rows: np.ndarray, step: np.ndarray) -> None:
        """Let step (n,) hours pass."""
        if self.left.size:
            self.left[rows] = np.clip(self.left[rows] - self.block.draw[rows] * step[:, None], 0.0, self.full)


def exhaust(cascade: Cascade, block: Block, rows: np.ndarray, hour: np.ndarray) -> None:
    """Settle cases of a block as they will be once every stock that empties is spent; hour (case,) as for `Cascade.settle`."""
    while len(rows):
        cascade.settle(block, rows, hour)
        new = ~block.spent[rows] & (block.draw[rows] > 0.0)
        block.spent[rows] |= new
        rows = rows[new.any(axis=1)]
