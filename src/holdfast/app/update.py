"""Dynamic update: a newer delivery is compared with the city, the difference is shown, then facts are closed and appended.

Assets are recognised by id or, where a delivery was numbered anew, by geometry; they keep the id the city knows them by, so
that history goes on, and references to them in the delivery are translated. A column that the delivery does not bring says
nothing. What the delivery no longer has is closed, within the scope asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.survey.changes import Changes, compare, diff_table, merged
from holdfast.engines.survey.matching import Match
from holdfast.model import geometry, tables
from holdfast.model.city import City
from holdfast.model.delivery import Batch
from holdfast.model.finding import Findings
from holdfast.model.repository import Writer
from holdfast.model.spec import Kind
from holdfast.model.time import Instant, to_text

from .change_log import FIELD_CHANGE, diff_city, field_changes
from .update_links import fresh_links

Scope = Literal["kind", "area", "source", "nothing"]
Pieces = Iterable[Batch | tuple[str, pa.Table]]

__all__ = ["FIELD_CHANGE", "UpdateOptions", "UpdatePlan", "apply_delivery", "apply_update", "diff_city", "field_changes", "plan_update"]

_ORDER = {"area": 0, "node": 1, "party": 2, "record": 3, "edge": 4, "device": 5}  # what others refer to comes first


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """How a delivery is compared.

    match       how assets are recognised, see `engines.survey.matching`
    tolerance   [m] for recognising by geometry; None for the setting survey.match_tolerance
    close       what the delivery is complete for, and so closes by leaving out: all assets of its kinds; those in its area (the convex
                hull of what it brings); those that came from the same source; nothing
    """

    match: Match = "auto"
    tolerance: float | None = None
    close: Scope = "kind"


@dataclass(slots=True)
class UpdatePlan:
    """What an update would do.

    changes    kind -> difference
    renamed    delivered id -> id in the city
    findings   assets left alone because the city has newer facts, ids that had to be given anew
    """

    changes: dict[str, Changes] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of assets added, changed, closed and unchanged, by kind."""
        return {kind: change.counts() for kind, change in self.changes.items()}

    def table(self) -> pa.Table:
        """Every difference as a row: kind, id, change, field, old, new, delivered id."""
        return diff_table(self.changes.values())


def plan_update(city: City, pieces: Pieces, valid_from: Instant, options: UpdateOptions | None = None) -> UpdatePlan:
    """Compare a delivery with what the city has now, and change nothing.

    pieces       batches, or pairs of kind name and table, with columns of `asset_schema` in the city's CRS
    valid_from   when the delivered state began; facts that began later are left alone, with a finding
    """
    options = options or UpdateOptions()
    tolerance = float(city.settings["survey.match_tolerance"]) if options.tolerance is None else options.tolerance
    delivered = _gather(pieces)
    plan = UpdatePlan()
    hull = _hull(delivered.values()) if options.close == "area" else None
    for name in sorted(delivered, key=lambda n: (_ORDER[city.kind(n).trait], n)):
        kind = city.kind(name)
        new = _translate(kind, delivered[name], plan.renamed)
        names = tables.asset_schema(kind).names
        old = city.table(name, columns=[*names, "valid_from"])
        change = compare(kind, old, new, options.match, tolerance)
        change.closed = change.closed[_in_scope(change, options.close, hull)]
        _leave_newer(change, valid_from, plan.findings)
        _fresh_ids(change, plan)
        plan.renamed |= change.renamed()
        plan.changes[name] = change
    return plan


def apply_update(writer: Writer, plan: UpdatePlan, valid_from: Instant) -> dict[str, int]:
    """Close what changed or went, append what changed or came; returns rows appended by kind."""
    appended: dict[str, int] = {}
    for name, change in plan.changes.items():
        going = change.old["id"].take(pa.array(change.closed)).to_pylist()
        ending = [*change.old["id"].take(pa.array(change.changed[0])).to_pylist(), *going]
        if ending:
            writer.close(change.kind, ending, valid_from)
        if going:
            writer.close_links(going, valid_from)
        schema = tables.asset_schema(change.kind)
        count = 0
        for rows in (merged(change), tables.conform(change.new.take(pa.array(change.added)), schema)):
            if rows.num_rows:
                count += writer.append(change.kind, rows, valid_from)
        appended[name] = count
    return appended


@dataclass(slots=True)
class Update:
    """All that the files of one update bring, gathered before it is compared: pairs of kind name and rows, and links."""

    match: Match = "auto"
    close: Scope = "kind"
    pieces: list[tuple[str, pa.Table]] = field(default_factory=list)
    links: list[pa.Table] = field(default_factory=list)


def apply_delivery(city: City, writer: Writer, update: Update, valid_from: Instant, findings: Findings) -> tuple[dict[str, int], pa.Table]:
    """Plan and apply an update inside an open transaction; links that the city has already are not appended again.

    findings   is added to
    returns    rows appended by kind, and every difference as a row of the change table
    """
    plan = plan_update(city, update.pieces, valid_from, UpdateOptions(match=update.match, close=update.close))
    findings.extend(plan.findings)
    appended = apply_update(writer, plan, valid_from)
    for table in fresh_links(city, writer, update.links, plan.renamed, valid_from):
        writer.append_links(table, valid_from)
    return appended, plan.table()


def _gather(pieces: Pieces) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {}
    for piece in pieces:
        name, table = (piece.kind, piece.table) if isinstance(piece, Batch) else piece
        parts.setdefault(name, []).append(table)
    return {name: pa.concat_tables(tables_, promote_options="default") for name, tables_ in parts.items()}


def _translate(kind: Kind, table: pa.Table, renamed: dict[str, str]) -> pa.Table:
    """References to assets by the ids that the city knows them by."""
    if not renamed:
        return table
    keys, known = pa.array(list(renamed), pa.string()), pa.array(list(renamed.values()), pa.string())
    references = {"from_id", "to_id", "host_id", *(f.name for f in kind.fields if f.type == "id")} | ({kind.parent_field} if kind.parent_field else set())
    for name in references & set(table.column_names):
        column = table[name]
        if column.null_count == len(column) or not pa.types.is_string(column.type):
            continue
        position = pc.index_in(column, value_set=keys)
        if position.null_count < len(position):
            column = pc.if_else(position.is_valid(), known.take(pc.fill_null(position, 0).combine_chunks()), column)
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _hull(delivered: Iterable[pa.Table]) -> Any:
    import shapely

    corners = []
    for table in delivered:
        if "geometry" in table.column_names and table["geometry"].null_count < table.num_rows:
            box = geometry.bounds(table["geometry"])
            box = box[np.isfinite(box).all(axis=1)]
            corners += [box[:, [0, 1]], box[:, [2, 3]], box[:, [0, 3]], box[:, [2, 1]]]
    return shapely.convex_hull(shapely.multipoints(np.concatenate(corners))) if corners else None


def _in_scope(change: Changes, scope: Scope, hull: Any) -> np.ndarray:
    """Which of the rows that the delivery lacks it would have had if they were still there."""
    count = len(change.closed)
    if scope == "kind" or count == 0:
        return np.ones(count, bool)
    gone = change.old.take(pa.array(change.closed))
    if scope == "source":
        sources = pc.unique(change.new["source"]) if "source" in change.new.column_names else pa.array([], pa.string())
        return np.asarray(pc.fill_null(pc.is_in(gone["source"], value_set=sources.drop_null()), False).to_numpy(), bool)
    if scope == "area" and hull is not None:
        import shapely

        x, y = geometry.centre(gone["geometry"]).T
        return shapely.intersects_xy(hull, x, y) & np.isfinite(x)
    return np.zeros(count, bool)


def _leave_newer(change: Changes, valid_from: Instant, findings: Findings) -> None:
    """Take out of the plan what the city knows something newer about."""
    began = change.old["valid_from"].to_numpy().astype("datetime64[ms]")
    moment = valid_from.astype("datetime64[ms]")
    late_closed = began[change.closed] > moment
    late_changed = began[change.changed[0]] > moment
    rows = np.concatenate((change.closed[late_closed], change.changed[0][late_changed]))
    if len(rows) == 0:
        return
    findings.add_rows(
        "update.newer_known", "warning", "the city has a newer fact; the older delivery was not applied to it", kind=change.kind.name,
        ids=change.old["id"].take(pa.array(rows)), values=[to_text(t) for t in began[rows]], fix="Deliver with the date of the survey in --valid-from",
    )  # fmt: skip
    change.closed = change.closed[~late_closed]
    before, after = change.changed
    change.unchanged = (np.concatenate((change.unchanged[0], before[late_changed])), np.concatenate((change.unchanged[1], after[late_changed])))
    change.changed = (before[~late_changed], after[~late_changed])
    change.fields = {name: mask[~late_changed] for name, mask in change.fields.items()}


def _fresh_ids(change: Changes, plan: UpdatePlan) -> None:
    """Give added assets another id where theirs names an asset that stays: the delivery was numbered anew."""
    stays = np.setdiff1d(np.arange(change.old.num_rows), change.closed, assume_unique=True)
    open_ids = set(change.old["id"].take(pa.array(stays)).to_pylist())
    ids = change.new["id"].to_pylist()
    taken = [i for i in change.added.tolist() if ids[i] in open_ids]
    if not taken:
        return
    used = open_ids | set(ids) | set(change.old["id"].to_pylist())
    given = []
    for i in taken:
        number = 2
        while f"{ids[i]}-{number}" in used:
            number += 1
        fresh = f"{ids[i]}-{number}"
        used.add(fresh)
        given.append(ids[i])
        plan.renamed[ids[i]] = fresh
        ids[i] = fresh
    change.new = change.new.set_column(change.new.column_names.index("id"), "id", pa.array(ids, pa.string()))
    plan.findings.add_rows(
        "update.id_taken", "warning", "the delivered id names another asset that is still there; the new asset was numbered anew", kind=change.kind.name,
        ids=[ids[i] for i in taken], column="id", values=given, fix="Keep the numbers of assets from delivery to delivery",
    )  # fmt: skip
