"""Ground motion at sites: one model, one measure, or a weighted tree of models."""

from __future__ import annotations

import numpy as np

from holdfast.model.errors import Invalid

from . import ba08, bssa14, cb14, cy08, cy14, gb18306
from .rupture import Distances, Rupture

G = 9.80665
MEASURES = ("pga", "pgv", "sa03", "sa10")
"""PGA [m/s2], PGV [m/s], spectral acceleration at 0.3 s and 1.0 s with 5 % damping [m/s2]."""

MODELS = ("BSSA14", "CB14", "CY14", "GB18306", "BA08", "CY08")
REFERENCES = {
    "BSSA14": "Boore, Stewart, Seyhan, Atkinson 2014, Earthquake Spectra 30, 1057", "CB14": "Campbell, Bozorgnia 2014, Earthquake Spectra 30, 1087",
    "CY14": "Chiou, Youngs 2014, Earthquake Spectra 30, 1117", "GB18306": "Yu et al. 2013, relation behind GB 18306-2015; spectral ordinates by BSSA14",
    "BA08": "Boore, Atkinson 2008, Earthquake Spectra 24, 99", "CY08": "Chiou, Youngs 2008, Earthquake Spectra 24, 173",
}  # fmt: skip
CHINA = ("china", *gb18306.REGIONS)
VELOCITIES = (150.0, 1500.0)  # m/s, for which the models hold


def tree(models: str | dict[str, float]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and weights (sum 1) from "BSSA14,CB14", "BSSA14:0.5,CB14:0.5" or {BSSA14 = 0.5, CB14 = 0.5}. raises Invalid for an unknown model or a bad weight"""
    names, weights = [], []
    parts = [(n, str(w)) for n, w in models.items()] if isinstance(models, dict) else [part.strip().partition(":")[::2] for part in str(models).split(",")]
    if len({name for name, _ in parts}) < len(parts) or not parts:
        raise Invalid("a ground motion model is named twice, or none", fix="Name each once", field="gmm")
    for name, weight in parts:
        if name not in MODELS:
            raise Invalid(f"there is no ground motion model {name!r}", fix=f"Models are: {', '.join(MODELS)}", field="gmm")
        try:
            value = float(weight) if weight else 1.0
        except ValueError as error:
            raise Invalid(f"{weight!r} is no weight", fix="Write for example BSSA14:0.5,CB14:0.5, or {BSSA14 = 0.5, CB14 = 0.5}", field="gmm") from error
        if not 0.0 < value < float("inf"):
            raise Invalid("weights must be above 0", fix="Leave the model out instead", field="gmm")
        names.append(name)
        weights.append(value)
    return tuple(names), np.array(weights) / np.sum(weights)


def ground_motion(
    model: str, measure: str, rupture: Rupture, where: Distances, vs30: np.ndarray, region: str = "global", z1: float | None = None, measured: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """ln of the median in SI, and its between-event and within-event standard deviations, each (site,).

    region    global or china for the anelastic terms; east, moderate, xinjiang or tibet for GB18306
    z1        depth to 1 km/s [m] for CY08, None: the usual one for the Vs30; the other models take the usual one
    measured  Vs30 was measured, not inferred: less deviation in CY08 and CY14
    raises    Invalid for an unknown region
    """
    if region not in ("global", *CHINA):
        raise Invalid(f"there is no region {region!r}", fix=f"Regions are: global, {', '.join(CHINA)}", field="region")
    vs30 = np.clip(vs30, *VELOCITIES)
    mean, between, within = np.empty(len(vs30)), np.empty(len(vs30)), np.empty(len(vs30))
    china = 1.0 if region in CHINA else 0.0
    r, m = rupture, rupture.magnitude
    if model == "GB18306" and measure in gb18306.TABLE:
        zone = region if region in gb18306.REGIONS else "east"
        rock = np.exp(gb18306.median("pga", zone, m, where.u, where.v))
        mean = gb18306.median(measure, zone, m, where.u, where.v) + gb18306.amplify(rock, vs30)
        between[:], within[:] = gb18306.BETWEEN, gb18306.WITHIN
    elif model in ("BSSA14", "GB18306"):
        bssa14.evaluate(bssa14.TABLE[measure], bssa14.TABLE["pga"], m, r.mechanism, china, where.rjb, vs30, mean, between, within)
    elif model == "CB14":
        cb14.evaluate(cb14.TABLE[measure], cb14.TABLE["pga"], m, r.mechanism, china, r.dip, r.top, r.width, r.depth, where.rrup, where.rjb, where.rx, vs30,
                      mean, between, within)  # fmt: skip
    elif model == "BA08":
        ba08.evaluate(ba08.TABLE[measure], ba08.TABLE["pga"], m, r.mechanism, where.rjb, vs30, mean, between, within)
    elif model == "CY08":
        depth = cy08.usual_sediments(vs30) if z1 is None else np.full(len(vs30), float(z1))
        cy08.evaluate(cy08.TABLE[measure], m, r.mechanism, r.dip, r.top, where.rrup, where.rjb, where.rx, vs30, depth, measured, mean, between, within)
    else:
        row = cy14.TABLE[measure]
        row = row._replace(s3=cy08.MEASURED) if measured else row
        cy14.evaluate(row, m, r.mechanism, china, r.dip, r.top, where.rrup, where.rjb, where.rx, vs30, mean, between, within)
    mean += np.log(0.01 if measure == "pgv" else G)
    return mean, between, within
