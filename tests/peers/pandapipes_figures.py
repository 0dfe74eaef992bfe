"""Reference figures of pandapipes for the gas and heat engines: `python tests/peers/pandapipes_figures.py SHARED_DATA`.

Run it with an interpreter that has pandapipes 0.16.0 and pandapower 3.3.3 (they pin each other, so they live in an environment
of their own). It writes the small tables beside the tests that use them; only figures are kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandapipes as pp

TESTS = Path(__file__).resolve().parents[1]
GAS, HEAT = TESTS / "engines/network/gas", TESTS / "engines/network/heat"


def schutterwald(data: Path) -> None:
    """Gauge pressure [Pa] of every junction and flow [kg/s] of every pipe, for three friction laws and for five times the flow."""
    net = pp.from_json(str(data / "gas_heat/pandapipes/gas_net_schutterwald_1bar.json"))
    figures: dict[str, np.ndarray] = {}
    for model in ("nikuradse", "colebrook", "swamee-jain"):
        pp.pipeflow(net, friction_model=model, tol_p=1e-9, tol_m=1e-9, max_iter_hyd=100, **({"tolerance_colebrook": 1e-8} if model == "colebrook" else {}))
        figures[f"pressure_{model}"] = net.res_junction.p_bar.to_numpy() * 1e5
        figures[f"flow_{model}"] = net.res_pipe.mdot_from_kg_per_s.to_numpy()
    net.sink.scaling = 5.0
    pp.pipeflow(net, tol_p=1e-9, tol_m=1e-9, max_iter_hyd=100)
    figures["pressure_five"] = net.res_junction.p_bar.to_numpy() * 1e5
    np.savez_compressed(GAS / "schutterwald.npz", junction=net.junction.index.to_numpy(), pipe=net.pipe.index.to_numpy(), tool=tool(), **figures)


def mixed_gas() -> None:
    """A small net with height, a compressor, a pressure control, a valve and a feeding source; pressures [Pa] and flows [kg/s]."""
    net = pp.create_empty_network(fluid="hgas")
    height = (0.0, 40.0, 40.0, 120.0, 120.0, 100.0, 60.0, 60.0)
    j = [pp.create_junction(net, pn_bar=20.0, tfluid_k=288.15, height_m=h) for h in height]
    pp.create_ext_grid(net, j[0], p_bar=20.0, t_k=288.15)
    pipes = ((0, 1, 12.0, 300.0), (2, 3, 25.0, 250.0), (4, 5, 3.0, 150.0), (5, 6, 2.0, 100.0), (4, 6, 4.0, 100.0))
    for a, b, length, diameter in pipes:
        pp.create_pipe_from_parameters(net, j[a], j[b], length_km=length, inner_diameter_mm=diameter, k_mm=0.05)
    pp.create_compressor(net, j[1], j[2], pressure_ratio=1.4)
    pp.create_pressure_control(net, j[3], j[4], controlled_junction=j[4], controlled_p_bar=4.0)
    pp.create_valve(net, j[6], j[7], "ju", inner_diameter_mm=100.0, opened=True, loss_coefficient=3.0)
    for node, flow in ((3, 3.0), (5, 0.4), (7, 0.25)):
        pp.create_sink(net, j[node], mdot_kg_per_s=flow)
    pp.create_source(net, j[2], mdot_kg_per_s=0.5)
    pp.pipeflow(net, tol_p=1e-10, tol_m=1e-10, max_iter_hyd=100)
    np.savez_compressed(GAS / "mixed.npz", pressure=net.res_junction.p_bar.to_numpy() * 1e5, flow=net.res_pipe.mdot_from_kg_per_s.to_numpy(), tool=tool())


def sw_heat(data: Path) -> None:
    """Pressure [Pa] and temperature [K] of every junction, outlet temperature and flow of every pipe; both ways to couple heat and flow."""
    net = pp.from_json(str(data / "gas_heat/pandapipes/sw_heat.json"))
    figures: dict[str, np.ndarray] = {}
    for mode in ("sequential", "bidirectional"):
        pp.pipeflow(net, mode=mode, tol_p=1e-9, tol_m=1e-9, tol_T=1e-9, max_iter_hyd=200, max_iter_therm=200, max_iter_bidirect=200)
        figures |= {f"pressure_{mode}": net.res_junction.p_bar.to_numpy() * 1e5, f"temperature_{mode}": net.res_junction.t_k.to_numpy(),
                    f"outlet_{mode}": net.res_pipe.t_outlet_k.to_numpy(), f"flow_{mode}": net.res_pipe.mdot_from_kg_per_s.to_numpy(),
                    f"drop_{mode}": net.res_heat_consumer.deltat_k.to_numpy()}
    np.savez_compressed(HEAT / "sw_heat.npz", junction=net.junction.index.to_numpy(), pipe=net.pipe.index.to_numpy(), consumer=net.heat_consumer.index.to_numpy(),
                        tool=tool(), **figures)


def small_heat() -> None:
    """A loop of four consumers that fix different pairs of heat, flow, drop and return temperature; thin pipes that cool."""
    net = pp.create_empty_network(fluid="water")
    n = 5
    supply = [pp.create_junction(net, pn_bar=6.0, tfluid_k=350.0, height_m=2.0 * i) for i in range(n)]
    back = [pp.create_junction(net, pn_bar=4.0, tfluid_k=320.0, height_m=2.0 * i) for i in range(n)]
    pp.create_circ_pump_const_pressure(net, back[0], supply[0], p_flow_bar=6.0, plift_bar=2.5, t_flow_k=363.15)
    for side in (supply, back):
        for a, b, length in ((0, 1, 0.4), (1, 2, 0.3), (2, 3, 0.2), (3, 4, 0.3), (4, 1, 0.25)):
            pp.create_pipe_from_parameters(net, side[a], side[b], length_km=length, inner_diameter_mm=80.0, k_mm=0.2, u_w_per_m2k=4.0, text_k=278.15, loss_coefficient=1.5)
    pp.create_heat_consumer(net, supply[1], back[1], qext_w=60e3, controlled_mdot_kg_per_s=0.6)
    pp.create_heat_consumer(net, supply[2], back[2], qext_w=80e3, deltat_k=25.0)
    pp.create_heat_consumer(net, supply[3], back[3], qext_w=50e3, treturn_k=318.15)
    pp.create_heat_consumer(net, supply[4], back[4], controlled_mdot_kg_per_s=0.5, deltat_k=20.0)
    pp.pipeflow(net, mode="bidirectional", tol_p=1e-9, tol_m=1e-9, tol_T=1e-9, max_iter_hyd=200, max_iter_therm=200, max_iter_bidirect=200)
    np.savez_compressed(HEAT / "small.npz", pressure=net.res_junction.p_bar.to_numpy() * 1e5, temperature=net.res_junction.t_k.to_numpy(),
                        flow=net.res_pipe.mdot_from_kg_per_s.to_numpy(), taken=net.res_heat_consumer.mdot_from_kg_per_s.to_numpy(), heat=net.res_heat_consumer.qext_w.to_numpy(),
                        tool=tool())


def tool() -> str:
    return f"pandapipes {pp.__version__}"


if __name__ == "__main__":
    GAS.mkdir(parents=True, exist_ok=True)
    HEAT.mkdir(parents=True, exist_ok=True)
    schutterwald(Path(sys.argv[1]))
    mixed_gas()
    sw_heat(Path(sys.argv[1]))
    small_heat()
