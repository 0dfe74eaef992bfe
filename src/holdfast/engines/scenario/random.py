"""Counter-based random numbers: a value depends on seed, stream, case and item alone, never on what else is drawn.

Each case has two keys; item i of a case is the SplitMix64 finaliser of `key_a + i * golden ratio`, with `key_b` mixed in
between its two multiplications so that no two cases walk along the same sequence.

source    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014 (found: finaliser constants as in
          engines/layout/random.py); normal deviates by Wichura, algorithm AS 241 (PPND16), Applied Statistics 37, 1988 (recalled)
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import uint64

from holdfast.engines.network.compiled import kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SILVER = np.uint64(0xD1342543DE82EF95)
_MUL1, _MUL2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_FNV, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_UNIT = 1.0 / float(1 << 53)
_MASK = (1 << 64) - 1


@kernel(inline="always")
def mix(value):  # uint64 -> uint64
    """The finaliser of SplitMix64: a bijection of 64-bit integers that spreads every bit."""
    value = (value ^ (value >> _S30)) * _MUL1
    value = (value ^ (value >> _S27)) * _MUL2
    return value ^ (value >> _S31)


@kernel(inline="always")
def case_keys(stream, case):
    """Both keys of a case: stream uint64 from `stream_key`, case integer."""
    first = mix(stream + uint64(case) * _SILVER)
    return first, mix(first + _GOLDEN)


@kernel(inline="always")
def uniform_at(first, second, item):
    """A number in (0, 1) for the item (integer) of the case with these keys."""
    return uniform_of(first + uint64(item) * _GOLDEN, second)


@kernel(inline="always")
def uniform_of(value, second):
    """As `uniform_at`, where value is the first key of the case plus `salt` of the item."""
    value = ((value ^ (value >> _S30)) * _MUL1) ^ second
    value = (value ^ (value >> _S27)) * _MUL2
    value = value ^ (value >> _S31)
    return (float(value >> _S11) + 0.5) * _UNIT


@kernel
def _tail(p):  # standard normal quantile of p or 1 - p below 0.075
    r = np.sqrt(-np.log(p))
    if r <= 5.0:
        r -= 1.6
        top = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258) * r
                 + 3.64784832476320460504) * r + 5.76949722146069140550) * r + 4.63033784615654529590) * r + 1.42343711074968357734)
        low = (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r
                 + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r + 2.05319162663775882187) * r + 1.0)
        return top / low
    r -= 5.0
    top = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r
             + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r + 5.46378491116411436990) * r + 6.65790464350110377720)
    low = (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r
             + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r + 5.99832206555887937690e-1) * r + 1.0)
    return top / low


@kernel(inline="always")
def normal_quantile(p):
    """The standard normal quantile of p in (0, 1), to 1e-15 relative."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r
                 + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r + 1.3314166789178437745e2) * r + 3.3871328727963666080)
        low = (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r
                 + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r + 4.2313330701600911252e1) * r + 1.0)
        return q * top / low
    if q < 0.0:
        return -_tail(p)
    return _tail(1.0 - p)


def _quantile_table() -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(np.clip(np.arange(_CELLS + 1) / _CELLS, 1e-3, 1.0 - 1e-3))


_CELLS, EDGE = 4096, 1.0 / 64.0
_TABLE = _quantile_table()


@kernel(inline="always")
def normal_quick(p):
    """The standard normal quantile by table between 1/64 and 63/64 (to 1.1e-5), exact in the tails: ten times faster."""
    if EDGE <= p <= 1.0 - EDGE:
        return normal_inner(p)
    return normal_quantile(p)


@kernel(inline="always")
def normal_inner(p):
    """The table of `normal_quick`, which holds between EDGE and 1 - EDGE; any p in (0, 1) may be given."""
    place = p * _CELLS
    cell = int(place)
    low = _TABLE[cell]
    return low + (place - cell) * (_TABLE[cell + 1] - low)


@kernel
def fill_uniform(stream, cases, items, out):
    """Kernel of `uniform`: cases (k,) int64, items (n,) uint64, out (k, n)."""
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in range(items.size):
            out[k, i] = uniform_at(first, second, items[i])


@kernel
def fill_normal(stream, cases, items, out):
    """Kernel of `normal`: cases (k,) int64, items (n,) uint64, out (k, n)."""
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in range(items.size):
            out[k, i] = normal_quantile(uniform_at(first, second, items[i]))


@kernel
def fill_quick(stream, cases, items, out):
    """As `fill_normal`, by `normal_quick`."""
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in range(items.size):
            out[k, i] = normal_quick(uniform_at(first, second, items[i]))


@kernel
def _hash(offsets, data, out):  # FNV-1a over the bytes of each string, then mixed
    for i in range(out.size):
        value = _FNV
        for j in range(offsets[i], offsets[i + 1]):
            value = (value ^ uint64(data[j])) * _PRIME
        out[i] = mix(value)


def stream_key(seed: int, stream: str | int) -> np.uint64:
    """One key for a seed and a stream; kernels hand it to `case_keys`.

    seed      any integer; only its low 64 bits count
    stream    purpose of the draws, e.g. "damage.state", or a number
    """
    if isinstance(stream, str):
        value = int(_FNV)
        for byte in stream.encode():
            value = ((value ^ byte) * int(_PRIME)) & _MASK
    else:
        value = (stream * int(_SILVER)) & _MASK
    return np.uint64(_mix((_mix(seed & _MASK) + _mix(value) * int(_GOLDEN)) & _MASK))


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * int(_MUL1)) & _MASK
    value = ((value ^ (value >> 27)) * int(_MUL2)) & _MASK
    return value ^ (value >> 31)


def salt(items: np.ndarray) -> np.ndarray:
    """What items (n,) uint64 add to the first key of a case, for kernels that draw for the same items in many cases."""
    return np.asarray(items, np.uint64) * _GOLDEN


def keys(ids: pa.Array) -> np.ndarray:
    """Item numbers (n,) uint64 of asset ids (n,), so that a draw belongs to the asset and not to its row."""
    column = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    column = column.cast(pa.large_string())
    _, offsets, data = column.buffers()
    where = np.frombuffer(offsets, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    text = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    out = np.empty(len(column), np.uint64)
    _hash(where, text, out)
    return out


def _draw(fill, seed: int, stream: str | int, cases: np.ndarray, items: np.ndarray, dtype: type) -> np.ndarray:
    where = np.ascontiguousarray(np.atleast_1d(cases), np.int64)
    what = np.ascontiguousarray(np.atleast_1d(items)).astype(np.uint64)
    out = np.empty((where.size, what.size), dtype)
    fill(stream_key(seed, stream), where, what, out)
    return out


def uniform(seed: int, stream: str | int, cases: np.ndarray, items: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Uniform numbers (k, n) in (0, 1).

    seed, stream   which numbers; see `stream_key`
    cases          (k,) integers                 items   (n,) integers, e.g. `keys(asset_id)` or positions
    dtype          float64, or float32, in which a number may round to 1
    """
    return _draw(fill_uniform, seed, stream, cases, items, dtype)


def normal_fields(seed: int, stream: str | int, cases: np.ndarray, items: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    """Standard normal numbers (k, n) to 1.1e-5, for random fields and samples; arguments as in `uniform`."""
    return _draw(fill_quick, seed, stream, cases, items, dtype)


def normal(seed: int, stream: str | int, cases: np.ndarray, items: np.ndarray, dtype: type = np.float64) -> np.ndarray:
    """Standard normal numbers (k, n); arguments as in `uniform`."""
    return _draw(fill_normal, seed, stream, cases, items, dtype)
