"""One disruption of coupled water, power and roads with public tools, as InfraRisk goes about it; a peer of bench/coupled_disruption.py.

Water by WNTR's WNTRSimulator, pressure-driven, stopped at every event and run on from the levels reached; power by pandapower's `runpp` at every event, with
what the pumps drew last; ways of the crews on the damaged roads by networkx. A pump runs while its motor has current.

Run by the interpreter named by HOLDFAST_PEER_COUPLED (wntr, six, pandapower, networkx; numba if pandapower shall use it): FOLDER of the network.
Answers lines of JSON: {"hit": {id: {"hours": of repair, "opening": m2 of a leak}}, "step": s, "hours": followed, "mobilisation": h, "pressure": m at
which a demand is met}. `seconds` is CPU time without reading the files.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
import warnings
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from math import ceil, hypot
from pathlib import Path
from time import process_time
from typing import Any

import networkx as nx
import pandapower
import wntr
from wntr.network import LinkStatus

CREWS = 3  # of each team
DISCHARGE = 0.6  # of a leak, as the setting water.orifice_coefficient
NOTHING = 0.01  # m of water that a tank cannot give
WEIGHT = 9806.65  # N/m3 of water


@dataclass
class Networks:
    """The three networks, and which motor each pump needs."""

    water: Any
    power: Any
    roads: nx.DiGraph
    street: dict[str, tuple[str, str]]
    motor: dict[str, int]
    held: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)  # controls of pumps that are out


def rows(path: Path) -> list[list[str]]:
    """The rows of numbers of a TNTP file."""
    lines = [line.replace(";", " ").split() for line in path.read_text().splitlines()]
    return [words for words in lines if len(words) > 2 and words[0].startswith("T_")]


def read(folder: Path) -> Networks:
    """All from the files; travel times are minutes."""
    streets = rows(folder / "transportation" / "transpo_net.tntp")
    roads = nx.DiGraph()
    for name, x, y in rows(folder / "transportation" / "transpo_node.tntp"):
        roads.add_node(name, at=(float(x), float(y)))
    roads.add_weighted_edges_from((words[0], words[1], float(words[4]) / 60.0) for words in streets)
    power = pandapower.from_json(str(folder / "power" / "power.json"))
    motors = {name: i for i, name in power.motor["name"].items()}
    with (folder / "dependecies.csv").open() as file:
        motor = {row["water_id"]: motors[row["power_id"]] for row in csv.DictReader(file) if row["power_id"] in motors}
    water = wntr.network.WaterNetworkModel(str(folder / "water" / "water.inp"))
    water.options.hydraulic.demand_model = "PDD"
    return Networks(water, power, roads, {words[10]: (words[0], words[1]) for words in streets}, motor)


def middle(nets: Networks, kind: str, name: str) -> tuple[float, float]:
    """Where a component lies."""
    if kind.startswith("water"):
        ends = [end.coordinates for end in (nets.water.get_link(name).start_node, nets.water.get_link(name).end_node)]
    elif kind.startswith("power"):
        line = nets.power.line[nets.power.line["name"] == name].iloc[0]
        ends = [json.loads(nets.power.bus.at[line[end], "geo"])["coordinates"] for end in ("from_bus", "to_bus")]
    else:
        ends = [nets.roads.nodes[end]["at"] for end in nets.street[name]]
    (ax, ay), (bx, by) = ends
    return (ax + bx) / 2, (ay + by) / 2


def schedule(nets: Networks, hit: dict[str, dict[str, float]], mobilisation: float, step: int) -> dict[str, int]:
    """Second at which each component is mended, rounded up to whole steps. Crews drive the fastest way from the middle of the town without closed streets."""
    at = {node: place["at"] for node, place in nets.roads.nodes(data=True)}
    near = lambda x, y: min(at, key=lambda node: hypot(at[node][0] - x, at[node][1] - y))  # noqa: E731
    depot = near(sum(x for x, _ in at.values()) / len(at), sum(y for _, y in at.values()) / len(at))
    open_ = nets.roads.copy()
    open_.remove_edges_from(nets.street[name.partition(":")[2]] for name in hit if name.startswith("roads"))
    done: dict[str, int] = {}
    free: dict[str, list[tuple[float, str]]] = {}
    for name, what in hit.items():
        kind, _, bare = name.partition(":")
        crews = free.setdefault(kind.partition(".")[0], [(mobilisation, depot)] * CREWS)
        crews.sort()
        ready, place = crews.pop(0)
        target = near(*middle(nets, kind, bare))
        end = ready + nx.shortest_path_length(open_, place, target, weight="weight") + what["hours"]
        crews.append((end, target))
        done[name] = ceil(end * 3600 / step) * step
    return done


def strike(nets: Networks, hit: dict[str, dict[str, float]]) -> None:
    """What fails at once; pumps follow in `couple`."""
    for name, what in hit.items():
        kind, _, bare = name.partition(":")
        if kind == "water.pipe" and what["opening"] > 0.0:
            nets.water = wntr.morph.split_pipe(nets.water, bare, f"{bare}_B", f"{bare}_leak", return_copy=False)
            nets.water.get_node(f"{bare}_leak").add_leak(nets.water, area=what["opening"], discharge_coeff=DISCHARGE, start_time=0)
        elif kind == "power.line":
            nets.power.line.loc[nets.power.line["name"] == bare, "in_service"] = False


def mend(nets: Networks, name: str) -> None:
    """One component works again; streets matter to the schedule only."""
    kind, _, bare = name.partition(":")
    if kind == "water.pipe" and f"{bare}_leak" in nets.water.junction_name_list:
        nets.water.get_node(f"{bare}_leak").remove_leak(nets.water)
    elif kind == "power.line":
        nets.power.line.loc[nets.power.line["name"] == bare, "in_service"] = True


def switch(nets: Networks, name: str, works: bool) -> None:
    """Hold a pump closed, or give it back to its own controls."""
    water, pump = nets.water, nets.water.get_link(name)
    if works and name in nets.held:
        for own, control in nets.held.pop(name):
            water.add_control(own, control)
        pump.initial_status = LinkStatus.Open
    elif not works and name not in nets.held:
        nets.held[name] = [(own, control) for own, control in list(water.controls()) if any(action.target()[0] is pump for action in control.actions())]
        for own, _ in nets.held[name]:
            water.remove_control(own)
        pump.initial_status = LinkStatus.Closed


def couple(nets: Networks, broken: set[str]) -> int:
    """Power now, and the pumps that have it. returns buses without power"""
    pandapower.runpp(nets.power)
    volts = nets.power.res_bus["vm_pu"]
    for pump, motor in nets.motor.items():
        switch(nets, pump, f"water.pump:{pump}" not in broken and volts[nets.power.motor.at[motor, "bus"]] > 0.0)
    return int(volts.isna().sum())


def supply(nets: Networks, seconds: int) -> Any:
    """The water for a while, from the levels and statuses of now, which are left as they are at its end; what pumps draw becomes the load of their motors."""
    water = nets.water
    water.options.time.duration = seconds
    water.reset_initial_values()
    result = wntr.sim.WNTRSimulator(water).run_sim(convergence_error=True)
    head, flow, status = (part.iloc[-1] for part in (result.node["head"], result.link["flowrate"], result.link["status"]))
    for name, tank in water.tanks():
        tank.init_level = min(max(head[name] - tank.elevation, tank.min_level), tank.max_level)
    for name, pump in water.pumps():
        pump.initial_status = LinkStatus(int(status[name]))
        if name in nets.motor:
            nets.power.motor.at[nets.motor[name], "pn_mech_mw"] = WEIGHT * max(head[pump.end_node_name] - head[pump.start_node_name], 0.0) * flow[name] / 1e6
    return result


def disruption(nets: Networks, hit: dict[str, dict[str, float]], hours: float, mobilisation: float, step: int) -> dict[str, Any]:
    """Follow one disruption through its events. returns events, steps of the water model, hour when the tank ran dry, buses without power from each event on"""
    done, end = schedule(nets, hit, mobilisation, step), int(hours * 3600)
    strike(nets, hit)
    stops = sorted({0, end} | {t for t in done.values() if t < end})
    dark, level, (_, tank) = [], [], next(iter(nets.water.tanks()))
    for now, then in pairwise(stops):
        for name in [name for name, t in done.items() if t == now]:
            mend(nets, name)
        dark.append(couple(nets, {name for name, t in done.items() if t > now}))
        head = supply(nets, then - now).node["head"].iloc[:-1]  # the end is the begin of the next
        level += head[tank.name].sub(tank.elevation + tank.min_level).tolist()
    dry = next((i * step / 3600 for i, depth in enumerate(level) if depth < NOTHING), None)
    return {"events": len(stops) - 1, "steps": len(level), "dry_hour": dry, "buses_dark": dark, "mended_s": done}


def reply(folder: Path, hit: dict[str, Any], hours: float, mobilisation: float, step: int, pressure: float) -> dict[str, Any]:
    """One disruption of networks read anew; only following it is timed."""
    nets = read(folder)
    time, hydraulic = nets.water.options.time, nets.water.options.hydraulic
    time.hydraulic_timestep = time.report_timestep = time.rule_timestep = step
    hydraulic.required_pressure, hydraulic.minimum_pressure, hydraulic.pressure_exponent = pressure, 0.0, 0.5
    start = process_time()
    found = disruption(nets, hit, hours, mobilisation, step)
    return {"seconds": process_time() - start, **found, "versions": {name: version(name) for name in ("wntr", "pandapower", "networkx")}}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for line in sys.stdin:
        print(json.dumps(reply(Path(sys.argv[1]), **json.loads(line))), flush=True)
