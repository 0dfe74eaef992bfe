"""What the SWMM writer makes of cities that did not come from a SWMM file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

import swmm_oracle as swmm
from holdfast.domains.drainage.domain import DOMAIN
from holdfast.domains.drainage.formats.reader import read
from holdfast.domains.drainage.formats.writer import write
from holdfast.model import geometry
from holdfast.model.delivery import Batch, ReadRequest
from holdfast.model.errors import Invalid
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)


def surveyed(**columns: list) -> list[Batch]:
    """Two manholes and an outfall as a survey gives them: ground levels, depths, pipe levels; no model attributes."""
    nodes = pa.table({"id": ["drainage.manhole:A", "drainage.manhole:B"], "geometry": geometry.points(np.array([0.0, 60.0]), np.zeros(2)),
                      "ground_elevation": [20.0, 19.8], "depth": [2.0, 2.1], "dry_weather_flow": [0.05, 0.02]})  # fmt: skip
    end = pa.table({"id": ["drainage.outfall:O"], "geometry": geometry.points(np.array([120.0]), np.zeros(1)), "ground_elevation": [19.5], "depth": [2.2]})
    course = np.array([[[0.0, 0.0], [60.0, 0.0]], [[60.0, 0.0], [120.0, 0.0]]])
    pipes = pa.table({"id": ["drainage.conduit:1", "drainage.conduit:2"], "from_id": ["drainage.manhole:A", "drainage.manhole:B"],
                      "to_id": ["drainage.manhole:B", "drainage.outfall:O"], "geometry": geometry.lines(course), "diameter": [0.4, 0.4], "length": [60.0, 60.0],
                      "from_elevation": [18.05, 17.7], "to_elevation": [17.75, 17.3], "material": ["T", "PE"], **columns})  # fmt: skip
    return [Batch("drainage.manhole", nodes), Batch("drainage.outfall", end), Batch("drainage.conduit", pipes)]


def test_a_surveyed_network_runs(tmp_path) -> None:
    facts = write(TableCity(CATALOG, surveyed()), tmp_path / "city.inp")
    assert facts["units"] == "LPS" and facts["left_out"] == {}
    assert facts["assumed"] == {"drainage.manhole.elevation": 2, "drainage.outfall.elevation": 1, "drainage.conduit.manning_n": 2}
    text = (tmp_path / "city.inp").read_text().splitlines()
    first = next(line.split() for line in text if line.startswith("1 A B"))
    assert [float(v) for v in first[3:7]] == pytest.approx([60, 0.013, 0.05, 0.05])
    found = swmm.run(tmp_path / "city.inp", tmp_path)
    assert found["flow"][-1] == pytest.approx([50.0, 70.0], rel=0.01) and abs(found["balance"][1]) < 2


def test_a_box_section_and_a_gate(tmp_path) -> None:
    gate = pa.table({"id": ["drainage.gate:G"], "from_id": ["drainage.manhole:B"], "to_id": ["drainage.outfall:P"], "type": ["FLAP"], "width": [1.0],
                     "height": [0.8], "from_offset": [0.1], "opening": [0.5], "geometry": geometry.lines(np.array([[[60.0, 0.0], [60.0, 5.0]]]))})  # fmt: skip
    end = pa.table({"id": ["drainage.outfall:P"], "elevation": [17.0], "type": ["FIXED"], "stage": [17.2]})
    batches = [*surveyed(width=[None, 0.6]), Batch("drainage.gate", gate), Batch("drainage.outfall", end)]
    write(TableCity(CATALOG, batches), tmp_path / "city.inp")
    rows = TableCity(CATALOG, read(tmp_path / "city.inp", ReadRequest(CATALOG)).batches)
    assert rows.rows("drainage.conduit")["2"]["shape"] == "RECT_CLOSED" and rows.rows("drainage.conduit")["1"]["shape"] == "CIRCULAR"
    orifice = rows.rows("drainage.orifice")["G"]
    assert orifice["flap_gate"] is True and orifice["discharge_coefficient"] == pytest.approx(0.325) and orifice["diameter"] == 0.8 and orifice["width"] == 1.0
    assert swmm.run(tmp_path / "city.inp", tmp_path)["flow"].shape[1] == 3


def test_subcatchments_without_rain_stay_dry(tmp_path) -> None:
    area = pa.table({"id": ["drainage.subcatchment:S"], "area": [10_000.0], "impervious_share": [0.6], "width": [100.0], "slope": [0.01], "outlet": ["drainage.manhole:A"],
                     "geometry": geometry.encode([shapely.multipolygons([shapely.box(0, 0, 100, 100), shapely.box(200, 0, 210, 10)])])})  # fmt: skip
    facts = write(TableCity(CATALOG, [*surveyed(), Batch("drainage.subcatchment", area)]), tmp_path / "city.inp")
    assert facts["assumed"]["drainage.subcatchment.rain_gauge"] == 1 and facts["assumed"]["drainage.subcatchment.infiltration_parameters"] == 1
    assert facts["left_out"] == {"further parts of a subcatchment outline": 1}
    assert swmm.run(tmp_path / "city.inp", tmp_path)["runoff"].max() == 0


def test_refusals(tmp_path) -> None:
    with pytest.raises(Invalid, match="no drainage network"):
        write(TableCity(CATALOG, []), tmp_path / "a.inp")
    with pytest.raises(Invalid, match="none of these kinds"):
        write(TableCity(CATALOG, surveyed()), tmp_path / "a.inp", ["drainage.river"])
    with pytest.raises(Invalid, match="cannot be written"):
        write(TableCity(CATALOG, surveyed()), tmp_path / "absent" / "a.inp")
    assert list(tmp_path.iterdir()) == []
