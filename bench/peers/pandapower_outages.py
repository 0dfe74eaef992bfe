"""Times pandapower on the cases of bench/power_batch.py: one `runpp` a case. Run by the interpreter named by HOLDFAST_PEER_PANDAPOWER.

Arguments: net file, file of cases (npz: lines out (case,), load factors (case, load), names), how many cases. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import warnings
from time import process_time

import numpy as np


def main(net_file: str, case_file: str, count: int) -> dict:
    import pandapower

    warnings.simplefilter("ignore")
    net = pandapower.from_json(net_file)
    cases = np.load(case_file, allow_pickle=False)
    line_of = {name: label for label, name in net.line.name.items()}
    load_of = {name: i for i, name in enumerate(net.load.name)}
    lines = [line_of[name] for name in cases["line_names"]]
    place = [load_of[name] for name in cases["load_names"]]
    pandapower.runpp(net, calculate_voltage_angles=False)
    lowest, dead = [], []
    start = process_time()
    for case in range(count):
        out = lines[cases["out"][case]]
        net.line.loc[out, "in_service"] = False
        scaling = np.ones(len(net.load))
        scaling[place] = cases["factor"][case]
        net.load["scaling"] = scaling
        pandapower.runpp(net, calculate_voltage_angles=False)
        lowest.append(float(net.res_bus.vm_pu.min()))
        dead.append(int(net.res_bus.vm_pu.isna().sum()))
        net.line.loc[out, "in_service"] = True
    return {"seconds": process_time() - start, "cases": count, "lowest": lowest, "dead": dead, "version": pandapower.__version__}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
