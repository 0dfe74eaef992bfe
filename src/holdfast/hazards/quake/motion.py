"""Ground motion at sites: one model, one measure, or a weighted tree of models."""

from __future__ import annotations

import numpy as np

from holdfast.model.errors import Invalid

from . import bssa14, cb14, cy14, gb18306
from .rupture import Distances, Rupture

G = 9.80665
MEASURES = ("pga", "pgv", "sa03", "sa10")
"""PGA [m/s2], PGV [m/s], spectral acceleration at 0.3 s and 1.0 s with 5 % damping [m/s2]."""

MODELS = ("BSSA14", "CB14", "CY14", "GB18306")
REFERENCES = {
    "BSSA14": "Boore, Stewart, Seyhan, Atkinson 2014, Earthquake Spectra 30, 1057", "CB14": "Campbell, Bozorgnia 2014, Earthquake Spectra 30, 1087",
    "CY14": "Chiou, Youngs 2014, Earthquake Spectra 30, 1117", "GB18306": "Yu et al. 2013, relation behind GB 18306-2015; spectral ordinates by BSSA14",
}  # fmt: skip
CHINA = ("china", *gb18306.REGIONS)
VELOCITIES = (150.0, 1500.0)  # m/s, for which the models hold


def tree(text: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and weights (sum 1) from "BSSA14,CB14" or "BSSA14:0.5,CB14:0.5". raises Invalid for an unknown model or a bad weight"""
    names, weights = [], []
    for part in text.split(","):
        name, _, weight = part.strip().partition(":")
        if name not in MODELS:
            raise Invalid(f"there is no ground motion model {name!r}", fix=f"Models are: {', '.join(MODELS)}", field="gmm")
        try:
            value = float(weight) if weight else 1.0
        except ValueError as error:
            raise Invalid(f"{weight!r} is no weight", fix="Write for example BSSA14:0.5,CB14:0.5", field="gmm") from error
        if not value > 0.0:
            raise Invalid("weights must be above 0", fix="Leave the model out instead", field="gmm")
        names.append(name)
        weights.append(value)
    return tuple(names), np.array(weights) / np.sum(weights)


def ground_motion(model: str, measure: str, rupture: Rupture, where: Distances, vs30: np.ndarray, region: str = "global") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ln of the median in SI, and its between-event and within-event standard deviations, each (site,).

    region    global or china for the anelastic terms; east, moderate, xinjiang or tibet for GB18306
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
    else:
        cy14.evaluate(cy14.TABLE[measure], m, r.mechanism, china, r.dip, r.top, where.rrup, where.rjb, where.rx, vs30, mean, between, within)
    mean += np.log(0.01 if measure == "pgv" else G)
    return mean, between, within
