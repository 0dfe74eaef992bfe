"""Survey categories as the installed kinds declare them."""

from __future__ import annotations

import pytest

from holdfast import catalog
from holdfast.io.survey_categories import Categories
from memory_city import make_catalog

SMALL = Categories(make_catalog())


def test_lines_and_points_of_each_category() -> None:
    assert {major: kind.name for major, kind in SMALL.lines.items()} == {"JS": "water.pipe", "PS": "drainage.conduit", "RQ": "gas.pipe", "DL": "power.line"}
    assert {major: kind.name for major, kind in SMALL.points.items()} == {
        "JS": "water.junction", "PS": "drainage.manhole", "RQ": "gas.junction", "DL": "power.bus",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found"),
    [("给水点表", ("JS", None)), ("JSLINE", ("JS", None)), ("js_point", ("JS", None)), ("WS-L", ("PS", "WS02")), ("雨水管线", ("PS", "YS01")), ("天然气", ("RQ", "TR03")),
     ("points", None), ("JSON", None), ("wsdata", None), ("", None)],
)  # fmt: skip
def test_categories_in_names(name: str, found: tuple[str, str | None] | None) -> None:
    assert SMALL.of_name(name) == found


@pytest.mark.parametrize(("number", "found"), [("JS12", ("JS", None)), ("ws7", ("PS", "WS02")), ("12", None), (None, None), ("XX1", None)])
def test_categories_in_numbers(number: str | None, found: tuple[str, str | None] | None) -> None:
    assert SMALL.of_number(number) == found


def test_feature_codes() -> None:
    assert SMALL.read("51011000") == ("JS", "JY01")
    assert SMALL.read("59990000") is None
    assert SMALL.read("") is None


def test_attachments_choose_the_kind_of_a_point() -> None:
    assert SMALL.point_kind("JS", "消防栓", None).name == "water.hydrant"
    assert SMALL.point_kind("JS", "水池", None).name == "water.tank"
    assert SMALL.point_kind("JS", "", "三通").name == "water.junction"
    assert SMALL.point_kind("PS", "雨水篦", None).name == "drainage.inlet"
    assert SMALL.point_kind("PS", "消防栓", None).name == "drainage.manhole"


def test_every_pipeline_domain_that_is_installed_takes_part() -> None:
    whole = Categories(catalog.load())
    assert set(whole.lines) == {"JS", "PS", "RQ", "RL", "DL", "TX"}
    assert set(whole.points) == set(whole.lines)
    assert all(kind.field("attachment") is not None for kind in whole.points.values())
