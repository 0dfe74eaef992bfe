"""How evenly hours without service fall on the zones of a city."""

from __future__ import annotations

import numpy as np

FIFTH = 0.2
_NOTHING = 1e-4  # share of the time with service that rounding of hours in single precision may leave where there was none


def fairness(zone_hours: np.ndarray, zone_people: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Worst-off against best-off fifth of the people, and the Gini coefficient of hours without.

    zone_hours   (case, zone, service) person-hours without       zone_people  (zone, service) people, NaN for none
    horizon      hours that were followed
    returns      worst_to_best (case, service): share of time with service of the fifth of the people in the worst-off zones over that of the
                 best-off fifth, 1 is even, also where nobody had any; gini (case, service): 0 even, towards 1 all on few. NaN where there are no people in zones
    """
    people = np.nan_to_num(zone_people)
    rate = np.divide(zone_hours, people, out=np.zeros(zone_hours.shape), where=people > 0.0)  # hours without per person
    order = np.argsort(rate, axis=1, kind="stable")
    rate = np.take_along_axis(rate, order, axis=1)
    held = np.take_along_axis(np.broadcast_to(people, zone_hours.shape), order, axis=1)
    total = held.sum(axis=1, keepdims=True)
    known = total[:, 0] > 0.0
    upto = np.cumsum(held, axis=1)
    best = np.clip(FIFTH * total - (upto - held), 0.0, held)  # people of each zone that belong to the fifth
    worst = np.clip(upto - (1.0 - FIFTH) * total, 0.0, held)
    fifth = FIFTH * np.where(known, total[:, 0], np.nan)
    served = [1.0 - (rate * part).sum(axis=1) / fifth / horizon for part in (worst, best)]
    ratio = np.minimum(np.divide(served[0], served[1], out=np.ones(served[0].shape), where=served[1] > _NOTHING), 1.0)
    burden = np.cumsum(rate * held, axis=1)
    whole = burden[:, -1] if burden.shape[1] else np.zeros(known.shape)
    below = (held * (2.0 * burden - rate * held)).sum(axis=1)  # twice the area under the Lorenz curve, in people times hours
    scale = np.where(known, total[:, 0], 1.0) * np.where(whole > 0.0, whole, 1.0)
    gini = np.where(whole > 0.0, 1.0 - below / scale, 0.0)
    return np.where(known, ratio, np.nan), np.where(known & np.isfinite(whole), gini, np.nan)
