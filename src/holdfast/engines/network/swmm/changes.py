"""What is different in one case of a SWMM model, and the results of all cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time.

    hours   (n,) since the start of the simulation, rising
    values  (n,) SI; rain intensities [m/s] hold until the next entry, levels [m] are interpolated
    """

    hours: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Changes:
    """Departures from the model as it stands; none at all runs it as it is. Names are the model's, in any case of letters.

    rain         what all rain gauges record
    out          links through which nothing flows: pumps that fail, gates shut, conduits blocked
    forced_open  pumps, orifices, weirs and outlets that no longer follow their controls: pumps run, the others stand open
    stage        outfall -> water level [m], constant or a series
    flow_limit   conduit -> largest flow that it still carries [m3/s]
    hours        length of the simulation, from the start that the model names
    report_step  between results [s]
    """

    rain: Series | None = None
    out: tuple[str, ...] = ()
    forced_open: tuple[str, ...] = ()
    stage: Mapping[str, float | Series] = field(default_factory=dict)
    flow_limit: Mapping[str, float] = field(default_factory=dict)
    hours: float | None = None
    report_step: float | None = None


NODE_RESULTS = ("depth", "head", "flooding")
LINK_RESULTS = ("flow",)
BALANCE = ("runoff", "routing", "quality")
VOLUMES = ("rainfall", "infiltration", "runoff", "inflow", "outflow", "flooding")


@dataclass(frozen=True, slots=True)
class Runs:
    """Results of all cases in SI; NaN where a case was not solved, and for depths (and floods, where there are any) in a model without links.

    status          (case,) int8 `CaseStatus`          message  (case,) why not, empty where solved
    node, link      names in the order of the arrays
    flooded_volume  (case, node) water lost or ponded above ground [m3]
    flooded_hours   (case, node) [h]                   peak_depth  (case, node) above the invert [m]
    peak_flow       (case, link) largest flow [m3/s]
    continuity      (case, 3) errors in percent, see BALANCE, as the engine gives them
    volume          (case, 6) totals [m3], see VOLUMES
    seconds         (case,) CPU time of the engine     attempts  (case,) int8, 2 where a lost worker was replaced
    hours           (period,) times of the series since the start of reporting [h], empty where none were kept
    series          name -> (case, period, node or link) float32, see NODE_RESULTS and LINK_RESULTS
    engine          e.g. "SWMM 5.2.4"
    """

    status: np.ndarray
    message: tuple[str, ...]
    node: tuple[str, ...]
    link: tuple[str, ...]
    flooded_volume: np.ndarray
    flooded_hours: np.ndarray
    peak_depth: np.ndarray
    peak_flow: np.ndarray
    continuity: np.ndarray
    volume: np.ndarray
    seconds: np.ndarray
    attempts: np.ndarray
    hours: np.ndarray
    series: dict[str, np.ndarray]
    engine: str


__all__ = ["BALANCE", "LINK_RESULTS", "NODE_RESULTS", "VOLUMES", "Changes", "Runs", "Series"]
