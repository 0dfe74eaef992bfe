"""Tables that people read of an ensemble's impact: who loses what for how long, with the spread over the cases."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .impact import Impact, spread

RESTORED = 0.10  # share of the people who lost a service that may still be without it when it counts as restored


def columns_of(values: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and quantiles over the cases (axis 0) as arrays by name: mean, p5, p50, p95; NaN where there is no number."""
    return {name: np.array(found, np.float64) for name, found in spread(values, weight).items()}


def curves(impact: Impact) -> pa.Table:
    """People without each service by hour: service, hour, mean, p5, p50, p95. Services that nobody loses are left out."""
    good, frame = impact.good, impact.frame
    found = columns_of(impact.people[good], impact.weight[good])
    kept = [at for at in range(len(frame.services)) if np.nan_to_num(found["mean"][:, at]).any()]
    columns = {name: values[:, kept].T.reshape(-1) for name, values in found.items()}
    names = pa.array([frame.services[at] for at in kept for _ in frame.hours], pa.string())
    return pa.table({"service": names, "hour": np.tile(frame.hours, len(kept)), **columns})


def table_of(impact: Impact, users: np.ndarray) -> pa.Table:
    """One row a service that people use: how many lose it, for how long.

    users     (service,) people who use it and have a provider in the city
    returns   service, people, worst_p5 .. worst_p95 (most people without at any hour), at_24h, restored_p50, restored_p95 [h] (null: not within the time
              looked at), person_hours, resilience (mean share of normal service over the whole time), worst_to_best (fifths of the people by zone)
    """
    good, frame = impact.good, impact.frame
    people, weight = impact.people[good], impact.weight[good]
    worst, back = columns_of(people.max(axis=1), weight), _restored(frame.hours, people, weight)
    day = int(np.argmin(np.abs(frame.hours - 24.0)))
    columns = {
        "service": list(frame.services), "people": users, **{f"worst_{q}": worst[q] for q in ("p5", "p50", "p95")},
        f"at_{frame.hours[day]:g}h": columns_of(people[:, day], weight)["p50"], **{name: pa.array(hours, from_pandas=True) for name, hours in back.items()},
        "person_hours": columns_of(impact.person_hours[good], weight)["mean"],
        "resilience": 1.0 - columns_of(impact.triangle[good], weight)["mean"] / frame.hours[-1],
    }  # fmt: skip
    return pa.table(columns).filter(pa.array(users > 0.0))


def _restored(hours: np.ndarray, people: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Median and 95 % of the hours until each service is back, NaN for "not within the time looked at"; of hours that occur, because between one and never lies nothing."""
    found = np.quantile(restored_after(hours, people), (0.5, 0.95), axis=0, weights=weight, method="inverted_cdf")
    return {f"restored_{name}": np.where(np.isfinite(row), row, np.nan) for name, row in zip(("p50", "p95"), found, strict=True)}


def restored_after(hours: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(case, service) hour from which at most a tenth of those who ever lost the service are still without; 0 where nobody lost it, inf where that is
    not within the hours looked at."""
    worst = people.max(axis=1, keepdims=True)
    still = people > RESTORED * worst + 1e-9
    last = np.where(still.any(axis=1), people.shape[1] - 1 - np.argmax(still[:, ::-1], axis=1), -1)
    return np.where(last < 0, 0.0, np.append(hours, np.inf)[last + 1])
