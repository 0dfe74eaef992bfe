"""A steady solver for the gas tables of a city: linear theory on squared absolute pressures, each pressure level by itself."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from holdfast.domains.gas.sample_mains import ATMOSPHERE, DENSITY, VISCOSITY

GAS_CONSTANT, TEMPERATURE = 518.3, 288.15  # methane [J/kg/K]; [K]


def friction(flow: np.ndarray, inner: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Darcy friction factor by Churchill (1977): one smooth formula from laminar to rough, so that iterations settle."""
    reynolds = np.maximum(4 * np.abs(flow) / (np.pi * inner * VISCOSITY), 1.0)
    a = (2.457 * np.log(1 / ((7 / reynolds) ** 0.9 + 0.27 * rough / inner))) ** 16
    b = (37530.0 / reynolds) ** 16
    return 8 * ((8 / reynolds) ** 12 + (a + b) ** -1.5) ** (1 / 12)


def resistance(flow: np.ndarray, pipe: dict[str, np.ndarray]) -> np.ndarray:
    """K in p1^2 - p2^2 = K m |m|, from the isothermal flow of an ideal gas."""
    return 16 / np.pi**2 * friction(flow, pipe["diameter"], pipe["roughness"]) * pipe["length"] / pipe["diameter"] ** 5 * GAS_CONSTANT * TEMPERATURE


def solve(count: int, pipe: dict[str, np.ndarray], demand: np.ndarray, fixed: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Absolute pressures [Pa] of nodes and mass flows [kg/s] of pipes.

    pipe    start, end, length, diameter, roughness
    demand  (count,) mass taken at each node [kg/s]
    fixed   node -> absolute pressure
    """
    start, end = pipe["start"], pipe["end"]
    held = np.array(list(fixed), dtype=np.int64)
    free = np.setdiff1d(np.arange(count), held)
    square = np.zeros(count)
    square[held] = np.array(list(fixed.values())) ** 2
    flow = np.full(len(start), max(demand.sum() / 10, 1e-6))
    for _ in range(300):
        conductance = 1 / (resistance(flow, pipe) * np.maximum(np.abs(flow), 1e-9))
        rows, columns = np.concatenate([start, end, start, end]), np.concatenate([start, end, end, start])
        matrix = coo_matrix((np.concatenate([conductance, conductance, -conductance, -conductance]), (rows, columns)), shape=(count, count)).tocsr()
        square[free] = spsolve(matrix[free][:, free], -demand[free] - matrix[free][:, held] @ square[held])
        flow_new = conductance * (square[start] - square[end])
        if np.abs(flow_new - flow).max() < 1e-7 * max(demand.sum(), 1e-9):
            assert square.min() > 0, "a pressure fell below vacuum"
            return np.sqrt(square), flow_new
        flow = (flow + flow_new) / 2
    raise AssertionError("the pressures did not settle")


def arrays(table: pa.Table, index: dict[str, int]) -> dict[str, np.ndarray]:
    """Pipes as arrays; valves are short pipes."""
    values = {name: table[name].to_numpy().astype(float) for name in ("length", "diameter", "roughness") if name in table.column_names}
    values.setdefault("length", np.full(table.num_rows, 0.3))
    values.setdefault("roughness", np.full(table.num_rows, 5e-5))
    return {"start": np.array([index[i] for i in table["from_id"].to_pylist()]), "end": np.array([index[i] for i in table["to_id"].to_pylist()]), **values}


def speed(flow: np.ndarray, pressure: np.ndarray, pipe: dict[str, np.ndarray]) -> np.ndarray:
    """Mean speed in each pipe at the lower of its end pressures [m/s]."""
    density = DENSITY * np.minimum(pressure[pipe["start"]], pressure[pipe["end"]]) / ATMOSPHERE
    return np.abs(flow) / (density * np.pi / 4 * pipe["diameter"] ** 2)
