"""What differs between two states of the same kind: added, changed field by field, closed, unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.spec import Kind
from holdfast.model.tables import TIME_AXES, asset_schema

from .matching import Match, match_rows

CHANGE_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),  # as the city has it
        ("change", pa.string()),  # added, changed, closed
        ("field", pa.string()),  # null for added and closed
        ("old", pa.string()),
        ("new", pa.string()),
        ("delivered_id", pa.string()),  # where the delivery called it otherwise
    ]
)

_IGNORED = frozenset({"id", "source", "shape_length", "position", *TIME_AXES})  # position: the row in a model file, which says nothing about the asset
_SAME_PLACE = 0.001  # [m] coordinates closer than this are the same; the millimetre of a text file


@dataclass(slots=True)
class Changes:
    """The difference between two tables of one kind, as row indices.

    added       (a,) rows of `new`
    closed      (c,) rows of `old`
    changed     (m,) rows of `old` and (m,) rows of `new`
    unchanged   (u,) rows of `old` and (u,) rows of `new`
    fields      field name -> (m,) bool over `changed`
    """

    kind: Kind
    old: pa.Table
    new: pa.Table
    added: np.ndarray
    closed: np.ndarray
    changed: tuple[np.ndarray, np.ndarray]
    unchanged: tuple[np.ndarray, np.ndarray]
    fields: dict[str, np.ndarray] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Number of assets by what happened to them."""
        return {"added": len(self.added), "changed": len(self.changed[0]), "closed": len(self.closed), "unchanged": len(self.unchanged[0])}

    def renamed(self) -> dict[str, str]:
        """Delivered id -> id in the city, for matched rows that came under another id."""
        before = np.concatenate((self.changed[0], self.unchanged[0]))
        after = np.concatenate((self.changed[1], self.unchanged[1]))
        kept, came = self.old["id"].take(pa.array(before)), self.new["id"].take(pa.array(after))
        differ = pc.fill_null(pc.not_equal(kept, came), True)
        return dict(zip(came.filter(differ).to_pylist(), kept.filter(differ).to_pylist(), strict=True))


def compare(kind: Kind, old: pa.Table, new: pa.Table, match: Match = "auto", tolerance: float = 0.5, *, partial: bool = True) -> Changes:
    """Compare two states of one kind.

    old, new    columns of `asset_schema(kind)`, geometry in the same CRS
    match       how rows are recognised, see `matching.match_rows`
    tolerance   [m] for recognising by geometry
    partial     True for a delivery: a column without any value was not delivered, and says nothing
    """
    left, right = match_rows(old, new, match, tolerance)
    masks: dict[str, np.ndarray] = {}
    for column in asset_schema(kind):
        name = column.name
        if name in _IGNORED or name not in old.column_names or name not in new.column_names:
            continue
        if partial and new[name].null_count == new.num_rows:
            continue
        if old[name].null_count == old.num_rows and new[name].null_count == new.num_rows:
            continue
        mask = _differs(old[name], new[name], left, right)
        if mask.any():
            masks[name] = mask
    any_field = np.zeros(len(left), bool)
    for mask in masks.values():
        any_field |= mask
    return Changes(
        kind=kind,
        old=old,
        new=new,
        added=np.setdiff1d(np.arange(new.num_rows), right, assume_unique=True),
        closed=np.setdiff1d(np.arange(old.num_rows), left, assume_unique=True),
        changed=(left[any_field], right[any_field]),
        unchanged=(left[~any_field], right[~any_field]),
        fields={name: mask[any_field] for name, mask in masks.items()},
    )


def _differs(old: pa.ChunkedArray, new: pa.ChunkedArray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    before, after = old.take(pa.array(left)), new.take(pa.array(right))
    if pa.types.is_binary(before.type) or pa.types.is_large_binary(before.type):
        return _shape_differs(before, after)
    if pa.types.is_floating(before.type):
        a, b = before.to_numpy(), after.cast(before.type).to_numpy()
        return ~np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
    if after.type != before.type:
        after = after.cast(before.type)
    same = pc.fill_null(pc.equal(before, after), False)
    both_null = pc.and_(before.is_null(), after.is_null())
    return ~np.asarray(pc.or_(same, both_null).to_numpy(), bool)


def _shape_differs(before: pa.ChunkedArray, after: pa.ChunkedArray) -> np.ndarray:
    """Different bytes whose coordinates differ by more than the noise of text files and projections."""
    same = pc.or_(pc.fill_null(pc.equal(before, after), False), pc.and_(before.is_null(), after.is_null()))
    differ = ~np.asarray(same.to_numpy(), bool)
    if not differ.any():
        return differ
    import shapely

    rows = np.flatnonzero(differ)
    a, b = (geometry.decode(c.take(pa.array(rows))) for c in (before, after))
    equal = shapely.equals_exact(a, b, tolerance=_SAME_PLACE)
    tall = equal & shapely.has_z(a) & shapely.has_z(b)
    if tall.any():  # equals_exact looks at the plan only
        za, zb = (shapely.get_coordinates(s[tall], include_z=True, return_index=True) for s in (a, b))
        off = ~np.isclose(za[0][:, 2], zb[0][:, 2], rtol=0.0, atol=_SAME_PLACE, equal_nan=True)
        equal[np.flatnonzero(tall)[np.unique(za[1][off])]] = False
    equal &= shapely.has_z(a) == shapely.has_z(b)
    differ[rows] = ~equal
    return differ


def diff_table(changes: Iterable[Changes]) -> pa.Table:
    """All differences as one Arrow table in `CHANGE_SCHEMA`: a row per asset added or closed, a row per field changed."""
    pieces: list[pa.Table] = []
    for change in changes:
        kind = change.kind.name
        pieces.append(_rows(kind, change.new["id"].take(pa.array(change.added)), "added"))
        before, after = change.changed
        for name, mask in change.fields.items():
            kept = change.old["id"].take(pa.array(before[mask]))
            came = change.new["id"].take(pa.array(after[mask]))
            given = pc.if_else(pc.fill_null(pc.equal(kept, came), True), pa.scalar(None, pa.string()), came)
            old, new = (_text(t[name].take(pa.array(i[mask]))) for t, i in ((change.old, before), (change.new, after)))
            pieces.append(_rows(kind, kept, "changed", name, old, new, given))
        pieces.append(_rows(kind, change.old["id"].take(pa.array(change.closed)), "closed"))
    whole = pa.concat_tables(pieces) if pieces else CHANGE_SCHEMA.empty_table()
    return whole.sort_by([("kind", "ascending"), ("id", "ascending"), ("field", "ascending")]).combine_chunks()


def _rows(kind: str, ids: pa.ChunkedArray, change: str, name: str | None = None, old: object = None, new: object = None, given: object = None) -> pa.Table:
    count = len(ids)
    empty = pa.nulls(count, pa.string())
    columns = [
        pa.repeat(pa.scalar(kind), count), ids, pa.repeat(pa.scalar(change), count), pa.repeat(pa.scalar(name, pa.string()), count),
        empty if old is None else old, empty if new is None else new, empty if given is None else given,
    ]  # fmt: skip
    return pa.table(columns, schema=CHANGE_SCHEMA)


def _text(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return column.cast(pa.string())
    import shapely

    shapes = geometry.decode(column)
    return pa.array([None if s is None else shapely.to_wkt(s, rounding_precision=3, output_dimension=3)[:500] for s in shapes], pa.string())


def merged(change: Changes) -> pa.Table:
    """New versions of the changed assets: delivered values, undelivered columns as they were, ids as the city has them."""
    before, after = (pa.array(i) for i in change.changed)
    schema = asset_schema(change.kind)
    columns = []
    for column in schema:
        name = column.name
        delivered = name in change.new.column_names and change.new[name].null_count < change.new.num_rows
        if name != "id" and delivered:
            columns.append(change.new[name].take(after).cast(column.type))
        elif name in change.old.column_names:
            columns.append(change.old[name].take(before).cast(column.type))
        else:
            columns.append(pa.nulls(len(after), column.type))
    return pa.table(columns, names=schema.names)
