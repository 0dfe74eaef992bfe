"""Kept runs come back as they were answered, with tables, plots and a report."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from holdfast.app import report, results, simulating
from holdfast.app.running import Ran, input_digest, keep_run, run_id
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound, NotSupported
from holdfast.model.time import now
from small_catalog import make_city

TABLE = pa.table({"hour": [0.0, 1.0], "people": [3.0, 0.0]})
ANSWER = Answer({"worst": 3.0}, {"curve": TABLE}, plots=(Plot("People", "人数", "curve", "hour", ("people",), band=(("people", "people"),)),))


@pytest.fixture
def city(tmp_path):
    with make_city(tmp_path / "city") as made:
        yield made


def keep(city, name="test.simulate_thing") -> str:
    started = now()
    run = run_id(name, started)
    keep_run(city, run, name, ANSWER, arguments={"hours": 2, "seed": 4}, digest=input_digest(city), started=started, actor="test")
    return run


def test_a_run_comes_back(city):
    run = keep(city)
    found = results.kept(city, run)
    assert found.answer.tables["curve"].equals(TABLE) and found.answer.plots == ANSWER.plots and found.answer.summary == {"worst": 3.0}
    assert found.record["parameters"] == {"hours": 2, "seed": 4} and found.record["actor"] == "test"
    page = report.as_html(*results.titles_of(city, found), found.answer, results.meta(city, found.record))
    assert run in page and "人数" in page and "<svg" in page
    assert json.loads(report.as_json(results.titles_of(city, found)[0], found.answer, {}))["tables"]["curve"][0] == {"hour": 0.0, "people": 3.0}


def test_newest_first_and_by_capability(city):
    first, second = keep(city), keep(city, "test.rank_thing")
    assert [r["id"] for r in results.runs(city)] == [second, first]
    assert [r["id"] for r in results.runs(city, "test.simulate_thing")] == [first]


def test_an_unknown_run_is_said(city):
    with pytest.raises(NotFound, match="no such run"):
        results.kept(city, "nothing")


def test_simulating_what_cannot_be_simulated(city):
    with pytest.raises(NotFound, match="no network 'steam'"):
        simulating.simulate(city, "steam")
    with pytest.raises(NotSupported, match="has no simulation"):
        simulating.simulate(city, "pipework")


def test_tables_are_written_as_parquet(tmp_path):
    two = Ran("r", Answer({}, {"a": TABLE, "b": TABLE, "empty": TABLE.slice(0, 0)}))
    assert sorted(p.name for p in simulating.write_tables(two, tmp_path / "out.parquet")) == ["out.a.parquet", "out.b.parquet"]
    assert [p.name for p in simulating.write_tables(Ran("r", Answer({}, {"a": TABLE})), tmp_path / "one.parquet")] == ["one.parquet"]
    with pytest.raises(Invalid, match="Parquet"):
        simulating.write_tables(two, tmp_path / "out.csv")
