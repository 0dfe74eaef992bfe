"""A set of ids that costs eight bytes each, so that an import of tens of millions of rows fits into little memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


class IdSet:
    """Ids by their 64-bit hash, in sorted runs that are merged as they grow.

    Two different ids share a hash with a chance of about 1e-5 among twenty million; such a row would be reported as a
    duplicate, so nothing is lost silently.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, ids: pa.Array) -> np.ndarray:
        """Put ids in; returns (n,) bool, True for those that were there already or come twice in `ids`."""
        keys = _keys(ids)
        known = self._has(keys)
        fresh, first = np.unique(keys, return_index=True)
        again = np.ones(len(keys), bool)
        again[first] = False
        new = fresh[~known[first]]
        if len(new):
            self._runs.append(new)
            while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
                last = self._runs.pop()
                self._runs[-1] = np.sort(np.concatenate((self._runs[-1], last)), kind="stable")
        return known | again

    def has(self, ids: pa.Array) -> np.ndarray:
        """(n,) bool, True for ids in the set."""
        return self._has(_keys(ids))

    def _has(self, keys: np.ndarray) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            found |= run[at] == keys
        return found


def _keys(ids: pa.Array) -> np.ndarray:
    from pandas.util import hash_array

    return hash_array(ids.to_numpy(zero_copy_only=False), categorize=False)
