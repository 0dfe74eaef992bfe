"""What commands print, and with which exit code they leave."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from holdfast.model.errors import HoldfastError


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn the seven errors into a message, a JSON problem and an exit code."""
    try:
        yield
    except HoldfastError as error:
        if as_json:
            emit({"error": error.problem()})
        place = ", ".join(f"{key} {value}" for key, value in error.where.items())
        typer.secho(f"{error.title}: {error.message}" + (f" ({place})" if place else ""), fg="red", err=True)
        if error.fix:
            typer.echo(error.fix, err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("stopped; the city is as it was", err=True)
        raise typer.Exit(130) from error
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        raise typer.Exit(0) from None


def emit(value: Any) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A line for people, on standard output."""
    typer.echo(text)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people, on standard output; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    numeric = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows) for i in range(len(columns))]
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return number(value)
    return str(value).replace("[", "\\[")


def number(value: float) -> str:
    """A number as people read it: no exponents for what is measured in cities, no digits that mean nothing."""
    size = abs(value)
    if size >= 1e15 or 0.0 < size < 1e-4:
        return f"{value:.4g}"
    return f"{value:,.0f}" if size >= 1e5 or value == round(value) else f"{value:,.1f}" if size >= 1e3 else f"{value:.5g}"


def short(value: Any) -> str:
    """A value of a summary on one line; mappings in brackets."""
    if isinstance(value, bool) or value is None:
        return _cell(value) or "none"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{str(k).replace('_', ' ')} {short(v)}" for k, v in value.items()) + ")"
    if isinstance(value, list | tuple):
        return ", ".join(short(v) for v in value)
    return number(float(value)) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


class Progress:
    """A progress bar on standard error when that is a terminal; silent otherwise.

    Called with a label and the number of rows done since the last call; the total is not known beforehand, because files
    are streamed, so the bar shows rows and rows per second.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._tasks: dict[str, Any] = {}
        self._bar: Any = None
        if quiet or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.completed:,.0f} rows"), TextColumn("{task.fields[rate]}"))
        self._bar = RichProgress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        self._bar.start()

    def __call__(self, label: str, rows: int) -> None:
        if self._bar is None:
            return
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task(label, total=None, rate="")
        task = self._tasks[label]
        self._bar.update(task, advance=rows)
        speed = self._bar.tasks[task].speed
        self._bar.update(task, rate=f"{speed:,.0f} rows/s" if speed else "")

    def done(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()


class CaseBar:
    """How a scenario goes, on standard error: a bar on a terminal, one JSON object a second at most with `--json`, else nothing.

    Called with `holdfast.app.progress.Progress`; an interrupt makes it answer False, which ends the run in good order.
    """

    def __init__(self, as_json: bool = False) -> None:
        self._as_json, self._silent = as_json, not as_json and not sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._stopped = False
        self._before: Any = None
        self._told, self._stage = 0.0, ""

    def __call__(self, now: Any) -> bool:
        if self._as_json:
            if now.stage != self._stage or now.seconds - self._told >= 1.0:
                print(json.dumps({"progress": now.as_json()}), file=sys.stderr, flush=True)
                self._told, self._stage = now.seconds, now.stage
        elif not self._silent:
            if self._bar is None:
                self._start()
            self._bar.update(self._task, completed=now.done, total=now.total or None, text=_STOPPING if self._stopped and now.stage == "cases" else progress_line(now))
        return not self._stopped

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        text = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # the text gives way, never the bar
        columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[text]}", table_column=text))
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True, expand=True)
        self._task = self._bar.add_task("", total=None, text="")
        self._bar.start()

    def _stop(self, *_: object) -> None:
        if self._stopped:
            raise KeyboardInterrupt  # asked twice: at once
        self._stopped = True
        if self._bar is not None:
            self._bar.update(self._task, text=_STOPPING)

    def __enter__(self) -> CaseBar:
        import signal
        import threading

        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            import signal

            signal.signal(signal.SIGINT, self._before)
        if self._bar is not None:
            self._bar.stop()


_STOPPING = "stopping after the cases in hand; once more stops at once"
_STAGES = {"gather": "reading the city", "prepare": "solving the undisturbed city", "order": "searching the order of repairs", "keep": "writing tables and report"}


def progress_line(now: Any) -> str:
    """What a line has room for of `holdfast.app.progress.Progress`: the stage, or the rest, cases not solved, and the three services most people lack."""
    if now.stage in _STAGES:
        return _STAGES[now.stage]
    parts = [] if now.rest is None else [f"{now.rest:,.0f} s left" if now.rest < 120 else f"{now.rest / 60:,.0f} min left"]
    bad = sum(number for status, number in now.cases.items() if status != "solved")
    parts += [f"{bad:,} not solved"] if bad else []
    worst = sorted(now.people.items(), key=lambda item: -item[1]["p50"])[:3]
    if worst:
        parts.append(f"median without at {now.hour:g} h: " + ", ".join(f"{name.replace('_', ' ')} {people['p50']:,.0f}" for name, people in worst))
    return ", ".join(parts)
