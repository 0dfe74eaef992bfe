"""City -> arrays of the gas solver: real nets, the sample city, and records with mistakes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.gas import DOMAIN
from holdfast.domains.gas.network import load
from holdfast.engines.network.gas.model import LinkType
from holdfast.engines.network.gas.solve import GasCases, GasSolver
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from small_city import small_city


def imported(tmp_path, file, crs):
    city = create_city(str(tmp_path / "c"), crs=crs.partition(":")[0] if crs.startswith("local") else crs)
    import_files(city, [file], ImportOptions(crs=crs))
    return city


@pytest.mark.parametrize("name", ["GasLib-11", "GasLib-24"])
def test_gaslib_is_balanced_and_within_its_bounds(tmp_path, shared_data, name):
    city = imported(tmp_path, shared_data(f"gas_heat/gaslib/{name}.zip"), "local:m")
    network = load(city)
    result = GasSolver(network.model).solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and result.imbalance[0] < 1e-6
    assert result.supply.sum() == pytest.approx(network.model.demand.sum(), rel=1e-6)
    gauge = result.pressure[0] - network.model.ambient
    table = city.table("gas.junction")
    low, high = (np.asarray(table[f"{end}_pressure"].to_numpy()) for end in ("min", "max"))
    assert (gauge[: len(low)] >= low - 1e3).all() and (gauge[: len(high)] <= high + 1e3).all()
    assert {"gas.reference_pressure"} <= set(network.findings.by_rule())


def test_schutterwald_through_the_store_keeps_its_gas(schutterwald):
    network = load(schutterwald)
    assert network.model.gas.molar_mass == pytest.approx(16.534465e-3) and network.model.gas.source == "the imported file"
    assert (network.model.nodes, network.model.links) == (2559, 2559) and network.findings.counts()["error"] == 0
    result = GasSolver(network.model).solve(GasCases(1))
    gauge = result.pressure[0] - network.model.ambient
    assert gauge.min() == pytest.approx(97_846.83, rel=1e-5)  # pandapipes 0.16.0


def test_a_city_without_gas_has_no_network(tmp_path):
    assert load(small_city(tmp_path / "c", DOMAIN)) is None


def broken_city(tmp_path, **pipe):
    """Junctions A, B, C, D; source at A; pipes A-B and B-C, and one to nowhere."""
    city = small_city(tmp_path / "c", DOMAIN)
    names = [f"gas.junction:{n}" for n in "ABCD"]
    city.append("gas.junction", pa.table({"id": names, "elevation": [0.0, 1.0, None, 2.0], "nominal_pressure": [1e5] * 4}))
    city.append("gas.source", pa.table({"id": ["gas.source:1"], "junction_id": [names[0]], "control": ["p"], "pressure": [1e5]}))
    columns = {"id": [f"gas.pipe:{i}" for i in range(4)], "from_id": [names[0], names[1], names[2], names[3]], "to_id": [names[1], names[2], "gas.junction:X", names[3]],
               "length": [100.0, 0.0, 50.0, 10.0], "diameter": [0.1, 0.0, 0.1, 0.1], "roughness": [1e-4, None, 1e-4, 1e-4]}
    city.append("gas.pipe", pa.table(columns | pipe))
    city.append("gas.sink", pa.table({"id": ["gas.sink:1", "gas.sink:2"], "junction_id": [names[2], "gas.junction:Y"], "mass_flow": [0.01, 0.01]}))
    return city


def test_mistakes_are_reported_and_the_rest_is_solved(tmp_path):
    network = load(broken_city(tmp_path))
    assert set(network.findings.by_rule()) == {"gas.dangling", "gas.self_loop", "gas.no_length", "gas.no_diameter"}
    result = GasSolver(network.model).solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and result.supply[0].sum() == pytest.approx(0.01)
    assert network.model.closed.tolist() == [False, False, True, True]
    assert network.model.elevation[2] == 1.0, "the middle of what is known stands in for a level that is not"


def test_out_of_service_and_planned(tmp_path):
    network = load(broken_city(tmp_path, in_service=[True, False, True, True], lifecycle=["in_service", "in_service", "planned", "in_service"]))
    assert network.model.links == 3 and network.model.closed.tolist() == [False, True, True]


def test_valve_between_a_junction_and_a_pipe(tmp_path):
    city = broken_city(tmp_path)
    city.append("gas.valve", pa.table({"id": ["gas.valve:1"], "from_id": ["gas.junction:B"], "to_id": ["gas.pipe:1"], "opened": [False]}))
    network = load(city)
    model = network.model
    assert model.nodes == 5 and model.link_to[network.link_rows("gas.valve")[0]] == 4 == model.link_from[1]
    assert GasSolver(model).solve(GasCases(1)).supply[0].sum() == 0.0


def test_an_unknown_friction_law_is_named(tmp_path):
    city = broken_city(tmp_path)
    city.settings.set("gas.friction", "weymouth", author="test")
    with pytest.raises(Invalid, match="weymouth"):
        load(city)


def test_regulators_and_compressors_become_what_the_record_says(tmp_path):
    city = broken_city(tmp_path)
    names = [f"gas.junction:{n}" for n in "ABCD"]
    city.append("gas.regulator", pa.table({"id": ["gas.regulator:1", "gas.regulator:2"], "from_id": names[:2], "to_id": names[1:3], "outlet_pressure": [5e4, 5e4],
                                           "active": [True, False], "controlled_junction_id": [names[2], None]}))
    city.append("gas.compressor", pa.table({"id": ["gas.compressor:1", "gas.compressor:2"], "from_id": names[:2], "to_id": names[1:3], "pressure_ratio": [1.2, None]}))
    network = load(city)
    rows = [network.link_rows(kind) for kind in ("gas.regulator", "gas.compressor")]
    assert network.model.link_type[rows[0]].tolist() == [LinkType.REGULATOR, LinkType.RESISTIVE]
    assert network.model.link_type[rows[1]].tolist() == [LinkType.COMPRESSOR, LinkType.RESISTIVE]
    assert network.model.controlled[rows[0][0]] == 2 and network.model.target[rows[0][0]] == pytest.approx(5e4 + network.model.ambient[2])
