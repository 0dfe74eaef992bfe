"""pandapipes beside bench/heat_ensemble.py: the heat net with the heat of all consumers scaled, one `pipeflow` a case, flow and heat coupled both ways.

Run by the interpreter named by HOLDFAST_PEER_PANDAPIPES: FILE of the net. Answers lines of JSON {"factor": [of all heat, a case]}.
"""

from __future__ import annotations

import json
import sys
import warnings
from time import process_time

import pandapipes


def main(path: str) -> None:
    """Answer until there are no more questions."""
    net = pandapipes.from_json(path)
    usual = net.heat_consumer["qext_w"].to_numpy().copy()
    back = int(net.circ_pump_pressure["return_junction"].iloc[0])
    pandapipes.pipeflow(net, mode="bidirectional")
    for line in sys.stdin:
        factor, lowest, returned = json.loads(line)["factor"], [], []
        start = process_time()
        for f in factor:
            net.heat_consumer["qext_w"] = usual * f
            pandapipes.pipeflow(net, mode="bidirectional")
            lowest.append(float(net.res_junction.p_bar.min()) * 1e5)
            returned.append(float(net.res_junction.t_k.at[back]))
        print(json.dumps({"seconds": (process_time() - start) / len(factor), "lowest": lowest, "returned": returned, "version": pandapipes.__version__}), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1])
