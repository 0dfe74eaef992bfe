"""Links of a newer delivery: those that are new or differ replace what the city has; those not delivered stay."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import tables
from holdfast.model.city import City
from holdfast.model.repository import Writer
from holdfast.model.time import Instant


def fresh_links(city: City, writer: Writer, delivered: list[pa.Table], renamed: dict[str, str], valid_from: Instant) -> list[pa.Table]:
    """Delivered links that are still to be appended; open ones that they replace are closed.

    renamed   delivered id -> id in the city
    """
    parts = [tables.conform(t, tables.LINK) for t in delivered if t.num_rows]
    if not parts:
        return []
    rows = pa.concat_tables(parts)
    if renamed:
        keys, ids = pa.array(list(renamed), pa.string()), pa.array(list(renamed.values()), pa.string())
        for place, name in enumerate(("from_id", "to_id")):
            position = pc.index_in(rows[name], value_set=keys)
            known = ids.take(pc.fill_null(position, 0).combine_chunks())
            rows = rows.set_column(place, name, pc.if_else(position.is_valid(), known, rows[name]))
    held = city.links().select(tables.LINK.names)
    position = pc.index_in(_link_keys(rows), value_set=_link_keys(held))
    there = np.asarray(position.is_valid().to_numpy(zero_copy_only=False), bool)
    hours = held["backup_hours"].to_numpy()[np.asarray(pc.fill_null(position, 0).to_numpy(zero_copy_only=False))] if held.num_rows else np.zeros(len(there))
    differs = there & ~np.isclose(rows["backup_hours"].to_numpy(), hours, equal_nan=True)
    fresh = [rows.filter(pa.array(~there | differs))]
    replaced = pc.is_in(_link_keys(held), value_set=_link_keys(rows.filter(pa.array(differs))))
    for relation in pc.unique(rows.filter(pa.array(differs))["relation"]).to_pylist():
        mine = rows.filter(pc.and_(pa.array(differs), pc.equal(rows["relation"], relation)))
        ends = pc.unique(mine["to_id"])
        writer.close_links(ends.to_pylist(), valid_from, relation)  # closes every link of these assets; those that stay are opened again
        touched = pc.or_(pc.is_in(held["from_id"], value_set=ends), pc.is_in(held["to_id"], value_set=ends))
        fresh.append(held.filter(pc.and_(pc.and_(touched, pc.equal(held["relation"], relation)), pc.invert(replaced))))
    return [table.cast(tables.LINK) for table in fresh if table.num_rows]


def _link_keys(links: pa.Table) -> pa.Array:
    parts = [links["from_id"], links["to_id"], links["relation"], pc.fill_null(links["service"], "")]
    joined = pc.binary_join_element_wise(*parts, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
