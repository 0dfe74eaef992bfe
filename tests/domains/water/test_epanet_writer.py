"""What the EPANET writer makes of cities that did not come from an EPANET file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import epanet_oracle as epanet
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.reader import read
from holdfast.domains.water.formats.writer import write
from holdfast.model import geometry
from holdfast.model.delivery import Batch, ReadRequest
from holdfast.model.errors import Invalid
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
MAPPING = Path(__file__).parents[2] / "cases" / "ky4_gis.toml"


def line_of_pipes(count: int = 3, **columns: list) -> list[Batch]:
    """A reservoir and pipes one behind the other."""
    x = np.arange(count + 1) * 100.0
    nodes = pa.table({"id": [f"water.junction:{i}" for i in range(1, count + 1)], "geometry": geometry.points(x[1:], x[1:] * 0), "elevation": [10.0] * count,
                      "demand": [0.002] * count})  # fmt: skip
    ids = ["water.reservoir:0", *nodes["id"].to_pylist()]
    course = np.stack([np.column_stack([x[:-1], x[:-1] * 0]), np.column_stack([x[1:], x[1:] * 0])], axis=1)
    pipes = {"id": [f"water.pipe:{i}" for i in range(count)], "from_id": ids[:-1], "to_id": ids[1:], "geometry": geometry.lines(course), "diameter": [0.2] * count,
             "length": [100.0] * count, **columns}  # fmt: skip
    reservoir = pa.table({"id": ["water.reservoir:0"], "geometry": geometry.points(x[:1], x[:1]), "head": [60.0]})
    return [Batch("water.junction", nodes), Batch("water.reservoir", reservoir), Batch("water.pipe", pa.table(pipes))]


def written(tmp_path, batches: list[Batch]) -> tuple[dict, epanet.Results]:
    path = tmp_path / "city.inp"
    facts = write(TableCity(CATALOG, batches), path)
    return facts, epanet.solve(path, tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "formula", "loss"),
    [  # head lost over 100 m of DN200 at 6 L/s, by the three formulas
        ("hazen_williams_c", 130.0, "H-W", 100 * 10.667 * 0.006**1.852 / (130**1.852 * 0.2**4.871)),
        ("roughness", 0.0005, "D-W", 0.02868 * 100 / 0.2 * (0.006 / (np.pi * 0.01)) ** 2 / 19.62),
        ("manning_n", 0.012, "C-M", 100 * (0.012 * 0.006 / (np.pi * 0.01 * 0.05 ** (2 / 3))) ** 2),
    ],
)
def test_the_formula_follows_the_coefficient_that_pipes_have(tmp_path, field: str, value: float, formula: str, loss: float) -> None:
    facts, found = written(tmp_path, line_of_pipes(**{field: [value] * 3}))
    assert facts["headloss"] == formula and facts["units"] == "LPS" and facts["assumed"] == {}
    assert found["flow"][0] == pytest.approx([6.0, 4.0, 2.0], rel=1e-6)
    first = found["head"][0][list(found["node"]).index("0")] - found["head"][0][list(found["node"]).index("1")]
    assert first == pytest.approx(loss, rel=0.02)


def test_missing_numbers_are_assumed_and_counted(tmp_path) -> None:
    facts, found = written(tmp_path, line_of_pipes(material=["PE", "ZT", None], diameter=[0.2, None, 0.2], length=[100.0, None, 100.0]))
    assert facts["assumed"] == {"water.pipe.length": 1, "water.pipe.hazen_williams_c": 3, "water.pipe.diameter": 1}
    assert np.isfinite(found["head"]).all()


def test_what_is_not_in_service_is_left_out(tmp_path) -> None:
    more = pa.table({"id": ["water.pipe:new", "water.pipe:loose", "water.pipe:bypass"], "from_id": ["water.junction:1"] * 3,
                     "to_id": ["water.junction:3", "water.junction:x", "water.junction:3"], "diameter": [0.1] * 3, "length": [200.0] * 3,
                     "hazen_williams_c": [130.0] * 3, "lifecycle": ["planned", "in_service", "in_service"]})  # fmt: skip
    line = line_of_pipes(hazen_williams_c=[130.0] * 3, status=["0", "0", "1"], lifecycle=["in_service"] * 3)
    facts, found = written(tmp_path, [*line, Batch("water.pipe", more)])
    assert facts["left_out"] == {"abandoned or empty": 1, "not built or retired": 1, "link without two ends": 1}
    assert sorted(found["link"]) == ["0", "1", "bypass"]


def test_a_closed_isolation_valve_closes_its_pipe(tmp_path) -> None:
    valve = pa.table({"id": ["water.isolation_valve:1"], "pipe_id": ["water.pipe:2"], "normal_status": ["CLOSED"]})
    facts, found = written(tmp_path, [*line_of_pipes(hazen_williams_c=[130.0] * 3), Batch("water.isolation_valve", valve)])
    assert facts["sections"]["PIPES"] == 3 and abs(found["flow"][0][list(found["link"]).index("2")]) < 1e-5


def test_ids_become_names_that_the_engine_takes(tmp_path) -> None:
    long = "x" * 40
    batches = line_of_pipes(hazen_williams_c=[130.0] * 3)
    renamed = {"water.junction:1": "water.junction:0", "water.junction:2": "water.junction:a b;c", "water.junction:3": f"water.junction:{long}"}
    for batch in batches:
        for column in {"id", "from_id", "to_id"} & set(batch.table.column_names):
            values = pa.array([renamed.get(v, v) for v in batch.table[column].to_pylist()])
            batch.table = batch.table.set_column(batch.table.column_names.index(column), column, values)
    _, found = written(tmp_path, batches)
    names = set(found["node"].tolist())
    assert len(names) == 4 and {"a_b_c", "0"} < names and all(len(name.encode()) <= 31 for name in names)
    assert found["flow"][0] == pytest.approx([6.0, 4.0, 2.0], rel=1e-6)


def test_refusals(tmp_path) -> None:
    with pytest.raises(Invalid, match="no water network"):
        write(TableCity(CATALOG, []), tmp_path / "a.inp")
    with pytest.raises(Invalid, match="none of these kinds"):
        write(TableCity(CATALOG, line_of_pipes()), tmp_path / "a.inp", ["water.hydrant"])
    with pytest.raises(Invalid, match="cannot be written"):
        write(TableCity(CATALOG, line_of_pipes()), tmp_path / "absent" / "a.inp")
    assert list(tmp_path.iterdir()) == []


def test_gis_layers_export_as_the_same_model(shared_data, tmp_path) -> None:
    """KY4 from its GIS layers, which carry no patterns, behaves as KY4 from its model without patterns, controls and options."""
    with create_city(str(tmp_path / "layers"), crs="EPSG:3546") as city:
        files = [shared_data(f"water/ky4_gis/ky4_{name}.geojson") for name in ("junctions", "tanks", "reservoirs", "pipes", "pumps")]
        import_files(city, files, ImportOptions(mapping=MAPPING))
        facts = write(city, tmp_path / "layers.inp")
    assert facts["left_out"] == {"reference to a pattern that the city does not have": 959} and facts["assumed"] == {}
    model = read(shared_data("water/literature/ky4.inp"), ReadRequest(CATALOG))
    kept = [batch for batch in model.batches if batch.kind not in ("water.option", "water.control", "water.pattern")]
    write(TableCity(CATALOG, kept), tmp_path / "model.inp")
    first, second = (epanet.solve(tmp_path / f"{name}.inp", tmp_path) for name in ("model", "layers"))
    first, second = ({**r, "time": r["time"][:1], "head": r["head"][:1], "flow": r["flow"][:1]} for r in (first, second))
    head, flow = epanet.deviation(first, second)
    assert head < 0.01 and flow < 1e-3
