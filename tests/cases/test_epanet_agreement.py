"""The batched solver against EPANET itself, opened on the original files: whole days, and every pipe closed in turn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet_read import connected
from holdfast.engines.network.hydraulic.model import HydraulicModel, NodeType
from holdfast.engines.network.hydraulic.solve import Solver
from hydraulic_model_of import Units, model_of, node_order, open_project, values

pytestmark = pytest.mark.filterwarnings("ignore")
HOURS = 24
NETWORKS = {
    "Net1": "water/literature/Net1.inp", "Net3": "water/literature/Net3.inp", "Hanoi": "water/literature/Hanoi.inp", "ky4": "water/literature/ky4.inp",
    "ky10": "water/literature/ky10.inp", "L-TOWN": "water/literature/L-TOWN.inp", "Richmond": "water/literature/Richmond_standard.inp",
    "Net6": "water/ky4_gis/Net6.inp", "Micropolis": "coupled/micropolis/water/high/water.inp",
}


@dataclass
class Truth:
    """What EPANET found, in SI and in the model's order; time in seconds."""

    time: np.ndarray
    head: np.ndarray
    supply: np.ndarray
    flow: np.ndarray
    open: np.ndarray
    iterations: np.ndarray


class Oracle:
    """EPANET kept open on a file."""

    def __init__(self, path: Path, pressure: float | None, seconds: int, accuracy: float | None = None) -> None:
        self.project = open_project(path)
        self.units, self.order = Units(self.project), node_order(self.project)
        self.nodes, self.links = len(self.order), en.getcount(self.project, en.LINKCOUNT)
        if pressure is not None:
            en.setdemandmodel(self.project, en.PDA, 0.0, pressure / self.units.pressure, 0.5)
        if accuracy is not None:
            en.setoption(self.project, en.ACCURACY, accuracy)
        en.settimeparam(self.project, en.DURATION, seconds)
        en.openH(self.project)

    def run(self) -> Truth:
        en.initH(self.project, en.INITFLOW)
        rows = []
        while True:
            time = en.runH(self.project)
            rows.append((
                time, values(self.project, en.getnodevalues, en.HEAD, self.nodes)[self.order] * self.units.length,
                values(self.project, en.getnodevalues, en.DEMANDFLOW, self.nodes)[self.order] * self.units.flow,
                values(self.project, en.getlinkvalues, en.FLOW, self.links) * self.units.flow,
                values(self.project, en.getlinkvalues, en.STATUS, self.links) > 0, en.getstatistic(self.project, en.ITERATIONS),
            ))
            if en.nextH(self.project) <= 0:
                break
        return Truth(*(np.array(column) for column in zip(*rows, strict=True)))

    def close(self) -> None:
        en.close(self.project)
        en.deleteproject(self.project)


def _model(path: Path, driven: bool) -> tuple[HydraulicModel, float | None]:
    """The model, pressure-driven with 20 m wanted if `driven`, and that pressure."""
    if not driven:
        return model_of(path, demand_model="DDA"), None
    return model_of(path, demand_model="PDA", required_pressure=20.0, minimum_pressure=0.0, pressure_exponent=0.5), 20.0


def _day(path: Path, driven: bool, hours: int, every: int = 1) -> tuple[float, float, float]:
    """Shares of connected node-times and link-times that differ by too much, and how much of the day EPANET got through; times: multiples of `every` [s]."""
    model, pressure = _model(path, driven)
    oracle = Oracle(path, pressure, hours * 3600)
    if not driven:
        en.setdemandmodel(oracle.project, en.DDA, 0.0, 0.1, 0.5)
    truth = oracle.run()
    oracle.close()
    ours = Solver(model).extended(hours=hours)
    place = {int(t): i for i, t in enumerate(truth.time)}
    common = [i for i, t in enumerate(ours.time) if int(t) in place and int(t) % every == 0 and np.isfinite(ours.flow[0, i]).all()]
    at = [place[int(ours.time[i])] for i in common]
    fed = np.isfinite(ours.head[0, common]) & np.array([connected(model, truth.open[k]) for k in at])
    head = np.abs(ours.head[0, common] - truth.head[at])[fed]
    flow = np.abs(ours.flow[0, common] - truth.flow[at]) / np.maximum(np.abs(truth.flow[at]), 1e-3)
    return float((head > 0.05).mean()), float((flow > 0.005).mean()), len(common) / np.count_nonzero(ours.time % every == 0)


@pytest.mark.parametrize("driven", [False, True], ids=["demand-driven", "pressure-driven"])
@pytest.mark.parametrize("name", ["Net1", "Net3", "Hanoi", "ky4", "ky10"])
def test_a_day_agrees(shared_data, name, driven):
    head, flow, done = _day(shared_data(NETWORKS[name]), driven, HOURS)
    assert head <= 0.001 and flow <= 0.001
    assert done == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("driven", [False, True], ids=["demand-driven", "pressure-driven"])
@pytest.mark.parametrize("name", ["L-TOWN", "Net6"])
def test_a_day_of_a_large_network_agrees(shared_data, name, driven):
    head, flow, done = _day(shared_data(NETWORKS[name]), driven, HOURS)
    assert head <= 0.001 and flow <= 0.001
    assert done == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("driven", [False, True], ids=["demand-driven", "pressure-driven"])
def test_micropolis_agrees_while_its_rules_act(shared_data, driven):
    """Node-hours agree. Looked at every minute, pumps that switch at a level each other minute may do so one minute apart: heads jump by 58 m then."""
    path = shared_data(NETWORKS["Micropolis"])
    head, flow, done = _day(path, driven, HOURS, 3600)
    assert head <= 0.001 and flow <= 0.001
    assert done == 1.0
    head, _, _ = _day(path, driven, HOURS)
    assert head <= 0.02


def test_richmond_agrees_as_far_as_epanet_gets(shared_data):
    """EPANET itself does not balance this network (it stops at the first unbalanced step, within two hours); until then both agree."""
    head, flow, done = _day(shared_data(NETWORKS["Richmond"]), False, HOURS)
    assert head <= 0.001 and flow <= 0.001
    assert 0.0 < done < 0.2


def _closures(path: Path, every: int, accuracy: float | None = None, only: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Each `every`-th pipe closed alone, pressure-driven snapshot; worst head [m] at junctions connected in both, supply misfit, cut off differently."""
    model = model_of(path, demand_model="PDA", required_pressure=20.0, minimum_pressure=0.0, pressure_exponent=0.5, **({"accuracy": accuracy} if accuracy else {}))
    pipes = np.flatnonzero(model.link_type == 1)[::every] if only is None else only
    status = np.full((len(pipes), model.links), -1, np.int8)
    status[np.arange(len(pipes)), pipes] = 0
    ours = Solver(model).snapshot(Cases(len(pipes), status=status))
    oracle = Oracle(path, 20.0, 0, accuracy)
    junction = model.node_type == NodeType.JUNCTION
    worst, misfit, apart, valves = np.zeros(len(pipes)), np.zeros(len(pipes)), np.zeros(len(pipes), int), np.zeros(len(pipes), int)
    for i, k in enumerate(pipes):
        en.setlinkvalue(oracle.project, int(k) + 1, en.INITSTATUS, 0)
        truth = oracle.run()
        en.setlinkvalue(oracle.project, int(k) + 1, en.INITSTATUS, 1)
        mine, theirs = np.isfinite(ours.head[i]) & junction, connected(model, truth.open[0]) & junction
        both = mine & theirs
        worst[i] = np.abs(ours.head[i] - truth.head[0])[both].max(initial=0.0)
        misfit[i] = abs(ours.delivered[i][junction].sum() - truth.supply[0][theirs].sum()) / ours.wanted[i].sum()
        apart[i] = int((mine != theirs).sum())
        valves[i] = int((truth.open[0] != ours.open[i]).sum())
    oracle.close()
    assert (ours.status == 0).all()
    return {"pipe": pipes, "worst": worst, "misfit": misfit, "apart": apart, "valves": valves}


@pytest.mark.parametrize(("name", "every"), [("Net3", 1), ("ky4", 12), ("ky10", 12), ("L-TOWN", 12)])
def test_single_closures_agree(shared_data, name, every):
    found = _closures(shared_data(NETWORKS[name]), every)
    assert found["worst"].max() <= 0.05
    assert found["misfit"].max() <= 0.001


@pytest.mark.slow
@pytest.mark.parametrize(("name", "unsettled", "dead"), [("Net3", 0, 0), ("ky4", 3, 0), ("ky10", 3, 2), ("L-TOWN", 0, 0)])
def test_every_single_closure_agrees(shared_data, name, unsettled, dead):
    """Exceptions, all explained.

    unsettled  closures in which EPANET stops at its tolerance a few centimetres from the solution: solved more closely both agree
    dead       junctions in a pipe between a stopped pump and a pressure reducing valve (ky10: I-RV-4, O-Pump-11); nothing flows there, and
               whether the valve counts as closed depends in EPANET on a head that is round-off. No supply depends on it.
    """
    path = shared_data(NETWORKS[name])
    found = _closures(path, 1)
    assert found["misfit"].max() <= 0.001
    assert found["apart"].max(initial=0) <= dead
    assert (found["valves"] > 0).sum() == 0 or dead
    late = found["pipe"][found["worst"] > 0.05]
    assert len(late) <= unsettled
    if len(late):
        assert _closures(path, 1, accuracy=1e-5, only=late)["worst"].max() <= 0.05
