"""The policy trace finds what serves a clause, what proves it, and what nothing serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.app.policy import clause_tests, find_tests_dir, open_clauses, policy_trace
from holdfast.model.policy import CLAUSE_IDS
from holdfast.model.spec import Capability, Catalog, Domain, Hazard, Indicator, Rule, Source

SOURCE = Source("own", mark="proposal")


def sample_catalog() -> Catalog:
    """One of each that can serve a clause."""
    capability = Capability("demo.rank_pipes", "Rank pipes", "排序", print, ("1b", "1k"))
    rule = Rule("demo.low", "Low", "低", "demo.pipe", print, ("warning",), (), SOURCE, ("1n",))
    indicator = Indicator("demo.share", "Share", "占比", print, "ratio", 1, SOURCE, ("8e",))
    hazard = Hazard("flood", "Flood", "洪水", (("depth", "m"),), print, SOURCE, ("1q",))
    domain = Domain("demo", "Demo", "示例", rules=(rule,), indicators=(indicator,), capabilities=(capability,))
    return Catalog(domains=(domain,), hazards=(hazard,), capabilities={capability.name: capability})


def write_tests(folder: Path) -> Path:
    (folder / "app").mkdir()
    (folder / "app" / "test_x.py").write_text(
        "import pytest\npytestmark = [pytest.mark.slow, pytest.mark.clause('9a')]\n"
        "@pytest.mark.clause('1b', '1a')\ndef test_one(): ...\n"
        "@pytest.mark.clause('1a')\nclass TestTwo:\n    @pytest.mark.clause('1c')\n    def test_in(self): ...\n"
        "def test_unmarked(): ...\n",
        encoding="utf-8",
    )
    return folder


def test_marks_are_found_on_functions_classes_methods_and_modules(tmp_path):
    assert clause_tests(write_tests(tmp_path)) == {
        "9a": ["app/test_x.py"],
        "1b": ["app/test_x.py::test_one"],
        "1a": ["app/test_x.py::test_one", "app/test_x.py::TestTwo"],
        "1c": ["app/test_x.py::test_in"],
    }


@pytest.mark.clause("12b")
def test_trace_names_what_serves_and_what_proves(tmp_path):
    trace = {entry.clause.id: entry for entry in policy_trace(sample_catalog(), write_tests(tmp_path))}
    assert set(trace) == CLAUSE_IDS
    assert trace["1b"].capabilities == ("demo.rank_pipes",) and trace["1b"].state == "proven"
    assert trace["1k"].tests == () and trace["1k"].state == "served"
    assert trace["1n"].rules == ("demo.low",) and trace["8e"].indicators == ("demo.share",) and trace["1q"].hazards == ("flood",)
    assert trace["10a"].state == "open" and not trace["10a"].served
    row = trace["1b"].as_json()
    assert row["clause"] == "1b" and row["state"] == "proven" and row["section_title"] == "Smart municipal infrastructure" and row["tests"] == ["app/test_x.py::test_one"]


def test_clauses_that_nothing_serves_are_listed(tmp_path):
    missing = {clause.id for clause in open_clauses(policy_trace(sample_catalog(), tmp_path))}
    assert "10a" in missing and not missing & {"1b", "1k", "1n", "8e", "1q"}
    assert len(missing) == len(CLAUSE_IDS) - 5


def test_every_mark_in_this_test_suite_names_a_clause_that_exists():
    folder = find_tests_dir()
    assert folder is not None
    unknown = {clause: tests for clause, tests in clause_tests(folder).items() if clause not in CLAUSE_IDS and "app/test_policy.py" not in str(tests)}
    assert unknown == {}
