"""Plan flushing: for each pipe the hydrants to open and the valves to close so that the water runs fast enough, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Code, Param

if TYPE_CHECKING:
    import numpy as np

    from .study import Study

_HOPS, _HYDRANTS, _BLOCK = 6, 3, 256  # how far to look for hydrants, most hydrants opened at once, cases solved at once


@dataclass(slots=True)
class Option:
    """One way to flush a pipe. path: links from the pipe to the hydrants; closed: links to shut; outlets: (name, node) of hydrants"""

    pipe: int
    path: list[int]
    closed: list[int]
    outlets: list[tuple[str, int]]
    flow: float
    velocity: float = 0.0
    lowest: float = float("nan")
    solved: bool = False

_OUTLETS = (Code("hydrants", "hydrants", "消火栓"), Code("junctions", "junctions", "节点"))


def plan_flushing(
    city: City,
    *,
    pipes: Annotated[list[str], Param("pipes to flush", "待冲洗管段", assets=("water.pipe",))],
    velocity: Annotated[float | None, Param("velocity to reach", "冲洗流速", "velocity")] = None,
    hour: Annotated[float, Param("hour of the day", "冲洗时刻")] = 2.0,
    keep: Annotated[float, Param("pressure that must remain at points of use", "用户最低压力", "pressure")] = 100_000.0,
    points: Annotated[str, Param("where water is let out: hydrants or junctions", "放水点:hydrants 或 junctions", choices=_OUTLETS)] = "hydrants",
) -> Answer:
    """Look from both ends of each pipe for hydrants, with and without shutting the side branches, and take the way that needs the least.

    returns   table `steps` (one per pipe): hydrants, valves or pipes to shut, flow, velocity reached, time, water used, lowest pressure elsewhere, feasible and why not
    raises    Invalid without pipes, a network or outlets; NotFound for unknown pipes
    source    unidirectional flushing practice, 1.5 m/s (setting water.flushing_velocity); volumes and limits of the settings water.flushing_volumes, water.hydrant_limit
    """
    import pyarrow as pa

    from .isolate_break import valves
    from .settings import chosen
    from .solving import PASCAL_PER_METRE, demand_driven, engine_for
    from .study import Study

    target = float(chosen(city, "flushing_velocity")) if velocity is None else velocity
    if not 0 < target <= 10 or keep < 0:
        raise Invalid("the velocity or the pressure makes no sense", fix="Give e.g. velocity=1.5 m/s and keep=100000 Pa", field="velocity" if keep >= 0 else "keep")
    study = Study(city)
    wanted = study.links(pipes, "pipes")
    limit, volumes = float(chosen(city, "hydrant_limit")), float(chosen(city, "flushing_volumes"))
    options = _options(study, wanted, _outlets(study, points), target, limit)
    used = study.demand() > 0
    engine = engine_for(demand_driven(study.model))
    names: set[str] = set()
    for _ in range(2):  # what runs past the pipe is seen in the first round and made up for in the second
        names |= _solve(study, engine, options, used, hour)
        for option in options:
            if option.solved and 0 < option.velocity < target:
                option.flow = min(option.flow * target / option.velocity * 1.02, limit * len(option.outlets))
    names |= _solve(study, engine, options, used, hour)
    valve_ids, valve_edge, _ = valves(study)
    named: dict[int, list[str]] = {}
    for name, edge in zip(valve_ids, valve_edge.tolist(), strict=True):
        named.setdefault(edge, []).append(name)
    least = keep / PASCAL_PER_METRE
    rows = [_row(study, int(pipe), [o for o in options if o.pipe == pipe], named, target, least, volumes) for pipe in wanted.tolist()]
    table = pa.Table.from_pylist(rows)
    done = [row for row in rows if row["feasible"]]
    summary: dict[str, Any] = {
        "engine": " / ".join(sorted(names)) or "none", "pipes": len(rows), "feasible": len(done), "velocity_ms": target, "hour": hour, "options_tried": len(options),
        "water_m3": round(sum(row["water_m3"] for row in done), 3), "time_min": round(sum(row["minutes"] for row in done), 2), "findings": study.findings.counts(),
    }  # fmt: skip
    study.findings.add_rows("water.not_flushed", "warning", "no way was found to flush the pipe", kind="water.pipe", ids=[r["pipe"] for r in rows if not r["feasible"]],
                            values=[r["why_not"] for r in rows if not r["feasible"]], fix="Use more hydrants, another hour or a lower velocity")  # fmt: skip
    plots = (Plot("Velocity reached", "达到流速", "steps", "pipe", ("velocity_ms",), kind="bar", y_label="m/s"),
             Plot("Flushing plan", "冲洗方案", "steps", "x", ("y",), kind="map", colour="velocity_ms"))  # fmt: skip
    return Answer(summary, {"steps": table}, study.findings, plots=plots)


def _outlets(study: Study, points: str) -> dict[int, list[str]]:
    """Node -> names of what can let water out there. raises Invalid"""
    import numpy as np

    from .hydraulic_tables import places

    if points not in {"hydrants", "junctions"}:
        raise Invalid(f"{points!r} lets no water out", fix="Use hydrants or junctions", field="points")
    out: dict[int, list[str]] = {}
    if points == "junctions":
        return {int(at): [study.model.node_id[int(at)].as_py()] for at in np.flatnonzero(study.junction)}
    nodes = places(study.tables.texts("water.hydrant", "node_id"), study.model.node_id)
    for name, node in zip(study.tables.ids("water.hydrant").to_pylist(), nodes.tolist(), strict=True):
        if node >= 0 and study.junction[node]:
            out.setdefault(node, []).append(name)
    if not out:
        raise Invalid("the city has no hydrants on its network", fix="Use points=junctions", field="points")
    return out


def _options(study: Study, pipes: np.ndarray, outlets: dict[int, list[str]], target: float, limit: float) -> list[Option]:
    """From either end of each pipe to the nearest outlets: with all branches open, and with those beside the way shut."""
    from math import ceil, pi

    from holdfast.engines.network.hydraulic.model import LinkType, Status

    model = study.model
    around: dict[int, list[int]] = {}
    usable = (model.initial_status != Status.CLOSED) & (model.link_type == LinkType.PIPE)
    for link in usable.nonzero()[0].tolist():
        for node in (int(model.link_from[link]), int(model.link_to[link])):
            around.setdefault(node, []).append(link)
    found = []
    for pipe in pipes.tolist():
        need = target * pi / 4 * float(model.diameter[pipe]) ** 2
        count = min(max(1, ceil(need / limit)), _HYDRANTS)
        for near, far in ((model.link_from[pipe], model.link_to[pipe]), (model.link_to[pipe], model.link_from[pipe])):
            ways = _reach(model, around, int(pipe), int(near), int(far), outlets)
            chosen_outlets, path = _pick(ways, outlets, count)
            if not chosen_outlets:
                continue
            flow = min(need, limit * len(chosen_outlets))
            inner = {int(far), *(int(n) for link in path for n in (model.link_from[link], model.link_to[link]))} - {int(near)}
            side = sorted({link for node in inner for link in around.get(node, []) if link not in path and link != pipe})
            found.append(Option(int(pipe), [int(pipe), *path], [], chosen_outlets, flow))
            if side:
                found.append(Option(int(pipe), [int(pipe), *path], side, chosen_outlets, flow))
    return found


def _reach(model: Any, around: dict[int, list[int]], pipe: int, near: int, far: int, outlets: dict[int, list[str]]) -> list[tuple[int, list[int]]]:
    """Outlet nodes beyond `far`, nearest first, with the links that lead there; the pipe itself is not passed again."""
    seen, queue, out = {near, far}, [(far, [])], []
    while queue and len(out) < _HYDRANTS:
        node, path = queue.pop(0)
        if node in outlets:
            out.append((node, path))
        if len(path) >= _HOPS:
            continue
        for link in around.get(node, []):
            other = int(model.link_from[link] + model.link_to[link] - node)
            if link != pipe and other not in seen:
                seen.add(other)
                queue.append((other, [*path, link]))
    return out


def _pick(ways: list[tuple[int, list[int]]], outlets: dict[int, list[str]], count: int) -> tuple[list[tuple[str, int]], list[int]]:
    """As many outlets as are needed, nearest first, and all links on the way to them."""
    picked: list[tuple[str, int]] = []
    path: list[int] = []
    for node, links in ways:
        if len(picked) >= count:
            break
        picked += [(name, node) for name in outlets[node]][: count - len(picked)]
        path += [link for link in links if link not in path]
    return picked, path


def _solve(study: Study, engine: Any, options: list[Option], used: np.ndarray, hour: float) -> set[str]:
    """Velocity in the pipe and lowest pressure elsewhere, for every option; the names of what answered."""
    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.model import Status

    model = study.model
    names = set()
    for start in range(0, len(options), _BLOCK):
        part = options[start : start + _BLOCK]
        status, demand = np.full((len(part), model.links), -1, np.int8), np.zeros((len(part), model.nodes))
        for case, option in enumerate(part):
            status[case, option.closed] = Status.CLOSED
            for _, node in option.outlets:
                demand[case, node] += option.flow / len(option.outlets)
        found = engine.snapshot(Cases(len(part), status=status, demand=demand), hour, warm=True)
        names.add(found.engine)
        pressure = found.head - model.elevation
        for case, option in enumerate(part):
            option.solved = bool(found.solved[case])
            option.velocity = float(abs(found.flow[case, option.pipe]) / (np.pi / 4 * model.diameter[option.pipe] ** 2))
            here = pressure[case, used]
            there = pressure[case, [node for _, node in option.outlets]]
            # who is cut off by the shut branches counts as without pressure
            option.lowest = float(min(np.nan_to_num(here, nan=-1.0).min(initial=np.inf), np.nan_to_num(there, nan=-1.0).min(initial=np.inf)))
    return names


def _row(study: Study, pipe: int, options: list[Option], named: dict[int, list[str]], target: float, least: float, volumes: float) -> dict[str, Any]:
    """The best option of a pipe: feasible, then fewest closings, then least water; else the fastest one."""
    import numpy as np

    model = study.model
    middle = (model.node_xy[model.link_from[pipe]] + model.node_xy[model.link_to[pipe]]) / 2
    row: dict[str, Any] = {"pipe": model.link_id[pipe].as_py(), "feasible": False, "why_not": "no outlet within reach", "hydrants": "", "close": "", "flow_m3s": None,
                           "velocity_ms": None, "minutes": None, "water_m3": None, "lowest_pressure_m": None, "x": float(middle[0]), "y": float(middle[1])}  # fmt: skip
    solved = [o for o in options if o.solved]
    if not solved:
        return row
    good = [o for o in solved if o.velocity >= 0.99 * target and o.lowest >= least]
    best = min(good, key=lambda o: (len(o.closed), o.flow)) if good else max(solved, key=lambda o: (o.lowest >= least, o.velocity))
    held = float(sum(model.length[link] * np.pi / 4 * model.diameter[link] ** 2 for link in best.path))
    shut = [name for link in best.closed for name in named.get(link, [model.link_id[link].as_py()])]
    slow = "nothing flows through it; it may be shut" if best.velocity < 1e-3 else "too slow"
    why = "" if good else slow if best.velocity < 0.99 * target else "pressure elsewhere falls too low"
    if best.velocity < 1e-3:
        return row | {"why_not": why, "velocity_ms": 0.0}
    return row | {"feasible": bool(good), "why_not": why, "hydrants": ", ".join(name for name, _ in best.outlets), "close": ", ".join(shut), "flow_m3s": best.flow,
                  "velocity_ms": best.velocity, "minutes": volumes * held / best.flow / 60, "water_m3": volumes * held, "lowest_pressure_m": best.lowest}  # fmt: skip
