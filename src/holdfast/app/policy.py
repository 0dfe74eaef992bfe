"""The policy trace: clause -> what serves it in this installation -> the tests that prove it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.model.policy import CLAUSES, SECTIONS, Clause
from holdfast.model.spec import Catalog


@dataclass(frozen=True, slots=True)
class ClauseTrace:
    """One clause with the names of what serves it and the tests marked with it (`file::test`)."""

    clause: Clause
    capabilities: tuple[str, ...]
    rules: tuple[str, ...]
    indicators: tuple[str, ...]
    hazards: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def served(self) -> bool:
        """True when a capability, rule, indicator or hazard names the clause."""
        return bool(self.capabilities or self.rules or self.indicators or self.hazards)

    @property
    def state(self) -> str:
        """proven: a test is marked with it; served: something names it without a test; open: neither."""
        return "proven" if self.tests else "served" if self.served else "open"

    def as_json(self) -> dict[str, Any]:
        """The trace as a JSON-able dictionary; `clause` is the id."""
        clause = self.clause
        return {
            "clause": clause.id,
            "title": clause.title,
            "title_zh": clause.title_zh,
            "section": clause.section,
            "section_title": SECTIONS[clause.section][0],
            "state": self.state,
            **{name: list(getattr(self, name)) for name in ("capabilities", "rules", "indicators", "hazards", "tests")},
        }


def policy_trace(catalog: Catalog, tests_dir: Path | None = None) -> list[ClauseTrace]:
    """Every clause of the policy with what serves and what proves it, in the order of the policy.

    catalog     declarations of this installation
    tests_dir   folder of the tests, scanned for `clause(...)` marks; the checkout's own when left out
    """
    folder = tests_dir if tests_dir is not None else find_tests_dir()
    marked = clause_tests(folder) if folder is not None else {}
    serving: dict[str, list[Any]] = {
        "capabilities": list(catalog.capabilities.values()),
        "rules": [rule for domain in catalog.domains for rule in domain.rules],
        "indicators": [indicator for domain in catalog.domains for indicator in domain.indicators],
        "hazards": list(catalog.hazards),
    }

    def names(slot: str, clause_id: str) -> tuple[str, ...]:
        return tuple(sorted(item.name for item in serving[slot] if clause_id in item.clauses))

    return [
        ClauseTrace(
            clause, names("capabilities", clause.id), names("rules", clause.id), names("indicators", clause.id), names("hazards", clause.id),
            tuple(marked.get(clause.id, ())),
        )
        for clause in CLAUSES
    ]


def open_clauses(trace: list[ClauseTrace]) -> list[Clause]:
    """Clauses that nothing serves and no test proves yet."""
    return [entry.clause for entry in trace if entry.state == "open"]


def find_tests_dir() -> Path | None:
    """The tests of the checkout this package runs from, or None when it is installed without them."""
    folder = Path(__file__).resolve().parents[3] / "tests"
    return folder if (folder / "conftest.py").is_file() else None


def clause_tests(tests_dir: Path) -> dict[str, list[str]]:
    """Tests by clause id: every function, class or module marked `pytest.mark.clause("1a", ...)`, as `file::name`."""
    found: dict[str, list[str]] = {}
    for path in sorted(tests_dir.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for name, ids in _marks(tree):
            label = path.relative_to(tests_dir).as_posix() + (f"::{name}" if name else "")
            for clause_id in ids:
                found.setdefault(clause_id, []).append(label)
    return found


def _marks(tree: ast.Module) -> list[tuple[str, list[str]]]:
    """(name, clause ids) of every marked definition; the name is empty for a module-wide `pytestmark`."""
    marks: list[tuple[str, list[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            marks += [(node.name, ids) for decorator in node.decorator_list if (ids := _clause_ids(decorator))]
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            entries = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            marks += [("", ids) for entry in entries if (ids := _clause_ids(entry))]
    return marks


def _clause_ids(node: ast.expr) -> list[str]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clause"):
        return []
    return [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
