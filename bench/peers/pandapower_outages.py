"""pandapower beside bench/power_batch.py: writes its MV Oberrhein grid, and solves the cases of the benchmark, one `runpp` a case.

Run by the interpreter named by HOLDFAST_PEER_PANDAPOWER: `write FILE`, or `solve NET CASES ANSWERS` with the cases as npz (lines out (case,), load
factors (case, load), their names); ANSWERS gets voltage (case, bus) [pu], NaN where dead, and loss (case,) [W]. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import warnings
from time import process_time

import numpy as np


def write(net_file: str) -> dict:
    import pandapower.networks

    net = pandapower.networks.mv_oberrhein()
    pandapower.to_json(net, net_file)
    return {"buses": len(net.bus)}


def solve(net_file: str, case_file: str, answer_file: str) -> dict:
    import pandapower

    net = pandapower.from_json(net_file)
    cases = np.load(case_file, allow_pickle=False)
    line_of = {name: label for label, name in net.line.name.items()}
    load_of = {name: i for i, name in enumerate(net.load.name)}
    lines = [line_of[name] for name in cases["line_names"]]
    place = [load_of[name] for name in cases["load_names"]]
    usual = net.load["scaling"].to_numpy().copy()
    pandapower.runpp(net, calculate_voltage_angles=False)
    count = len(cases["out"])
    voltage, loss = np.empty((count, len(net.bus))), np.empty(count)
    start = process_time()
    for case in range(count):
        out = lines[cases["out"][case]]
        net.line.loc[out, "in_service"] = False
        scaling = usual.copy()
        scaling[place] *= cases["factor"][case]
        net.load["scaling"] = scaling
        pandapower.runpp(net, calculate_voltage_angles=False)
        voltage[case] = net.res_bus.vm_pu
        loss[case] = 1e6 * (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum())
        net.line.loc[out, "in_service"] = True
    taken = process_time() - start
    np.savez(answer_file, voltage=voltage, loss=loss)
    return {"seconds": taken, "version": pandapower.__version__}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps({"write": write, "solve": solve}[sys.argv[1]](*sys.argv[2:])))
