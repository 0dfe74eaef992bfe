"""Guesses of layers, columns and units."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.io import guess
from holdfast.io.peek import Peek
from holdfast.model import geometry
from holdfast.model.quantity import quantity
from memory_city import make_catalog

CATALOG = make_catalog()


def lines(count: int, step: float = 10.0) -> pa.Array:
    return geometry.lines(np.array([[[i * step, 0.0], [i * step + step, 0.0]] for i in range(count)]))


def layer(name: str, columns: dict[str, object], *, crs: str | None = "EPSG:4547", shape: str = "line") -> guess.LayerGuess:
    count = len(next(iter(columns.values())))  # type: ignore[arg-type]
    table = pa.table(columns)
    if shape == "line":
        table = table.append_column("geometry", lines(count))
    elif shape == "point":
        table = table.append_column("geometry", geometry.points(np.arange(count) * 1.0, np.zeros(count)))
    return guess.guess_layer(Peek(name, table, crs), CATALOG)


def columns(found: guess.LayerGuess) -> dict[str, tuple[str, str | None]]:
    return {c.target: (c.heading, c.unit) for c in found.columns}


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [("water_pipe", "line", "water.pipe"), ("JSLINE", "line", "water.pipe"), ("JSPOINT", "point", "water.junction"), ("给水管线", "line", "water.pipe"),
     ("污水管网", "line", "drainage.conduit"), ("雨水口2024", "point", "drainage.inlet"), ("WaterMains_v3", "line", "water.pipe"), ("gas_main", "line", "gas.pipe"),
     ("manholes", "point", "drainage.manhole"), ("hydranten", "point", "water.hydrant"), ("10kV feeder", "line", "power.line")],
)  # fmt: skip
def test_kinds_by_name_and_shape(name: str, shape: str, kind: str) -> None:
    found = layer(name, {"OBJECTID": [1, 2]}, shape=shape)
    assert found.kind == kind
    assert found.confidence > 0.5


def test_a_layer_that_is_nothing_is_left_out() -> None:
    found = layer("gossip", {"words": ["a", "b"]}, shape="point")
    assert found.kind is None
    assert found.rest == ["words"]


def test_shape_decides_between_namesakes() -> None:
    assert layer("给水", {"a": [1]}, shape="line").kind == "water.pipe"
    assert layer("给水", {"a": [1]}, shape="point").kind == "water.junction"


def test_chinese_columns_units_and_codes() -> None:
    found = layer("给水管线", {
        "管线编号": ["a", "b", "c"], "起点号": ["1", "2", "3"], "终点号": ["2", "3", "4"], "管径": [100, 300, 600], "材质": ["铸铁", "PE", "木头"],
        "起点埋深": [1.2, 1.3, 1.1], "建设年代": ["1998", "2005", "2011"], "权属单位": ["W", "W", "W"], "乱": [1, 2, 3],
    })  # fmt: skip
    assert columns(found) == {
        "id": ("管线编号", None), "from_id": ("起点号", None), "to_id": ("终点号", None), "diameter": ("管径", "mm"), "material": ("材质", None),
        "from_depth": ("起点埋深", None), "build_date": ("建设年代", None), "owner": ("权属单位", None),
    }  # fmt: skip
    assert next(c for c in found.columns if c.target == "material").unmatched == ("木头",)
    assert next(c for c in found.columns if c.target == "from_id").kind == "water.junction"
    assert found.rest == ["乱"]
    assert all(0.5 < c.confidence <= 1 for c in found.columns)


@pytest.mark.parametrize(
    ("values", "crs", "unit"),
    [([100, 300, 600], "EPSG:4547", "mm"), ([0.1, 0.3, 0.6], "EPSG:4547", None), ([6, 8, 12, 24], "EPSG:2229", "in"), ([4, 6, 8, 12], None, "in"), ([80, 100, 2000], None, "mm")],
)
def test_units_of_diameters(values: list[float], crs: str | None, unit: str | None) -> None:
    assert columns(layer("water_pipe", {"DIAM": values}, crs=crs))["diameter"] == ("DIAM", unit)


@pytest.mark.parametrize(("heading", "unit"), [("DIAM (mm)", "mm"), ("diameter [cm]", "cm"), ("dia_in", "in"), ("管径（毫米）", "mm")])
def test_units_in_the_heading_go_first(heading: str, unit: str) -> None:
    assert columns(layer("water_pipe", {heading: [1.0, 2.0, 3.0]}))["diameter"] == (heading, unit)


@pytest.mark.parametrize(("factor", "unit"), [(1.0, None), (0.001, "km"), (1 / 0.3048, "ft")])
def test_lengths_are_compared_with_the_shapes(factor: float, unit: str | None) -> None:
    found = layer("water_pipe", {"LEN": [10.0 * factor] * 5})
    assert columns(found)["length"] == ("LEN", unit)
    assert "shapes" in next(c for c in found.columns if c.target == "length").unit_reason


def test_lengths_in_metres_of_shapes_in_feet() -> None:
    assert columns(layer("water_pipe", {"LEN": [10.0 * 1200 / 3937] * 5}, crs="EPSG:2229"))["length"] == ("LEN", None)


@pytest.mark.parametrize(
    ("name", "numbers", "unit"),
    [("voltage", [10, 20, 110], "kV"), ("voltage", [400, 10_000], "V"), ("pressure", [3.4, 5.8, 8.2], "bar"), ("pressure", [300, 500], "kPa"), ("discharge", [0.001, 0.2], "m3/s"),
     ("depth", [0.7, 1.5], "m"), ("depth", [70, 150], "cm"), ("roughness", [0.1, 1.5], "mm"), ("length", [0, 0], "m")],
)  # fmt: skip
def test_units_by_plausible_values(name: str, numbers: list[float], unit: str) -> None:
    measured = quantity(name)
    assert guess.guess_unit(measured, np.array(numbers, float), measured.span, False)[0] == unit


def test_one_heading_serves_the_field_its_values_fit() -> None:
    assert columns(layer("water_pipe", {"roughness": [120, 130, 140]})) == {"hazen_williams_c": ("roughness", None)}


def test_names_that_are_all_different_are_ids() -> None:
    found = columns(layer("water_pipe", {"name": ["P-1", "P-2"], "diameter": [0.1, 0.2]}))
    assert found["id"] == ("name", None)
    assert "name" not in found
    assert columns(layer("water_pipe", {"name": ["P", "P"]}))["name"] == ("name", None)


def test_an_id_that_repeats_is_none() -> None:
    found = layer("water_pipe", {"ID": [1, 1, 1, 2]})
    assert "id" not in columns(found)
    assert found.ignore == ["ID"]


def test_text_is_no_number_and_measurements_are_no_codes() -> None:
    assert "diameter" not in columns(layer("water_pipe", {"diameter": ["wide", "narrow", "x"]}))
    many = list(np.linspace(1, 2, 100))
    assert "material" not in columns(layer("water_pipe", {"material": many}))


@pytest.mark.parametrize(
    ("target", "heading", "least"),
    [("diameter", "diameter", 1.0), ("diameter", "管径(mm)", 0.9), ("diameter", "PIPESIZE", 0.7), ("diameter", "nenndurchmesser", 0.6), ("owner", "colour", 0.0)],
)
def test_headings_are_scored(target: str, heading: str, least: float) -> None:
    score = guess.heading_score(target, ("", "管径") if target == "diameter" else (), heading)
    assert score >= least
    assert (score == 0) == (least == 0)
