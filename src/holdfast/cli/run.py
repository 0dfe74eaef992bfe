"""`holdfast run CITY CAPABILITY ...`: the command of every capability, made from its signature."""

from __future__ import annotations

from typing import Annotated, Any

import click
import typer

from .output import emit, print_table, reporting, say, short


def add_command(app: typer.Typer) -> None:
    """Add `run` to the command line."""
    app.command("run", context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})(run)


def run(
    context: typer.Context,
    city: Annotated[str, typer.Argument(metavar="CITY", help="Folder of the city, or postgresql:// URL")] = "",
    capability: Annotated[str, typer.Argument(metavar="CAPABILITY", help="Name such as base.assess_survey; left out, they are listed")] = "",
) -> None:
    """Run a capability; without one, list what there is. `holdfast run CITY CAPABILITY --help` shows its options."""
    rest = list(context.args)
    as_json = "--json" in rest
    with reporting(as_json):
        from holdfast import catalog
        from holdfast.app.running import find_named

        if not city or city == "--help":
            say(context.get_help())
            return
        if not capability or capability.startswith("--"):
            _list(catalog.load(), as_json or capability == "--json")
            return
        command = _command(city, find_named(catalog.load(), capability))
        try:
            command.main(args=rest, prog_name=f"holdfast run {city} {capability}", standalone_mode=False)
        except click.ClickException as error:
            error.show()
            raise typer.Exit(error.exit_code) from error
        except click.exceptions.Exit as error:
            raise typer.Exit(error.exit_code) from error


def _list(found: Any, as_json: bool) -> None:
    rows = [(c.name, c.title, c.title_zh, ", ".join(c.clauses)) for c in found.capabilities.values()]
    if as_json:
        emit({"capabilities": [dict(zip(("name", "title", "title_zh", "clauses"), r, strict=True)) for r in rows]})
    else:
        print_table("Capabilities", ("name", "title", "标题", "policy clauses"), rows)


def _command(city: str, capability: Any) -> click.Command:
    from holdfast.app.running import parameters_of

    options: list[click.Parameter] = [click.Option(["--json", "as_json"], is_flag=True, help="One JSON object on standard output")]
    for p in parameters_of(capability):
        flag = f"--{p.name.replace('_', '-')}"
        if p.type is bool:
            options.append(click.Option([f"{flag}/--no-{flag[2:]}", p.name], default=None, help=p.title))
        else:
            kind = {int: click.INT, float: click.FLOAT}.get(p.type, click.STRING)
            unit = f" [{p.as_json()['unit']}]" if p.quantity else ""
            default = "" if p.default is None else f" (default {p.default})"
            options.append(click.Option([flag, p.name], type=kind, multiple=p.many, required=p.required, help=f"{p.title}{unit}{default}"))

    def call(as_json: bool, **given: Any) -> None:
        import pyarrow as pa

        import holdfast
        from holdfast.app.running import run_capability

        with holdfast.open(city) as opened:
            done = run_capability(opened, capability.name, {k: v for k, v in given.items() if v not in (None, ())}, actor="command line")
        if as_json:
            emit({"run": done.run, "status": done.answer.status, "summary": done.answer.summary})
            return
        say(f"{capability.title}: {done.run}")
        for name, value in done.answer.summary.items():
            say(f"  {name.replace('_', ' ')}: {short(value)}")
        for name, table in done.answer.tables.items():
            head = table.slice(0, 40).drop_columns([f.name for f in table.schema if pa.types.is_binary(f.type) or pa.types.is_large_binary(f.type)])  # shapes are for maps
            print_table(f"{name} ({table.num_rows:,} rows)", head.column_names, [list(r.values()) for r in head.to_pylist()])

    return click.Command(capability.name, params=options, callback=call, help=f"{capability.title} / {capability.title_zh}")
