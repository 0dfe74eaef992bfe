"""EPANET as an engine on a hydraulic model: one project kept open, many cases, snapshots and extended periods.

It answers what the batched solver does not support, and is the reference that solver is tested against. Its toolkit holds Python's global lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from epanet import toolkit as en

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus

from .answers import Cases, Period, Solution
from .epanet_build import Scale, open_project, quiet, restore, run_pump
from .epanet_quality import Quality, run_quality, set_quality
from .epanet_read import Reader
from .model import HydraulicModel, LinkType, NodeType, Status

_BLOCKED = 1e12  # loss coefficient of a check-valve pipe that is closed: the toolkit cannot close one


def version() -> str:
    """Name and version of the engine."""
    number = en.getversion()
    return f"EPANET {number // 10000}.{number // 100 % 100}.{number % 100:02d}"


class EpanetEngine:
    """A model in EPANET. Pickles as the model; the project is made anew on first use."""

    def __init__(self, model: HydraulicModel) -> None:
        self.model = model
        self.engine = version()
        self._scale = Scale(model)
        self._project: int | None = None
        self._reader: Reader | None = None
        self._hand: dict[int, tuple[list[int], list[int]]] = {}
        for at, control in enumerate(model.controls, 1):
            self._hand.setdefault(control.link, ([], []))[0].append(at)
        for at, rule in enumerate(model.rules, 1):
            for link in {action.link for action in (*rule.then, *rule.otherwise)}:
                self._hand.setdefault(link, ([], []))[1].append(at)

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["model"])  # type: ignore[misc]

    def close(self) -> None:
        """Release the project."""
        if self._project is not None:
            en.deleteproject(self._project)
            self._project = self._reader = None

    def project(self) -> int:
        """The open project. raises Invalid with EPANET's words where it refuses the model"""
        if self._project is None:
            if not (self.model.node_type != NodeType.JUNCTION).any():
                raise Invalid("the network has no reservoir and no tank", fix="Add a source")
            self._project = open_project(self.model)
            self._reader = Reader(self._project, self.model, self._scale)
        return self._project

    def snapshot(self, cases: Cases | None = None, hour: float | np.ndarray = 0.0, *, warm: bool = False) -> Solution:
        """One solution per case, tanks at their initial levels.

        hour  [h] time since the start whose patterns hold, one number or (case,)
        warm  taken for the sake of the batched solver's signature; EPANET always starts cold, so that no case depends on the one before
        """
        cases = Cases(1) if cases is None else cases
        hours = np.broadcast_to(np.asarray(hour, np.float64), (cases.count,))
        out = Reader.empty((cases.count,), self.model)
        status, iterations, notes = np.zeros(cases.count, np.int8), np.zeros(cases.count, np.int32), {}
        for case in range(cases.count):
            try:
                project = self.project()
                with quiet(), self._changed(project, cases, case), self._at(project, 3600.0 * float(hours[case])), _hydraulics(project):
                    en.initH(project, en.INITFLOW)
                    en.runH(project)
                    self._read(out, (case,))
                    status[case], iterations[case] = self._state(project)
            except Exception as error:  # the toolkit raises plain exceptions; one case must not stop the others
                status[case], notes[case] = _failure(error)
                for values in out.values():
                    values[case] = False if values.dtype == bool else np.nan
        return Solution(**out, status=status, iterations=iterations, engine=self.engine, notes=notes)

    def extended(self, cases: Cases | None = None, hours: float | None = None, *, quality: Quality | None = None) -> Period:
        """All cases over a period of `hours` [h], the model's duration by default, read at the report steps."""
        cases = Cases(1) if cases is None else cases
        span = self.model.options.duration if hours is None else 3600.0 * hours
        step = self.model.options.report_step
        grid = np.arange(0.0, span + 0.5, step)
        out = Reader.empty((cases.count, len(grid)), self.model)
        found = np.full((cases.count, len(grid), self.model.nodes), np.nan) if quality else None
        status, iterations, notes = np.zeros(cases.count, np.int8), np.zeros(cases.count, np.int32), {}
        for case in range(cases.count):
            try:
                project = self.project()
                with quiet(), self._changed(project, cases, case), self._lasting(project, span):
                    for time, at in self._steps(project, save=quality is not None):
                        place = round(at / step)
                        if abs(place * step - at) < 0.5 and place < len(grid):
                            self._read(out, (case, place))
                        state, used = self._state(project)
                        status[case], iterations[case] = max(status[case], state), iterations[case] + used
                        del time
                    if quality is not None and found is not None:
                        set_quality(project, self.model, quality)
                        found[case] = run_quality(project, self.model, quality, grid)
            except Exception as error:  # as above
                status[case], notes[case] = _failure(error)
        return Period(grid, **out, status=status, iterations=iterations, engine=self.engine, quality=found, notes=notes)

    def trajectory(self, hours: float | None = None) -> Period:
        """The model as it is at every time at which anything changes, not only at the report steps.

        raises    Invalid with EPANET's words where it does not finish
        """
        span = self.model.options.duration if hours is None else 3600.0 * hours
        project, times, parts = self.project(), [], []
        worst, total = 0, 0
        try:
            with quiet(), self._lasting(project, span):
                for _, at in self._steps(project):
                    times.append(float(at))
                    one = Reader.empty((1, 1), self.model)
                    self._read(one, (0, 0))
                    parts.append(one)
                    state, used = self._state(project)
                    worst, total = max(worst, state), total + used
        except Exception as error:
            raise Invalid(f"EPANET stopped: {error}", fix="Correct what the findings of the water model name") from error
        out = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
        return Period(np.array(times), **out, status=np.array([worst], np.int8), iterations=np.array([total], np.int32), engine=self.engine)

    # one case

    def _read(self, out: dict[str, np.ndarray], at: tuple[int, ...]) -> None:
        assert self._reader is not None
        for name, values in self._reader.read().items():
            out[name][at] = values

    def _steps(self, project: int, *, save: bool = False) -> Iterator[tuple[int, float]]:
        with _hydraulics(project):
            en.initH(project, en.SAVE_AND_INIT if save else en.INITFLOW)
            count = 0
            while True:
                now = en.runH(project)
                yield count, float(now)
                count += 1
                if en.nextH(project) <= 0:
                    return

    def _state(self, project: int) -> tuple[int, int]:
        used = int(en.getstatistic(project, en.ITERATIONS))
        error = en.getstatistic(project, en.RELATIVEERROR)
        limit = self.model.options.trials + max(self.model.options.unbalanced, 0)
        balanced = error <= self.model.options.accuracy and used <= self.model.options.trials
        return int(CaseStatus.SOLVED if balanced or (error <= self.model.options.accuracy and used < limit) else CaseStatus.DIVERGED), used

    @contextmanager
    def _at(self, project: int, time: float) -> Iterator[None]:
        options = self.model.options
        en.settimeparam(project, en.PATTERNSTART, round(options.pattern_start + time))
        en.settimeparam(project, en.STARTTIME, round((options.start_time + time) % 86400))
        yield
        en.settimeparam(project, en.PATTERNSTART, round(options.pattern_start))
        en.settimeparam(project, en.STARTTIME, round(options.start_time))

    @contextmanager
    def _lasting(self, project: int, duration: float) -> Iterator[None]:
        en.settimeparam(project, en.DURATION, round(duration))
        yield
        en.settimeparam(project, en.DURATION, round(self.model.options.duration))

    @contextmanager
    def _changed(self, project: int, cases: Cases, case: int) -> Iterator[None]:
        """The project with one case's changes, undone afterwards even if it fails."""
        forced = np.empty(0, np.int64) if cases.status is None else np.flatnonzero(cases.status[case] >= 0)
        given = np.empty(0, np.int64) if cases.setting is None else np.flatnonzero(np.isfinite(cases.setting[case]))
        emitter = self._emitters(cases, case)
        leaks = np.flatnonzero((emitter > 0) & (self.model.node_type == NodeType.JUNCTION))
        drawn = np.empty(0, np.int64) if cases.demand is None else np.flatnonzero((cases.demand[case] != 0) & (self.model.node_type == NodeType.JUNCTION))
        if len(drawn) and self.model.options.demand_model == "PDA":
            raise Invalid("EPANET cannot mix demands that depend on pressure with demands that do not", fix="Solve with demand_model DDA")
        try:
            for at in given.tolist():
                self._set(project, at, float(cases.setting[case, at]))  # type: ignore[index]
            for at in forced.tolist():
                self._force(project, at, int(cases.status[case, at]))  # type: ignore[index]
            self._enable(project, forced, on=False)
            factor = self._scale.emitter(self.model.options.emitter_exponent)
            for at in leaks.tolist():
                en.setnodevalue(project, at + 1, en.EMITTER, float(self.model.emitter[at] + emitter[at]) * factor)
            self._demands(project, cases, case)
            for at in drawn.tolist():
                en.adddemand(project, at + 1, float(cases.demand[case, at]) * self._scale.flow / self._multiplier(cases, case), "", "")  # type: ignore[index]
            yield
        finally:
            for at in np.union1d(forced, given).tolist():
                if self.model.link_type[at] == LinkType.CVPIPE:
                    en.setlinkvalue(project, at + 1, en.MINORLOSS, float(self.model.minor_loss[at]))
                restore(project, self.model, at, self._scale)
            self._enable(project, forced, on=True)
            for at in leaks.tolist():
                en.setnodevalue(project, at + 1, en.EMITTER, float(self.model.emitter[at]) * self._scale.emitter(self.model.options.emitter_exponent))
            for at in drawn.tolist():
                en.deletedemand(project, at + 1, en.getnumdemands(project, at + 1))
            if cases.factor is not None:
                self._demands(project, Cases(1, factor=np.ones(cases.factor[:1].shape)), 0)

    def _emitters(self, cases: Cases, case: int) -> np.ndarray:
        """(node,) emitters of a case; leaks on the way of pipes are shared between the ends by nearness, as EPANET has no node there."""
        out = np.zeros(self.model.nodes) if cases.emitter is None else cases.emitter[case].astype(np.float64)
        if cases.breaks is not None:
            mine = cases.breaks.case == case
            link, share, size = cases.breaks.link[mine], cases.breaks.share[mine], cases.breaks.emitter[mine]
            start, end = self.model.link_from[link], self.model.link_to[link]
            share = np.where(self.model.node_type[end] != NodeType.JUNCTION, 0.0, np.where(self.model.node_type[start] != NodeType.JUNCTION, 1.0, share))
            np.add.at(out, start, (1 - share) * size)
            np.add.at(out, end, share * size)
        return out

    def _multiplier(self, cases: Cases, case: int) -> float:
        whole = cases.factor is not None and cases.factor.ndim == 1
        return self.model.options.demand_multiplier * (float(cases.factor[case]) if whole else 1.0)  # type: ignore[index]

    def _demands(self, project: int, cases: Cases, case: int) -> None:
        if cases.factor is None:
            return
        if cases.factor.ndim == 1:
            en.setoption(project, en.DEMANDMULT, self.model.options.demand_multiplier * float(cases.factor[case]))
            return
        rank: dict[int, int] = {}
        for node, base in zip(self.model.demand_node.tolist(), self.model.demand_base.tolist(), strict=True):
            rank[node] = rank.get(node, 0) + 1
            en.setbasedemand(project, node + 1, rank[node], base * self._scale.flow * float(cases.factor[case, node]))

    def _set(self, project: int, at: int, setting: float) -> None:
        kind = int(self.model.link_type[at])
        if kind == LinkType.PUMP:
            en.setlinkvalue(project, at + 1, en.LINKPATTERN, 0.0)
            run_pump(project, at + 1, setting)
        else:
            en.setlinkvalue(project, at + 1, en.INITSETTING, setting * self._scale.setting(kind))

    def _force(self, project: int, at: int, state: int) -> None:
        kind = self.model.link_type[at]
        if kind == LinkType.CVPIPE:
            if state == Status.CLOSED:
                en.setlinkvalue(project, at + 1, en.MINORLOSS, _BLOCKED)
            return
        if kind == LinkType.PUMP:
            en.setlinkvalue(project, at + 1, en.LINKPATTERN, 0.0)
            speed = float(self.model.initial_setting[at])
            run_pump(project, at + 1, 0.0 if state == Status.CLOSED else speed if speed > 0 else 1.0)
            return
        if state == Status.ACTIVE and np.isfinite(self.model.initial_setting[at]):
            en.setlinkvalue(project, at + 1, en.INITSETTING, float(self.model.initial_setting[at]) * self._scale.setting(int(kind)))
        else:
            en.setlinkvalue(project, at + 1, en.INITSTATUS, float(state != Status.CLOSED))

    def _enable(self, project: int, links: np.ndarray, *, on: bool) -> None:
        """Switch the controls and rules of forced links."""
        for at in links.tolist():
            controls, rules = self._hand.get(at, ([], []))
            for index in controls:
                en.setcontrolenabled(project, index, int(on))
            for index in rules:
                en.setruleenabled(project, index, int(on))


@contextmanager
def _hydraulics(project: int) -> Iterator[None]:
    en.openH(project)
    try:
        yield
    finally:
        en.closeH(project)


def _failure(error: Exception) -> tuple[int, str]:
    """Status and words for what the toolkit raised."""
    text = str(error)
    return int(CaseStatus.SINGULAR if "110" in text else CaseStatus.FAILED), text
