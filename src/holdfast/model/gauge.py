"""What can be read off in a solved network besides the service at its outlets: a pressure, a temperature, a travel time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Gauge:
    """One quantity at many places of a network.

    detail    name of the array (case, place) in `Served.detail`, in the SI unit of the quantity; not finite where there is nothing to read
    quantity  name in `holdfast.model.quantity`
    step      smallest difference that means anything [SI]
    id        (place,) ids of the assets at which it is read; null for places that are no asset
    """

    detail: str
    quantity: str
    step: float
    id: pa.Array


@runtime_checkable
class Gauged(Protocol):
    """A lifeline (`holdfast.model.lifeline.Lifeline`) that has gauges."""

    @property
    def gauges(self) -> tuple[Gauge, ...]:
        """What its answers can be read for."""
        ...
