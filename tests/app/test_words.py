"""Words of reports in both languages."""

from __future__ import annotations

from holdfast.app.words import WORDS, chinese, english


def test_columns_of_hours_and_services_are_put_together():
    assert (english("h0.5", {}), chinese("h0.5", {})) == ("after 0.5 h", "0.5小时后")
    assert chinese("hours_without_gas", {}) == "失去小时数，燃气" and chinese("hours_without_tea", {}) == ""
    assert (english("done_hour", {}), chinese("done_hour", {})) == ("done hour", "修复用时[时]")


def test_titles_that_are_given_come_first_and_unknown_words_stay():
    assert english("water", {"water": "Supply"}) == "Supply" and chinese("water", {"water": "水"}) == "水"
    assert english("some_thing", {}) == "some thing" and chinese("some_thing", {}) == ""


def test_a_name_that_ends_in_a_unit_has_it_in_brackets():
    assert (english("demand_lost_m3s", {}), chinese("demand_lost_m3s", {})) == ("demand lost [m³/s]", "损失用水[m³/s]")
    assert (english("some_thing_kwh", {}), chinese("some_thing_kwh", {})) == ("some thing [kWh]", "")
    assert (english("return_period", {}), english("level_m", {"level_m": "Level"})) == ("return period", "Level")


def test_every_word_has_chinese_or_is_a_number():
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) or text.rstrip("%").isdigit() for text in WORDS.values())
