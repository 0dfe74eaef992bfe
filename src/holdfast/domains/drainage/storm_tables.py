"""Tables of a simulated storm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.swmm.changes import VOLUMES, Runs, Series
from holdfast.engines.network.swmm.deck import LINK_SECTIONS, even
from holdfast.model.finding import Findings

from .case_model import CityModel
from .sewers import Sewers, positions

LEAST = 0.1  # m3 of flooding that is listed: less is the engine's rounding


def flooded(model: CityModel, sewers: Sewers, runs: Runs, case: int = 0) -> pa.Table:
    """Nodes where water came up, most first: id, kind, volume [m3], hours, peak_depth [m] above the invert, x, y."""
    at = np.flatnonzero(runs.flooded_volume[case] >= LEAST)
    at = at[np.argsort(-runs.flooded_volume[case, at], kind="stable")]
    ids = model.ids([runs.node[i] for i in at])
    place = positions(ids, sewers.net.node_id)
    xy = np.where((place >= 0)[:, None], sewers.net.node_xyz[np.maximum(place, 0), :2], np.nan)
    return pa.table({
        "id": ids, "kind": pa.array([i.partition(":")[0] for i in ids.to_pylist()], pa.string()), "volume": np.round(runs.flooded_volume[case, at], 3),
        "hours": np.round(runs.flooded_hours[case, at], 4), "peak_depth": np.round(runs.peak_depth[case, at], 3), "x": xy[:, 0], "y": xy[:, 1],
    })  # fmt: skip


def links(model: CityModel, sewers: Sewers, runs: Runs, case: int = 0) -> pa.Table:
    """All links, most used first: id, kind, peak_flow, full_flow [m3/s] (null without a limit), use (their ratio)."""
    ids = model.ids(runs.link, links=True)
    place = positions(ids, sewers.net.edge_id)
    full = np.where(place >= 0, sewers.capacity[np.maximum(place, 0)], np.inf) if len(sewers.capacity) else np.full(len(ids), np.inf)
    use = runs.peak_flow[case] / full
    order = np.argsort(-use, kind="stable")
    free = ~np.isfinite(full[order])
    return pa.table({
        "id": ids.take(pa.array(order)), "kind": pa.array([ids[int(i)].as_py().partition(":")[0] for i in order], pa.string()),
        "peak_flow": np.round(runs.peak_flow[case, order], 5), "full_flow": pa.array(np.round(full[order], 5), mask=free), "use": pa.array(np.round(use[order], 4), mask=free),
    })  # fmt: skip


def over_time(model: CityModel, runs: Runs, rain: Series | None, case: int = 0) -> pa.Table:
    """At each reporting step: hour, rain [m/s] (null when the gauges' own), flooding of all nodes [m3/s], flow through pumps and into outfalls [m3/s]."""
    hours, flow = runs.hours, runs.series["flow"][case]
    pump = np.array([model.link.get(name.casefold(), "").startswith("drainage.pump:") for name in runs.link], bool)
    ending = _last(model)
    last = np.array([name.casefold() in ending for name in runs.link], bool)
    falling = np.full(len(hours), np.nan)
    if rain is not None:
        step, rates = even(rain)
        at = np.floor((hours - 1e-9) * 3600 / step).astype(np.int64)  # what fell in the step that ends here
        falling = np.where(at < len(rates), rates[np.clip(at, 0, len(rates) - 1)], 0.0)
    return pa.table({
        "hour": hours, "rain": pa.array(falling, mask=np.isnan(falling)), "flooding": np.round(runs.series["flooding"][case].sum(axis=1).astype(np.float64), 6),
        "pumped": np.round(flow[:, pump].sum(axis=1).astype(np.float64), 6), "outflow": np.round(flow[:, last].sum(axis=1).astype(np.float64), 6),
    })  # fmt: skip


def _last(model: CityModel) -> set[str]:
    """Names in lower case of links that end at an outfall."""
    deck = model.deck
    rows = (words for section in LINK_SECTIONS for words in deck.lines(section))
    return {words[0].casefold() for words in rows if len(words) > 2 and words[2].casefold() in deck.outfalls}


def balance(runs: Runs, case: int = 0) -> pa.Table:
    """Where the water went: item, value [m3], and the engine's continuity errors [%]."""
    rows: list[dict[str, Any]] = [{"item": name, "value": round(float(v), 3), "unit": "m3"} for name, v in zip(VOLUMES, runs.volume[case], strict=True)]
    rows += [{"item": f"{name} continuity error", "value": round(float(v), 4), "unit": "%"} for name, v in zip(("runoff", "routing"), runs.continuity[case], strict=False)]
    return pa.Table.from_pylist(rows, schema=pa.schema([("item", pa.string()), ("value", pa.float64()), ("unit", pa.string())]))


def doubts(model: CityModel, runs: Runs, limit: float, case: int = 0) -> Findings:
    """Continuity errors over the limit [%], and values that had to be assumed to write the model."""
    findings = Findings()
    for name, value in zip(("runoff", "routing"), runs.continuity[case], strict=False):
        if abs(value) > limit:
            findings.add("drainage.continuity", "warning", f"the {name} of this run does not balance: {value:.2f} %, the limit is {limit:g} %",
                         fix="Shorten the routing step, or look for very short or steep sewers")  # fmt: skip
    for what, count in model.facts["assumed"].items():
        kind, _, column = what.rpartition(".")
        findings.add("drainage.assumed", "info", f"{count} rows have no {column}; a usual value was taken", kind=kind, column=column, fix="Survey it")
    for what, count in model.facts["left_out"].items():
        findings.add("drainage.left_out", "info", f"{count} rows were left out: {what}", fix="Correct them if they should take part")
    return findings


__all__ = ["balance", "doubts", "flooded", "links", "over_time"]
