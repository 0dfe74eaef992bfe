"""Isolate a leak: which valves to close, who is cut off, how much gas escapes until then and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np

    from holdfast.engines.network.isolation import Isolation
    from holdfast.engines.network.topology import Graph

    from .lifeline import GasLifeline


@dataclass(slots=True)
class Scene:
    """What is known of the leak: the lifeline, the graph, the leaking link, and links and ids of everything that can be shut."""

    lifeline: GasLifeline
    graph: Graph
    pipe: int
    shuts: np.ndarray
    shut_id: list[str]
    sources: np.ndarray

    def isolate(self, stuck: list[int]) -> Isolation:
        """The valves to close when some are stuck."""
        from holdfast.engines.network.isolation import isolate

        return isolate(self.graph, [self.pipe], self.shuts, stuck=stuck, sources=self.sources, open=~self.lifeline.network.model.closed)


def isolate_leak(
    city: City,
    pipe: Annotated[str, Param("leaking pipe", "泄漏管段")],
    hole: Annotated[float, Param("diameter of the hole", "孔径", "diameter")] = 0.01,
    stuck: Annotated[list[str] | None, Param("valves and regulators that cannot be closed", "失效阀门")] = None,
    minutes: Annotated[float, Param("minutes until the valves are closed", "关阀用时(分钟)")] = 30.0,
) -> Answer:
    """Find the valves that shut off a leaking gas pipe and what shutting them costs.

    pipe      id of the pipe      hole  diameter [m]; wider than the pipe counts as the pipe broken apart
    stuck     ids of valves or regulators that cannot be closed; the next ones are taken
    minutes   until all are closed; the network feeds the leak so long
    returns   tables `valves` (what to close, with the place, whether remote, whether it stands in for a stuck one, and what follows when it is stuck itself),
              `affected` (consumers cut off or short, with customers), `served` (hospitals and others that hang on them), `release` (leak rate
              and pressure in the shut part over time); summary with rates, masses and times
    raises    NotFound for an unknown pipe or valve, or without a gas network; Invalid for a hole or times that make no sense
    source    orifice: hazards.md 1.2; isolation: Walski's segments; regulators can be shut like valves. In the open only: gas that rises through
              soil under pavement or frost travels 3 to 4 times farther than through dry open soil (hazards.md 1.2)
    """
    from .leak_effects import affected, release, served, valves

    scene, positions = _scene(city, pipe, hole, stuck or [], minutes)
    found = scene.isolate(positions)
    table = affected(scene, found)
    flow = release(city, scene, found, hole, minutes * 60.0)
    tables = {"valves": valves(city, scene, found, positions), "affected": table, "served": served(city, table), "release": flow.table}
    hospitals = [row for row in tables["served"].to_pylist() if row["kind"].endswith(".hospital")]
    cut = [row for row in table.to_pylist() if row["state"] == "cut off"]
    summary = {
        "pipe": pipe, "hole_m": hole, "valves_to_close": tables["valves"].num_rows, "stuck": [scene.shut_id[i] for i in found.stuck.tolist()],
        "source_inside": found.source_inside, "consumers_cut_off": len(cut), "customers_cut_off": sum(row["customers"] for row in cut),
        "consumers_short": table.num_rows - len(cut), "hospitals": [row["id"] for row in hospitals],
        "pipes_shut": int((found.segment_edges & (scene.lifeline.network.link_kind == 0)).sum()), **flow.summary,
    }
    return Answer(summary, tables, scene.lifeline.network.findings,
                  plots=(Plot("Escaping gas", "泄漏速率", "release", "minute", ("rate",), x_label="min", y_label="kg/s"),))


def _scene(city: City, pipe: str, hole: float, stuck: list[str], minutes: float) -> tuple[Scene, list[int]]:
    import numpy as np

    from holdfast.engines.network.topology import Graph

    from .lifeline import build

    if not 1e-4 <= hole <= 3.0:
        raise Invalid(f"a hole of {hole} m makes no sense", fix="Give 0.0001 to 3 m", field="hole")
    if not 0.0 <= minutes <= 10_080.0:
        raise Invalid(f"{minutes} minutes make no sense", fix="Give 0 to 10080", field="minutes")
    lifeline = build(city)
    if lifeline is None:
        raise NotFound("the city has no gas network", fix="Import one first")
    network = lifeline.network
    row = network.table["gas.pipe"].id.index(pipe).as_py()
    if row < 0:
        raise NotFound(f"there is no gas pipe {pipe!r}", fix="Give the id of a gas.pipe that exists", id=pipe)
    graph = Graph.of(network.model.nodes, network.model.link_from, network.model.link_to)
    shuts = np.concatenate([network.link_rows("gas.valve"), network.link_rows("gas.regulator")])
    shut_id = network.link_id.take(shuts).to_pylist()
    missing = [name for name in stuck if name not in shut_id]
    if missing:
        raise NotFound(f"there is no gas valve or regulator {missing[0]!r}", fix="Give ids of gas.valve or gas.regulator", field="stuck")
    fed = np.unique(network.source_node[(network.source_node >= 0) & (np.isfinite(network.source_held) | (network.source_feed > 0))])
    return Scene(lifeline, graph, row, shuts, shut_id, fed), [shut_id.index(name) for name in stuck]
