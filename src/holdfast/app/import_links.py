"""Links whose ends are named without their kind: found among the assets of the import and of the city."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.city import City
from holdfast.model.finding import Findings
from holdfast.model.tables import LINK

if TYPE_CHECKING:
    from .id_set import IdSet

_WITH_KIND = r"^[a-z][a-z_0-9]*\.[a-z][a-z_0-9]*:"


def settle_links(city: City, links: pa.Table, seen: Mapping[str, IdSet], findings: Findings, file: str) -> pa.Table:
    """The links with every end as `<kind>:<id>`; those with an end that no asset or several assets fit are left out and said.

    links     columns of `tables.LINK`, with or without those of `delivery.LINK_PLACE`; ends that carry their kind are believed
    seen      ids of this import, by kind
    returns   columns of `tables.LINK`
    """
    places, links = links, links.select(LINK.names)
    bare = pc.unique(pa.chunked_array([_bare(links[end]) for end in ("from_id", "to_id")]))
    if len(bare) == 0:
        return links
    found = _candidates(city, bare, seen)
    keep = np.ones(links.num_rows, bool)
    for end in ("from_id", "to_id"):
        settled = []
        for at, value in enumerate(links[end].to_pylist()):
            fits = found.get(value)
            settled.append(fits[0] if fits else value)
            if fits is not None and len(fits) != 1:
                keep[at] = False
                _say(findings, value, fits, {"file": file} | _place(places, at, end))
        links = links.set_column(links.column_names.index(end), end, pa.array(settled, pa.string()))
    return links.filter(pa.array(keep))


def _place(links: pa.Table, at: int, end: str) -> dict[str, Any]:
    """Row and heading of one end of a link, as far as the reader gave them."""
    heading = end.replace("_id", "_field")
    place = {"row": links["row"][at].as_py()} if "row" in links.column_names else {}
    return place | {"column": links[heading][at].as_py() if heading in links.column_names else end}


def _say(findings: Findings, value: str, fits: list[str], place: dict[str, Any]) -> None:
    if fits:
        problem, fix = f"several assets have the id {value}: {', '.join(fits)}", f"Write it with its kind, such as {fits[0]}"
    else:
        problem, fix = f"neither this import nor the city has an asset {value}", "Correct the id, import its asset first, or remove the row"
    findings.add("import.unknown_asset", "error", f"{problem}; the link was left out", kind="link", value=value, fix=fix, **place)


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
