"""Isolate a leak: which valves to close, who is cut off, how much gas escapes until then and afterwards."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param


def isolate_gas_leak(
    city: City,
    pipe: Annotated[str, Param("leaking pipe", "泄漏管段", assets=("gas.pipe",))],
    hole: Annotated[float, Param("diameter of the hole", "孔径", "diameter")] = 0.01,
    stuck: Annotated[list[str] | None, Param("valves and regulators that cannot be closed", "失效阀门", assets=("gas.valve", "gas.regulator"))] = None,
    minutes: Annotated[float, Param("minutes until the valves are closed", "关阀用时(分钟)")] = 30.0,
) -> Answer:
    """Find the valves that shut off a leaking gas pipe and what shutting them costs.

    pipe      id of the pipe      hole  diameter [m]; wider than the pipe counts as the pipe broken apart
    stuck     ids of valves or regulators that cannot be closed; the next ones are taken
    minutes   until all are closed; the network feeds the leak so long
    returns   tables `valves` (what to close beside the sources in `sources_to_shut`, those first through which gas comes in, and what follows when it is stuck itself),
              `affected` (consumers cut off or short, with customers), `served` (hospitals and others that hang on them), `release` (leak rate
              and pressure in the shut part over time); summary with rates, masses and times
    raises    NotFound for an unknown pipe or valve, or without a gas network; Invalid for a hole or times that make no sense
    source    orifice: hazards.md 1.2; isolation: Walski's segments; regulators can be shut like valves. In the open only: gas that rises through
              soil under pavement or frost travels 3 to 4 times farther than through dry open soil (hazards.md 1.2)
    """
    from .leak_effects import affected, release, served, sources_inside, valves
    from .leak_scene import scene_of

    scene, positions = scene_of(city, pipe, hole, stuck or [], minutes)
    found = scene.isolate(positions)
    table = affected(scene, found)
    flow = release(city, scene, found, hole, minutes * 60.0)
    tables = {"valves": valves(city, scene, found, positions), "affected": table, "served": served(city, table), "release": flow.table}
    hospitals = [row for row in tables["served"].to_pylist() if row["kind"].endswith(".hospital")]
    cut = [row for row in table.to_pylist() if row["state"] == "cut off"]
    summary = {
        "engine": scene.lifeline.engine, "pipe": pipe, "hole_m": hole, "valves_to_close": tables["valves"].num_rows, "stuck": [scene.shut_id[i] for i in found.stuck.tolist()],
        "valves_that_feed": sum(tables["valves"]["feeds"].to_pylist()), "source_inside": found.source_inside, "sources_to_shut": sources_inside(scene, found),
        "consumers_cut_off": len(cut), "customers_cut_off": sum(row["customers"] for row in cut),
        "consumers_short": table.num_rows - len(cut), "hospitals": [row["id"] for row in hospitals],
        "pipes_shut": int((found.segment_edges & (scene.lifeline.network.link_kind == 0)).sum()), **flow.summary,
    }
    return Answer(summary, tables, scene.lifeline.network.findings,
                  plots=(Plot("Escaping gas", "泄漏速率", "release", "minute", ("rate",), x_label="min", y_label="kg/s"),))
