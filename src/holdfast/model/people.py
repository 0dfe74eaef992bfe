"""Who counts as people: the one rule by which scenarios and capabilities count them.

People are counted once, where they end up: at assets of kinds that need services, provide none, and have a `population` (buildings). The population
that a zone, a network node or a secondary supply names is that of the same people and is not added. Residents count at home, staff and visitors
where nobody lives, as the field says. Who lacks a service follows from `serves` links; capabilities that answer for a city without populated assets,
or without links, say what they count instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .spec import Kind

FIELD = "population"


def holds_people(kind: Kind) -> bool:
    """Whether people are counted at assets of a kind."""
    return bool(kind.needs) and not kind.provides and kind.field(FIELD) is not None


def people_at(city: Any, ids: pa.Array) -> np.ndarray:
    """(asset,) people at each asset; NaN for assets of kinds that hold none, for unknown ids and where the number is not known.

    ids  (asset,) ids of any kinds, null for none
    """
    kinds = pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0) if len(ids) else pa.array([], pa.string())
    out = np.full(len(ids), np.nan)
    for name in pc.unique(kinds).to_pylist():
        kind = city.catalog.kinds.get(name)
        if kind is None or not holds_people(kind):
            continue
        rows = np.flatnonzero(pc.equal(kinds, name).to_numpy(zero_copy_only=False))
        table = city.table(name, columns=["id", FIELD])
        at = np.asarray(pc.fill_null(pc.index_in(ids.take(pa.array(rows)), value_set=table["id"].combine_chunks()), -1).to_numpy(zero_copy_only=False), np.int64)
        out[rows] = np.append(table[FIELD].cast(pa.float64()).to_numpy(zero_copy_only=False), np.nan)[at]
    return out


def people_served(city: Any, service: str, providers: pa.Array) -> np.ndarray | None:
    """(provider,) people of the assets that `serves` links of a service hang on each provider; None where no link of the service names any of them.

    Whoever hangs on several of the providers counts at each with an equal share, so that the sum counts nobody twice.
    """
    links = city.links(relation="serves").select(["from_id", "to_id", "service"])
    links = links.filter(pc.and_(pc.equal(links["service"], service), pc.is_in(links["from_id"], value_set=providers)))
    if links.num_rows == 0:
        return None
    consumer = pc.dictionary_encode(links["to_id"].combine_chunks())
    which = consumer.indices.to_numpy(zero_copy_only=False)
    people = np.nan_to_num(people_at(city, consumer.dictionary)) / np.bincount(which)
    giver = pc.index_in(links["from_id"].combine_chunks(), value_set=providers).to_numpy(zero_copy_only=False)
    return np.bincount(giver, weights=people[which], minlength=len(providers))


__all__ = ["holds_people", "people_at", "people_served"]
