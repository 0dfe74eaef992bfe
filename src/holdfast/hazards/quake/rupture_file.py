"""Ruptures from NRML files: a simple fault (trace, dip, depths), or one or several planes.

A simple fault goes down from its trace at one angle, to the right of the trace's mean direction, between two depths, as its format defines.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from holdfast.model.errors import Invalid, NotFound

from .rupture import STYLES, Rupture, style_of

Project = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
_CORNERS = ("topLeft", "topRight", "bottomRight", "bottomLeft")
_KINDS = ("simpleFaultRupture", "singlePlaneRupture", "multiPlanesRupture")


def read_rupture(path: str | Path, project: Project) -> Rupture:
    """The rupture of a file, in the city's plan.

    project   takes longitude and latitude (n,) [degrees] to x and y (n,) [m]
    raises    NotFound, or Invalid naming the file and what is wrong
    """
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError as error:
        raise NotFound("there is no such rupture file", fix="Check the path", file=path, field="rupture_file") from error
    except (ElementTree.ParseError, OSError) as error:
        raise Invalid(f"the rupture file is no readable XML: {error}", fix="Correct the file", file=path, field="rupture_file") from error
    for element in root.iter():  # names are compared without the version of the format
        element.tag = str(element.tag).rpartition("}")[2]
    body = next((e for e in root.iter() if e.tag in _KINDS), None)
    if body is None:
        raise Invalid("the file has no rupture that can be read", fix=f"Give one of: {', '.join(_KINDS)}", file=path, field="rupture_file")
    try:
        return _rupture(body, project)
    except Invalid as error:
        raise Invalid(error.message, fix="Correct the file", file=path, field=error.where.get("field")) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(f"the {body.tag} is incomplete: {error}", fix="Correct the file", file=path, field="rupture_file") from error


def _rupture(body: ElementTree.Element, project: Project) -> Rupture:
    magnitude, rake = _number(body, "magnitude", 3.0, 9.5), _number(body, "rake", -360.0, 360.0)
    centre = body.find("hypocenter")
    if centre is None:
        raise Invalid("there is no hypocenter", fix="", field="hypocenter")
    (x,), (y,), depth = *_plan(project, [float(centre.attrib["lon"])], [float(centre.attrib["lat"])]), float(centre.attrib["depth"])
    panels, strike = _fault(body, project) if body.tag == "simpleFaultRupture" else _planes(body, project)
    upper, lower = panels[:, :2].reshape(-1, 3), panels[:, 2:].reshape(-1, 3)
    if not 0.0 <= upper[:, 2].min() <= upper[:, 2].max() < lower[:, 2].min():
        raise Invalid("the lower edge is not below the upper edge, or that is above the ground", fix="", field="depth")
    length = float(np.linalg.norm(panels[:, 1] - panels[:, 0], axis=1).sum())
    down = lower.mean(axis=0) - upper.mean(axis=0)
    width = float(np.linalg.norm(down))
    dip = float(np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1]))))
    return Rupture(magnitude, float(x), float(y), depth, strike, dip, STYLES[style_of(rake)], length, width, float(upper[:, 2].min()), panels)


def _number(body: ElementTree.Element, name: str, low: float, high: float) -> float:
    try:
        value = float(body.findtext(f".//{name}") or "")
    except ValueError as error:
        raise Invalid(f"there is no number {name}", fix="", field=name) from error
    if not low <= value <= high:
        raise Invalid(f"{name} {value:g} is outside {low:g} to {high:g}", fix="", field=name)
    return value


def _plan(project: Project, lon: list[float], lat: list[float]) -> tuple[np.ndarray, np.ndarray]:
    x, y = project(np.asarray(lon, float), np.asarray(lat, float))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Invalid("a place cannot be brought into the city's coordinates", fix="", field="posList")
    return x / 1000.0, y / 1000.0


def _fault(body: ElementTree.Element, project: Project) -> tuple[np.ndarray, float]:
    """Panels (panel, 4, 3) [km], two corners above and two below, and the strike [degrees]."""
    numbers = np.array((body.findtext(".//posList") or "").split(), float)
    if len(numbers) < 4 or len(numbers) % 2:
        raise Invalid("the trace needs longitude and latitude of two points or more", fix="", field="posList")
    dip, top, bottom = _number(body, "dip", 0.0, 90.0), _number(body, "upperSeismoDepth", 0.0, 200.0), _number(body, "lowerSeismoDepth", 0.0, 700.0)
    if not dip > 0.0 or not top < bottom:
        raise Invalid("the dip must be above 0 and the lower depth below the upper", fix="", field="dip")
    x, y = _plan(project, list(numbers[::2]), list(numbers[1::2]))
    heading = np.arctan2(x[-1] - x[0], y[-1] - y[0])
    right = np.array([np.cos(heading), -np.sin(heading)])
    trace = np.stack((x, y), axis=1)
    edges = [np.column_stack((trace + right * depth / np.tan(np.radians(dip)), np.full(len(x), depth))) for depth in (top, bottom)]
    return np.stack((edges[0][:-1], edges[0][1:], edges[1][1:], edges[1][:-1]), axis=1), float(np.degrees(heading) % 360.0)


def _planes(body: ElementTree.Element, project: Project) -> tuple[np.ndarray, float]:
    """As `_fault`, from the corners of planar surfaces; the strike is that of the longest upper edge."""
    panels = []
    for plane in body.iter("planarSurface"):
        corners = [plane.find(name) for name in _CORNERS]
        values = np.array([[float(c.attrib[name]) for name in ("lon", "lat", "depth")] for c in corners])  # type: ignore[union-attr]
        panels.append(np.column_stack((*_plan(project, list(values[:, 0]), list(values[:, 1])), values[:, 2])))
    if not panels:
        raise Invalid("there is no planarSurface", fix="", field="planarSurface")
    out = np.stack(panels)
    edge = (out[:, 1] - out[:, 0])[np.argmax(np.linalg.norm(out[:, 1] - out[:, 0], axis=1))]
    return out, float(np.degrees(np.arctan2(edge[0], edge[1])) % 360.0)
