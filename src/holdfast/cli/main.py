"""The `holdfast` command: its sub-commands, each a thin call into `holdfast.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import history, keeping, run, scenario, simulate
from .output import Progress, emit, print_table, reporting, say

app = typer.Typer(name="holdfast", help="Holdfast: one living model of a city's lifelines.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
City = Annotated[str, typer.Argument(metavar="CITY", help="Folder of the city, or postgresql:// URL")]
CLOSE, MATCH = ("kind", "area", "source", "nothing"), ("auto", "id", "geometry")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output")]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version and leave")] = False) -> None:
    if version:
        from holdfast import __version__

        say(f"holdfast {__version__}")
        raise typer.Exit


@app.command()
def init(
    city: City,
    sample: Annotated[bool, typer.Option(help="Fill it with the reference city Anlan")] = False,
    assets: Annotated[int, typer.Option(help="About how many assets the reference city has")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city")] = 7,
    crs: Annotated[str | None, typer.Option(help='Projected metric CRS, EPSG:n, or "local"; default EPSG:4547')] = None,
    name: Annotated[str, typer.Option(help="Name of the city")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a city, empty or filled with the reference city."""
    with reporting(as_json):
        from holdfast.app.cities import DEFAULT_CRS, create_city
        from holdfast.model.errors import Invalid

        if sample:
            from holdfast.app.sample_city import create_sample_city

            if crs is not None:
                raise Invalid("the reference city has its own CRS", fix="Leave --crs out", field="crs")
            with Progress(as_json) as progress:
                made = create_sample_city(city, assets=assets, seed=seed, progress=progress)
        else:
            made = create_city(city, crs=crs or DEFAULT_CRS, name=name)
        counts = made.counts()
        result = {"city": city, "name": made.name, "crs": made.crs, "assets": sum(counts.values()), "kinds": counts}
        if as_json:
            emit(result)
        else:
            say(f"{made.name or city}: {result['assets']:,} assets, {made.crs}")


@app.command("import")
def import_(
    city: City,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to import, all or none")],
    format: Annotated[str | None, typer.Option("--as", metavar="FORMAT", help="Name of the format; found from the file when left out")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the files: EPSG:n, local:m, local:ft, local:us-ft")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", metavar="FILE.toml", help="Mapping of layers, columns, codes and units")] = None,
    guess: Annotated[bool, typer.Option("--guess", help="Propose a mapping and print it; imports nothing")] = False,
    kind: Annotated[str | None, typer.Option(help="Kind of all rows, for files that do not say")] = None,
    fit: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Control points that tie local coordinates to the city's")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding, e.g. gbk; found from the file when left out")] = None,
    valid_from: Annotated[str | None, typer.Option(metavar="TIME", help="When the facts began to hold; default now")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, keep nothing")] = False,
    update: Annotated[bool, typer.Option("--update", help="Compare with what the city has: add, change, close")] = False,
    close: Annotated[str, typer.Option(metavar="SCOPE", help="With --update, what the delivery is complete for: kind, area, source, nothing")] = "kind",
    match: Annotated[str, typer.Option(help="With --update, how assets are recognised: auto, id, geometry")] = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="With --update, apply without asking")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any finding is an error")] = False,
    findings: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write all findings to a CSV")] = None,
    as_json: AsJson = False,
) -> None:
    """Import files; every problem in them becomes a row, good rows are kept."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.importing import ImportOptions, import_files

        with holdfast.open(city) as opened:
            if guess:
                _guess(opened, files, as_json)
                return
            options = ImportOptions(format=format, crs=crs, mapping=mapping, kind=kind, encoding=encoding, fit=fit, dry_run=dry_run, update=update,
                                    close=_choice("close", close, CLOSE), match=_choice("match", match, MATCH), strict=strict, valid_from=valid_from)
            with Progress(as_json) as progress:

                def confirm(found: Any) -> bool:
                    progress.done()  # the question must not be drawn over
                    return keeping.ask_about_changes(found)

                report = import_files(opened, files, options, progress, confirm=confirm if update and not yes else None)
            if findings is not None:
                from holdfast.app.checking import write_findings

                write_findings(report.findings.table(), findings, opened.crs)
            keeping.show_import(report, as_json)


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> Any:
    from holdfast.model.errors import Invalid

    if value not in allowed:
        raise Invalid(f"{value!r} is no choice for --{name}", fix=f"Use one of: {', '.join(allowed)}", field=name)
    return value


def _guess(city: Any, files: list[Path], as_json: bool) -> None:
    from holdfast.app.importing import guess_mapping

    guesses = {path.name: guess_mapping(city, path) for path in files}
    if as_json:
        emit({name: {"mapping": mapping, "toml": text} for name, (mapping, text) in guesses.items()})
        return
    for _, text in guesses.values():
        say(text)


@app.command()
def check(
    city: City,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only these kinds")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as CSV")] = None,
    geojson: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as GeoJSON points")] = None,
    fail_on: Annotated[str, typer.Option(metavar="SEVERITY", help="Exit with 1 from this severity: error, warning, info, never")] = "error",
    as_json: AsJson = False,
) -> None:
    """Check the survey: attributes, levels, topology. Exit code 1 when there are errors."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.checking import check_city, write_findings

        with holdfast.open(city) as opened:
            report = check_city(opened, kind, fail_on)
            for path in (csv, geojson):
                if path is not None:
                    write_findings(report.findings, path, opened.crs)
        if as_json:
            emit(report.summary)
        else:
            rows = [(r["kind"], r["rule"], r["severity"], r["count"], r["message"]) for r in report.summary["rules"]]
            print_table(f"Findings in {city}", ("kind", "rule", "severity", "count", "what"), rows)
            say("  ".join(f"{severity} {count:,}" for severity, count in report.summary["findings"].items()))
        if report.failed:
            raise typer.Exit(1)


@app.command()
def export(
    city: City,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Kinds to write; all that fit when left out")] = None,
    format: Annotated[str | None, typer.Option("--as", metavar="FORMAT", help="Name of the format; by the file's ending when left out")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="The city as it was then")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the city, or some of its kinds, into a file."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.exporting import export_file

        with holdfast.open(city) as opened:
            facts = export_file(opened, file, kinds=kind, format=format, as_of=as_of)
        if as_json:
            emit(facts)
        else:
            say("  ".join(f"{name}: {value}" for name, value in facts.items()))


@app.command()
def summary(city: City, as_json: AsJson = False) -> None:
    """What the city holds, what is wrong with it, and which needs nobody meets."""
    with reporting(as_json):
        import holdfast
        from holdfast.app.summary import summarise

        with holdfast.open(city) as opened:
            found = summarise(opened)
        if as_json:
            emit(found)
            return
        rows = [(d["title"], d["title_zh"], k["kind"], k["title"], k["assets"]) for d in found["domains"] for k in d["kinds"]]
        print_table(f"{found['name'] or city}: {found['assets']:,} assets, {found['links']:,} links, {found['crs']}", ("domain", "领域", "kind", "title", "assets"), rows)
        origin = found["findings_from"]
        note = "" if origin is None else f"  (from {origin['run']}{', files were imported since' if origin['stale'] else ''})"
        say("findings: " + "  ".join(f"{severity} {count:,}" for severity, count in found["findings"].items()) + note)
        if found["unmet_needs"]:
            names = list(found["unmet_needs"][0])
            print_table("Unmet needs", names, [[row[n] for n in names] for row in found["unmet_needs"]])
        else:
            say("unmet needs: none")


@app.command()
def serve(
    city: City,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on")] = 8600,
) -> None:
    """Serve the city's page and HTTP API until stopped."""
    with reporting(False):
        import holdfast
        from holdfast.web.server import serve as serve_city

        serve_city(holdfast.open(city), host, port)


@app.command()
def doctor(city: Annotated[str | None, typer.Argument(metavar="[CITY]", help="Also look at this city")] = None, as_json: AsJson = False) -> None:
    """Check the installation and the declarations, and say what to do about each problem."""
    with reporting(as_json):
        from holdfast.app.doctor import diagnose

        keeping.show_doctor(diagnose(city), as_json)


@app.command()
def policy(
    tests: Annotated[Path | None, typer.Option(help="Folder of tests to trace; found in a checkout when left out")] = None,
    as_json: AsJson = False,
) -> None:
    """Trace every clause of the policy to its capabilities and tests, and name those that have none."""
    with reporting(as_json):
        from holdfast import catalog
        from holdfast.app.policy import policy_trace

        keeping.show_policy(policy_trace(catalog.load(), tests), as_json)


history.add_commands(app)
keeping.add_commands(app)
run.add_command(app)
simulate.add_commands(app)
scenario.add_command(app)


def main() -> None:
    """Entry point of the `holdfast` command."""
    app()
