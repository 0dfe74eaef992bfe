"""Figures of reports: each declared `Plot` drawn from its table as SVG text."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid

_COLOURS = ("#1f5fa8", "#c2571a", "#2d7d46", "#8b3a8f", "#6b6b6b", "#b8912b", "#0f8b8d", "#a8324a", "#4b4b9b", "#7a5c3e")
_DASHES = ("-", "--", "-.", ":")  # lines differ by dash as well as by colour
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_BARS = 30


def drawable(answer: Answer) -> list[Plot]:
    """The plots of an answer that have something to draw: a plot whose table has no rows is left out."""
    return [plot for plot in answer.plots if plot.table in answer.tables and answer.tables[plot.table].num_rows]


def figures(answer: Answer) -> list[tuple[Plot, str]]:
    """Every drawable plot of an answer with its SVG."""
    return [(plot, svg(plot, answer.tables[plot.table])) for plot in drawable(answer)]


def svg(plot: Plot, table: pa.Table) -> str:
    """One plot as SVG text; the same table gives the same text.

    raises    Invalid if the plot names a column that the table does not have
    """
    columns = [plot.x, *plot.y, *(c for pair in plot.band for c in pair), *(c for c in (plot.by, plot.colour) if c)]
    for name in columns:
        if name not in table.column_names:
            raise Invalid(f"plot {plot.title!r} needs column {name!r} of table {plot.table!r}", fix=f"Columns are: {', '.join(table.column_names)}", field=name)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "holdfast", "font.family": "sans-serif", "font.size": 9}):
        if plot.kind in ("line", "step") and plot.band and len(_groups(plot, table)) > 1:
            figure = _panels(Figure, plot, table)
        else:
            bars = min(table.num_rows, _MOST_BARS) if plot.kind == "barh" else 0
            figure = Figure(figsize=(7.2, max(3.6, 0.9 + 0.17 * bars * len(plot.y))), layout="constrained")
            axes = figure.add_subplot()
            _DRAW[plot.kind](axes, plot, table)
            _label(axes, plot)
            if len(axes.get_legend_handles_labels()[1]) > (plot.kind != "map"):
                axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
        sink = io.StringIO()
        figure.savefig(sink, format="svg", metadata={"Date": None})
    text = sink.getvalue()
    return text[text.index("<svg") :]


def _panels(figure_class: Any, plot: Plot, table: pa.Table) -> Any:
    """One small drawing for each group, all on the same axes: bands that lie on each other cannot be read."""
    groups = _groups(plot, table)
    across = min(3, len(groups))
    down = -(-len(groups) // across)
    figure = figure_class(figsize=(7.2, 0.6 + 1.65 * down), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(groups):
            axes.set_visible(False)
            continue
        label, rows = groups[number]
        _lines(axes, replace(plot, by=""), rows)
        _label(axes, replace(plot, x_label=" ", y_label=" "))
        axes.set_title(label.replace("_", " "), fontsize=9, loc="left")
        axes.tick_params(labelsize=8, labelbottom=number + across >= len(groups))
        axes.set_ylim(bottom=0.0)
    figure.supxlabel(plot.x_label or plot.x, fontsize=9)
    figure.supylabel(plot.y_label or plot.y[0], fontsize=9)
    return figure


def _label(axes: Any, plot: Plot) -> None:
    """Axes with their units, whole numbers with separators, and no more frame than is needed."""
    from matplotlib.ticker import FuncFormatter

    words = plot.y[0].replace("_", " ") if len(plot.y) == 1 else ""
    upright, along = (plot.y_label, plot.x_label or words) if plot.kind == "barh" else (plot.y_label or words, plot.x_label or plot.x.replace("_", " "))
    axes.set_xlabel(along)
    axes.set_ylabel(upright)
    numeric = {"barh": [axes.xaxis], "bar": [axes.yaxis]}.get(plot.kind, [axes.xaxis, axes.yaxis])
    for axis in numeric:
        axis.set_major_formatter(FuncFormatter(_tick))
    if plot.kind == "map":
        axes.locator_params(nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)


def _tick(value: float, _: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _values(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def _groups(plot: Plot, table: pa.Table) -> list[tuple[str, pa.Table]]:
    """(label, rows) of each line; one unnamed group when nothing divides the table."""
    if not plot.by:
        return [("", table)]
    kinds = list(dict.fromkeys(table[plot.by].to_pylist()))
    return [(str(value), table.filter(pc.equal(table[plot.by], value))) for value in kinds]


def _lines(axes: Any, plot: Plot, table: pa.Table) -> None:
    number = 0
    for label, rows in _groups(plot, table):
        x = _values(rows, plot.x)
        for column in plot.y:
            colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
            name = " ".join(part for part in (label, column if len(plot.y) > 1 or not label else "") if part).replace("_", " ")
            if plot.kind == "step":
                axes.step(x, _values(rows, column), where="post", color=colour, linestyle=dash, label=name)
            else:
                axes.plot(x, _values(rows, column), color=colour, linestyle=dash, label=name, marker="." if len(x) < 40 else None)
            number += 1
        for low, high in plot.band:
            step = "post" if plot.kind == "step" else None
            axes.fill_between(x, _values(rows, low), _values(rows, high), color=colour, alpha=0.15, linewidth=0, step=step)


def _bars(axes: Any, plot: Plot, table: pa.Table) -> None:
    head = table.slice(0, _MOST_BARS)
    labels = [str(v) for v in head[plot.x].to_pylist()]
    place = np.arange(len(labels), dtype=float)
    width = 0.8 / len(plot.y)
    for number, column in enumerate(plot.y):
        at = place + (number - (len(plot.y) - 1) / 2) * width
        draw = axes.barh if plot.kind == "barh" else axes.bar
        draw(at, _values(head, column), width, color=_COLOURS[number % len(_COLOURS)], label=column)
    if plot.kind == "barh":
        axes.set_yticks(place, labels, fontsize=7)
        axes.invert_yaxis()
    else:
        axes.set_xticks(place, labels, rotation=45 if max(map(len, labels), default=0) > 6 else 0, ha="right" if max(map(len, labels), default=0) > 6 else "center", fontsize=7)


def _map(axes: Any, plot: Plot, table: pa.Table) -> None:
    """Dots coloured by a number, or by a word with a colour and a shape for each."""
    axes.set_aspect("equal")
    if plot.colour and pa.types.is_string(table.schema.field(plot.colour).type):
        for number, (label, rows) in enumerate(_groups(replace(plot, by=plot.colour), table)):
            colour, mark = _COLOURS[number % len(_COLOURS)], _MARKS[number % len(_MARKS)]
            axes.scatter(_values(rows, plot.x), _values(rows, plot.y[0]), color=colour, marker=mark, s=12, linewidths=0, label=label.replace("_", " "))
        return
    values = _values(table, plot.colour) if plot.colour else None
    dots = axes.scatter(_values(table, plot.x), _values(table, plot.y[0]), c=values, s=6, cmap="viridis", linewidths=0)
    if values is not None:
        axes.figure.colorbar(dots, ax=axes, label=plot.colour.replace("_", " "), shrink=0.8)


_DRAW = {"line": _lines, "step": _lines, "bar": _bars, "barh": _bars, "map": _map}
