"""Makes tests/hazards/quake/gmm_points.csv: medians and standard deviations of three ground motion models by pygmm.

Run with the interpreter of an environment that has pygmm 0.8.0 (MIT) and NumPy below 2: `python tests/peers/pygmm_points.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pygmm

OUT = Path(__file__).parents[1] / "hazards" / "quake" / "gmm_points.csv"
MODELS = {"BSSA14": pygmm.BooreStewartSeyhanAtkinson2014, "CB14": pygmm.CampbellBozorgnia2014, "CY14": pygmm.ChiouYoungs2014}
CODES = {"strike_slip": "SS", "normal": "NS", "reverse": "RS"}


def scenarios(count: int) -> list[dict[str, float | str]]:
    """Ruptures and sites on either side of them, near and far."""
    rng, out = np.random.default_rng(11), []
    for _ in range(count):
        style = str(rng.choice(list(CODES)))
        magnitude, dip = round(rng.uniform(4.5, 7.9), 2), 90.0 if style == "strike_slip" else round(rng.uniform(30.0, 75.0), 1)
        top = round(rng.uniform(0.0, 8.0), 2)
        width = round(min(np.sqrt(10 ** ((magnitude - 4.07) / 0.98)), 12.0 / np.sin(np.radians(dip))), 2)
        x, off = rng.uniform(-1.0, 1.0) * 10 ** rng.uniform(0.3, 2.2), rng.uniform(0.0, 10.0)
        reach = width * np.cos(np.radians(dip))
        t = np.clip(x * np.cos(np.radians(dip)) - top * np.sin(np.radians(dip)), 0.0, width)
        rrup = np.hypot(np.hypot(x - t * np.cos(np.radians(dip)), top + t * np.sin(np.radians(dip))), off)
        rjb = np.hypot(max(-x, x - reach, 0.0), off)
        depth = round(top + 0.6 * width * np.sin(np.radians(dip)), 2)
        out.append({"magnitude": magnitude, "style": style, "dip": dip, "top": top, "width": width, "depth": depth, "rrup": round(rrup, 3), "rjb": round(rjb, 3),
                    "rx": round(x, 3), "vs30": round(float(rng.uniform(160.0, 1200.0)), 1)})  # fmt: skip
    return out


def main() -> None:
    rows = []
    for given in scenarios(80):
        for name, model in MODELS.items():
            for region in ("global", "china"):
                if region == "china" and name == "CB14":
                    continue  # pygmm 0.8.0 does not apply the term of this model for China
                found = model(pygmm.Scenario(
                    mag=given["magnitude"], mechanism=CODES[str(given["style"])], dip=given["dip"], depth_tor=given["top"], width=given["width"],
                    depth_hyp=given["depth"], dist_rup=given["rrup"], dist_jb=given["rjb"], dist_x=given["rx"], v_s30=given["vs30"],
                    on_hanging_wall=given["rx"] >= 0 and given["dip"] < 90, vs_source="inferred", region=region,
                ))  # fmt: skip
                index = [int(np.argmin(np.abs(np.asarray(model.PERIODS) - p))) for p in (0.3, 1.0)]
                values = {"pga": model.INDEX_PGA, "pgv": model.INDEX_PGV, "sa03": index[0], "sa10": index[1]}
                row = {"model": name, "region": region, **given}
                for measure, at in values.items():
                    row[measure] = f"{np.exp(found._ln_resp[at]):.7g}"
                    row[f"{measure}_sd"] = f"{found._ln_std[at]:.6g}"
                rows.append(row)
    with open(OUT, "w", newline="", encoding="utf-8") as handle:
        handle.write("# pygmm 0.8.0, made by tests/peers/pygmm_points.py; PGA and SA in g, PGV in cm/s; distances, depths and widths in km\n")
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
