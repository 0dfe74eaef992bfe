"""Named, counter-based random streams, so that one part of the city never shifts the draws of another."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """A Philox generator fixed by seed and name.

    seed    any integer; only its low 64 bits count
    name    purpose of the draws, e.g. "water.materials"
    """
    key = np.array([seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(name.encode())], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def scatter(*parts: np.ndarray | int) -> np.ndarray:
    """Uniform numbers in [0, 1) that depend only on the integers given (splitmix64 finaliser)."""
    with np.errstate(over="ignore"):
        state = np.uint64(0x9E3779B97F4A7C15)
        for part in parts:
            state = np.asarray(part).astype(np.int64).astype(np.uint64) + state * np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return (np.atleast_1d(state) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
