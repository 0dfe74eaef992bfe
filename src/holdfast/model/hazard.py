"""What the scenario engine and a hazard agree on: sites go in, intensities or direct hits come out, case by case.

Case k of a hazard with one seed is the same numbers whatever other cases are asked for, in whatever order, by whatever worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from .lifeline import Command
from .spec import Kind


@dataclass(frozen=True, slots=True)
class Sites:
    """The assets that a hazard acts on.

    id      (site,) asset ids
    kind    (site,) index into `kinds`
    xyz     (site, 3) coordinates in `crs` [m]; z NaN where unknown; edges and areas by their centroid
    crs     the city's reference system; "local" has no place on Earth
    people  (site,) people at the asset, 0 where none
    tables  further attributes by kind name, rows in the order of the sites of that kind
    """

    id: pa.Array
    kind: np.ndarray
    kinds: tuple[Kind, ...]
    xyz: np.ndarray
    crs: str
    people: np.ndarray
    tables: dict[str, pa.Table] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Strike:
    """What a hazard does in a block of cases.

    intensity  measure -> (case, site) float32 in the SI unit that the hazard documents: "pga" [m/s2], "pgv" [m/s], "pgd" [m] ...
    hit        (case, site) int8, damage state forced without a fragility curve: 0 none .. 4 destroyed; None means no direct hits
    command    (case, site) int8 `Command` on controls; None means all controls work
    regained   (case,) float64 hours after the event at which controls obey again, inf for never; None means never
    weight     (case,) probability weight of each case; None means all equal
    label      (case,) what distinguishes the cases, e.g. the component taken out; None where there is nothing to say
    """

    intensity: dict[str, np.ndarray] = field(default_factory=dict)
    hit: np.ndarray | None = None
    command: np.ndarray | None = None
    weight: np.ndarray | None = None
    label: pa.Array | None = None
    regained: np.ndarray | None = None


class HazardModel(Protocol):
    """A hazard bound to the sites of one city and its parameters. Picklable.

    measures  names of the intensities it gives
    cases     how many different cases exist; None means as many as wanted
    summary   JSON-able facts for the report: magnitude, models used with their sources, median intensities; "events_per_year" where the cases are
              events of a catalogue, so that losses can be said by return period; "notes" a list of sentences that the reader must know
    """

    measures: tuple[str, ...]
    cases: int | None
    summary: dict[str, Any]

    def strike(self, cases: np.ndarray, seed: int) -> Strike:
        """What happens in the cases numbered `cases` (case,) int64."""
        ...


__all__ = ["Command", "HazardModel", "Sites", "Strike"]
