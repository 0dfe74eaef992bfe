"""Everything public says what it is: modules, classes, functions; both languages for what people see."""

from __future__ import annotations

import ast

from architecture.source_tree import modules


def _public(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    return [n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not n.name.startswith("_")]


def test_every_module_says_what_it_is():
    silent = [module.name for module in modules() if module.text.strip() and not ast.get_docstring(module.tree)]
    assert silent == []


def test_every_public_class_and_function_has_a_docstring():
    silent = [f"{module.name}.{node.name}" for module in modules() for node in _public(module.tree.body) if not ast.get_docstring(node)]
    assert silent == []
