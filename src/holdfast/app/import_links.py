"""Links whose ends are named without their kind: found among the assets of the import and of the city."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.city import City
from holdfast.model.finding import Findings

if TYPE_CHECKING:
    from .id_set import IdSet

_WITH_KIND = r"^[a-z][a-z_0-9]*\.[a-z][a-z_0-9]*:"


def settle_links(city: City, links: pa.Table, seen: Mapping[str, IdSet], findings: Findings, file: str) -> pa.Table:
    """The links with every end as `<kind>:<id>`; those with an end that no asset or several assets fit are left out and said.

    links     columns of `tables.LINK`; ends that carry their kind are believed
    seen      ids of this import, by kind
    """
    bare = pc.unique(pa.chunked_array([_bare(links[end]) for end in ("from_id", "to_id")]))
    if len(bare) == 0:
        return links
    found = _candidates(city, bare, seen)
    keep = np.ones(links.num_rows, bool)
    for end in ("from_id", "to_id"):
        column = links[end].to_pylist()
        settled = []
        for row, value in enumerate(column):
            fits = found.get(value)
            settled.append(fits[0] if fits else value)
            if fits is not None and len(fits) != 1:
                keep[row] = False
                problem = f"several assets have this id: {', '.join(fits)}" if fits else "no asset has this id"
                findings.add("import.unknown_asset", "error", f"{problem}; the link was left out", kind="link", column=end, value=value, file=file,
                             fix="Write the id with its kind, such as water.pump:P1, and import the assets first")  # fmt: skip
        links = links.set_column(links.column_names.index(end), end, pa.array(settled, pa.string()))
    return links.filter(pa.array(keep))


def _bare(column: pa.ChunkedArray) -> pa.Array:
    ids = column.combine_chunks().cast(pa.string()).drop_null()
    return ids.filter(pc.invert(pc.match_substring_regex(ids, _WITH_KIND)))


def _candidates(city: City, bare: pa.Array, seen: Mapping[str, IdSet]) -> dict[str, list[str]]:
    """Full ids that each bare id may stand for."""
    found: dict[str, list[str]] = {name: [] for name in bare.to_pylist()}
    stored = set(city.counts())
    for kind in city.catalog.kinds.values():
        if kind.trait == "record" or (kind.name not in stored and kind.name not in seen):
            continue
        full = pc.binary_join_element_wise(f"{kind.name}:", bare, "")
        there = seen[kind.name].has(full) if kind.name in seen else np.zeros(len(full), bool)
        if kind.name in stored:
            there = there | pc.is_in(full, city.table(kind.name, columns=["id"], ids=full.to_pylist())["id"].combine_chunks()).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(there):
            found[bare[int(place)].as_py()].append(full[int(place)].as_py())
    return found
