"""What can be said of the parameters of an earthquake before anything is computed."""

from __future__ import annotations

from math import asin, cos, hypot, isfinite, radians, sin, sqrt
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid

FAR = 500_000.0
"""m from the middle of the city beyond which an earthquake is probably misplaced: ground motion models end at 300 to 400 km."""

_EARTH = 6_371_000.0  # m, mean radius

NUMBERS = ("magnitude", "x", "y", "lon", "lat", "depth", "strike", "dip", "rake", "truncation", "groundwater", "sediments", "a", "b", "min_magnitude",
           "max_magnitude", "radius", "years")  # fmt: skip
TEXTS = ("mechanism", "source", "region", "liquefaction", "measures", "shakemap", "uncertainty", "rupture_file")
_MAY_BE_EITHER = ("vs30", "correlation")
_EVENTS = {"shakemap": "a ShakeMap", "rupture_file": "a rupture file", "a": "a catalogue"}


def check(given: dict[str, Any]) -> None:
    """Types of all parameters, and that only one thing says what the event is.

    raises    Invalid naming the parameter
    """
    for name, value in given.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if name in NUMBERS and value is not None and not number:
            raise Invalid(f"{name} is no number: {value!r}", fix=f"Write for example {name} = 5.0", field=name)
        if name in TEXTS and not isinstance(value, str):
            raise Invalid(f"{name} is no text: {value!r}", fix=f'Write for example {name} = "..."', field=name)
        if name in _MAY_BE_EITHER and not (number or isinstance(value, str)):
            raise Invalid(f"{name} is neither a number nor a text: {value!r}", fix="See the page of the hazard", field=name)
    if not isinstance(given["gmm"], str | dict):
        raise Invalid(f"gmm is neither a text nor a table: {given['gmm']!r}", fix="Write for example BSSA14:0.5,CB14:0.5, or {BSSA14 = 0.5, CB14 = 0.5}", field="gmm")
    if not isinstance(given["measured"], bool):
        raise Invalid(f"measured is neither true nor false: {given['measured']!r}", fix="Write measured = true where Vs30 was measured", field="measured")
    if given["truncation"] < 0.0:
        raise Invalid("the truncation must not be negative", fix="Give standard deviations, or 0 for none", field="truncation")
    named = [name for name in _EVENTS if given[name] not in ("", None)]
    if len(named) > 1:
        raise Invalid(f"{_EVENTS[named[0]]} is one event; {_EVENTS[named[1]]} cannot be had besides", fix=f"Give either {named[0]} or {named[1]}", field=named[1])
    if given["uncertainty"] and not given["shakemap"]:
        raise Invalid("an uncertainty belongs to a ShakeMap", fix="Give shakemap as well", field="uncertainty")
    if given["years"] is not None and given["a"] is None:
        raise Invalid("years belong to a catalogue", fix="Give a, the a-value of the source, as well", field="years")
    if given["fault"] is not None and given["a"] is None:
        raise Invalid("a fault belongs to a catalogue", fix="Give a, the a-value of the source, as well; or one event by strike, dip and place", field="fault")


def far_note(given: dict[str, Any], x: float, y: float, centre: np.ndarray, crs: str) -> dict[str, list[str]]:
    """A note for the summary where the epicentre is farther than `FAR` from the middle of the city; of a catalogue its disc.

    x, y      epicentre [m] in `crs`              centre  (2,) of the city
    raises    Invalid where the place cannot be expressed in the city's grid
    """
    field = "rupture_file" if given["rupture_file"] else "lon, lat" if given["lon"] is not None else "x, y"
    if not isfinite(x) or not isfinite(y):
        raise Invalid("the epicentre cannot be expressed in the city's grid", fix="Give a place near the city", field=field)
    away = hypot(x - centre[0], y - centre[1]) if field != "lon, lat" else _around(given["lon"], given["lat"], centre, crs)
    if given["a"] is not None:
        away -= float(given["radius"])
    if away <= FAR:
        return {}
    text = f"the epicentre is {away / 1e3:,.0f} km from the city, beyond what ground motion models are made for, so little or nothing is shaken: check {field}"
    return {"notes": [text]}


def _around(lon: float, lat: float, centre: np.ndarray, crs: str) -> float:
    """m along the great circle; a plane grid is wrong so far away."""
    from holdfast.model.crs import transformer

    there = [radians(float(v[0])) for v in transformer(crs, "EPSG:4326")(centre[:1], centre[1:2])]
    here = [radians(lon), radians(lat)]
    chord = sin(0.5 * (there[1] - here[1])) ** 2 + cos(here[1]) * cos(there[1]) * sin(0.5 * (there[0] - here[0])) ** 2
    return 2.0 * _EARTH * asin(sqrt(min(chord, 1.0)))
