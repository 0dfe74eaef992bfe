"""`holdfast scenario`: what a disaster would do to the city, and in which order to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import CaseBar, emit, print_table, reporting, say


def add_command(app: typer.Typer) -> None:
    """Add it to the command line."""
    app.command("scenario")(scenario)


def scenario(
    city: Annotated[str, typer.Argument(metavar="CITY", help="Folder of the city, or postgresql:// URL")],
    name: Annotated[str, typer.Argument(metavar="[NAME|FILE.toml]", help="A preset such as quake-m6.5, or a file; left out, presets are listed")] = "",
    samples: Annotated[int | None, typer.Option(help="Number of cases; 1000 when neither this nor the scenario says")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; the number of processors when left out")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same cases")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to use instead, e.g. tcp://host:8786")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the results; in the city's folder when left out")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output")] = False,
) -> None:
    """Rehearse a disaster: damage, cascade over all lifelines, repair, impact, and the best order of repairs."""
    with reporting(as_json):
        import holdfast
        from holdfast import catalog
        from holdfast.app.definition import presets
        from holdfast.app.scenario import run_scenario

        if not name:
            _list(presets(catalog.load()), as_json)
            return
        with holdfast.open(city) as opened, CaseBar(as_json) as bar:
            done = run_scenario(opened, name, samples=samples, workers=workers, seed=seed, cluster=cluster, out=out, resume=resume, watch=bar, actor="command line")
        if as_json:
            emit({"run": done.run, "status": done.status, "folder": done.folder, "report": done.report, "progress": done.progress.as_json(), "summary": done.answer.summary})
        else:
            _show(done)
        if done.status == "cancelled":
            raise typer.Exit(130)


def _list(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit({name: definition.as_json() for name, definition in found.items()})
        return
    rows = [(name, d.title, ", ".join(f"{k}={v}" for k, v in d.parameters.items())) for name, d in found.items()]
    print_table("Scenarios", ("name", "title", "parameters"), rows)


def _show(done: Any) -> None:
    summary = done.answer.summary
    say(f"{done.run}: {summary['title']}, {summary['cases']['total']:,} cases, {done.status}")
    for name, columns in (("impact", "People without service"), ("components", "Components failed, mean of the cases"), ("order", "Best order of repairs, first 15")):
        table = done.answer.tables.get(name)
        if table is not None and table.num_rows:
            head = table.slice(0, 15 if name == "order" else 60)
            print_table(columns, [c.replace("_", " ") for c in head.column_names], [list(r.values()) for r in head.to_pylist()])
    for name in ("cases", "losses", "restoration", "engines", "seconds"):
        if summary.get(name):
            say(f"{name}: " + ", ".join(f"{k.replace('_', ' ')} {_short(v)}" for k, v in summary[name].items()))
    for note in summary.get("notes", ()):
        say(f"note: {note}")
    say(f"report: {done.report}")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k} {_short(v)}" for k, v in value.items()) + ")"
    return f"{value:,}" if isinstance(value, int) else str(value)
