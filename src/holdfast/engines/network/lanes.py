"""Eight scenarios side by side: a Numba value of eight float64 that the compiler keeps in one vector register.

A row of a C-contiguous `(rows, 8)` float64 array holds one quantity (a head, a flow, a matrix entry) of eight scenarios. `load` and
`store` move a row, the operators + - * / and the functions below act on all eight at once, and `splat` makes eight copies of a number.
Written as plain loops over the last axis the same code is not vectorised, because the compiler cannot prove that the arrays do not
overlap; a value of this type leaves it no choice. Rows are not bounds-checked: indices come from lists made once per network.

All functions are for use inside Numba code only.
"""

from __future__ import annotations

import math
import operator
from typing import Any, ClassVar

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 8
_LINE = 64  # bytes of a cache line
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_BITS = ir.VectorType(ir.IntType(64), WIDTH)
_CONTRACT = ("contract",)  # lets a product and a sum become one fused instruction


def aligned_rows(count: int, dtype: Any = np.float64) -> np.ndarray:
    """Zeros of shape (count, 8) that begin on a cache line, so that no row of float64 lies across two of them."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(count * WIDTH * item + _LINE, np.uint8)
    skip = -room.ctypes.data % _LINE
    return room[skip : skip + count * WIDTH * item].view(dtype).reshape(count, WIDTH)


class LanesType(types.Type):
    """Numba type of eight float64 in a register."""

    def __init__(self) -> None:
        super().__init__(name="Lanes8")


lanes = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _VECTOR)


def _constant(value: float) -> ir.Constant:
    return ir.Constant(_VECTOR, [float(value)] * WIDTH)


def _spread(builder: ir.IRBuilder, value):
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), mask)


def _wide(builder: ir.IRBuilder, kind, value):
    return value if isinstance(kind, LanesType) else _spread(builder, value)


_OPERATIONS = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_PAIRS = ((lanes, lanes), (lanes, types.float64), (types.float64, lanes))


def _register(symbol, name: str) -> None:
    @infer_global(symbol)
    class _Template(ConcreteTemplate):
        cases: ClassVar[list] = [signature(lanes, *pair) for pair in _PAIRS]

    for pair in _PAIRS:

        @lower_builtin(symbol, *pair)
        def lower(context, builder, sig, args):
            left, right = (_wide(builder, kind, value) for kind, value in zip(sig.args, args, strict=True))
            return getattr(builder, name)(left, right, flags=_CONTRACT)


for _symbol, _name in _OPERATIONS.items():
    _register(_symbol, _name)


@infer_global(operator.neg)
class _Negate(ConcreteTemplate):
    cases: ClassVar[list] = [signature(lanes, lanes)]


@lower_builtin(operator.neg, lanes)
def _lower_negate(context, builder, sig, args):
    return builder.fsub(_constant(-0.0), args[0])


def _pointer(context, builder, kind, value, row, element=None):
    array = context.make_array(kind)(context, builder, value)
    wide = builder.mul(row, ir.Constant(row.type, WIDTH))
    place = builder.gep(array.data, [wide], inbounds=True)
    return builder.bitcast(place, (element or _VECTOR).as_pointer())


def _is_rows(kind, dtype=types.float64) -> bool:
    return isinstance(kind, types.Array) and kind.dtype == dtype and kind.layout == "C"


@intrinsic
def load(typing, array, row):
    """Row of a `(rows, 8)` float64 array as lanes."""
    if not (_is_rows(array) and isinstance(row, types.Integer)):
        return None

    def codegen(context, builder, sig, args):
        row = context.cast(builder, args[1], sig.args[1], types.intp)
        return builder.load(_pointer(context, builder, sig.args[0], args[0], row), align=8)

    return signature(lanes, array, row), codegen


@intrinsic
def store(typing, array, row, value):
    """Write lanes to a row of a `(rows, 8)` float64 array."""
    if not (_is_rows(array) and isinstance(row, types.Integer) and isinstance(value, LanesType)):
        return None

    def codegen(context, builder, sig, args):
        row = context.cast(builder, args[1], sig.args[1], types.intp)
        builder.store(args[2], _pointer(context, builder, sig.args[0], args[0], row), align=8)
        return context.get_dummy_value()

    return signature(types.none, array, row, value), codegen


@intrinsic
def at(typing, array, index):
    """`array[index]` of a one-dimensional array, integers as int64. Neither checked nor counted from the end, which costs more than the access."""
    if not (isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C" and isinstance(index, types.Integer)):
        return None
    whole = isinstance(array.dtype, types.Integer)

    def codegen(context, builder, sig, args):
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        item = builder.load(builder.gep(data, [context.cast(builder, args[1], sig.args[1], types.intp)], inbounds=True))
        return context.cast(builder, item, sig.args[0].dtype, types.int64) if whole else item

    return signature(types.int64 if whole else array.dtype, array, index), codegen


@intrinsic
def cell(typing, array, row, lane):
    """`array[row, lane]` of a `(rows, 8)` array, neither checked nor counted from the end."""
    if not (isinstance(array, types.Array) and array.ndim == 2 and array.layout == "C" and isinstance(row, types.Integer) and isinstance(lane, types.Integer)):
        return None

    def codegen(context, builder, sig, args):
        row, lane = (context.cast(builder, value, kind, types.intp) for value, kind in zip(args[1:], sig.args[1:], strict=True))
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        place = builder.add(builder.mul(row, ir.Constant(row.type, WIDTH)), lane)
        return builder.load(builder.gep(data, [place], inbounds=True))

    return signature(array.dtype, array, row, lane), codegen


@intrinsic
def splat(typing, number):
    """A float64 in all eight lanes."""
    if number != types.float64:
        return None

    def codegen(context, builder, sig, args):
        return _spread(builder, args[0])

    return signature(lanes, number), codegen


@intrinsic
def absolute(typing, value):
    """Absolute value of each lane."""

    def codegen(context, builder, sig, args):
        bits = builder.bitcast(args[0], _BITS)
        kept = builder.and_(bits, ir.Constant(_BITS, [0x7FFF_FFFF_FFFF_FFFF] * WIDTH))
        return builder.bitcast(kept, _VECTOR)

    return signature(lanes, lanes), codegen


def _chosen(relation: str):
    def typed(typing, left, right, yes, no):
        def codegen(context, builder, sig, args):
            left, right, yes, no = (_wide(builder, kind, value) for kind, value in zip(sig.args, args, strict=True))
            return builder.select(builder.fcmp_ordered(relation, left, right), yes, no)

        return signature(lanes, left, right, yes, no), codegen

    return typed


where_less = intrinsic(_chosen("<"))  # where_less(a, b, yes, no): per lane, yes where a < b, otherwise no (also where one is not a number)
where_at_most = intrinsic(_chosen("<="))  # where_at_most(a, b, yes, no): the same for a <= b


@intrinsic
def where_closed(typing, state, row, limit, yes, no):
    """Per lane, `yes` where a `(rows, 8)` int8 array is <= limit in this row, otherwise `no`."""
    if not _is_rows(state, types.int8):
        return None
    small = ir.VectorType(ir.IntType(8), WIDTH)

    def codegen(context, builder, sig, args):
        row = context.cast(builder, args[1], sig.args[1], types.intp)
        value = builder.load(_pointer(context, builder, sig.args[0], args[0], row, small), align=1)
        bound = builder.trunc(context.cast(builder, args[2], sig.args[2], types.int64), ir.IntType(8))
        first = builder.insert_element(ir.Constant(small, ir.Undefined), bound, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        bounds = builder.shuffle_vector(first, ir.Constant(small, ir.Undefined), mask)
        yes, no = (_wide(builder, kind, each) for kind, each in zip(sig.args[3:], args[3:], strict=True))
        return builder.select(builder.icmp_signed("<=", value, bounds), yes, no)

    return signature(lanes, state, row, limit, yes, no), codegen


def _polynomial(builder, x, coefficients):
    """Horner's rule; coefficients from the highest power down."""
    total = _constant(coefficients[0])
    for c in coefficients[1:]:
        total = builder.fadd(builder.fmul(total, x, flags=_CONTRACT), _constant(c), flags=_CONTRACT)
    return total


def _logarithm_terms() -> list[float]:
    """Coefficients of log2(1 + x) / x for 1 + x from sqrt(1/2) to sqrt(2), highest power first: a Chebyshev fit."""
    low, high = math.sqrt(0.5) - 1.0, math.sqrt(2.0) - 1.0
    x = 0.5 * (low + high) + 0.5 * (high - low) * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    fit = np.polynomial.Chebyshev.fit(x, np.log1p(x) / x / math.log(2.0), 12, domain=[low, high])
    return [float(c) for c in fit.convert(kind=np.polynomial.Polynomial).coef[::-1]]


def _power_terms() -> list[float]:
    """Coefficients of 2 ** x for x from -1/2 to 1/2, highest power first: a Chebyshev fit."""
    x = 0.5 * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    fit = np.polynomial.Chebyshev.fit(x, np.exp2(x), 8, domain=[-0.5, 0.5])
    return [float(c) for c in fit.convert(kind=np.polynomial.Polynomial).coef[::-1]]


_LOG_TERMS = _logarithm_terms()
_EXP_TERMS = _power_terms()
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest whole number in the low bits


@intrinsic
def log2(typing, value):
    """Logarithm to base 2 of positive, normal lanes; error below 1e-10."""

    def codegen(context, builder, sig, args):
        def of(number):
            return ir.Constant(_BITS, [number] * WIDTH)

        bits = builder.bitcast(args[0], _BITS)
        shifted = builder.sub(bits, of(0x3FE6_A09E_667F_3BCD))  # the bits of sqrt(1/2): the mantissa lands in sqrt(1/2) .. sqrt(2)
        exponent = builder.ashr(shifted, of(52))
        mantissa = builder.bitcast(builder.sub(bits, builder.shl(exponent, of(52))), _VECTOR)
        x = builder.fsub(mantissa, _constant(1.0))
        whole = builder.sitofp(exponent, _VECTOR)
        return builder.fadd(builder.fmul(_polynomial(builder, x, _LOG_TERMS), x, flags=_CONTRACT), whole, flags=_CONTRACT)

    return signature(lanes, lanes), codegen


@intrinsic
def exp2(typing, value):
    """2 to the power of each lane, for powers from -1000 to 1000; relative error below 1e-12."""

    def codegen(context, builder, sig, args):
        moved = builder.fadd(args[0], _constant(_ROUND))
        fraction = builder.fsub(args[0], builder.fsub(moved, _constant(_ROUND)))
        bits = builder.shl(builder.bitcast(moved, _BITS), ir.Constant(_BITS, [52] * WIDTH))
        value = builder.bitcast(_polynomial(builder, fraction, _EXP_TERMS), _BITS)
        return builder.bitcast(builder.add(value, bits), _VECTOR)

    return signature(lanes, lanes), codegen


def _has_estimates() -> bool:
    """Whether code is made for this very processor and it has instructions for 14 bits of 1 / x and 1 / sqrt(x)."""
    own = config.CPU_NAME in (None, "host") and config.CPU_FEATURES in (None, "host")
    return bool(own and binding.get_host_cpu_features().get("avx512f", False))


def _estimate(builder, name: str, x):
    """The processor's estimate, to which two Newton steps give the last digits."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR, ir.IntType(8)])
    name = f"llvm.x86.avx512.{name}14.pd.512"
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [x, _constant(0.0), ir.Constant(ir.IntType(8), -1)])


@intrinsic
def inverse_root(typing, value):
    """1 / sqrt of positive, normal lanes by Newton steps, to the last digits; several times faster than the division."""

    def codegen(context, builder, sig, args):
        x = args[0]
        half = builder.fmul(x, _constant(0.5))
        if _has_estimates():
            y, steps = _estimate(builder, "rsqrt", x), 2
        else:
            bits = builder.lshr(builder.bitcast(x, _BITS), ir.Constant(_BITS, [1] * WIDTH))
            y, steps = builder.bitcast(builder.sub(ir.Constant(_BITS, [0x5FE6_EB50_C7B5_37A9] * WIDTH), bits), _VECTOR), 4
        for _ in range(steps):
            square = builder.fmul(y, y)
            y = builder.fmul(y, builder.fsub(_constant(1.5), builder.fmul(half, square, flags=_CONTRACT), flags=_CONTRACT))
        return y

    return signature(lanes, lanes), codegen


@intrinsic
def reciprocal(typing, value):
    """1 / x of lanes of normal size by Newton steps, to the last digits; a quarter of the time of a division."""

    def codegen(context, builder, sig, args):
        x = args[0]
        if _has_estimates():
            y, steps = _estimate(builder, "rcp", x), 2
        else:
            bits = builder.bitcast(x, _BITS)
            y, steps = builder.bitcast(builder.sub(ir.Constant(_BITS, [0x7FDE_6238_DA3C_2118] * WIDTH), bits), _VECTOR), 4
        for _ in range(steps):
            miss = builder.fsub(_constant(1.0), builder.fmul(x, y, flags=_CONTRACT), flags=_CONTRACT)
            y = builder.fadd(y, builder.fmul(y, miss, flags=_CONTRACT), flags=_CONTRACT)
        return y

    return signature(lanes, lanes), codegen


@intrinsic
def pick(typing, value, lane):
    """One lane as float64."""

    def codegen(context, builder, sig, args):
        place = context.cast(builder, args[1], sig.args[1], types.int64)
        return builder.extract_element(args[0], builder.trunc(place, ir.IntType(32)))

    return signature(types.float64, lanes, lane), codegen


@intrinsic
def largest_of(typing, left, right):
    """The larger of two, lane by lane; the second where one is not a number."""

    def codegen(context, builder, sig, args):
        left, right = (_wide(builder, kind, value) for kind, value in zip(sig.args, args, strict=True))
        return builder.select(builder.fcmp_ordered(">", left, right), left, right)

    return signature(lanes, left, right), codegen


@intrinsic
def smallest_of(typing, left, right):
    """The smaller of two, lane by lane; the second where one is not a number."""

    def codegen(context, builder, sig, args):
        left, right = (_wide(builder, kind, value) for kind, value in zip(sig.args, args, strict=True))
        return builder.select(builder.fcmp_ordered("<", left, right), left, right)

    return signature(lanes, left, right), codegen


__all__ = [
    "WIDTH", "LanesType", "absolute", "aligned_rows", "at", "cell", "exp2", "inverse_root", "lanes", "largest_of", "load", "log2", "pick", "reciprocal", "smallest_of",
    "splat", "store", "where_at_most", "where_closed", "where_less",
]
