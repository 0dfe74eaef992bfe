"""The batched solver against EPANET itself, opened on the original files: whole days, and every pipe closed in turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from epanet_kept_open import Oracle
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet_read import connected
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, NodeType
from holdfast.engines.network.hydraulic.solve import Solver
from hydraulic_model_of import model_of

pytestmark = pytest.mark.filterwarnings("ignore")
HOURS = 24
NETWORKS = {
    "Net1": "water/literature/Net1.inp", "Net3": "water/literature/Net3.inp", "Hanoi": "water/literature/Hanoi.inp", "ky4": "water/literature/ky4.inp",
    "ky10": "water/literature/ky10.inp", "L-TOWN": "water/literature/L-TOWN.inp", "Richmond": "water/literature/Richmond_standard.inp",
    "Net6": "water/ky4_gis/Net6.inp", "Micropolis": "coupled/micropolis/water/high/water.inp",
}


def _model(path: Path, driven: bool, **options) -> tuple[HydraulicModel, float | None]:
    """The model, pressure-driven with 20 m wanted if `driven`, and that pressure."""
    if not driven:
        return model_of(path, demand_model="DDA", **options), None
    return model_of(path, demand_model="PDA", required_pressure=20.0, minimum_pressure=0.0, pressure_exponent=0.5, **options), 20.0


_TOOLKIT = {"trials": "TRIALS", "unbalanced": "UNBALANCED", "damp_limit": "DAMPLIMIT", "accuracy": "ACCURACY"}


def _day(path: Path, driven: bool, hours: int, every: int = 1, **options) -> tuple[float, float, float]:
    """Shares of connected node-times and link-times that differ by too much, and how much of the day EPANET balanced.

    every    [s] only times that are multiples of it
    options  trials, unbalanced, damp_limit, accuracy for both; others for the solver
    """
    model, pressure = _model(path, driven, **options)
    oracle = Oracle(path, pressure, hours * 3600, **{_TOOLKIT[name]: value for name, value in options.items() if name in _TOOLKIT})
    truth = oracle.run()
    oracle.close()
    ours = Solver(model).extended(hours=hours)
    place = {int(t): i for i, t in enumerate(truth.time) if truth.error[i] <= truth.accuracy}
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
    """Every hour all heads agree. Looked at every minute, a pump may switch a minute apart (heads jump by 58 m then), and only so: before such a
    minute the tank, by whose level the rules switch, stood within a millimetre of EPANET's. EPANET compiled with its matrix in quadruple
    precision (bench/peers/epanet_quad.py) agrees with the solver at every one of the 1,441 minutes."""
    path = shared_data(NETWORKS["Micropolis"])
    unit = {"extra": {"UNITS": "GPM"}}  # rules compare levels within a thousandth of a foot, not of a metre
    head, flow, done = _day(path, driven, HOURS, 3600, **unit)
    assert head <= 0.001 and flow <= 0.001
    assert done == 1.0
    model, pressure = _model(path, driven, **unit)
    oracle = Oracle(path, pressure, HOURS * 3600)
    truth = oracle.run()
    oracle.close()
    ours = Solver(model).extended(hours=HOURS)
    np.testing.assert_array_equal(ours.time, truth.time)
    pump, tank = model.link_type == LinkType.PUMP, model.node_type == NodeType.TANK
    off = np.flatnonzero((np.abs(ours.head[0] - truth.head) > 0.05).any(1))
    assert len(off) <= 0.02 * len(ours.time)
    level = np.abs(ours.head[0] - truth.head)[:, tank].max(1)
    for k in off:
        assert (ours.open[0, k] != truth.open[k])[pump].any()
    first = off[~np.isin(off - 1, off)]
    assert level[first - 1].max(initial=0.0) < 1e-3


@pytest.mark.parametrize("driven", [False, True], ids=["demand-driven", "pressure-driven"])
def test_richmond_agrees_until_epanet_stops(shared_data, driven):
    """With what its file says (40 trials, stop) EPANET ends this day unbalanced within two hours; until then both agree."""
    head, flow, done = _day(shared_data(NETWORKS["Richmond"]), driven, HOURS)
    assert head <= 0.001 and flow <= 0.001
    assert 0.0 < done < 0.2


@pytest.mark.parametrize(("driven", "options"), [
    pytest.param(False, {"damp_limit": 0.1}, id="demand-driven, damped"), pytest.param(False, {"accuracy": 0.01}, id="demand-driven, less accurate"),
    pytest.param(True, {"trials": 200, "unbalanced": 10}, id="pressure-driven, more trials"),
    pytest.param(True, {"trials": 200, "unbalanced": 10, "damp_limit": 0.1}, id="pressure-driven, more trials, damped"),
])
def test_a_day_of_richmond_agrees_where_epanet_balances_it(shared_data, driven, options):
    head, flow, done = _day(shared_data(NETWORKS["Richmond"]), driven, HOURS, **options)
    assert head <= 0.001 and flow <= 0.001
    assert done == 1.0


def _closures(path: Path, every: int, accuracy: float | None = None, only: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Each `every`-th pipe closed alone, pressure-driven snapshot; worst head [m] at junctions connected in both, supply misfit, cut off differently."""
    model = model_of(path, demand_model="PDA", required_pressure=20.0, minimum_pressure=0.0, pressure_exponent=0.5, **({"accuracy": accuracy} if accuracy else {}))
    pipes = np.flatnonzero(model.link_type == 1)[::every] if only is None else only
    status = np.full((len(pipes), model.links), -1, np.int8)
    status[np.arange(len(pipes)), pipes] = 0
    ours = Solver(model).snapshot(Cases(len(pipes), status=status))
    oracle = Oracle(path, 20.0, 0, **({"ACCURACY": accuracy} if accuracy else {}))
    junction = model.node_type == NodeType.JUNCTION
    worst, misfit, apart, valves = np.zeros(len(pipes)), np.zeros(len(pipes)), np.zeros(len(pipes), int), np.zeros(len(pipes), int)
    for i, k in enumerate(pipes):
        truth = oracle.run(int(k))
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
