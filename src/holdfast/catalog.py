"""Finds what is installed: domains and hazards by folder, others by entry point; verifies it; returns one value.

Outside packages join through the entry point groups `holdfast.domains` and `holdfast.hazards`, each naming a module that
exports `DOMAIN` or `HAZARD`; its `formats` and `sample` sub-modules are found like those of the built-in ones.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from holdfast.model import spec, tables
from holdfast.model.delivery import Format
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.fragility import fault_of
from holdfast.model.policy import CLAUSES
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import Catalog, Domain, Hazard, Kind

DOMAIN_GROUP, HAZARD_GROUP = "holdfast.domains", "holdfast.hazards"


@dataclass(frozen=True, slots=True)
class Sample:
    """A domain's part in the reference city: module with `sample(plan)` and optionally `links(plan)`, `rasters(plan)`."""

    domain: str
    module: str

    def load(self) -> Any:
        return importlib.import_module(self.module)


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalog of everything installed.

    raises    Invalid if two domains, kinds, networks, capabilities or formats share a name
    """
    modules = [m for group, package in ((DOMAIN_GROUP, "holdfast.domains"), (HAZARD_GROUP, "holdfast.hazards")) for m in _modules(group, package)]
    domains = tuple(m.DOMAIN for m in modules if hasattr(m, "DOMAIN"))
    hazards = tuple(m.HAZARD for m in modules if hasattr(m, "HAZARD"))
    formats = [f for name in _submodules("holdfast.io") for f in getattr(importlib.import_module(name), "FORMATS", ())]
    samples = []
    settings = list(_engine_settings())
    for module in modules:
        if importlib.util.find_spec(f"{module.__name__}.formats"):
            formats += [replace(f, domain=module.DOMAIN.name) for f in importlib.import_module(f"{module.__name__}.formats").FORMATS]
        if importlib.util.find_spec(f"{module.__name__}.sample"):
            samples.append(Sample(module.DOMAIN.name, f"{module.__name__}.sample"))
    settings += [setting for domain in domains for setting in domain.settings]
    settings += [setting for domain in domains for rule in domain.rules for setting in rule.settings]
    settings += [setting for hazard in hazards for setting in hazard.settings]
    kinds = [kind for domain in domains for kind in domain.kinds]
    networks = [network for domain in domains for network in domain.networks]
    capabilities = [capability for domain in domains for capability in domain.capabilities]
    for what, names in (
        ("domain", [d.name for d in domains]),
        ("hazard", [h.name for h in hazards]),
        ("kind", [k.name for k in kinds]),
        ("network", [n.name for n in networks]),
        ("capability", [c.name for c in capabilities]),
        ("format", [f.name for f in formats]),
        ("setting", [s.key for s in settings]),
    ):
        _unique(what, names)
    return Catalog(
        domains=domains,
        hazards=hazards,
        formats=tuple(formats),
        samples=tuple(samples),
        settings=tuple(settings),
        kinds={k.name: k for k in kinds},
        networks={n.name: n for n in networks},
        capabilities={c.name: c for c in capabilities},
    )


def format_named(catalog: Catalog, name: str) -> Format:
    """The format of that name. raises NotFound"""
    for candidate in catalog.formats:
        if candidate.name == name:
            return candidate
    raise NotFound(f"there is no format {name!r}", fix=f"Formats are: {', '.join(sorted(f.name for f in catalog.formats))}")


def _modules(group: str, package: str) -> Iterator[Any]:
    for name in _submodules(package):
        yield importlib.import_module(name)
    for point in sorted(entry_points(group=group), key=lambda p: p.name):
        yield importlib.import_module(point.module)


def _submodules(package: str) -> list[str]:
    parent = importlib.import_module(package)
    return sorted(f"{package}.{m.name}" for m in pkgutil.iter_modules(parent.__path__))


def _engine_settings() -> Iterator[spec.Setting]:
    for name in _submodules("holdfast.engines"):
        yield from getattr(importlib.import_module(name), "SETTINGS", ())


def _unique(what: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Invalid(f"two installed packages declare the {what} {twice[0]!r}", fix="Remove or rename one of them")


# verification


def verify(catalog: Catalog) -> Findings:
    """Everything wrong with the declarations, as findings; none means the catalog is sound."""
    findings = Findings()
    for domain in catalog.domains:
        for kind in domain.kinds:
            _verify_kind(catalog, domain, kind, findings)
        for network in domain.networks:
            _verify_network(catalog, network, findings)
        _verify_behaviour(catalog, domain, findings)
    provided = {service for kind in catalog.kinds.values() for service in kind.provides}
    for kind in catalog.kinds.values():
        for need in kind.needs:
            if need.vital and need.service in spec.SERVICES and need.service not in provided:
                findings.add("catalog.unmet_need", "warning", f"nothing installed provides {need.service}", kind=kind.name, fix="Install a domain that does")
    return findings


def _verify_kind(catalog: Catalog, domain: Domain, kind: Kind, findings: Findings) -> None:
    def wrong(rule: str, message: str, column: str | None = None) -> None:
        findings.add(f"catalog.{rule}", "error", message, kind=kind.name, column=column, fix=f"Correct the declaration of domain {domain.name}")

    if kind.domain != domain.name or not kind.name.replace(".", "_").isidentifier():
        wrong("name", f"a kind of {domain.name} is named {domain.name}.<noun>")
    if kind.trait not in spec.TRAITS:
        wrong("trait", f"{kind.trait!r} is no trait")
    if not kind.title or not kind.title_zh:
        wrong("title", "titles are needed in English and Chinese")
    if kind.trait in ("node", "edge", "area", "device") and kind.geometry is None:
        wrong("geometry", f"a {kind.trait} needs a geometry type")
    for name, count in Counter(f.name for f in kind.fields).items():
        if count > 1 or name in tables.RESERVED:
            wrong("field_name", "the name is taken", name)
    for field in kind.fields:
        if field.type == "number" and field.quantity not in QUANTITIES:
            wrong("quantity", f"a number needs a known quantity, not {field.quantity!r}", field.name)
        if field.type == "code" and field.dictionary is None:
            wrong("dictionary", "a code needs a dictionary", field.name)
        if not field.title or not field.title_zh:
            wrong("title", "titles are needed in English and Chinese", field.name)
    for signal in kind.signals:
        if signal.quantity not in QUANTITIES:
            wrong("quantity", f"signal {signal.name} has unknown quantity {signal.quantity!r}")
    for service in (*kind.provides, *(need.service for need in kind.needs)):
        if service not in spec.SERVICES:
            wrong("service", f"{service!r} is not in the closed list of services")
    for device in kind.requires_devices:
        if device not in catalog.kinds or catalog.kinds[device].trait != "device":
            wrong("device", f"required device {device!r} is no installed device kind")
    for law in kind.damage:
        if isinstance(law, spec.RepairRate):
            if len(law.states) != len(law.shares) or abs(sum(law.shares) - 1.0) > 1e-6:
                wrong("damage", "states and shares must match and shares must sum to 1")
        elif isinstance(law, spec.DamageTable):
            if fault := fault_of(law):
                wrong("damage", fault)
        elif not (len(law.states) == len(law.medians) == len(law.betas)) or list(law.medians) != sorted(law.medians):
            wrong("damage", "states, medians and betas must match and medians must rise")
        if law.consequences and tuple(c.state for c in law.consequences) != law.states:
            wrong("damage", "consequences must be one for each state, in order")
        if not law.source.standard:
            wrong("source", "a damage law needs its source")


def _verify_network(catalog: Catalog, network: spec.Network, findings: Findings) -> None:
    for names, traits in ((network.node_kinds, ("node", "area")), (network.edge_kinds, ("edge",))):
        for name in names:
            kind = catalog.kinds.get(name)
            if kind is None or kind.trait not in traits:
                findings.add("catalog.network", "error", f"network {network.name} names {name}, which is no installed {traits[0]} kind", kind=name)
    if network.service not in spec.SERVICES:
        findings.add("catalog.service", "error", f"network {network.name} delivers unknown service {network.service!r}")


def _verify_behaviour(catalog: Catalog, domain: Domain, findings: Findings) -> None:
    clauses = {clause.id for clause in CLAUSES}
    for capability in domain.capabilities:
        prefix, _, rest = capability.name.partition(".")
        if prefix != domain.name or rest.partition("_")[0] not in spec.VERBS:
            findings.add("catalog.capability", "error", f"{capability.name} must be {domain.name}.<verb>_<noun> with a verb of {', '.join(spec.VERBS)}")
    things: tuple[spec.Capability | spec.Rule | spec.Indicator, ...] = (*domain.capabilities, *domain.rules, *domain.indicators)
    for thing in things:
        for clause in thing.clauses:
            if clause not in clauses:
                findings.add("catalog.clause", "error", f"{thing.name} names unknown clause {clause!r}")
    for rule in domain.rules:
        if rule.subject not in catalog.kinds:
            findings.add("catalog.rule", "error", f"rule {rule.name} is about unknown kind {rule.subject!r}")
        if not rule.source.standard:
            findings.add("catalog.source", "error", f"rule {rule.name} needs its source")


__all__ = ["Hazard", "Sample", "format_named", "load", "verify"]
