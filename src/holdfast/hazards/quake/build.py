"""From parameters to a quake model: where the earthquake is, what the ground is, which measures are wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.model.errors import Invalid
from holdfast.model.hazard import Sites

from . import catalogue as stochastic
from .check import check, far_note
from .fields import Field, between_measures, make_field, range_of
from .ground_failure import CATEGORIES, categories, cells
from .motion import MEASURES, REFERENCES, tree
from .rupture import MECHANISMS, Rupture, make_rupture, name_of, style_of
from .rupture_file import read_rupture
from .shakemap import ShakeMap, read_shakemap
from .site import ground as ground_of
from .strikes import Ground, QuakeModel, Table, item_keys, tabulate

KM = 1000.0


def build(city: Any, sites: Sites, given: dict[str, Any]) -> QuakeModel:
    """See `holdfast.hazards.quake.model`; `given` are its parameters."""
    check(given)
    if given["shakemap"] and sites.crs == "local":
        raise Invalid("the city has no place on Earth, so a ShakeMap cannot be laid over it", fix="Give the city a coordinate system", field="shakemap")
    placed = np.isfinite(sites.xyz[:, :2]).all(axis=1)
    if not placed.any():
        raise Invalid("no asset has coordinates", fix="Import geometry with the assets", field="city")
    centre = np.nanmedian(sites.xyz[placed, :2], axis=0)
    xy = np.where(placed[:, None], sites.xyz[:, :2], centre)
    shake = read_shakemap(given["shakemap"], given["uncertainty"]) if given["shakemap"] else None
    motions = _motions(sites, given["measures"], shake)
    vs30, how = ground_of(city, sites.crs, xy[:, 0], xy[:, 1], given["vs30"], city.settings["quake.site_class"])
    category = categories(given["liquefaction"], vs30)
    ground = Ground(xy[:, 0] / KM, xy[:, 1] / KM, vs30, category, cells(xy[:, 0], xy[:, 1]), _positive(given, "groundwater"), placed,
                    None if given["sediments"] is None else _positive(given, "sediments"), bool(given["measured"]))  # fmt: skip
    fields, length = _fields(given["correlation"], motions, xy)
    mixing = np.linalg.cholesky(between_measures(motions))
    summary = {"hazard": "quake", "site_conditions": how, "vs30_median": round(float(np.median(vs30)), 1), "liquefaction": given["liquefaction"],
               "susceptible_share": round(float((category > 0).mean()), 4), "correlation": length, "truncation": given["truncation"]}  # fmt: skip
    measures = (*motions, "pgd") if category.any() and "pga" in motions else motions
    common = {"measures": measures, "ground": ground, "motions": motions, "fields": fields, "items": item_keys(sites), "mixing": mixing,
              "truncation": float(given["truncation"]), "region": given["region"]}  # fmt: skip
    if shake is not None:
        return _from_map(shake, sites, xy, summary, common, given)
    models, weights = tree(given["gmm"])
    summary |= {"gmm": {name: {"weight": round(float(w), 4), "source": REFERENCES[name]} for name, w in zip(models, weights, strict=True)}, "region": given["region"]}
    common |= {"models": models, "chances": np.cumsum(weights)}
    if given["rupture_file"]:
        rupture = _from_file(given, sites.crs)
        summary |= {"rupture_file": str(given["rupture_file"]), "epicentre": [round(1e3 * rupture.x, 1), round(1e3 * rupture.y, 1)], "epicentre_from": "the rupture file",
                    "depth_m": 1e3 * rupture.depth, "mechanism": name_of(rupture.mechanism)}  # fmt: skip
        summary |= far_note(given, KM * rupture.x, KM * rupture.y, centre, sites.crs)
        table = tabulate(models, motions, rupture, ground, given["region"])
        return QuakeModel(cases=None, summary=summary | _described(rupture) | _medians(table, weights, motions, placed), magnitude=rupture.magnitude, table=table, **common)
    (x, y), where = _epicentre(given, sites.crs, centre)
    summary |= far_note(given, x, y, centre, sites.crs)
    style, dip = _mechanism(given)
    summary |= {"epicentre": [round(float(x), 1), round(float(y), 1)], "epicentre_from": where, "depth_m": given["depth"], "mechanism": style}
    if given["a"] is not None:
        return _stochastic(x, y, style, dip, summary, common, given)
    rupture = make_rupture(float(given["magnitude"]), x / KM, y / KM, given["depth"] / KM, given["strike"], dip, style, point=_point(given))
    table = tabulate(models, motions, rupture, ground, given["region"])
    return QuakeModel(cases=None, summary=summary | _described(rupture) | _medians(table, weights, motions, placed), magnitude=rupture.magnitude, table=table, **common)


def _from_file(given: dict[str, Any], crs: str) -> Rupture:
    if crs == "local":
        raise Invalid("the city has no place on Earth, so a rupture file cannot be laid under it", fix="Give the city a coordinate system", field="rupture_file")
    from holdfast.model.crs import transformer

    return read_rupture(given["rupture_file"], transformer("EPSG:4326", crs))


def _positive(given: dict[str, Any], name: str) -> float:
    if not float(given[name]) >= 0.0:
        raise Invalid(f"{name} must not be negative", fix="Give metres", field=name)
    return float(given[name])


def _point(given: dict[str, Any]) -> bool:
    if given["source"] not in ("plane", "point"):
        raise Invalid(f"there is no source {given['source']!r}", fix="Write plane or point", field="source")
    return given["source"] == "point"


def _motions(sites: Sites, wanted: str, shake: ShakeMap | None) -> tuple[str, ...]:
    """Measures that damage laws here use, or those asked for; PGA always, because ground failure follows from it."""
    if wanted:
        names = {part.strip() for part in wanted.split(",") if part.strip()}
        if not names <= {*MEASURES, "pgd"}:
            raise Invalid(f"there is no measure {sorted(names - {*MEASURES, 'pgd'})[0]!r}", fix=f"Measures are: {', '.join(MEASURES)}", field="measures")
    else:
        names = {law.measure for kind in sites.kinds for law in kind.damage} or {"pgv"}
    there = MEASURES if shake is None else tuple(m for m in MEASURES if m in shake.median)
    return tuple(m for m in there if m in names or m == "pga")


def _fields(correlation: Any, motions: tuple[str, ...], xy: np.ndarray) -> tuple[tuple[Field, ...], dict[str, Any]]:
    if correlation == "none":
        return (), {"model": "none"}
    try:
        lengths = dict.fromkeys(motions, float(correlation))
    except (TypeError, ValueError):
        lengths = {m: range_of(m, str(correlation)) for m in motions}
    if min(lengths.values()) <= 0.0:
        raise Invalid("the correlation length must be above 0", fix='Write "none" for independent sites', field="correlation")
    fields = {length: make_field(xy[:, 0], xy[:, 1], length) for length in set(lengths.values())}
    note = {"model": "Jayaram and Baker 2009" if isinstance(correlation, str) else "given length", "length_m": {m: round(v) for m, v in lengths.items()}}
    return tuple(fields[lengths[m]] for m in motions), note | {"grid_m": round(max(f.spacing for f in fields.values()))}


def _epicentre(given: dict[str, Any], crs: str, centre: np.ndarray) -> tuple[tuple[float, float], str]:
    x, y, lon, lat = (given[name] for name in ("x", "y", "lon", "lat"))
    if lon is not None or lat is not None:
        if lon is None or lat is None or not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
            raise Invalid("lon and lat go together, in degrees", fix="Give for example lon = 113.2, lat = 27.8", field="lon")
        if crs == "local":
            raise Invalid("the city has no place on Earth", fix="Give x and y in metres of the city's grid", field="lon")
        from holdfast.model.crs import transformer

        east, north = transformer("EPSG:4326", crs)(np.array([lon]), np.array([lat]))
        return (float(east[0]), float(north[0])), "given as longitude and latitude"
    if (x is None) != (y is None):
        raise Invalid("x and y go together", fix="Give both in metres", field="x")
    if x is not None:
        return (float(x), float(y)), "given in city coordinates"
    return (float(centre[0]), float(centre[1])), "none was given: the middle of the city's assets"


def _mechanism(given: dict[str, Any]) -> tuple[str, float]:
    """Style and dip."""
    style = given["mechanism"] if given["rake"] is None else style_of(float(given["rake"]))
    if style not in MECHANISMS:
        raise Invalid(f"there is no mechanism {style!r}", fix=f"Mechanisms are: {', '.join(MECHANISMS)}", field="mechanism")
    return style, float(MECHANISMS[style][0] if given["dip"] is None else given["dip"])


def _stochastic(x: float, y: float, style: str, dip: float, summary: dict[str, Any], common: dict[str, Any], given: dict[str, Any]) -> QuakeModel:
    stochastic.check(given["a"], given["b"], given["min_magnitude"], given["max_magnitude"], given["radius"], given["years"])
    fault = None
    if given["fault"] is not None:
        try:
            fault = np.asarray(given["fault"], float).reshape(-1)
        except (TypeError, ValueError) as error:
            raise Invalid(f"a fault is no list of numbers: {given['fault']!r}", fix="Give x1, y1, x2, y2 in metres", field="fault") from error
        if fault.shape != (4,) or not np.isfinite(fault).all() or (fault[:2] == fault[2:]).all():
            raise Invalid("a fault is x1, y1, x2, y2", fix="Give the two ends of the trace in metres of the city's grid", field="fault")
        fault = fault.reshape(2, 2) / KM
    made = stochastic.Catalogue(float(given["a"]), float(given["b"]), float(given["min_magnitude"]), float(given["max_magnitude"]), x / KM, y / KM,
                                float(given["radius"]) / KM, fault, given["depth"] / KM, dip, style)  # fmt: skip
    make_rupture(made.high, 0.0, 0.0, made.depth, 0.0, dip, style)  # raises for a bad depth or dip before any case is run
    cases = None if given["years"] is None else max(1, round(made.rate() * given["years"]))
    summary = summary | {"events_per_year": made.rate(), "catalogue": {"a": made.a, "b": made.b, "min_magnitude": made.low, "max_magnitude": made.high,
                                       "source": "fault" if fault is not None else f"disc of {made.radius:g} km", "years": given["years"]}}  # fmt: skip
    return QuakeModel(cases=cases, summary=summary, magnitude=float("nan"), catalogue=made, **common)


def _from_map(shake: ShakeMap, sites: Sites, xy: np.ndarray, summary: dict[str, Any], common: dict[str, Any], given: dict[str, Any]) -> QuakeModel:
    from holdfast.model.crs import transformer

    lon, lat = transformer(sites.crs, "EPSG:4326")(xy[:, 0], xy[:, 1])
    motions = common["motions"]
    with np.errstate(divide="ignore"):
        mean = np.stack([shake.at(lon, lat, np.log(shake.median[m])) for m in motions])[None]
    sigma = np.stack([shake.at(lon, lat, shake.sigma[m]) for m in motions])[None]
    inside = np.isfinite(mean[0, 0])
    if not inside.any():
        raise Invalid("the ShakeMap does not reach the city", fix="Give the map of an event near the city", field="shakemap")
    mean, sigma = np.where(np.isfinite(mean), mean, -30.0), np.nan_to_num(sigma)
    magnitude = shake.magnitude if np.isfinite(shake.magnitude) else float(given["magnitude"])
    summary = summary | {"shakemap": shake.event, "magnitude": magnitude, "covered_share": round(float(inside.mean()), 4)}
    table = Table(mean.astype(np.float32), np.zeros_like(mean, np.float32), sigma.astype(np.float32))
    return QuakeModel(cases=None, summary=summary | _medians(table, np.ones(1), motions, common["ground"].placed & inside), magnitude=magnitude, table=table, models=(),
                      chances=np.ones(1), label=f"ShakeMap {shake.event}", **common)  # fmt: skip


def _described(rupture: Rupture) -> dict[str, Any]:
    return {"magnitude": rupture.magnitude, "strike": rupture.strike, "dip": rupture.dip, "rupture_km": [round(rupture.length, 2), round(rupture.width, 2)],
            "top_km": round(rupture.top, 2)}  # fmt: skip


def _medians(table: Table, weights: np.ndarray, motions: tuple[str, ...], placed: np.ndarray) -> dict[str, Any]:
    """Range of the weighted median motion over the city, SI."""
    mean = np.exp(np.tensordot(weights, table.mean, axes=(0, 0)))[:, placed]
    units = {"pga": "m/s2", "pgv": "m/s", "sa03": "m/s2", "sa10": "m/s2"}
    return {"median": {m: {"lowest": round(float(v.min()), 4), "middle": round(float(np.median(v)), 4), "highest": round(float(v.max()), 4), "unit": units[m]}
                       for m, v in zip(motions, mean, strict=True)}}  # fmt: skip


__all__ = ["CATEGORIES", "build"]
