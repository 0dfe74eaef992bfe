"""Why less heat arrives than rooms want: the limit that binds at each consumer in each hour, and findings that name it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pyarrow as pa

from holdfast.model.finding import Findings

NOTABLE = 0.01  # share of the wanted heat below which a shortfall is no matter [proposal]


class Limit(IntEnum):
    """What binds. NONE: enough arrives. OUTAGE: a plant is out. NO_WATER: nothing flows. FLOW: pumps and pipes bring less water than the design's.

    CAPACITY: a plant could not warm the water as far as it aims at, see `holdfast.domains.heat.capacity`. SUPPLY: it is colder than the design and
    plants give no more than their design supply temperature. REHEAT: enough arrives to keep rooms at their temperature, but no more to warm them up
    sooner. LATE: the water left when it was warmer outside, or cools on its way.
    """

    NONE, OUTAGE, NO_WATER, FLOW, CAPACITY, SUPPLY, REHEAT, LATE = range(8)


_MESSAGES = {
    Limit.NO_WATER: ("warning", "no water flows", "Look for closed valves, pumps that stand and gaps in the network"),
    Limit.FLOW: ("warning", "pumps and pipes bring less than the design flow", "Raise the pumps' lift or widen the pipes on the way to these consumers"),
    Limit.CAPACITY: ("warning", "a plant is at its capacity, and its water colder than it should be",
                     "See the findings heat.plant_capacity: add capacity, shed load, or bring heat from another plant"),
    Limit.SUPPLY: ("warning", "it is colder outside than the design outdoor temperature and plants give no more than their design supply temperature",
                   "Raise the plants' supply_temperature, or correct the setting heat.design_outdoor_temperature"),
    Limit.REHEAT: ("info", "rooms are kept warm but warmed up no faster, because supply temperature follows the outdoor temperature alone",
                   "Raise the supply temperature for the hours after an outage"),
    Limit.LATE: ("warning", "water left the plant when less heat was called for, or cools too much on its way",
                 "Raise the supply temperature ahead of the cold, or insulate the pipes"),
}  # fmt: skip


def limits(got: np.ndarray, wanted: np.ndarray, steady: np.ndarray, flow: np.ndarray, plant_out: bool, beyond: bool, full: np.ndarray) -> np.ndarray:
    """(consumer,) int8 `Limit` of one hour.

    got, wanted  (consumer,) heat [W]        steady  (consumer,) heat that keeps rooms at their temperature [W]
    flow         (consumer,) share of the design flow that arrives        plant_out  a plant is out
    beyond       it is colder outside than the design
    full         (consumer,) bool: a plant is at its capacity, or was when this water left it
    """
    short = got < (1.0 - NOTABLE) * wanted
    rest = Limit.SUPPLY if beyond else Limit.LATE
    binds = [np.full(len(got), plant_out), flow <= 1e-6, flow < 1.0 - NOTABLE, full, got >= (1.0 - NOTABLE) * steady]
    found = np.select(binds, [Limit.OUTAGE, Limit.NO_WATER, Limit.FLOW, Limit.CAPACITY, Limit.REHEAT], rest)
    return np.where(short, found, Limit.NONE).astype(np.int8)


def report(findings: Findings, limit: np.ndarray, got: np.ndarray, wanted: np.ndarray, consumer: pa.Array) -> None:
    """Say in `findings` for every limit but an outage that was asked for how many hours and consumers it holds back, and the worst consumer.

    limit, got, wanted  (hour, consumer)
    """
    for kind, (severity, message, fix) in _MESSAGES.items():
        held = limit == kind
        if not held.any():
            continue
        hours, consumers = held.any(axis=1), held.any(axis=0)
        share = got[hours].sum() / max(wanted[hours].sum(), 1e-9)
        worst = int(np.argmin(np.where(held, got / np.maximum(wanted, 1e-9), np.inf).min(axis=0)))
        text = f"{message}: {int(consumers.sum())} of {len(consumers)} consumers get less than they want in {int(hours.sum())} hours; all together get {share:.1%} of it then"
        findings.add(f"heat.short_{kind.name.lower()}", severity, text, kind="heat.consumer", id=consumer[worst].as_py(), fix=fix)


__all__ = ["Limit", "limits", "report"]
