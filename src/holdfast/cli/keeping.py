"""Commands that keep a city: backup, restore, upgrade, lifecycle; and how longer reports are shown."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from .output import emit, print_table, reporting, say


def add_commands(app: typer.Typer) -> None:
    """Add `backup`, `restore`, `upgrade` and `lifecycle` to the command line."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("upgrade")(upgrade)
    app.command("lifecycle")(lifecycle)


def backup(
    city: Annotated[str, typer.Argument(metavar="CITY")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Archive to write, e.g. city.tar")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write everything the city knows, with digests, while it stays in use."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.keeping import backup_city

        with holdfast.open(city, read_only=True) as opened:
            _show(backup_city(opened, file), as_json, f"backup written to {file}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Archive made by `holdfast backup`")],
    city: Annotated[str, typer.Argument(metavar="CITY", help="New folder, or postgresql:// URL without a city yet")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make a city from a backup, into either store, and check every digest."""
    with reporting(as_json):
        from holdfast.app.keeping import restore_city

        _show(restore_city(file, city), as_json, f"restored into {city}, all digests agree")


def upgrade(city: Annotated[str, typer.Argument(metavar="CITY")], as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Bring a city written by an older Holdfast forward."""
    with reporting(as_json):
        from holdfast.app.cities import open_repository

        repository = open_repository(city)
        steps = repository.upgrade()
        repository.close()
        _show({"steps": steps}, as_json, "\n".join(steps) or "the city is up to date")


def lifecycle(
    city: Annotated[str, typer.Argument(metavar="CITY")],
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of an asset or device")],
    state: Annotated[str, typer.Argument(metavar="STATE", help="planned, designed, installed, accepted, in_service, out_of_service or retired")],
    actor: Annotated[str, typer.Option(help="Who does this")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When it happened; default now")] = None,
    reason: Annotated[str | None, typer.Option(help="Decision to enter service although a required device is not accepted: why")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Until when that decision holds")] = None,
    inspector: Annotated[str | None, typer.Option(help="Who inspected and passed it; needed for accepted")] = None,
    inspected: Annotated[str | None, typer.Option(metavar="DATE", help="When it was inspected; default the day of the move")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Move an asset to another state of its life, recorded as an event."""
    with reporting(as_json):
        from dataclasses import asdict

        import holdfast
        from holdfast.app.lifecycle import Decision, Inspection, advance
        from holdfast.model.errors import Invalid

        if reason and not until:
            raise Invalid("a decision needs an end", fix="Give --until TIME", field="until")
        decision = Decision(actor, reason, until) if reason and until else None
        inspection = Inspection(inspector, inspected or at or str(date.today()), True) if inspector else None
        with holdfast.open(city) as opened:
            done = advance(opened, id, state, actor, at, inspection=inspection, decision=decision)
        _show(asdict(done), as_json, f"{id}: {done.from_state} -> {done.to_state}")


def _show(result: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        emit(result)
    else:
        say(text)


def ask_about_changes(report: Any) -> bool:
    """Show what an update would do, on standard error; on a terminal, ask whether to do it."""
    from holdfast.app.importing import change_counts

    counts = "  ".join(f"{change} {count:,}" for change, count in change_counts(report.changes).items()) or "no change"
    typer.echo(f"update: {counts}", err=True)
    for row in report.changes.slice(0, 20).to_pylist():
        typer.echo("  " + "  ".join(str(v) for v in row.values() if v is not None), err=True)
    if report.changes.num_rows > 20:
        typer.echo(f"  ... and {report.changes.num_rows - 20:,} more (--dry-run --json, or results/ of the run, has all)", err=True)
    return typer.confirm("Apply?", err=True) if sys.stdin.isatty() else True


def show_import(report: Any, as_json: bool) -> None:
    """Print an import report."""
    found = report.summary()
    if as_json:
        emit(found)
        return
    print_table("Dry run, nothing was kept" if report.dry_run else f"Imported ({report.run})", ("file", "format", "crs", "assets", "links"),
                [(f["file"], f["format"], f["crs"], f["assets"], f["links"]) for f in found["files"]])
    print_table("By kind", ("kind", "assets"), list(found["kinds"].items()))
    if found["changes"] is not None:
        print_table("Changes", ("change", "assets"), list(found["changes"].items()))
    table = report.findings.table()
    if table.num_rows:
        from holdfast.model.finding import grouped

        columns = ("severity", "rule", "kind", "count", "message", "id", "row", "fix")
        rows = [[row[c] for c in columns] for row in grouped(table)]
        print_table("Findings", ("severity", "rule", "kind", "count", "what", "first id", "row", "fix"), rows)
    say("  ".join(f"{severity} {count:,}" for severity, count in found["findings"].items()))


def show_doctor(rows: list[Any], as_json: bool) -> None:
    """Print the doctor's rows and leave with 1 if one failed."""
    values = [dict(row) if isinstance(row, dict) else row.as_json() for row in rows]
    if as_json:
        emit({"checks": values, "failed": sum(v["status"] == "fail" for v in values)})
    elif values:
        print_table("Doctor", tuple(values[0]), [tuple(v.values()) for v in values])
    if any(v["status"] == "fail" for v in values):
        raise typer.Exit(1)


def show_policy(rows: list[Any], as_json: bool) -> None:
    """Print clause, capabilities and tests."""
    values = [row.as_json() for row in rows]
    if as_json:
        emit({"clauses": values, "without_capability": [v["clause"] for v in values if not v["capabilities"]],
              "without_test": [v["clause"] for v in values if not v["tests"]]})
        return
    print_table("Policy", ("clause", "title", "capabilities", "tests"),
                [(v["clause"], v["title"], ", ".join(v["capabilities"]) or "none yet", ", ".join(v["tests"]) or "none yet") for v in values])
