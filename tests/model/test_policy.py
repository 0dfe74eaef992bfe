"""The clause list is complete, unique and the same as the reference beside the checkout."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from conftest import SHARED
from holdfast.model.policy import CLAUSE_IDS, CLAUSES, SECTIONS


def test_ids_are_unique_ordered_and_in_their_section():
    assert [i for i, n in Counter(c.id for c in CLAUSES).items() if n > 1] == []
    assert len(CLAUSE_IDS) == len(CLAUSES) == 74
    for number in SECTIONS:
        letters = [c.id.removeprefix(str(number)) for c in CLAUSES if c.section == number]
        assert letters == [chr(ord("a") + i) for i in range(len(letters))], number


def test_every_clause_has_a_title_in_both_languages():
    for clause in CLAUSES:
        assert clause.title.isascii() and len(clause.title) > 2
        assert re.search(r"[\u4e00-\u9fff]", clause.title_zh), clause


@pytest.mark.clause("12b")
def test_clause_ids_are_those_of_the_reference():
    reference = SHARED.parent / "reference" / "policy_clauses.md"
    if not reference.exists():
        pytest.skip("the reference list of clauses is not beside this checkout")
    listed = re.findall(r"^- \*\*(\w+)\*\*", reference.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) > 70
    assert [c.id for c in CLAUSES] == listed
