"""pandapipes beside bench/gas_ensemble.py: the gas net with all demands scaled, one `pipeflow` a case.

Run by the interpreter named by HOLDFAST_PEER_PANDAPIPES: FILE of the net. Answers lines of JSON {"factor": [of all demands, a case]}.
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
    usual = net.sink["mdot_kg_per_s"].to_numpy().copy()
    pandapipes.pipeflow(net)
    for line in sys.stdin:
        factor, lowest = json.loads(line)["factor"], []
        start = process_time()
        for f in factor:
            net.sink["mdot_kg_per_s"] = usual * f
            pandapipes.pipeflow(net)
            lowest.append(float(net.res_junction.p_bar.min()) * 1e5)
        print(json.dumps({"seconds": (process_time() - start) / len(factor), "lowest": lowest, "version": pandapipes.__version__}), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1])
