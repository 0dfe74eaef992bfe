"""Commands about time: what changed between two days, and what one asset went through."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .output import emit, print_table, reporting


def add_commands(app: typer.Typer) -> None:
    """Add `diff` and `history` to the command line."""
    app.command("diff")(diff)
    app.command("history")(history)


def diff(
    city: Annotated[str, typer.Argument(metavar="CITY")],
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help="Earlier time")],
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Later time; default now")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only these kinds")] = None,
    known: Annotated[bool, typer.Option("--known", help="Compare what was known at the two times, instead of what held")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """What was added, changed and closed between two times, field by field."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.importing import change_counts
        from holdfast.app.update import diff_city

        with holdfast.open(city, read_only=True) as opened:
            changes = diff_city(opened, from_, to, kind, known=known)
        if as_json:
            emit({"from": from_, "to": to, "counts": change_counts(changes), "changes": changes.to_pylist()})
            return
        shown = changes.slice(0, 200)
        print_table(f"{changes.num_rows:,} changes", shown.column_names, [list(r.values()) for r in shown.to_pylist()])


def history(
    city: Annotated[str, typer.Argument(metavar="CITY")],
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of an asset, e.g. water.pipe:12")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Every version of one asset and each field that changed, with its source."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.update import field_changes
        from holdfast.model.geometry import decode

        with holdfast.open(city, read_only=True) as opened:
            versions = opened.history(id)
        shapes = [None if s is None else s.wkt for s in decode(versions["geometry"])]
        rows: list[dict[str, Any]] = [{k: v for k, v in r.items() if v is not None and k != "geometry"} for r in versions.to_pylist()]
        for row, shape in zip(rows, shapes, strict=True):
            row["geometry"] = shape
        changes = field_changes(versions)
        if as_json:
            emit({"id": id, "versions": rows, "changes": changes.to_pylist()})
            return
        times = ("valid_from", "valid_to", "recorded_at", "superseded_at", "source", "lifecycle")
        print_table(f"{id}: {len(rows)} versions", times, [[row.get(n) for n in times] for row in rows])
        print_table("Changes by field", changes.column_names, [list(r.values()) for r in changes.to_pylist()])
