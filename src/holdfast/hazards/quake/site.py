"""What the ground is at the sites: Vs30 from a number, a site class, or the slope of the terrain.

source    slope: Wald and Allen 2007, BSSA 97, 1379, active tectonics (recalled), between their class bounds by the logarithm of the slope;
          site classes: GB 50011-2010 table 4.1.6 and GB 55002-2021; their Vs30: Lu and Zhao 2007 bounds 510, 260, 150 m/s (recalled-low),
          the middle of each class: proposal
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid

CLASSES = {"I0": 900.0, "I1": 620.0, "II": 365.0, "III": 200.0, "IV": 140.0}  # m/s
_SLOPE = np.array([1.0e-4, 2.2e-3, 6.3e-3, 0.018, 0.050, 0.10, 0.138])
_SPEED = np.array([180.0, 240.0, 300.0, 360.0, 490.0, 620.0, 760.0])
_ARM = 450.0  # m to either side: the relation was made with slopes over 30 seconds of arc


def from_slope(slope: np.ndarray) -> np.ndarray:
    """Vs30 [m/s] from slope [m/m]."""
    return np.interp(np.log(np.maximum(slope, 1e-6)), np.log(_SLOPE), _SPEED)


def ground(city: Any, crs: str, x: np.ndarray, y: np.ndarray, vs30: Any, usual: str) -> tuple[np.ndarray, str]:
    """Vs30 (site,) [m/s] and how it was found.

    vs30      a number, a site class (I0 to IV), "slope", or "auto": slope where the city has terrain, else the usual class
    raises    Invalid for anything else, or "slope" without terrain
    """
    if isinstance(vs30, str) and vs30 in ("auto", "slope"):
        slope = _slope(city, crs, x, y)
        known = np.isfinite(slope)
        if known.any():
            share = "" if known.all() else f", class {usual} at {(~known).mean():.0%} of the sites outside it"
            return np.where(known, from_slope(np.nan_to_num(slope)), CLASSES[usual]), f"slope of the terrain (Wald and Allen 2007){share}"
        if vs30 == "slope":
            raise Invalid("the city has no terrain at the sites", fix="Import a terrain raster, or give vs30 as a number or site class", field="vs30")
        vs30 = usual
    if isinstance(vs30, str) and vs30 in CLASSES:
        return np.full(len(x), CLASSES[vs30]), f"site class {vs30} everywhere (GB 50011)"
    try:
        value = float(vs30)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{vs30!r} is no Vs30", fix=f"Give m/s, a class of {', '.join(CLASSES)}, slope or auto", field="vs30") from error
    if not 80.0 <= value <= 3000.0:
        raise Invalid(f"a Vs30 of {value:g} m/s is outside 80 to 3000", fix="Give metres per second", field="vs30")
    return np.full(len(x), value), f"{value:g} m/s everywhere"


def _slope(city: Any, crs: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope (site,) over twice the arm, NaN where no terrain lies."""
    out = np.full(len(x), np.nan)
    if "base.terrain" not in city.catalog.kinds or not city.counts().get("base.terrain"):
        return out
    from holdfast.io.raster import sample_raster

    with tempfile.TemporaryDirectory() as folder:
        for name in city.table("base.terrain", columns=["file"])["file"].to_pylist():
            path = Path(folder) / Path(str(name)).name
            path.write_bytes(city.repository.get_file(f"rasters/{name}"))
            here = sample_raster(path, x, y, crs)
            fall = []
            for dx, dy in ((_ARM, 0.0), (0.0, _ARM)):
                ahead, behind = (sample_raster(path, x + s * dx, y + s * dy, crs) for s in (1.0, -1.0))
                arms = np.stack([(ahead - behind) / 2.0, ahead - here, here - behind])  # at the rim one arm has to do
                use = np.isfinite(arms).argmax(axis=0)
                fall.append(np.take_along_axis(arms, use[None], axis=0)[0] / _ARM)
            slope = np.hypot(*fall)
            out = np.where(np.isnan(out), slope, out)
    return out
