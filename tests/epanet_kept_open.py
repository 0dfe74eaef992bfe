"""EPANET kept open as an oracle: whole days step by step, single pipes closed, and the same network written in another order.

A file that lists its junctions and pipes in another order describes the same network, but EPANET adds up and eliminates in another order,
so that its answers differ by round-off. What is left of them after a day tells how far EPANET determines a trajectory at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.answers import Period
from holdfast.engines.network.hydraulic.epanet_read import connected
from holdfast.engines.network.hydraulic.model import HydraulicModel
from holdfast.engines.network.hydraulic.solve import Solver
from hydraulic_model_of import Units, model_of, node_order, open_project, values

_UNITS = ["CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS"]


@dataclass
class Truth:
    """What EPANET found, in SI and in the model's order; time in seconds.

    error     (step,) relative change of flow in the last trial; above `accuracy` the step is not balanced
    """

    time: np.ndarray
    head: np.ndarray
    supply: np.ndarray
    flow: np.ndarray
    open: np.ndarray
    iterations: np.ndarray
    error: np.ndarray
    accuracy: float

    def hourly(self) -> np.ndarray:
        """Rows at full hours."""
        return np.flatnonzero(self.time % 3600 == 0)


class Oracle:
    """EPANET kept open on a file.

    pressure  [m] wanted by pressure-driven demands; None: demand-driven; below 0: as the file says
    options   further options by the toolkit's names, e.g. ACCURACY=1e-5
    """

    def __init__(self, path: Path, pressure: float | None, seconds: int, **options: float) -> None:
        self.project = open_project(path)
        self.units, self.order = Units(self.project), node_order(self.project)
        self.nodes, self.links = len(self.order), en.getcount(self.project, en.LINKCOUNT)
        if pressure is not None and pressure >= 0.0:
            en.setdemandmodel(self.project, en.PDA, 0.0, pressure / self.units.pressure, 0.5)
        elif pressure is None:
            en.setdemandmodel(self.project, en.DDA, 0.0, 0.1, 0.5)
        for name, value in options.items():
            en.setoption(self.project, getattr(en, name), value)
        en.settimeparam(self.project, en.DURATION, seconds)
        en.openH(self.project)

    def run(self, shut: int | None = None) -> Truth:
        """A day as it is, or with one link kept shut, out of reach of the controls."""
        if shut is None:
            return self._run()
        held = [c for c in range(1, en.getcount(self.project, en.CONTROLCOUNT) + 1) if en.getcontrol(self.project, c)[1] == shut + 1]
        for c in held:
            en.setcontrolenabled(self.project, c, 0)
        en.setlinkvalue(self.project, shut + 1, en.INITSTATUS, 0)
        truth = self._run()
        en.setlinkvalue(self.project, shut + 1, en.INITSTATUS, 1)
        for c in held:
            en.setcontrolenabled(self.project, c, 1)
        return truth

    def _run(self) -> Truth:
        en.initH(self.project, en.INITFLOW)
        rows = []
        while True:
            time = en.runH(self.project)
            rows.append((
                time, values(self.project, en.getnodevalues, en.HEAD, self.nodes)[self.order] * self.units.length,
                values(self.project, en.getnodevalues, en.DEMANDFLOW, self.nodes)[self.order] * self.units.flow,
                values(self.project, en.getlinkvalues, en.FLOW, self.links) * self.units.flow,
                values(self.project, en.getlinkvalues, en.STATUS, self.links) > 0, en.getstatistic(self.project, en.ITERATIONS),
                en.getstatistic(self.project, en.RELATIVEERROR),
            ))
            if en.nextH(self.project) <= 0:
                break
        return Truth(*(np.array(column) for column in zip(*rows, strict=True)), en.getoption(self.project, en.ACCURACY))

    def ids(self) -> tuple[list[str], list[str]]:
        """Names of nodes in the model's order, and of links."""
        nodes = [en.getnodeid(self.project, int(i) + 1) for i in self.order]
        return nodes, [en.getlinkid(self.project, i + 1) for i in range(self.links)]

    def close(self) -> None:
        en.close(self.project)
        en.deleteproject(self.project)


def same_day(path: Path, hours: int = 24, head: float = 2e-3, flow: float = 1e-5) -> tuple[HydraulicModel, Period, Truth]:
    """Solver and EPANET on a small file as it is: same heads [m], flows [m3/s] and open links at every report time at which nothing is cut off.

    returns the model, the solver's day and EPANET's, for what a test asks beyond that
    """
    unit = _UNITS[en.getflowunits(project := open_project(path))]
    en.close(project)
    model = model_of(path, extra={"UNITS": unit})
    oracle = Oracle(path, -1.0, hours * 3600)
    truth = oracle.run()
    oracle.close()
    ours = Solver(model).extended(hours=hours)
    assert (truth.error <= truth.accuracy).all() and ours.status[0] == 0
    at = np.searchsorted(truth.time, ours.time)
    np.testing.assert_array_equal(truth.time[at], ours.time)
    whole = np.array([connected(model, truth.open[t]).all() for t in at])  # to a part cut off EPANET still delivers, through closed links
    assert whole.mean() > 0.3
    at = at[whole]
    np.testing.assert_allclose(ours.head[0, whole], truth.head[at], atol=head)
    np.testing.assert_allclose(ours.flow[0, whole], truth.flow[at], rtol=1e-3, atol=flow)
    shut = np.abs(ours.flow[0, whole]) + np.abs(truth.flow[at]) < flow  # a link without flow may be called open or not
    assert ((ours.open[0, whole] == truth.open[at]) | shut).all()
    return model, ours, truth


def reordered(path: Path, folder: Path, seed: int) -> Path:
    """The same network in a file that lists its junctions and its pipes in another order."""
    rng = np.random.default_rng(seed)
    lines = path.read_text(encoding="latin-1").splitlines()
    rows: dict[str, list[int]] = {"[JUNCTIONS]": [], "[PIPES]": []}
    section = ""
    for i, line in enumerate(lines):
        text = line.split(";")[0].split()
        if text and text[0].startswith("["):
            section = text[0].upper()
        elif text and section in rows:
            rows[section].append(i)
    changed = list(lines)
    for places in rows.values():
        for place, source in zip(places, rng.permutation(places), strict=True):
            changed[place] = lines[source]
    target = folder / f"{path.stem}-{seed}.inp"
    target.write_text("\n".join(changed), encoding="latin-1")
    return target


class Twins:
    """EPANET on the same network in other orders, opened as they are asked for: how far it agrees with itself.

    arguments as of `Oracle`, and the folder to write to
    """

    def __init__(self, path: Path, folder: Path, pressure: float | None, seconds: int, **options: float) -> None:
        self.path, self.folder, self.arguments, self.options = path, folder, (pressure, seconds), options
        first = Oracle(path, pressure, seconds, **options)
        self.nodes, self.names = first.ids()
        first.close()
        self.opened: list[tuple[Oracle, np.ndarray, dict[str, int]]] = []

    def _other(self, number: int) -> tuple[Oracle, np.ndarray, dict[str, int]]:
        """Order `number`: EPANET, where its nodes are in the model's order, where its links are by name."""
        if number == len(self.opened):
            oracle = Oracle(reordered(self.path, self.folder, number + 1), *self.arguments, **self.options)
            nodes, links = oracle.ids()
            place = {name: i for i, name in enumerate(nodes)}
            self.opened.append((oracle, np.array([place[name] for name in self.nodes]), {name: i for i, name in enumerate(links)}))
        return self.opened[number]

    def parting(self, truth: Truth, shut: int | None = None, *, every: int = 3600, most: int = 12, enough: float = 0.001) -> float:
        """Share of the node-times at multiples of `every` [s] at which EPANET in another order is more than 5 cm from `truth`.

        The first of `most` orders with more than `enough` counts, else the worst.
        """
        worst, at = 0.0, np.flatnonzero(truth.time % every == 0)
        for number in range(most):
            oracle, place, link = self._other(number)
            other = oracle.run(None if shut is None else link[self.names[shut]])
            rows = np.flatnonzero(other.time % every == 0)
            count = min(len(at), len(rows))
            far = np.abs(other.head[rows[:count]][:, place] - truth.head[at[:count]]) > 0.05
            worst = max(worst, float(far.mean()))
            if worst > enough:
                break
        return worst

    def close(self) -> None:
        for oracle, _, _ in self.opened:
            oracle.close()
