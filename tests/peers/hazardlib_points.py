"""Makes tests/hazards/quake/gmm_2008_points.csv: medians and standard deviations of two ground motion models of 2008 by OpenQuake's hazardlib.

Run with the interpreter of an environment that has openquake.engine 3.26.2 (AGPL, used as a program only): `python tests/peers/hazardlib_points.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from openquake.hazardlib.gsim import get_available_gsims
from openquake.hazardlib.imt import from_string

OUT = Path(__file__).parents[1] / "hazards" / "quake" / "gmm_2008_points.csv"
MODELS = {"BA08": "BooreAtkinson2008", "CY08": "ChiouYoungs2008"}
IMTS = {"pga": "PGA", "pgv": "PGV", "sa03": "SA(0.3)", "sa10": "SA(1.0)"}
RAKES = {"strike_slip": 0.0, "normal": -90.0, "reverse": 90.0}


def scenarios(count: int) -> list[dict[str, float | str]]:
    """Ruptures and sites on either side of them, near and far; depth to 1 km/s [m], Vs30 measured or not."""
    rng, out = np.random.default_rng(8), []
    for _ in range(count):
        style = str(rng.choice(list(RAKES)))
        magnitude, dip = round(rng.uniform(4.8, 8.0), 2), 90.0 if style == "strike_slip" else round(rng.uniform(30.0, 75.0), 1)
        top, width = round(rng.uniform(0.0, 20.0), 2), round(rng.uniform(5.0, 40.0), 2)
        x, off = rng.uniform(-1.0, 1.0) * 10 ** rng.uniform(0.3, 2.2), rng.uniform(0.0, 10.0)
        reach = width * np.cos(np.radians(dip))
        t = np.clip(x * np.cos(np.radians(dip)) - top * np.sin(np.radians(dip)), 0.0, width)
        rrup = np.hypot(np.hypot(x - t * np.cos(np.radians(dip)), top + t * np.sin(np.radians(dip))), off)
        rjb = np.hypot(max(-x, x - reach, 0.0), off)
        out.append({"magnitude": magnitude, "style": style, "dip": dip, "top": top, "width": width, "rrup": round(rrup, 3), "rjb": round(rjb, 3), "rx": round(x, 3),
                    "vs30": round(float(10 ** rng.uniform(np.log10(150.0), np.log10(1500.0))), 1), "z1": round(float(10 ** rng.uniform(0.5, 3.0)), 1),
                    "measured": int(rng.random() < 0.5)})  # fmt: skip
    return out


def main() -> None:
    rows, every = [], get_available_gsims()
    given = scenarios(80)
    for name, theirs in MODELS.items():
        gsim = every[theirs]()
        context = _context(given)
        shape = (1, len(IMTS), len(given))
        mean, total, tau, phi = (np.zeros(shape) for _ in range(4))
        gsim.compute(context, [from_string(i) for i in IMTS.values()], mean[0], total[0], tau[0], phi[0])
        for at, one in enumerate(given):
            row = {"model": name, **one}
            for m, measure in enumerate(IMTS):
                row[measure] = f"{np.exp(mean[0, m, at]):.8g}"
                row[f"{measure}_tau"], row[f"{measure}_phi"] = f"{tau[0, m, at]:.7g}", f"{phi[0, m, at]:.7g}"
            rows.append(row)
    with open(OUT, "w", newline="", encoding="utf-8") as handle:
        handle.write("# openquake.engine 3.26.2, made by tests/peers/hazardlib_points.py; PGA and SA in g, PGV in cm/s; distances, depths and widths in km, z1 in m\n")
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _context(given: list[dict[str, float | str]]) -> np.recarray:
    names = {"mag": "magnitude", "dip": "dip", "ztor": "top", "width": "width", "rrup": "rrup", "rjb": "rjb", "rx": "rx", "vs30": "vs30", "z1pt0": "z1"}
    out = np.recarray(len(given), [(n, float) for n in names] + [("rake", float), ("vs30measured", bool)])
    for theirs, ours in names.items():
        out[theirs] = [row[ours] for row in given]
    out["rake"], out["vs30measured"] = [RAKES[str(row["style"])] for row in given], [bool(row["measured"]) for row in given]
    return out


if __name__ == "__main__":
    main()
