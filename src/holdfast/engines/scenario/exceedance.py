"""How often a year a loss is reached: from the cases of a catalogue of events, each of which stands for the same share of the yearly rate."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .impact import Impact

RETURN_PERIODS = (10.0, 25.0, 50.0, 100.0, 250.0, 475.0, 1000.0, 2475.0, 5000.0)  # years; 475 and 2475 are 10 % and 2 % in 50 years


def exceeded(values: np.ndarray, weight: np.ndarray, rate: float, periods: np.ndarray) -> np.ndarray:
    """The value that is reached or exceeded once in each return period, on average.

    values   (case,) loss of each event        weight  (case,) probability weights
    rate     events a year                     periods (p,) mean years between events that reach the value
    returns  (p,) 0 where fewer events a year do any harm; NaN where the period is longer than the cases resolve
    """
    order = np.argsort(-values, kind="stable")
    often = rate * np.cumsum(weight[order]) / weight.sum()  # events a year that reach the value
    wanted = 1.0 / np.asarray(periods, np.float64)
    at = np.searchsorted(often, wanted * (1.0 - 1e-12))
    found = np.where(at < len(values), values[order][np.minimum(at, len(values) - 1)], 0.0)
    return np.where(wanted < often[0], np.nan, found)


def exceedance(impact: Impact, rate: float) -> pa.Table:
    """One row a return period. Columns: return_period [years], people_<service> without at the worst hour, person_hours, direct_loss [CNY].

    rate   events a year that the cases stand for
    """
    weight = impact.weight[impact.good]
    found = {name: exceeded(values, weight, rate, np.array(RETURN_PERIODS)) for name, values in _losses(impact).items()}
    return pa.table({"return_period": pa.array(RETURN_PERIODS), **{name: pa.array(values, from_pandas=True) for name, values in found.items()}})


def yearly(impact: Impact, rate: float) -> dict[str, float]:
    """What a year costs on average, by the columns of `exceedance` that add up over events."""
    weight, losses = impact.weight[impact.good], _losses(impact)
    return {name: rate * float(np.average(losses[name], weights=weight)) for name in ("person_hours", "direct_loss")}


def _losses(impact: Impact) -> dict[str, np.ndarray]:
    """Losses of each event by name; only cases that were solved count, and services that nobody loses are left out."""
    good = impact.good
    people = {f"people_{service}": impact.people[good][:, :, at].max(axis=1) for at, service in enumerate(impact.frame.services)}
    kept = {name: values for name, values in people.items() if np.nan_to_num(values).any()}
    return kept | {"person_hours": np.nansum(impact.person_hours[good], axis=1), "direct_loss": impact.direct[good].sum(axis=1)}
