"""`holdfast simulate` and `holdfast report`: the day of a network, and reports of what was run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import emit, print_table, reporting, say

_City = Annotated[str, typer.Argument(metavar="CITY", help="Folder of the city, or postgresql:// URL")]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output")]


def add_commands(app: typer.Typer) -> None:
    """Add them to the command line."""
    app.command("simulate")(simulate)
    app.command("report")(report)
    app.command("warm-up")(warm_up)


def simulate(
    city: _City,
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="water, drainage, power, gas, heat, roads, telecom ...")],
    hours: Annotated[float | None, typer.Option(help="How many hours; the model's own duration when left out")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help="Write the results")] = None,
    as_json: _AsJson = False,
) -> None:
    """Simulate one network of the city as it is, and say which engine answered."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.simulating import check_target, write_tables
        from holdfast.app.simulating import simulate as run

        if out is not None:
            check_target(out)
        with holdfast.open(city) as opened:
            ran = run(opened, network, hours=hours, actor="command line")
        written = [] if out is None else write_tables(ran, out)
        if as_json:
            emit({"run": ran.run, "status": ran.answer.status, "summary": ran.answer.summary, "files": written})
            return
        show(ran.run, ran.answer)
        for path in written:
            say(f"written: {path}")


def report(
    city: _City,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run, as printed when it ended")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FILE.html or FILE.json")],
) -> None:
    """Write the report of a kept run: summary, figures and tables in one file."""
    with reporting(False):
        import holdfast
        from holdfast.app import report as reports
        from holdfast.app import results

        with holdfast.open(city) as opened:
            found = results.kept(opened, run)
            reports.write(file, *results.titles_of(opened, found), found.answer, results.meta(opened, found.record), reports.names_of(opened))
        say(f"written: {file}")


def warm_up(as_json: _AsJson = False) -> None:
    """Compile the solvers now, so that no later command waits for it. Done once per installation and processor."""
    with reporting(as_json):
        from holdfast.app.warm_up import warm_up as compile_all

        done = compile_all(None if as_json else lambda name, seconds: say(f"{name}: {seconds:.1f} s"))
        if as_json:
            emit(done)


def show(run: str, answer: Any) -> None:
    """Print a run's summary and the head of its tables."""
    say(run)
    for name, value in answer.summary.items():
        say(f"  {name.replace('_', ' ')}: {value}")
    for name, table in answer.tables.items():
        head = table.slice(0, 20)
        print_table(f"{name} ({table.num_rows:,} rows)", head.column_names, [list(r.values()) for r in head.to_pylist()])
