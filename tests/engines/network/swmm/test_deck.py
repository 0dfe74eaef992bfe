"""Case files: what is changed, and that nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from holdfast.engines.network.swmm.changes import Changes, Series
from holdfast.engines.network.swmm.deck import Deck, even
from holdfast.engines.network.swmm.lines import held_open, join, split
from holdfast.model.errors import Invalid, NotFound
from swmm_models import SMALL


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    (tmp_path / "small.inp").write_text(SMALL, encoding="utf-8")
    return Deck.read(tmp_path / "small.inp")


def line(text: str, name: str, section: str) -> list[str]:
    found = [words for words in Deck(Path(), parsed(text)).lines(section) if words[0] == name]
    assert len(found) == 1
    return found[0]


def parsed(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    out: list[tuple[str, list[str]]] = []
    for row in text.splitlines():
        if row.startswith("["):
            out.append((row.strip("[]"), []))
        elif out:
            out[-1][1].append(row)
    return tuple((name, tuple(rows)) for name, rows in out)


def test_without_changes_only_options_reports_and_saved_files_differ(deck: Deck):
    kept = {name: rows for name, rows in parsed(deck.text(Changes())) if name not in ("OPTIONS", "REPORT", "FILES")}
    for name, rows in deck.sections:
        if name not in ("OPTIONS", "REPORT", "FILES"):
            assert [r for r in kept[name] if r.strip()] == [r for r in rows if r.strip()], name
    assert "elsewhere" not in deck.text(Changes()) and "NODES ALL" in deck.text(Changes()) and "NODES NONE" not in deck.text(Changes())
    assert "THREADS 1" in deck.text(Changes())


def test_rain_reaches_every_gauge_in_the_units_of_the_file(deck: Deck):
    text = deck.text(Changes(rain=Series(np.array([0.0, 0.25, 0.5]), np.array([50e-3 / 3600, 36e-3 / 3600, 0.0]))))
    assert line(text, "G1", "RAINGAGE") == ["G1", "INTENSITY", "00:15:00", "1.0", "TIMESERIES", "HOLDFAST-RAIN"]
    assert [w for w in Deck(Path(), parsed(text)).lines("TIMESERIES") if w[0] == "HOLDFAST-RAIN"] == [
        ["HOLDFAST-RAIN", "0", "50"], ["HOLDFAST-RAIN", "0.25", "36"], ["HOLDFAST-RAIN", "0.5", "0"],
    ]  # fmt: skip
    assert "[EVENTS]" not in text


def test_links_out_of_service_carry_nothing_and_keep_their_names(deck: Deck):
    text = deck.text(Changes(out=("p1", "GATE", "Crest", "Pipe", "Main")))
    assert line(text, "P1", "PUMP")[3] == "HOLDFAST-STILL" and "HOLDFAST-STILL PUMP4 0 0" in text
    assert line(text, "Gate", "ORIFICE")[5] == "0" and line(text, "Crest", "WEIR")[5] == "0"
    assert line(text, "Pipe", "OUTLET")[4:] == ["FUNCTIONAL/DEPTH", "0", "1"]
    assert line(text, "Main", "CONDUIT") == ["Main", "High", "River", "200", "0.013", "0", "0", "0", "0.001"]
    assert line(text, "Side", "CONDUIT")[3] == "100"


def test_limits_stages_and_times(deck: Deck):
    tide = Series(np.array([0.0, 1.0]), np.array([8.0, 11.0]))
    text = deck.text(Changes(flow_limit={"side": 0.05}, stage={"River": 9.25, "Sea": tide}, hours=30.5, report_step=60))
    assert line(text, "Side", "CONDUIT")[-1] == "50"
    assert line(text, "River", "OUTFALL") == ["River", "8", "FIXED", "9.25", "NO"]
    assert line(text, "Sea", "OUTFALL") == ["Sea", "8", "TIMESERIES", "HOLDFAST-STAGE-Sea", "YES"]
    options = Deck(Path(), parsed(text)).options
    assert (options["END_DATE"], options["END_TIME"], options["REPORT_STEP"]) == ("06/02/2025", "06:30:00", "00:01:00")


def test_rules_no_longer_close_what_is_forced_open(deck: Deck):
    text = deck.text(Changes(forced_open=("P1", "Gate")))
    rule = next(rows for name, rows in parsed(text) if name == "CONTROLS")
    assert "AND ORIFICE Gate SETTING >= 0" in rule  # a condition stays
    assert {"THEN PUMP P1 STATUS = ON", "AND ORIFICE Gate SETTING = 1.0", "ELSE PUMP P1 STATUS = ON"} <= set(rule)
    assert line(text, "P1", "PUMP")[4:] == ["ON"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("THEN CONDUIT C1 STATUS = CLOSED", "THEN CONDUIT C1 STATUS = OPEN"), ("ELSE WEIR c1 SETTING = PID 0.1 0 0", "ELSE WEIR c1 SETTING = 1.0"),
        ("THEN PUMP P9 STATUS = OFF", "THEN PUMP P9 STATUS = OFF"), ("PRIORITY 5", "PRIORITY 5"), ("AND ORIFICE C1 SETTING < 1", "AND ORIFICE C1 SETTING < 1"),
    ],
)  # fmt: skip
def test_an_action_is_held_open(before: str, after: str):
    assert held_open(before, {"c1"}) == after


def test_files_beside_the_model_are_found_and_others_are_not(tmp_path: Path):
    (tmp_path / "rain.dat").write_text("x")
    (tmp_path / "m.inp").write_text('[RAINGAGES]\nG INTENSITY 1:00 1 FILE "rain.dat" S MM\n[TIMESERIES]\na FILE ../secret.dat\n[FILES]\nUSE RAINFALL /etc/hostname\n'
                                    "[LID_USAGE]\nS L 1 1 1 0 0 0 /tmp/else/where.txt\n")  # fmt: skip
    deck = Deck.read(tmp_path / "m.inp")
    assert deck.files() == ["rain.dat"] and deck.unit == "CFS"
    assert line(deck.text(Changes()), "S", "LID_USAGE")[8] == "where.txt"
    assert "[OPTIONS]" in deck.text(Changes()) and "[REPORT]" in deck.text(Changes())


def test_words_keep_quoted_blanks():
    assert split('"S 1" a "" ;c "d"') == ["S 1", "a", ""] and join(["S 1", "a", ""]) == '"S 1" a ""'


def test_what_is_not_there_is_named(deck: Deck, tmp_path: Path):
    with pytest.raises(NotFound, match="no link 'P7'"):
        deck.text(Changes(out=("P7",)))
    with pytest.raises(NotFound, match="no outfall 'Well'"):
        deck.check(Changes(stage={"Well": 1.0}))
    with pytest.raises(NotFound, match="no file"):
        Deck.read(tmp_path / "none.inp")
    (tmp_path / "empty.inp").write_text("hello")
    with pytest.raises(Invalid, match="no sections"):
        Deck.read(tmp_path / "empty.inp")
    (tmp_path / "dates.inp").write_text("[OPTIONS]\nSTART_DATE tomorrow\n")
    with pytest.raises(Invalid, match="no date"):
        Deck.read(tmp_path / "dates.inp").text(Changes(hours=1))


def test_uneven_rain_keeps_its_depth_in_even_steps():
    step, rates = even(Series(np.array([0.0, 0.1, 0.35, 1.0]), np.array([3.0, 1.0, 2.0, 0.0])))
    assert step == 360.0 and rates[-1] == 0.0
    assert rates.sum() * step == pytest.approx((3 * 0.1 + 0.25 + 2 * 0.65) * 3600)
    assert even(Series(np.array([0.0]), np.array([1.0])))[1].tolist() == [1.0]
    with pytest.raises(Invalid, match="rising"):
        even(Series(np.array([0.0, 0.0]), np.array([1.0, 1.0])))
    with pytest.raises(Invalid, match="zero or more"):
        even(Series(np.array([0.0, 1.0]), np.array([1.0, -1.0])))
