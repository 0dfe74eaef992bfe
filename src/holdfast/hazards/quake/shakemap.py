"""Recorded or published shaking: USGS ShakeMap grid.xml with its uncertainty, or the structured .npy of OpenQuake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from holdfast.model.errors import Invalid, NotFound

G = 9.80665
_NAMES = {"PGA": "pga", "PGV": "pgv", "PSA03": "sa03", "PSA10": "sa10", "SA(0.3)": "sa03", "SA(1.0)": "sa10"}
_UNITS = {"pga": 0.01 * G, "pgv": 0.01, "sa03": 0.01 * G, "sa10": 0.01 * G}  # percent of g, cm/s
USUAL_SIGMA = 0.6


@dataclass(frozen=True, slots=True)
class ShakeMap:
    """A map of shaking on a regular grid of longitude and latitude.

    lon (nx,), lat (ny,) rising [degrees]; median and sigma by measure, (ny, nx): SI, and standard deviation of its ln; NaN outside
    """

    event: str
    magnitude: float
    lon: np.ndarray
    lat: np.ndarray
    median: dict[str, np.ndarray]
    sigma: dict[str, np.ndarray]
    vs30: np.ndarray | None

    def at(self, lon: np.ndarray, lat: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values between grid points (site,), NaN outside."""
        from scipy.interpolate import RegularGridInterpolator

        return RegularGridInterpolator((self.lat, self.lon), values, bounds_error=False)(np.stack((lat, lon), axis=1))


def read_shakemap(path: str, uncertainty: str = "") -> ShakeMap:
    """Read grid.xml (with uncertainty.xml, or STD columns of its own) or a .npy file.

    raises    NotFound, or Invalid naming what is wrong
    """
    if path.lower().endswith(".npy"):
        return _read_array(path)
    root, columns, event = _read_grid(path)
    if uncertainty:
        _, more, _ = _read_grid(uncertainty)
        if len(more["LON"]) != len(columns["LON"]):
            raise Invalid("the uncertainty has another grid than the map", fix="Give both files of the same event and version", file=Path(uncertainty))
        columns |= {name: values for name, values in more.items() if name.startswith("STD")}
    return _on_grid(path, columns, root, event)


def _read_grid(path: str) -> tuple[float, dict[str, np.ndarray], str]:
    """Magnitude, columns by name, event."""
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError as error:
        raise NotFound("there is no such ShakeMap", fix="Check the path", file=Path(path)) from error
    except (ElementTree.ParseError, OSError) as error:
        raise Invalid(f"the ShakeMap is no readable XML: {error}", fix="Fetch the file again", file=Path(path)) from error
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    fields = {int(f.get("index", 0)): str(f.get("name")).upper() for f in root.iter(f"{space}grid_field")}
    body = root.find(f"{space}grid_data")
    if not fields or body is None or not body.text:
        raise Invalid("the file has no grid_field or no grid_data", fix="Give the grid.xml of a ShakeMap", file=Path(path))
    try:
        table = np.array(body.text.split(), float).reshape(-1, len(fields))
    except ValueError as error:
        raise Invalid(f"grid_data does not hold {len(fields)} numbers a line", fix="Fetch the file again", file=Path(path)) from error
    columns = {name: table[:, index - 1] for index, name in fields.items()}
    if not {"LON", "LAT"} <= set(columns):
        raise Invalid("the grid has no LON and LAT", fix="Give the grid.xml of a ShakeMap", file=Path(path))
    quake = root.find(f"{space}event")
    magnitude = float(quake.get("magnitude", "nan")) if quake is not None else float("nan")
    return magnitude, columns, str(root.get("event_id") or (quake.get("event_id") if quake is not None else "") or Path(path).stem)


def _read_array(path: str) -> ShakeMap:
    try:
        table = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise NotFound("there is no such ShakeMap", fix="Check the path", file=Path(path)) from error
    except (ValueError, OSError) as error:
        raise Invalid(f"the ShakeMap cannot be read: {error}", fix="Give a structured array with lon, lat, vs30, val, std", file=Path(path)) from error
    names = table.dtype.names or ()
    if not {"lon", "lat", "val"} <= set(names):
        raise Invalid("the array has no lon, lat and val", fix="Give a structured array with lon, lat, vs30, val, std", file=Path(path))
    columns = {"LON": np.asarray(table["lon"], float), "LAT": np.asarray(table["lat"], float)}
    if "vs30" in names:
        columns["SVEL"] = np.asarray(table["vs30"], float)
    for name in table["val"].dtype.names or ():
        columns[name] = np.asarray(table["val"][name], float)
        if "std" in names and name in (table["std"].dtype.names or ()):
            columns[f"STD{name}"] = np.asarray(table["std"][name], float)
    return _on_grid(path, columns, float("nan"), Path(path).stem)


def _on_grid(path: str, columns: dict[str, np.ndarray], magnitude: float, event: str) -> ShakeMap:
    # coordinates are rounded in the files, so equal ones are found to 1e-3 degrees
    (lon, i), (lat, j) = (np.unique(np.round(columns[name], 3), return_inverse=True) for name in ("LON", "LAT"))
    if len(lon) < 2 or len(lat) < 2:
        raise Invalid("the map has no grid of at least 2 by 2 points", fix="Give the whole map", file=Path(path))

    def placed(values: np.ndarray) -> np.ndarray:
        out = np.full((len(lat), len(lon)), np.nan)
        out[j, i] = values
        return out

    median, sigma = {}, {}
    for name, measure in _NAMES.items():
        if name in columns:
            median[measure] = placed(columns[name] * _UNITS[measure])
            sigma[measure] = placed(columns[f"STD{name}"]) if f"STD{name}" in columns else np.full((len(lat), len(lon)), USUAL_SIGMA)
    if not median:
        raise Invalid("the map has none of PGA, PGV, PSA03, PSA10", fix="Give the grid.xml of a ShakeMap", file=Path(path))
    return ShakeMap(event, magnitude, lon, lat, median, sigma, placed(columns["SVEL"]) if "SVEL" in columns else None)
