"""`holdfast scenario`: what a disaster would do to the city, and in which order to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import CaseBar, emit, print_table, reporting, say, short

_GO_ON = "finished cases are kept: give the same command with --resume to go on"


def add_command(app: typer.Typer) -> None:
    """Add it to the command line."""
    app.command("scenario")(scenario)


def scenario(
    city: Annotated[str, typer.Argument(metavar="CITY", help="Folder of the city, or postgresql:// URL")],
    name: Annotated[str, typer.Argument(metavar="[NAME|FILE.toml]", help="A preset such as quake-m6.5, or a file; left out, presets are listed")] = "",
    samples: Annotated[int | None, typer.Option(help="Number of cases; 1000 when neither this nor the scenario says")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; the number of processors when left out")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same cases")] = None,
    order: Annotated[str | None, typer.Option(metavar="RULE", help="What crews mend next: importance (when neither this nor the scenario says), shortest, nearest, random")] = None,
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
        try:
            with holdfast.open(city) as opened, CaseBar(as_json) as bar:
                done = run_scenario(opened, name, samples=samples, workers=workers, seed=seed, order=order, cluster=cluster, out=out, resume=resume, watch=bar,
                                    actor="command line")  # fmt: skip
        except KeyboardInterrupt:
            typer.echo(_GO_ON, err=True)
            raise
        if as_json:
            emit(_as_json(done))
        else:
            _show(done)
        if done.status == "cancelled":
            if not as_json:
                typer.echo(f"stopped after {done.progress.done:,} of {done.progress.total:,} cases; {_GO_ON}", err=True)
            raise typer.Exit(130)


def _list(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit({name: definition.as_json() for name, definition in found.items()})
        return
    rows = [(name, d.title, ", ".join(f"{k}={v}" for k, v in d.parameters.items())) for name, d in found.items()]
    print_table("Scenarios", ("name", "title", "parameters"), rows)


_TABLES = (("impact", "People without service"), ("exceedance", "Losses by return period in years"), ("ranking", "What was taken out, by harm: the first 15"),
           ("components", "Components failed"), ("order", "Best order of repairs: the first 15"))  # fmt: skip
_HEADS = {"ranking": 15, "order": 15}


def _show(done: Any) -> None:
    from holdfast.app.order_words import bound_in_words

    summary, tables = done.answer.summary, done.answer.tables
    say(f"{done.run}: {summary['title']}, {summary['cases']['total']:,} cases, {done.status}")
    never = f">{max(tables['critical']['hour'].to_pylist()):g}"
    for name, title in _TABLES:
        if name in tables and tables[name].num_rows:
            head = tables[name].slice(0, _HEADS.get(name, 60))
            rows = [[never if value is None and key.startswith("restored") else value for key, value in row.items()] for row in head.to_pylist()]
            print_table(title, [c.replace("_", " ") for c in head.column_names], rows)
        if name == "order":
            for text, _ in bound_in_words(summary.get("restoration", {})):
                say(text)
    for name in ("cases", "losses", "average_year", "restoration", "engines", "seconds"):
        if summary.get(name):
            say(f"{name.replace('_', ' ')}: " + ", ".join(f"{k.replace('_', ' ')} {short(v)}" for k, v in summary[name].items()))
    for note in summary.get("notes", ()):
        say(f"note: {note}")
    say(f"report: {done.report}")


def _as_json(done: Any) -> dict[str, Any]:
    """Everything a script asks a rehearsal for: the summary, and the tables that the summary only counts."""
    tables = {name: done.answer.tables[name].to_pylist() for name in ("impact", "components", "ranking", "exceedance", "order") if name in done.answer.tables}
    return {"run": done.run, "status": done.status, "folder": done.folder, "report": done.report, "progress": done.progress.as_json(), "summary": done.answer.summary, **tables}
