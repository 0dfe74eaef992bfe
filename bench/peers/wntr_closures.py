"""WNTR's EpanetSimulator beside bench/water_ensemble.py: a day of each pipe closed, pressure-driven.

Run by the interpreter named by HOLDFAST_PEER_WNTR, which has wntr and six: FILE HOURS PRESSURE [m] PREFIX of its scratch files. Answers lines of JSON
{"pipes": [names]}. As in its own examples a control closes the pipe and is taken out again after the run.
"""

from __future__ import annotations

import json
import sys
import warnings
from time import process_time
from typing import Any

import wntr
from wntr.network import LinkStatus
from wntr.network.controls import Control, ControlAction, SimTimeCondition


def read(path: str, hours: float, pressure: float) -> Any:
    """The model, pressure-driven, without quality."""
    water = wntr.network.WaterNetworkModel(path)
    water.options.time.duration = hours * 3600
    water.options.quality.parameter = "NONE"
    hydraulic = water.options.hydraulic
    hydraulic.demand_model, hydraulic.required_pressure, hydraulic.minimum_pressure, hydraulic.pressure_exponent = "PDD", pressure, 0.0, 0.5
    return water


def close(water: Any, name: str, prefix: str) -> float:
    """One pipe closed all day. returns what all nodes were given, summed over the hours"""
    action = ControlAction(water.get_link(name), "status", LinkStatus.Closed)
    water.add_control("close", Control(SimTimeCondition(water, "=", 0), action))
    result = wntr.sim.EpanetSimulator(water).run_sim(file_prefix=prefix)
    water.remove_control("close")
    return float(result.node["demand"].values.sum())


def main(path: str, hours: str, pressure: str, prefix: str) -> None:
    """Answer until there are no more questions."""
    water = read(path, float(hours), float(pressure))
    for line in sys.stdin:
        pipes = json.loads(line)["pipes"]
        start = process_time()
        for name in pipes:
            close(water, name, prefix)
        print(json.dumps({"seconds": (process_time() - start) / len(pipes), "version": wntr.__version__}), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
