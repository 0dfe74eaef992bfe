"""Depots that a scenario names: assets of the city that repair crews start from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.network import xyz

_FIX = 'Write for example power = "power.substation:S-1", or a list of ids in brackets'


def listed(given: Mapping[str, Any], **where: Any) -> dict[str, list[str]]:
    """`[depots]` with a list for each domain, where one id stands alone. raises Invalid naming the field"""
    out = {}
    for domain, ids in given.items():
        many = [ids] if isinstance(ids, str) else ids
        if not isinstance(many, list) or not many or not all(isinstance(i, str) for i in many):
            raise Invalid(f"{ids!r} names no depot", fix=_FIX, **where, field=f"depots.{domain}")
        out[domain] = list(many)
    return out


def check(depots: Mapping[str, list[str]], domains: Collection[str], **where: Any) -> None:
    """Whether there are such domains. raises Invalid"""
    for domain in depots:
        if domain not in domains:
            raise Invalid(f"there is no domain {domain!r} whose crews could start anywhere", fix=f"Domains are: {', '.join(sorted(domains))}", **where, field=f"depots.{domain}")


def places(city: City, depots: Mapping[str, list[str]], **where: Any) -> dict[str, np.ndarray]:
    """domain -> (n, 2) places of its depots [m] in the city's coordinates, lines and areas by their centroid.

    raises    NotFound for an asset that the city does not have, Invalid for one without a place; both name the field
    """
    return {domain: np.array([_place(city, asset, {**where, "field": f"depots.{domain}"}) for asset in ids]) for domain, ids in depots.items()}


def _place(city: City, asset: str, where: dict[str, Any]) -> np.ndarray:
    kind = city.catalog.kinds.get(asset.partition(":")[0])
    fix = "Give the id of an asset as the city lists it, such as power.substation:S-1, or leave the depot out"
    if kind is not None and kind.trait not in ("node", "edge", "area"):
        raise Invalid(f"depot {asset!r} has no place: {kind.name} is no thing on the map", fix=fix, **where)
    found = None if kind is None else city.table(kind.name, columns=["id", "geometry"], ids=[asset])
    if found is None or not found.num_rows:
        raise NotFound(f"there is no asset {asset!r} that could be a depot", fix=fix, **where)
    place = xyz(found["geometry"].combine_chunks())[0, :2]
    if not np.isfinite(place).all():
        raise Invalid(f"depot {asset!r} has no place", fix="Give the asset a geometry, or name another", **where)
    return np.asarray(place)
