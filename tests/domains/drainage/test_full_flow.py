"""Full-flow capacities against SWMM's own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import swmm_oracle
from holdfast.domains.drainage.full_flow import capacity, section

SHAPES = {"CIRCULAR": (1.2, 0.0), "EGG": (1.5, 0.0), "HORSESHOE": (1.5, 0.0), "GOTHIC": (1.5, 0.0), "CATENARY": (1.5, 0.0), "SEMIELLIPTICAL": (1.5, 0.0),
          "BASKETHANDLE": (1.5, 0.0), "SEMICIRCULAR": (1.5, 0.0), "RECT_CLOSED": (1.0, 1.6), "RECT_OPEN": (1.0, 1.6),
          "TRAPEZOIDAL": (1.0, 1.6), "TRIANGULAR": (1.0, 1.6)}  # fmt: skip


@pytest.fixture(scope="module")
def by_the_engine(tmp_path_factory) -> dict[str, tuple[float, float, float]]:
    """Full area [m2], hydraulic radius [m] and flow [m3/s] of a conduit of each shape, 100 m, fall 1 m, n 0.013, from SWMM's report."""
    lines = ["[OPTIONS]", "FLOW_UNITS CMS", "FLOW_ROUTING DYNWAVE", "START_DATE 01/01/2025", "END_DATE 01/01/2025", "END_TIME 00:10:00", "[REPORT]", "INPUT YES", "[JUNCTIONS]",
             *(f"J{s} 11 9" for s in SHAPES), "[OUTFALLS]", *(f"O{s} 10 FREE NO" for s in SHAPES), "[CONDUITS]", *(f"{s} J{s} O{s} 100 0.013 0 0" for s in SHAPES),
             "[XSECTIONS]", *(f"{s} {s} {h} {w} {'1.5 0.5' if s == 'TRAPEZOIDAL' else '0 0'}" for s, (h, w) in SHAPES.items())]  # fmt: skip
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "m.inp").write_text("\n".join(lines) + "\n")
    swmm_oracle.run(folder / "m.inp", folder)
    rows = [line.split() for line in (folder / "m.rpt").read_text().partition("Cross Section Summary")[2].partition("Analysis Options")[0].splitlines()]
    return {row[0]: (float(row[3]), float(row[4]), float(row[7])) for row in rows if len(row) == 8 and row[0] in SHAPES}


def test_sections_and_full_flows_are_those_of_swmm(by_the_engine):
    names = list(SHAPES)
    height, width = (np.array([SHAPES[n][i] for n in names]) for i in (0, 1))
    further = ["[1.5, 0.5]" if n == "TRAPEZOIDAL" else None for n in names]
    area, radius = section(np.array(names), height, width, further)
    table = pa.table({"manning_n": [0.013] * len(names), "length": [100.0] * len(names), "shape_length": [1.0] * len(names), "material": [None] * len(names),
                      "shape": names, "diameter": height, "width": width, "section_parameters": further, "barrels": pa.nulls(len(names), pa.int64())})  # fmt: skip
    flow, speed = capacity(table, np.ones(len(names)), {}, 0.015, 1e-4)
    for i, name in enumerate(names):
        theirs = by_the_engine[name]
        assert (area[i], radius[i]) == pytest.approx(theirs[:2], abs=0.0051 + 0.002 * theirs[0]), name  # the report gives two decimals
        assert flow[i] == pytest.approx(theirs[2], rel=0.01), name
        assert speed[i] == pytest.approx(flow[i] / area[i])


def test_what_is_unknown_gives_no_number_and_flat_sewers_get_the_least_slope():
    table = pa.table({"manning_n": pa.array([None, 0.013, 0.013, 0.013]), "length": [100.0, 100.0, None, 0.0], "shape_length": [100.0, 100.0, 50.0, None],
                      "material": ["PE", None, None, None], "shape": [None, "IRREGULAR", "CIRCULAR", "CIRCULAR"], "diameter": [0.5, 1.0, 0.5, 0.5],
                      "width": pa.array([None] * 4, pa.float64()), "section_parameters": pa.nulls(4, pa.string()), "barrels": [2, 1, None, None]})  # fmt: skip
    flow, _ = capacity(table, np.array([1.0, 1.0, 0.5, -3.0]), {"PE": 0.01}, 0.013, 0.001)
    one = np.pi / 4 * 0.25 * 0.125 ** (2 / 3)
    assert flow[0] == pytest.approx(2 * one * 0.1 / 0.010) and np.isnan(flow[1]) and flow[2] == pytest.approx(one * 0.1 / 0.013)
    assert flow[3] == pytest.approx(one * np.sqrt(0.001) / 0.013)
