"""Properties of gases: built in, read from a file, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.gas.fluid import GASES, NORMAL_PRESSURE, NORMAL_TEMPERATURE, ambient_pressure, from_tables, named, straight


def described(**more):
    table = {"content": {"x": [263.0, 283.0], "y": [0.76, 0.70]}}
    parts = {"density": table, "viscosity": {"content": {"x": [263.0, 283.0], "y": [1.0e-5, 1.1e-5]}}, "heat_capacity": {"content": {"x": [263.0, 283.0], "y": [2100.0, 2150.0]}},
             "compressibility": {"content": {"slope": -0.0022, "offset": 1.0}}, "molar_mass": {"content": {"value": 16.5}}}
    return {"name": "town gas", "all_properties": parts | more}


def test_built_in_gases_are_plausible():
    for gas in GASES.values():
        assert 0.6 < gas.normal_density < 0.9 and 0.9e-5 < gas.at("viscosity", np.array(288.0)) < 1.3e-5
        assert gas.specific_constant == pytest.approx(NORMAL_PRESSURE / NORMAL_TEMPERATURE / gas.normal_density)
        assert gas.specific_constant == pytest.approx(8.314 / gas.molar_mass, rel=0.03) and (np.diff(gas.density) < 0).all()


def test_names_and_the_default():
    assert named("天然气") is named("natural gas") is named(None) is named("no such gas") is GASES["hgas"]
    assert named("Methane").name == "methane" and named("L-Gas").name == "lgas"


def test_a_gas_from_a_file():
    gas = from_tables(described())
    assert gas is not None and gas.molar_mass == pytest.approx(0.0165) and gas.compressibility == pytest.approx((-2.2e-8, 1.0))
    assert gas.at("density", np.array([263.0, 273.0, 293.0])) == pytest.approx([0.76, 0.73, 0.67])


@pytest.mark.parametrize("broken", [{"density": {"content": {"x": [1.0], "y": [1.0]}}}, {"density": {}}, {"molar_mass": {"content": {"value": 0.0}}},
                                    {"compressibility": {"content": {"slope": "steep"}}}, {"viscosity": {"content": {"x": [], "y": []}}}])
def test_a_gas_that_lacks_something_is_refused(broken):
    assert from_tables(described(**broken)) is None and from_tables({}) is None


def test_straight_lines_run_on():
    assert straight(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 4.0]), np.array([-1.0, 0.5, 2.0, 4.0])).tolist() == [-2.0, 1.0, 3.0, 5.0]


def test_air_pressure_falls_with_height():
    assert ambient_pressure(np.array([0.0, 500.0, 3000.0])) == pytest.approx([101_325.0, 95_460.0, 70_110.0], rel=2e-3)
    assert ambient_pressure(np.array([1e6]))[0] > 0
