"""What the scenario engine and a network solver agree on: component states go in, service at the outlets comes out.

A lifeline answers many cases at once. It knows its own physics and nothing of hazards, crews or other lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa


class CaseStatus(IntEnum):
    """How one case of a batch ended. Values above SOLVED mean that its numbers must not be used."""

    SOLVED = 0
    DIVERGED = 1  # iterations ran out, or the states oscillate
    SINGULAR = 2  # the equations have no unique solution
    FAILED = 3  # the engine refused or crashed; the run says why
    CANCELLED = 4


class Command(IntEnum):
    """What a lost or seized control does to a pump, valve, breaker or gate."""

    NORMAL = 0  # follows its own controls
    CLOSED = 1  # forced closed, open circuit or off
    OPEN = 2  # forced open, closed circuit or on
    FROZEN = 3  # stays as it is in the undisturbed network
    CLOSED_AT_START = 4  # a pipe shut by the valve at its start: what leaks is fed from its end
    CLOSED_AT_END = 5  # the other way round


@dataclass(frozen=True, slots=True)
class ComponentState:
    """State of a lifeline's components in a block of cases.

    available   (case, component) bool: False is out of service, whatever the reason
    opening     (case, component) float32 [m2]: area through which a damaged pipe leaks, available or not; None means no leak anywhere. A pipe that is out
                of service and does not leak is shut off, with all that its valves shut off with it
    command     (case, component) int8 `Command`; None means all follow their controls
    hour        (case,) float64 [h]: time since the event, for demands that follow the day; None means the mean demand
    spent       (case, stock) bool: the stock is used up and gives no more than flows in, see `Stocked`; None means that none is
    """

    available: np.ndarray
    opening: np.ndarray | None = None
    command: np.ndarray | None = None
    hour: np.ndarray | None = None
    spent: np.ndarray | None = None

    @property
    def cases(self) -> int:
        return self.available.shape[0]

    def rows(self, index: np.ndarray) -> ComponentState:
        """The cases at `index`, in that order."""
        parts = (self.opening, self.command, self.hour, self.spent)
        return ComponentState(self.available[index], *(None if part is None else part[index] for part in parts))


@dataclass(frozen=True, slots=True)
class Served:
    """A lifeline's answer.

    level    (case, outlet) float32: share of the wanted service that arrives, 0 to 1; NaN where the case was not solved
    status   (case,) int8 `CaseStatus`
    engine   which engine answered, e.g. "holdfast hydraulic 0.1" or "power-grid-model 1.12"
    detail   further (case, ...) arrays by name, e.g. "head" (case, node) [m]; names and units are the lifeline's to document
    draw     (case, stock) float32: what leaves each stock in an hour, negative where it fills; of one that is spent more than 0 for as long as it would
             not fill. None where the lifeline keeps no stocks
    """

    level: np.ndarray
    status: np.ndarray
    engine: str
    detail: dict[str, np.ndarray] = field(default_factory=dict)
    draw: np.ndarray | None = None


@runtime_checkable
class Lifeline(Protocol):
    """One network of a city, ready to be solved many times. Picklable; engine handles are made anew where it is unpickled.

    name           name of the `Network`
    service        service delivered at the outlets
    engine         engine that normally answers
    component_id   (component,) ids of all assets whose state changes the answer
    outlet_id      (outlet,) ids of the assets at which the service comes out; consumers hang on them by `serves` links
    outlet_demand  (outlet,) normal amount of service there, SI, never negative
    further        services besides `service` that outlets of kinds which provide them give instead; may be missing
    monotone       True when less available never gives more service anywhere

    A lifeline of which that is not certain should also have `ceiling(state) -> (case, outlet) float32`: never less than the level that `serve` gives,
    and never more where less is available, such as 1 where a path of working components leads to a source. What cannot be avoided is proven with it.
    """

    name: str
    service: str
    engine: str
    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    monotone: bool

    def serve(self, state: ComponentState) -> Served:
        """Solve all cases. A case that fails gets its status; it never stops the others."""
        ...


@runtime_checkable
class Stocked(Lifeline, Protocol):
    """A lifeline that keeps stocks, such as tanks, which bridge a lack of supply for a time. The amounts are followed by whoever follows the time.

    stock_id    (stock,) ids of assets that hold a stock; also components
    stock       (stock,) float64 usable amount at the start             stock_full  (stock,) float64 most that it holds; both in one unit of the lifeline's choice
    """

    stock_id: pa.Array
    stock: np.ndarray
    stock_full: np.ndarray
