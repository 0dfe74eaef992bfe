"""The in2 base water supply: InfraRisk's two published series of 24 hours at one minute, pressure-driven and demand-driven.

The pressure-driven series is that of water.inp as it stands. The demand-driven one was made with an earlier state of the file, which the series
itself tells (`test_the_demand_driven_series_tells_which_state_it_was_made_with`): W_R9 stood at 800 ft, as in the EPANET example the file was made
from, and not at 710; the two-hourly pattern began 1.0, 1.2, 1.3, 0.8, 1.0, 1.2 before it stayed at 1.0, and was not 1.0 throughout. With these two
lines put back it is reproduced as closely: 1.2e-6 m3/s.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.solve import Solver

FOOT = 0.3048
EARLIER_HEAD = 800.0  # [ft] of W_R9
EARLIER_PATTERN = (1.0, 1.2, 1.3, 0.8, 1.0, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # every two hours
ENGINES = {"epanet": EpanetEngine, "batched": Solver}


def imported(path, folder, demand_model: str):
    """The hydraulic model of a water.inp that went through a city, to be run minute by minute as the published series were."""
    with create_city(str(folder / "city"), crs="local") as city:
        import_files(city, [path], ImportOptions(crs="local:m"))
        found = hydraulic_model(city)
    return replace(found, options=replace(found.options, demand_model=demand_model, hydraulic_step=60.0, report_step=60.0))


@pytest.fixture(scope="module")
def model(shared_data, tmp_path_factory):
    return imported(shared_data("coupled/in2/water/water.inp"), tmp_path_factory.mktemp("in2"), "PDA")


@pytest.fixture(scope="module")
def earlier(shared_data, tmp_path_factory):
    """water.inp with the two lines as they were."""
    folder = tmp_path_factory.mktemp("earlier")
    text = shared_data("coupled/in2/water/water.inp").read_text(encoding="utf-8")
    text, heads = re.subn(r"(?m)^( W_R9\s+)710\b", rf"\g<1>{EARLIER_HEAD:g}", text)
    factors = "".join(f" 1 {factor}\n" for factor in EARLIER_PATTERN)
    text, patterns = re.subn(r"(?ms)^(;Demand Pattern\n).*?(?=^\s*\[CURVES\])", rf"\g<1>{factors}", text)
    assert (heads, patterns) == (1, 1)
    path = folder / "water.inp"
    path.write_text(text, encoding="utf-8")
    return imported(path, folder, "DDA")


def published(shared_data, name: str, model, ids) -> tuple[np.ndarray, list[int]]:
    """(time, column) values of a published file, and where its columns are in the model."""
    with shared_data(f"coupled/in2/water/{name}").open() as file:
        rows = list(csv.DictReader(file))
    names = [i.partition(":")[2] for i in ids.to_pylist()]
    columns = [c for c in rows[0] if c in names]
    return np.array([[float(row[c]) for c in columns] for row in rows]), [names.index(c) for c in columns]


def differences(shared_data, model, period, ending: str) -> tuple[float, float]:
    """Largest difference [m3/s] of any link's flow and of any junction's supply from a published pair of files, at any minute."""
    flows, at = published(shared_data, f"base_water_link_flow{ending}.csv", model, model.link_id)
    assert len(period.time) == len(flows) == 1441
    supply, nodes = published(shared_data, f"base_water_node_supply{ending}.csv", model, model.node_id)
    junction = [k for k, node in enumerate(nodes) if model.node_type[node] == 0]
    got = period.delivered[0][:, [nodes[k] for k in junction]]
    return float(np.abs(period.flow[0][:, at] - flows).max()), float(np.abs(got - supply[:, junction]).max())


@pytest.mark.parametrize("engine", ENGINES)
def test_the_pressure_driven_base_is_reproduced(engine, model, shared_data):
    flow, supply = differences(shared_data, model, ENGINES[engine](model).extended(hours=24.0), "_pda")
    assert flow < 2e-6 and supply < 1e-7


@pytest.mark.parametrize("engine", ENGINES)
def test_the_demand_driven_base_is_reproduced_with_the_earlier_state(engine, earlier, shared_data):
    flow, supply = differences(shared_data, earlier, ENGINES[engine](earlier).extended(hours=24.0), "")
    assert flow < 2e-6 and supply < 1e-8


def test_the_demand_driven_series_tells_which_state_it_was_made_with(model, shared_data):
    """Its demands give the pattern; the heads along its flows give what the pump lifts, and that less the pump's curve gives W_R9's head."""
    supply, nodes = published(shared_data, "base_water_node_supply.csv", model, model.node_id)
    flows, links = published(shared_data, "base_water_link_flow.csv", model, model.link_id)
    flow = dict(zip((model.link_id[k].as_py().partition(":")[2] for k in links), flows.T, strict=True))
    demand = dict(zip((model.node_id[k].as_py().partition(":")[2] for k in nodes), supply.T, strict=True))
    gallon = 6.30902e-5  # [m3/s] per gpm
    minutes = np.arange(len(flows))
    factor = np.asarray(EARLIER_PATTERN)[minutes // 120 % 12]
    for node, base in {"W_J11": 150, "W_J13": 100, "W_J22": 200, "W_J32": 100}.items():
        assert demand[node] == pytest.approx(base * gallon * factor, rel=1e-6)
    junctions = np.sum([demand[node] for node in demand if node.startswith("W_J")], axis=0)
    assert junctions == pytest.approx(flow["W_WP9"] + flow["W_P110"], abs=1e-12)  # the series balances at every minute

    def loss(pipe: str, length: float, inches: float) -> np.ndarray:
        """Hazen-Williams [m], length in ft, roughness 100."""
        q = flow[pipe]
        return 10.667 * 100.0**-1.852 * (inches * 0.0254) ** -4.871 * length * FOOT * np.sign(q) * np.abs(q) ** 1.852

    filling = np.concatenate([[0.0], np.cumsum(-flow["W_P110"][:-1] * 60.0)]) / (np.pi / 4 * (50.5 * FOOT) ** 2)
    lift = (850 + 120) * FOOT + filling - loss("W_P110", 200, 18) + loss("W_P11", 5280, 14) + loss("W_P10", 10530, 18)  # head behind the pump
    rated = 250 * FOOT
    curve = 4 / 3 * rated - rated / 3 * (flow["W_WP9"] / (2000 * gallon)) ** 2
    first_run = minutes < 300  # before any switching, which falls between two minutes and blurs the tank's level
    assert (lift - curve)[first_run] / FOOT == pytest.approx(EARLIER_HEAD, abs=0.05)
