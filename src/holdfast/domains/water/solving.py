"""Which model is solved and by which engine: pressure-driven, at mean demand, batched where the solver can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from holdfast.engines.network.hydraulic.answers import Cases, Period, Solution
from holdfast.engines.network.hydraulic.model import HydraulicModel, NodeType
from holdfast.model.lifeline import CaseStatus

from .settings import chosen

GRAVITY = 9.80665  # m/s2
PASCAL_PER_METRE = 9806.65  # of water
_TRIALS = 1000  # a network in ruins may need hundreds; an intact one needs ten


class Engine(Protocol):
    """What solves snapshots. engine: name and version."""

    engine: str

    def snapshot(self, cases: Cases | None = None, hour: float | np.ndarray = 0.0, *, warm: bool = False) -> Solution:
        """One solution per case with the demands of `hour` [h]."""
        ...


class Answering:
    """The batched solver, and EPANET for what it does not support or could not settle; every answer says who gave it."""

    def __init__(self, model: HydraulicModel) -> None:
        from holdfast.engines.network.hydraulic.epanet import EpanetEngine
        from holdfast.engines.network.hydraulic.solve import Solver

        self.model = model
        self.solver = Solver(model)
        self.missing = self.solver.features()
        self.other = EpanetEngine(model)
        self.engine = self.other.engine if self.missing else self.solver.engine

    def snapshot(self, cases: Cases | None = None, hour: float | np.ndarray = 0.0, *, warm: bool = False) -> Solution:
        """As `Solver.snapshot`; cases that did not settle are asked of EPANET."""
        cases = Cases(1) if cases is None else cases
        if self.missing:
            return self.other.snapshot(cases, hour)
        found = self.solver.snapshot(cases, hour, warm=warm)
        bad = np.flatnonzero(found.status != CaseStatus.SOLVED)
        if len(bad) == 0 or not (self.model.node_type != NodeType.JUNCTION).any():
            return found
        hours = np.broadcast_to(np.asarray(hour, np.float64), (cases.count,))
        again = self.other.snapshot(cases.rows(bad), hours[bad])
        better = again.solved
        notes = {case: note for case, note in found.notes.items() if case not in set(bad[better].tolist())}
        if not better.any():
            return found
        for name in ("head", "wanted", "delivered", "leak", "flow", "open", "status", "iterations"):
            getattr(found, name)[bad[better]] = getattr(again, name)[better]
        notes |= dict.fromkeys(bad[better].tolist(), f"answered by {again.engine}")
        return replace(found, engine=f"{found.engine} + {again.engine}", notes=notes)


def engine_for(model: HydraulicModel) -> Engine:
    """What answers for a model."""
    return Answering(model)


def period_of(model: HydraulicModel, cases: Cases, quality: Any = None) -> Period:
    """Cases over the model's duration: by the batched solver; by EPANET with water quality, and where the solver cannot or does not settle."""
    from holdfast.engines.network.hydraulic.epanet import EpanetEngine

    answering = engine_for(model)
    if quality is None and isinstance(answering, Answering) and not answering.missing:
        found = answering.solver.extended(cases)
        if (found.status == CaseStatus.SOLVED).all():
            return found
    return EpanetEngine(model).extended(cases, quality=quality)


def pressure_driven(model: HydraulicModel, city: Any) -> HydraulicModel:
    """The model with demands that depend on pressure: as its own options say, else as the settings of the city."""
    options = model.options
    if options.demand_model != "PDA":
        options = replace(options, demand_model="PDA", minimum_pressure=float(chosen(city, "minimum_pressure")),
                          required_pressure=float(chosen(city, "required_pressure")), pressure_exponent=0.5)  # fmt: skip
    # a leak lets water out and never draws it in; the usual accuracy of files is too coarse to compare cases
    return replace(model, options=replace(options, emitter_backflow=False, accuracy=min(options.accuracy, 1e-4), trials=max(options.trials, _TRIALS), unbalanced=10))


def demand_driven(model: HydraulicModel) -> HydraulicModel:
    """The model with demands that are met whatever the pressure."""
    options = model.options
    return replace(model, options=replace(options, demand_model="DDA", accuracy=min(options.accuracy, 1e-4), trials=max(options.trials, _TRIALS), unbalanced=10))


def at_mean(model: HydraulicModel) -> HydraulicModel:
    """The model with every pattern at its mean: demands, heads of reservoirs, speeds of pumps."""
    return replace(model, patterns=tuple(np.array([values.mean()]) for values in model.patterns))


def mean_demand(model: HydraulicModel) -> np.ndarray:
    """(node,) demand at mean patterns [m3/s]."""
    means = np.array([1.0, *(values.mean() for values in model.patterns)])
    out = np.zeros(model.nodes)
    np.add.at(out, model.demand_node, model.demand_base * means[model.demand_pattern + 1] * model.options.demand_multiplier)
    return out


def demand_at(model: HydraulicModel, time: float) -> np.ndarray:
    """(node,) demand at `time` [s] after the start of the patterns [m3/s]."""
    step = int((time + model.options.pattern_start) // model.options.pattern_step)
    now = np.array([1.0, *(values[step % len(values)] for values in model.patterns)])
    out = np.zeros(model.nodes)
    np.add.at(out, model.demand_node, model.demand_base * now[model.demand_pattern + 1] * model.options.demand_multiplier)
    return out


def delivered_share(model: HydraulicModel, head: np.ndarray) -> np.ndarray:
    """(..., node) share of the demand that heads [m] deliver by the pressure-driven law; 0 where there is no head."""
    options = model.options
    span = max(options.required_pressure - options.minimum_pressure, 0.1)
    rise = np.nan_to_num((head - model.elevation - options.minimum_pressure) / span, nan=0.0)
    return np.clip(rise, 0.0, 1.0) ** options.pressure_exponent


def peak_time(model: HydraulicModel) -> float:
    """Start [s] of the step of the first day with the largest demand."""
    steps = max(1, round(min(max(model.options.duration, 3600.0), 86400.0) / model.options.pattern_step))
    times = np.arange(steps) * model.options.pattern_step
    total = [float(np.maximum(demand_at(model, time), 0.0).sum()) for time in times.tolist()]
    return float(times[int(np.argmax(total))])


def junction_mask(model: HydraulicModel) -> np.ndarray:
    """(node,) bool: no reservoir and no tank."""
    return model.node_type == NodeType.JUNCTION
