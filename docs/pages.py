"""The parts of the manual that follow from the declarations and the code; MkDocs calls the hooks at the end.

A hand-written page says `<!-- generated: formats -->` where a table belongs. Pages of the domains and the list of Python
names are generated whole.
"""

from __future__ import annotations

import ast
import inspect
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from holdfast import catalog
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import Catalog, Domain, Field, Kind, Source

SOURCE = Path(__file__).resolve().parents[1] / "src" / "holdfast"
PUBLIC = ("__init__", "catalog", "model", "app", "web/server")
MARKER = re.compile(r"^<!-- generated: ([a-z_]+) -->$", re.MULTILINE)
AGGREGATES = {"sum": "sum", "mean": "mean", "max": "largest", "min": "smallest", "last": "newest"}


def table(head: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""

    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(head), line(["---"] * len(head)), *(line(row) for row in rows)])


def source_text(source: Source | None) -> str:
    """A source as people cite it, with its mark where it is not simply found."""
    if source is None:
        return ""
    parts = [source.standard, source.clause]
    text = " ".join(part for part in parts if part)
    return text if source.mark == "found" else f"{text} ({source.mark})"


# tables in hand-written pages


def formats() -> str:
    """Every installed format: what it is, endings, whether it is read and written."""
    rows = [
        [f"`{f.name}`", f"{f.title} · {f.title_zh}", " ".join(f"`{s}`" for s in f.suffixes), "yes" if f.read else "", "yes" if f.write else ""]
        for f in sorted(catalog.load().formats, key=lambda f: f.name)
    ]
    return table(["name", "format", "endings", "import", "export"], rows)


def quantities() -> str:
    """The closed vocabulary of quantities."""
    rows = [
        [f"`{q.name}`", q.unit, ", ".join(u.symbol for u in q.display), f"{q.span[0]:g} to {q.span[1]:g}", AGGREGATES[q.aggregate]] for q in QUANTITIES.values()
    ]
    return table(["quantity", "stored in", "accepted and shown in (first is the default)", "plausible span [SI]", "combined by"], rows)


def settings() -> str:
    """Every editable number with its default and source."""
    rows = [
        [f"`{s.key}`", f"{s.title} · {s.title_zh}", f"{s.default} {QUANTITIES[s.quantity].unit if s.quantity else ''}".strip(), source_text(s.source)]
        for s in sorted(catalog.load().settings, key=lambda s: s.key)
    ]
    return table(["setting", "meaning", "default", "source"], rows)


def checks() -> str:
    """Every survey check."""
    from holdfast.engines.survey.declared import CHECKS

    rows = [[f"`{c.name}`", c.severity, f"{c.title} · {c.title_zh}", c.fix, source_text(c.source)] for c in CHECKS.values()]
    return table(["check", "severity", "what is wrong", "what to do", "source"], rows)


def domains() -> str:
    """The installed domains."""
    rows = [
        [f"[{d.title}](domains/{d.name}.md)", d.title_zh, len(d.kinds), ", ".join(n.name for n in d.networks), ", ".join(sorted({s for k in d.kinds for s in k.provides}))]
        for d in catalog.load().domains
    ]
    return table(["domain", "", "kinds", "networks", "services it gives"], rows)


def capabilities() -> str:
    """Every installed capability."""
    rows = []
    for c in catalog.load().capabilities.values():
        page = capability_page(c.name)
        rows.append([f"[`{c.name}`]({page})" if page else f"`{c.name}`", f"{c.title} · {c.title_zh}", ", ".join(c.clauses)])
    return table(["capability", "what it does", "policy clauses"], rows)


def clauses() -> str:
    """Every clause of the policy with what serves it and how many tests prove it."""
    from holdfast.app.policy import policy_trace

    rows = []
    for entry in policy_trace(catalog.load()):
        serving = [*entry.capabilities, *entry.rules, *entry.indicators, *entry.hazards]
        rows.append([entry.clause.id, f"{entry.clause.title} · {entry.clause.title_zh}", ", ".join(f"`{name}`" for name in serving), len(entry.tests) or "", entry.state])
    return table(["clause", "title", "served by", "tests", "state"], rows)


def sources() -> str:
    """Every standard that a declaration cites, with the clauses cited and their marks."""
    cited: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for source in _all_sources(catalog.load()):
        cited[f"{source.standard} {source.edition}".strip() if source.edition not in source.standard else source.standard].add((source.clause, source.mark))
    rows = []
    for standard, places in sorted(cited.items()):
        rows.append([standard, ", ".join(sorted({clause for clause, _ in places if clause})), ", ".join(sorted({mark for _, mark in places}))])
    return table(["standard or document", "clauses cited", "marks"], rows)


def commands() -> str:
    """Every command with its arguments and options."""
    import click
    from typer.main import get_command

    from holdfast.cli.main import app

    parts = []
    group = get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
        names = [" ".join(p.opts) if p.param_type_name == "option" else p.name.upper() for p in shown]
        parts += [f"### {name}", "", (command.help or "").strip(), ""]
        parts += [table(["argument or option", "meaning"], [[f"`{label}`", getattr(p, "help", "") or ""] for label, p in zip(names, shown, strict=True)]), ""]
    return "\n".join(parts)


def routes() -> str:
    """Every HTTP route with its parameters."""
    from holdfast.app.cities import create_city
    from holdfast.web.server import create_app

    with tempfile.TemporaryDirectory() as folder, create_city(f"{folder}/city") as city:
        paths = create_app(city).openapi()["paths"]
    rows = []
    for path, methods in paths.items():
        for method, operation in methods.items():
            parameters = ", ".join(f"`{p['name']}`" for p in operation.get("parameters", ()))
            rows.append([f"`{method.upper()} {path}`", parameters, (operation.get("description") or "").split("\n")[0]])
    return table(["route", "parameters", "answer"], rows)


TABLES: dict[str, Callable[[], str]] = {
    function.__name__: function for function in (formats, quantities, settings, checks, domains, capabilities, clauses, sources, commands, routes)
}


# whole pages


def domain_page(domain: Domain, installed: Catalog) -> str:
    """The manual page of one domain, from its declaration and its README."""
    parts = [f"# {domain.title} · {domain.title_zh}", ""]
    readme = SOURCE / "domains" / domain.name / "README.md"
    if readme.is_file():
        parts += [re.sub(r"^# .*\n", "", readme.read_text(encoding="utf-8")).replace("\n# ", "\n## ").strip(), ""]
    parts += ["## Kinds", "", table(["kind", "", "trait", "gives", "needs"], [_kind_row(kind) for kind in domain.kinds]), ""]
    if domain.networks:
        rows = [[f"`{n.name}`", ", ".join(n.node_kinds), ", ".join(n.edge_kinds), n.service, "yes" if n.gravity else ""] for n in domain.networks]
        parts += ["## Networks", "", table(["network", "nodes", "edges", "delivers", "by gravity"], rows), ""]
    mine = [c for c in installed.capabilities.values() if c.name.startswith(f"{domain.name}.")]
    if mine:
        rows = [[f"`{c.name}`", f"{c.title} · {c.title_zh}. {c.about}", ", ".join(c.clauses)] for c in mine]
        parts += ["## Capabilities", "", table(["capability", "what it does", "clauses"], rows), ""]
    parts += ["## Fields", "", "Every asset also has: id, geometry, name, owner, source, survey date, accuracy, secrecy class and lifecycle state.", ""]
    for kind in domain.kinds:
        parts += [f"### {kind.name}", "", f"{kind.title} · {kind.title_zh}{_symbol(kind)}", ""]
        if kind.fields:
            parts += [table(["field", "meaning", "", "unit or type", "source"], [_field_row(field) for field in kind.fields]), ""]
        if kind.signals:
            rows = [[f"`{s.name}`", f"{s.title} · {s.title_zh}", s.quantity, f"{s.period:g} s"] for s in kind.signals]
            parts += [table(["signal", "meaning", "quantity", "normal interval"], rows), ""]
    return "\n".join(parts)


def python_names_page() -> str:
    """Every public Python name with its signature and docstring."""
    parts = ["# Python names", "", "Generated from the source. Numbers are SI, times are UTC, errors are the seven of `holdfast.model.errors`.", ""]
    for module, names in public_names().items():
        parts += [f"## {module}", ""]
        for name, text in names.items():
            parts += [f"### {name}", "", "```text", text, "```", ""]
    return "\n".join(parts)


def public_names() -> dict[str, dict[str, str]]:
    """Module -> name -> signature and docstring, for everything without a leading underscore in the public modules."""
    found: dict[str, dict[str, str]] = {}
    for path in _public_files():
        module = "holdfast." + ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                names[node.name] = _describe(node)
                if isinstance(node, ast.ClassDef):
                    for method in node.body:
                        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                            names[f"{node.name}.{method.name}"] = _describe(method)
        if names:
            found[module.removesuffix(".__init__")] = names
    return found


def _public_files() -> Iterator[Path]:
    for entry in PUBLIC:
        path = SOURCE / entry
        if path.is_dir():
            yield from sorted(p for p in path.glob("*.py") if p.stem != "__init__")
        else:
            yield path.with_suffix(".py")


def _describe(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.FunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        head = f"{node.name}({ast.unparse(node.args)}){returns}"
    else:
        fields = [f"    {ast.unparse(item)}" for item in node.body if isinstance(item, ast.AnnAssign)]
        head = "\n".join([f"class {node.name}", *fields])
    return f"{head}\n\n{inspect.cleandoc(ast.get_docstring(node) or '')}".rstrip()


def _kind_row(kind: Kind) -> list[str]:
    needs = ", ".join(need.service + (f" (backup {need.backup_hours:g} h)" if need.backup_hours else "") for need in kind.needs)
    return [f"`{kind.name}`", f"{kind.title} · {kind.title_zh}", kind.trait + (f" ({kind.geometry})" if kind.geometry else ""), ", ".join(kind.provides), needs]


def _field_row(field: Field) -> list[str]:
    if field.quantity in QUANTITIES:
        what = f"{field.quantity} [{QUANTITIES[field.quantity].unit}]"
    elif field.dictionary is not None:
        what = f"code of {field.dictionary.name}"
    else:
        what = field.type
    meaning = f"{field.title} · {field.title_zh}" + (f": {field.meaning}" if field.meaning else "")
    return [f"`{field.name}`", meaning, "required" if field.required else "", what, source_text(field.source)]


def _symbol(kind: Kind) -> str:
    if kind.symbol is None:
        return ""
    coded = f", {kind.symbol.category} {kind.symbol.feature_code}" if kind.symbol.feature_code else ""
    return f" (colour {', '.join(map(str, kind.symbol.colour))}{coded})"


def _all_sources(installed: Catalog) -> Iterator[Source]:
    for domain in installed.domains:
        for kind in domain.kinds:
            yield from (f.source for f in kind.fields if f.source is not None)
            yield from (f.dictionary.source for f in kind.fields if f.dictionary is not None)
            yield from (curve.source for curve in kind.damage)
            yield from (signal.source for signal in kind.signals if signal.source is not None)
            if kind.symbol is not None and kind.symbol.source is not None:
                yield kind.symbol.source
        yield from (rule.source for rule in domain.rules)
        yield from (indicator.source for indicator in domain.indicators)
    yield from (setting.source for setting in installed.settings)
    yield from (hazard.source for hazard in installed.hazards)


# MkDocs hooks


def generated_pages() -> dict[str, str]:
    """Path below docs/ -> Markdown of every page that is generated whole."""
    installed = catalog.load()
    pages = {f"domains/{domain.name}.md": domain_page(domain, installed) for domain in installed.domains}
    return pages | {"python_names.md": python_names_page()}


def fill(markdown: str) -> str:
    """A page with its markers replaced by tables. raises KeyError for an unknown marker."""
    return MARKER.sub(lambda match: TABLES[match[1]](), markdown)


def on_config(config: Any) -> Any:
    """Put the pages of domains, capabilities and hazards into the navigation."""
    sections = {
        "*domains": [{domain.title: f"domains/{domain.name}.md"} for domain in catalog.load().domains],
        "*capabilities": [{capability.title: path} for capability in catalog.load().capabilities.values() if (path := capability_page(capability.name)) is not None],
        "*hazards": [{hazard.title: f"hazards/{hazard.name}.md"} for hazard in catalog.load().hazards],
    }
    config.nav = [{title: sections.get(pages, pages) for title, pages in entry.items()} if all(isinstance(v, str) for v in entry.values()) else entry for entry in config.nav]
    return config


def capability_page(name: str) -> str | None:
    """Where the manual describes a capability at length, if it does."""
    path = f"capabilities/{name.replace('.', '_')}.md"
    return path if (Path(__file__).parent / path).exists() else None


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for path, content in generated_pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill the markers of a page."""
    return fill(markdown)


__all__ = ["TABLES", "fill", "generated_pages", "on_config", "on_files", "on_page_markdown", "public_names"]
