"""Running the declared checks over a city."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.errors import NotFound
from holdfast.model.finding import Findings
from holdfast.model.geometry_validity import PROBLEMS, problems
from holdfast.model.spec import Kind, Network
from holdfast.model.tables import asset_schema

from .attribute import check_batch
from .crossings import check_crossings
from .declared import CHECKS, Check
from .levels import check_levels
from .network_view import build
from .settings import of_city
from .sink import Sink
from .topology import check_duplicate_lines, check_ends, check_islands, check_points

_UNCHECKED = frozenset({"name", "owner", "source", "accuracy", "extra"})  # columns that no check reads


def run_checks(city: Any, kinds: Iterable[str] | None = None, checks: Iterable[str] | None = None) -> Findings:
    """Check what a city has now (or, for a view as of some time, had then).

    kinds     names of kinds to report on, or None for all; networks are judged whole and reported for these kinds
    checks    names of `CHECKS`, with or without the prefix "survey.", or None for all
    returns   findings with city coordinates
    raises    NotFound for an unknown kind or check
    """
    wanted = None if checks is None else frozenset(_check(name).name for name in checks)
    present = [name for name in sorted(city.counts()) if name in city.catalog.kinds]
    chosen = set(present) if kinds is None else {city.kind(name).name for name in kinds}
    settings = of_city(city)
    findings = Findings()
    scopes = {check.scope for check in CHECKS.values() if wanted is None or check.name in wanted}
    networks = [n for n in city.catalog.networks.values() if "network" in scopes and chosen & {*n.node_kinds, *n.edge_kinds}]
    needed = {name for n in networks for name in (*n.node_kinds, *n.edge_kinds)}
    kept: dict[str, pa.Table] = {}
    for name in present:
        if name in chosen or name in needed:
            kind = city.kind(name)
            table = city.table(name, columns=[c for c in asset_schema(kind, derived=True).names if c not in _UNCHECKED])
            if name in chosen:
                check_kind(kind, table, findings, settings, wanted)
            if name in needed:
                kept[name] = table
    for network in networks:
        _check_network(city, network, kept, chosen, settings, wanted, findings)
    return findings


def _check(name: str) -> Check:
    full = name if name.startswith("survey.") else f"survey.{name}"
    if full not in CHECKS:
        raise NotFound(f"there is no check {name!r}", fix=f"Checks are: {', '.join(sorted(CHECKS))}")
    return CHECKS[full]


def check_kind(kind: Kind, table: pa.Table, findings: Findings, settings: Mapping[str, Any], wanted: frozenset[str] | None = None) -> None:
    """Checks on all rows of one kind: attributes, geometry, duplicates."""
    check_batch(kind, table, findings, settings=settings, checks=wanted)
    if table.num_rows == 0 or kind.geometry is None or "geometry" not in table.column_names:
        return
    sink = Sink(findings, kind.name, table["id"], lambda index: geometry.centre(table["geometry"].take(pa.array(index))), wanted=wanted)
    if sink.wants("survey.geometry"):
        if table["geometry"].null_count == table.num_rows:
            sink.note("survey.geometry", f"none of {table.num_rows} rows has a geometry", column="geometry", value=table.num_rows)
        else:
            for problem, mask in problems(table["geometry"], kind.geometry).items():
                sink.flag("survey.geometry", mask, column="geometry", message=PROBLEMS[problem], values=np.full(table.num_rows, problem, object))
    if kind.trait == "edge" and table["geometry"].null_count < table.num_rows:
        check_duplicate_lines(sink, kind, table, settings)


def _check_network(
    city: Any, network: Network, tables: Mapping[str, pa.Table], chosen: set[str], settings: Mapping[str, Any], wanted: frozenset[str] | None, out: Findings
) -> None:  # fmt: skip
    members = {*network.node_kinds, *network.edge_kinds}
    findings = out if members <= chosen else Findings()
    view = build(network, city.catalog.kinds, tables, findings, wanted)
    check_ends(view, settings)
    check_points(view, settings)
    check_islands(view, _references(city, network, view.node_id))
    check_levels(view, settings)
    check_crossings(view, settings)
    if findings is not out:
        for name in sorted(chosen & members):
            _copy(findings.table(), name, out)


def _copy(table: pa.Table, kind: str, out: Findings) -> None:
    """Take over the findings about one kind."""
    mine = table.filter(pc.equal(table["kind"], kind))
    for rule in pc.unique(mine["rule"]).to_pylist():
        part = mine.filter(pc.equal(mine["rule"], rule))
        check = CHECKS[rule]
        for column in pc.unique(part["column"]).to_pylist():
            rows = part.filter(pc.equal(part["column"], column) if column is not None else part["column"].is_null())
            out.add_rows(
                rule, check.severity, check.title, kind=kind, ids=rows["id"].to_pylist(), column=column, fix=check.fix, values=rows["value"].to_pylist(),
                x=rows["x"].to_numpy(), y=rows["y"].to_numpy(), messages=rows["message"].to_pylist(),
            )  # fmt: skip


def _references(city: Any, network: Network, node_id: pa.Array) -> dict[str, list[np.ndarray]]:
    """Kinds of the network's domains that are not part of it but name its points in id fields, as positions of those points."""
    members = {*network.node_kinds, *network.edge_kinds}
    domains = {name.partition(".")[0] for name in members}
    present = city.counts()
    out: dict[str, list[np.ndarray]] = {}
    for kind in city.catalog.kinds.values():
        if kind.domain not in domains or kind.name in members or kind.trait != "node" or kind.name not in present:
            continue
        fields = [f.name for f in kind.fields if f.type == "id"]
        if fields:
            table = city.table(kind.name, columns=fields)
            positions = [np.asarray(pc.fill_null(pc.index_in(table[f], value_set=node_id), -1).to_numpy(), np.int64) for f in fields]
            found = [p for p in positions if (p >= 0).any()]
            if found:
                out[kind.name] = found
    return out
