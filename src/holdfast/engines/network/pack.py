"""Many arrays handed to compiled code as one pointer.

A `NamedTuple` of arrays is convenient, but Numba takes it apart into hundreds of arguments at every call, and a solver of some forty
functions then compiles for minutes. Here the arrays' addresses and shapes are written into a table of integers; inside compiled code the
table is opened as a value of a fixed type whose attributes are the arrays. Types are declared once, in the annotations of the tuple:

    class Network(NamedTuple):
        count: int
        head: Ints

    NETWORK = declare(Network)            # the Numba type
    open_network = opener(NETWORK)        # for compiled code: open_network(table).head
    table, kept = pack(network)           # `kept` must stay alive while the table is used
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_type_hints

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate, infer_getattr, signature
from numba.extending import intrinsic, lower_getattr_generic, models, register_model
from numba.np.arrayobj import populate_array

Ints = Annotated[np.ndarray, "int64", 1]
Shorts = Annotated[np.ndarray, "int32", 1]
Bytes = Annotated[np.ndarray, "int8", 1]
Flags = Annotated[np.ndarray, "bool", 1]
Reals = Annotated[np.ndarray, "float64", 1]
Counts = Annotated[np.ndarray, "int32", 1]
IntRows = Annotated[np.ndarray, "int64", 2]
ByteRows = Annotated[np.ndarray, "int8", 2]
ShortRows = Annotated[np.ndarray, "int32", 2]
Rows = Annotated[np.ndarray, "float64", 2]
Blocks = Annotated[np.ndarray, "float64", 3]
Singles = Annotated[np.ndarray, "float32", 2]
SingleBlocks = Annotated[np.ndarray, "float32", 3]
ByteBlocks = Annotated[np.ndarray, "int8", 3]

_SLOTS = 4  # per field: address or value, and up to three lengths
_SCALARS = {int: types.int64, float: types.float64, bool: types.boolean}


class PackType(types.Type):
    """Numba type of an opened table."""

    def __init__(self, name: str, fields: dict[str, types.Type]) -> None:
        self.fields = fields
        self.place = {field: i for i, field in enumerate(fields)}
        super().__init__(name=f"Pack({name})")


@register_model(PackType)
class _PackModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


@cache
def _hints(kind: type) -> dict[str, Any]:  # reading annotations takes longer than all the rest of packing
    return get_type_hints(kind, include_extras=True)


def _field(hint: Any) -> types.Type:
    if hint in _SCALARS:
        return _SCALARS[hint]
    dtype, dimensions = hint.__metadata__
    return types.Array(types.boolean if dtype == "bool" else getattr(types, dtype), dimensions, "C")


def declare(kind: type) -> PackType:
    """The Numba type of a `NamedTuple` whose annotations are int, float, bool or the array names of this module."""
    return PackType(kind.__name__, {name: _field(hint) for name, hint in _hints(kind).items()})


def pack(value: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Table of a tuple, and the arrays that must stay alive with it; arrays of another type or layout are copied.

    raises ValueError for an array of the wrong number of dimensions
    """
    hints = _hints(type(value))
    table = np.zeros(_SLOTS * len(hints), np.int64)
    kept = []
    for i, (name, hint) in enumerate(hints.items()):
        item = getattr(value, name)
        if hint in _SCALARS:
            table[_SLOTS * i] = np.float64(item).view(np.int64) if hint is float else int(item)
            continue
        dtype, dimensions = hint.__metadata__
        array = np.ascontiguousarray(item, dtype)
        if array.ndim != dimensions:
            raise ValueError(f"{type(value).__name__}.{name} has {array.ndim} dimensions, not {dimensions}")
        table[_SLOTS * i], table[_SLOTS * i + 1 : _SLOTS * i + 1 + dimensions] = array.ctypes.data, array.shape
        kept.append(array)
    return table, tuple(kept)


def opener(kind: PackType):
    """The function with which compiled code opens a table of this type."""

    @intrinsic
    def open_table(typing, table):
        if table != types.Array(types.int64, 1, "C"):
            return None

        def codegen(context, builder, sig, args):
            return context.make_array(sig.args[0])(context, builder, args[0]).data

        return signature(kind, table), codegen

    return open_table


@infer_getattr
class _Attributes(AttributeTemplate):
    key = PackType

    def generic_resolve(self, kind, name):
        return kind.fields.get(name)


def _constant_load(builder, pointer):
    """A load whose value never changes, so that the optimiser may move it out of loops that write elsewhere."""
    value = builder.load(pointer)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@lower_getattr_generic(PackType)
def _lower_attribute(context, builder, kind, table, name):
    field = kind.fields[name]
    base = kind.place[name] * _SLOTS

    def slot(number: int):
        return builder.gep(table, [ir.Constant(ir.IntType(64), base + number)], inbounds=True)

    if field == types.boolean:
        return builder.trunc(_constant_load(builder, slot(0)), ir.IntType(1))
    if field == types.float64:
        return _constant_load(builder, builder.bitcast(slot(0), ir.DoubleType().as_pointer()))
    if field == types.int64:
        return _constant_load(builder, slot(0))
    shape = [_constant_load(builder, slot(1 + axis)) for axis in range(field.ndim)]
    item = context.get_abi_sizeof(context.get_data_type(field.dtype))
    strides = [ir.Constant(ir.IntType(64), item)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = context.make_array(field)(context, builder)
    pointer = builder.inttoptr(_constant_load(builder, slot(0)), context.get_data_type(field.dtype).as_pointer())
    populate_array(
        array, data=pointer, shape=cgutils.pack_array(builder, shape), strides=cgutils.pack_array(builder, strides),
        itemsize=ir.Constant(ir.IntType(64), item), meminfo=None,
    )
    return array._getvalue()
