"""The manual is complete: every command, format, quantity, domain and public name is in it, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
from functools import lru_cache
from pathlib import Path

import click
import pytest
from typer.main import get_command

import holdfast
from docs.manual import DOCS, ROOT
from holdfast import catalog
from holdfast.cli.main import app
from holdfast.engines.survey.declared import CHECKS
from holdfast.model.city import City
from holdfast.model.quantity import QUANTITIES


@lru_cache(maxsize=1)
def generator():
    spec = importlib.util.spec_from_file_location("manual_pages", DOCS / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def manual() -> dict[str, str]:
    """Path -> finished Markdown of every page."""
    written = {path.relative_to(DOCS).as_posix(): generator().fill(path.read_text(encoding="utf-8")) for path in DOCS.rglob("*.md")}
    return written | generator().generated_pages()


def commands() -> dict[str, click.Command]:
    group = get_command(app)
    return {name: command for name, command in group.commands.items() if not command.hidden}


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_explained_with_its_options(name):
    reference = manual()["commands.md"]
    assert f"### {name}\n" in reference
    section = reference.split(f"### {name}\n")[1].split("\n### ")[0]
    for parameter in commands()[name].params:
        if parameter.param_type_name == "option":
            assert max(parameter.opts, key=len) in section, parameter.opts
    handwritten = "".join(text for path in DOCS.glob("*.md") if path.name != "commands.md" for text in [path.read_text(encoding="utf-8")])
    assert f"holdfast {name}" in handwritten, f"no page shows how to use `holdfast {name}`"


def test_every_format_is_in_the_table():
    page = manual()["importing.md"]
    assert [f.name for f in catalog.load().formats if f"`{f.name}`" not in page] == []


def test_every_quantity_is_in_the_table():
    page = manual()["units.md"]
    assert [q for q in QUANTITIES if f"| `{q}` |" not in page] == []


def test_every_survey_check_is_in_the_table():
    page = manual()["checks.md"]
    assert len(CHECKS) > 30
    assert [name for name in CHECKS if f"| `{name}` |" not in page] == []


def test_every_domain_has_a_page_with_all_its_kinds_and_fields():
    for domain in catalog.load().domains:
        page = manual()[f"domains/{domain.name}.md"]
        assert page.startswith(f"# {domain.title} · {domain.title_zh}\n")
        for kind in domain.kinds:
            section = page.split(f"### {kind.name}\n")[1].split("\n### ")[0]
            missing = [f.name for f in kind.fields if f"| `{f.name}` |" not in section]
            assert missing == [], kind.name


def test_every_setting_and_capability_is_in_a_table():
    text = "\n".join(manual().values())
    installed = catalog.load()
    assert [s.key for s in installed.settings if f"`{s.key}`" not in text] == []
    assert [c for c in installed.capabilities if f"`{c}`" not in text] == []


def test_every_public_python_name_is_described():
    page = manual()["python_names.md"]
    for module, names in generator().public_names().items():
        assert f"## {module}\n" in page
        section = page.split(f"## {module}\n")[1].split("\n## ")[0]
        assert [name for name in names if f"### {name}\n" not in section] == []


def test_the_python_page_shows_every_method_of_a_city():
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    methods = [name for name, member in inspect.getmembers(City) if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))]
    assert len(methods) > 10
    assert [name for name in methods if not re.search(rf"\b(city|then)\.{name}\b", page)] == []
    assert f"holdfast.{holdfast.open.__name__}(" in page


def test_routes_are_in_the_table():
    assert "`GET /api/summary`" in manual()["http.md"] and "`POST /api/run/{capability}`" in manual()["http.md"]


def test_markers_are_known_and_filled():
    assert [path for path, text in manual().items() if "<!-- generated" in text] == []
    with pytest.raises(KeyError):
        generator().fill("<!-- generated: nothing -->\n")


def test_links_between_pages_lead_somewhere():
    broken = []
    for path, text in manual().items():
        folder = (DOCS / path).parent
        for target in re.findall(r"\]\(([^)#:]+\.(?:md|png))[^)]*\)", text):
            place = Path(os.path.normpath(folder / target))
            name = place.relative_to(DOCS).as_posix() if place.is_relative_to(DOCS) else target
            if name not in manual() and not place.exists():
                broken.append(f"{path} -> {target}")
    assert broken == []


def test_links_of_the_front_pages_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{name} -> {target}"
