"""From the blocks of an ensemble to the tables that people read: who loses what for how long, with the spread over the cases."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

QUANTILES: tuple[tuple[str, float], ...] = (("p05", 0.05), ("p50", 0.50), ("p95", 0.95))
RESTORED = 0.10  # share of the people who lost a service that may still be without it when it counts as restored


def spread(values: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles and mean over the first axis, the cases; NaN rows (cases that were not solved) do not count."""
    known = values[np.isfinite(values).all(axis=tuple(range(1, values.ndim)))] if len(values) else values
    if not len(known):
        nothing = np.full(values.shape[1:], np.nan)
        return {name: nothing for name, _ in QUANTILES} | {"mean": nothing}
    found = np.quantile(known, [share for _, share in QUANTILES], axis=0)
    return {name: found[i] for i, (name, _) in enumerate(QUANTILES)} | {"mean": known.mean(axis=0)}


def curves(services: tuple[str, ...], hours: np.ndarray, people: np.ndarray) -> pa.Table:
    """People without each service by hour.

    people    (case, hour, service)
    returns   service, hour, p05, p50, p95, mean; services that nobody ever loses are left out
    """
    found = spread(people)
    kept = [at for at in range(len(services)) if np.nan_to_num(found["p95"][:, at]).max(initial=0.0) > 0 or np.nan_to_num(found["mean"][:, at]).max(initial=0.0) > 0]
    columns = {name: np.concatenate([values[:, at] for at in kept]) if kept else np.empty(0) for name, values in found.items()}
    return pa.table({"service": np.repeat([services[at] for at in kept], len(hours)) if kept else pa.array([], pa.string()), "hour": np.tile(hours, len(kept)), **columns})


def impact(services: tuple[str, ...], hours: np.ndarray, people: np.ndarray, users: np.ndarray) -> pa.Table:
    """One row a service that people use: how many lose it, for how long.

    people    (case, hour, service)            users  (service,) people who use it
    returns   service, people (users), worst_p05 .. worst_p95 (most people without at any hour), at_24h, restored_p50, restored_p95 [h], person_hours (mean)
    """
    worst = spread(np.nanmax(people, axis=1) if people.size else people.reshape(len(people), -1))
    back = spread(restored_after(hours, people))
    lost = spread(person_hours(hours, people))["mean"]
    day = int(np.argmin(np.abs(hours - 24.0)))
    at_day = spread(people[:, day])
    columns = {"service": list(services), "people": users, **{f"worst_{name}": worst[name] for name, _ in QUANTILES}, f"at_{hours[day]:g}h_p50": at_day["p50"],
               "restored_p50": back["p50"], "restored_p95": back["p95"], "person_hours": lost}  # fmt: skip
    return pa.table(columns).filter(pa.array(users > 0.0))


def restored_after(hours: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(case, service) hour from which at most a tenth of those who ever lost the service are still without; 0 where nobody lost it.

    The last hour stands for "not within the time looked at".
    """
    worst = people.max(axis=1, keepdims=True)
    still = people > RESTORED * worst + 1e-9
    last = np.where(still.any(axis=1), people.shape[1] - 1 - np.argmax(still[:, ::-1], axis=1), -1)
    return np.where(last < 0, 0.0, hours[np.minimum(last + 1, len(hours) - 1)])


def person_hours(hours: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(case, service) people without, summed over time; each number holds until the next hour looked at."""
    return np.einsum("cht,h->ct", people[:, :-1], np.diff(hours)) if people.shape[1] > 1 else np.zeros((len(people), people.shape[2]))
