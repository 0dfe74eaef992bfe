"""pandapower beside bench/power_batch.py: writes its MV Oberrhein grid, and solves the cases of the benchmark, one `runpp` a case.

Run by the interpreter named by HOLDFAST_PEER_PANDAPOWER: `write FILE`, or `solve NET CASES` with the cases as npz (lines out (case,), load factors
(case, load), their names). `solve` answers lines of JSON {"first": case, "end": case, "answers": FILE}; the file gets voltage (case, bus) [pu], NaN where
dead, and loss (case,) [W].
"""

from __future__ import annotations

import json
import sys
import warnings
from time import process_time

import numpy as np
import pandapower
import pandapower.networks


def write(net_file: str) -> None:
    """The grid as a file."""
    pandapower.to_json(pandapower.networks.mv_oberrhein(), net_file)


def solve(net_file: str, case_file: str) -> None:
    """Answer until there are no more questions."""
    net, cases = pandapower.from_json(net_file), np.load(case_file, allow_pickle=False)
    line_of = {name: label for label, name in net.line.name.items()}
    load_of = {name: i for i, name in enumerate(net.load.name)}
    lines, place = [line_of[name] for name in cases["line_names"]], [load_of[name] for name in cases["load_names"]]
    out, factor, usual = cases["out"], cases["factor"], net.load["scaling"].to_numpy().copy()
    pandapower.runpp(net, calculate_voltage_angles=False)
    for line in sys.stdin:
        asked = json.loads(line)
        count = asked["end"] - asked["first"]
        voltage, loss = np.empty((count, len(net.bus))), np.empty(count)
        start = process_time()
        for row, case in enumerate(range(asked["first"], asked["end"])):
            net.line.loc[lines[out[case]], "in_service"] = False
            scaling = usual.copy()
            scaling[place] *= factor[case]
            net.load["scaling"] = scaling
            pandapower.runpp(net, calculate_voltage_angles=False)
            voltage[row] = net.res_bus.vm_pu
            loss[row] = 1e6 * (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum())
            net.line.loc[lines[out[case]], "in_service"] = True
        taken = process_time() - start
        np.savez(asked["answers"], voltage=voltage, loss=loss)
        print(json.dumps({"seconds": taken, "version": pandapower.__version__}), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"write": write, "solve": solve}[sys.argv[1]](*sys.argv[2:])
