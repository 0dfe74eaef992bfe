"""The in2 base water supply: InfraRisk's published series of 24 hours at one minute, pressure-driven, from the imported model.

The published demand-driven series comes from another state of the model than water.inp: its demands follow a pattern with a factor of 0.4, the
file's only pattern is 1 throughout, and at the first minute its pump delivers 2,308 gpm where the file's curve and tank allow 1,547. So only its
first-minute demands can be compared.
"""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.solve import Solver


@pytest.fixture(scope="module")
def model(shared_data, tmp_path_factory):
    with create_city(str(tmp_path_factory.mktemp("in2") / "city"), crs="local") as city:
        import_files(city, [shared_data("coupled/in2/water/water.inp")], ImportOptions(crs="local:m"))
        found = hydraulic_model(city)
    return replace(found, options=replace(found.options, demand_model="PDA", hydraulic_step=60.0, report_step=60.0))


def published(shared_data, name: str, model, ids) -> tuple[np.ndarray, list[int]]:
    """(time, column) values of a published file, and where its columns are in the model."""
    with shared_data(f"coupled/in2/water/{name}").open() as file:
        rows = list(csv.DictReader(file))
    names = [i.partition(":")[2] for i in ids.to_pylist()]
    columns = [c for c in rows[0] if c in names]
    return np.array([[float(row[c]) for c in columns] for row in rows]), [names.index(c) for c in columns]


def test_epanet_reproduces_the_pressure_driven_base(model, shared_data):
    period = EpanetEngine(model).extended(hours=24.0)
    flows, at = published(shared_data, "base_water_link_flow_pda.csv", model, model.link_id)
    assert len(flows) == len(period.time) == 1441
    assert np.abs(period.flow[0][:, at] - flows).max() < 2e-6
    supply, at = published(shared_data, "base_water_node_supply_pda.csv", model, model.node_id)
    junction = [k for k, node in enumerate(at) if model.node_type[node] == 0]
    assert np.abs(period.delivered[0][:, [at[k] for k in junction]] - supply[:, junction]).max() < 1e-7


def test_the_batched_solver_reproduces_it(model, shared_data):
    period = Solver(model).extended(hours=24.0)
    flows, at = published(shared_data, "base_water_link_flow_pda.csv", model, model.link_id)
    assert len(period.time) == 1441
    assert np.abs(period.flow[0][:, at] - flows).max() < 1e-4
    supply, at = published(shared_data, "base_water_node_supply_pda.csv", model, model.node_id)
    junction = [k for k, node in enumerate(at) if model.node_type[node] == 0]
    assert np.abs(period.delivered[0][:, [at[k] for k in junction]] - supply[:, junction]).max() < 1e-6


def test_the_demand_driven_base_begins_with_the_same_demands(model, shared_data):
    supply, at = published(shared_data, "base_water_node_supply.csv", model, model.node_id)
    dda = replace(model, options=replace(model.options, demand_model="DDA"))
    first = EpanetEngine(dda).snapshot().delivered[0]
    junction = [k for k, node in enumerate(at) if model.node_type[node] == 0]
    assert first[[at[k] for k in junction]] == pytest.approx(supply[0, junction], abs=1e-9)
