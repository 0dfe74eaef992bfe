"""Reports: complete without the network, plots drawn from their tables, nothing unescaped."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest

from holdfast.app.figures import figures, svg
from holdfast.app.report import as_html, as_json, write
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid

CURVE = pa.table({"hour": [0.0, 1.0, 2.0] * 2, "people": [5.0, 3.0, 0.0, 9.0, 2.0, 1.0], "p05": [4.0, 2.0, 0.0, 8.0, 1.0, 0.0], "p95": [6.0, 4.0, 1.0, 9.5, 3.0, 2.0],
                  "service": ["water"] * 3 + ["gas"] * 3})
LINE = Plot("People without service", "失去服务的人数", "curve", "hour", ("people",), "step", (("p05", "p95"),), by="service", x_label="hour", y_label="people")
ANSWER = Answer({"failed": 12, "share": 0.123456, "nothing": None, "worst": [{"id": "<b>", "hours": 1234.5}], "engines": {"water": "own"}, "names": ["a", "b"]},
                {"curve": CURVE, "empty": CURVE.slice(0, 0)}, plots=(LINE,))


def test_each_kind_of_plot_is_drawn_and_repeats_exactly():
    for kind in ("line", "step", "bar", "barh", "map"):
        plot = replace(LINE, kind=kind, by="" if kind in ("bar", "barh", "map") else "service", band=() if kind not in ("line", "step") else LINE.band,
                       colour="people" if kind == "map" else "")
        drawn = svg(plot, CURVE)
        assert drawn.startswith("<svg") and drawn == svg(plot, CURVE)


def test_lines_are_named_by_their_group():
    drawn = svg(LINE, CURVE)
    assert ">water<" in drawn and ">gas<" in drawn and ">people<" in drawn


def test_a_plot_of_an_empty_table_is_left_out():
    assert figures(replace(ANSWER, plots=(replace(LINE, table="empty"), replace(LINE, table="none")))) == []


def test_a_plot_that_names_no_column_says_so():
    with pytest.raises(Invalid, match="needs column 'depth'"):
        svg(replace(LINE, y=("depth",)), CURVE)


def test_html_holds_everything_and_asks_for_nothing():
    page = as_html("Quake", "地震", ANSWER, {"city": "Anlan", "run": "r1"})
    for text in ("Quake", "地震", "city: Anlan", "status: done", "0.1235", "1,234", "&lt;b&gt;", "a; b", "失去服务的人数", "6 rows", "<svg"):
        assert text in page, text
    assert "<b>" not in page and 'src="' not in page and "<link" not in page and "<script" not in page
    assert 'id="empty"' not in page


def test_json_has_no_nan():
    answer = Answer({"x": float("nan"), "y": [float("inf"), 1.0]}, {"t": pa.table({"a": [1, 2]})})
    body = json.loads(as_json("t", answer, {"run": "r"}))
    assert body["summary"] == {"x": None, "y": [None, 1.0]} and body["tables"]["t"] == [{"a": 1}, {"a": 2}] and body["run"] == "r"


def test_the_ending_decides(tmp_path):
    write(tmp_path / "r.html", "t", "", ANSWER, {})
    write(tmp_path / "r.json", "t", "", ANSWER, {})
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>") and json.loads((tmp_path / "r.json").read_text())["summary"]["failed"] == 12
    with pytest.raises(Invalid, match="HTML or JSON"):
        write(tmp_path / "r.pdf", "t", "", ANSWER, {})
    assert not list(tmp_path.glob("*.part"))


def test_nested_summaries_become_one_table_and_deeper_ones_are_left_to_json():
    page = as_html("t", "", Answer({"engines": {"water": {"own": 3}, "power": {"pgm": 5}}, "deep": {"a": {"b": {"c": 77123}}}, "mixed": {"n": 1, "by": {"x": 2}}}), {})
    assert page.count(">own<") == 1 and ">pgm<" in page and ">5<" in page
    assert "77,123" not in page and "in the JSON report" in page and ">2<" in page


def test_bands_of_many_groups_get_a_drawing_each():
    many = svg(LINE, CURVE)
    assert many.count('id="axes_') == 2, "one for each service"
    assert svg(replace(LINE, band=()), CURVE).count('id="axes_') == 1


def test_axes_have_whole_numbers_with_separators_and_words():
    table = pa.table({"order": ["best_found", "random"], "objective": [47_949_946.2, 128_000_000.0]})
    drawn = svg(Plot("Harm", "影响", "t", "order", ("objective",), "barh", x_label="weighted person-hours"), table)
    assert "100,000,000<" in drawn and "1e8" not in drawn and ">objective<" not in drawn and ">weighted person-hours<" in drawn


def test_a_report_speaks_both_languages_and_names_kinds():
    table = pa.table({"kind": ["water.pipe"], "service": ["road_access"], "h24": [0.25], "x": [1.0], "id": ["water.pipe:1"], "hours_without_water": [3.0]})
    page = as_html("t", "", Answer({"people": 5, "hazard": {"name": "quake"}}, {"outage": table}), {"city": "c"}, {"water.pipe": ("Water pipe", "给水管")})
    for text in ("Water pipe", "给水管", "road access", "道路通达", "after 24 h", "24小时后", "失去小时数，供水", "失去服务的概率", "城市"):
        assert text in page, text
    assert ">x<" not in page, "coordinates are for maps"
    assert page.index('id="summary"') < page.index('id="tables"') < page.index('id="details"') < page.index("quake")


def test_a_report_says_whether_the_bound_of_the_order_is_proven():
    found = {"cases": [1], "weighted_person_hours": 200.0, "lower_bound": 150.0, "likely_bound": 180.0, "bound_proven": True, "gap": 0.25}
    page = as_html("t", "", Answer({"people": 5, "restoration": found}), {})
    for text in ("(proven)", "at most 25.0 %", "(not proven)", "at most 10.0 %", "已证明", "未证明", "bound proven", "下界已证明", "likely bound"):
        assert text in page, text
    assert page.index('id="summary"') < page.index('id="bound"') < page.index('id="details"')
    assert 'id="bound"' not in as_html("t", "", Answer({"people": 5, "restoration": {"left_out": "nothing is to mend"}}), {})
