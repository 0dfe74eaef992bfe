"""Power, gas, heat and telecom as declared: codes of CJJ 61, services, devices, sources of numbers."""

from __future__ import annotations

import importlib
from typing import get_args

import pytest

from holdfast.engines.survey.cjj61 import CATEGORIES
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import SERVICES, DamageCurve, Mark
from holdfast.model.tables import RESERVED

DOMAINS = {name: importlib.import_module(f"holdfast.domains.{name}").DOMAIN for name in ("power", "gas", "heat", "telecom")}
SYMBOLS = {"power": "DL", "gas": "RQ", "heat": "RL", "telecom": "TX"}
KINDS = [kind for domain in DOMAINS.values() for kind in domain.kinds]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_fields_are_declared_in_full(kind):
    names = [field.name for field in kind.fields]
    assert len(set(names)) == len(names)
    assert not set(names) & RESERVED
    for field in kind.fields:
        assert field.title and field.title_zh
        assert (field.quantity in QUANTITIES) == (field.type == "number"), field.name
        assert (field.dictionary is not None) == (field.type == "code"), field.name
    for signal in kind.signals:
        assert signal.quantity in QUANTITIES and signal.source is not None
    assert set(kind.provides) <= set(SERVICES) and {need.service for need in kind.needs} <= set(SERVICES)
    for need in kind.needs:
        assert need.backup_field is None or kind.field(need.backup_field) is not None


@pytest.mark.parametrize("name", DOMAINS)
def test_symbols_carry_category_colour_and_feature_code(name):
    category = CATEGORIES[SYMBOLS[name]]
    for kind in DOMAINS[name].kinds:
        if kind.symbol is not None:
            assert kind.symbol.colour == category.colour
            assert kind.symbol.category in {minor.value for minor in category.minors}
            code = kind.symbol.feature_code
            assert len(code) == 8 and code[:2] == f"5{category.digit}"
            assert (code[4] == "1") == (kind.geometry == "LineString")


@pytest.mark.parametrize("name", DOMAINS)
def test_networks_join_kinds_of_the_domain(name):
    kinds = {kind.name: kind for kind in DOMAINS[name].kinds}
    (network,) = DOMAINS[name].networks
    assert network.name == name
    assert all(kinds[node].trait == "node" for node in network.node_kinds)
    assert all(kinds[edge].trait == "edge" for edge in network.edge_kinds)
    assert {kind for kind in kinds if kinds[kind].trait == "edge"} == set(network.edge_kinds)


@pytest.mark.clause("1j")
@pytest.mark.parametrize("name", DOMAINS)
def test_required_devices_are_devices_of_the_domain(name):
    kinds = {kind.name: kind for kind in DOMAINS[name].kinds}
    for kind in kinds.values():
        for device in kind.requires_devices:
            assert kinds[device].trait == "device" and kinds[device].signals


def test_who_gives_and_who_needs():
    given = {service for kind in KINDS for service in kind.provides}
    assert {"electricity", "gas", "heat", "telecom"} <= given
    needs = {kind.name: {need.service for need in kind.needs} for kind in KINDS}
    assert needs["telecom.exchange"] >= {"electricity"} and needs["heat.plant"] >= {"electricity", "gas", "water"} and needs["gas.compressor"] == {"electricity"}


def test_fragility_is_ordered():
    laws = [law for kind in KINDS for law in kind.damage]
    curves = [law for law in laws if isinstance(law, DamageCurve)]
    assert 0 < len(curves) < len(laws)
    for curve in curves:
        assert list(curve.medians) == sorted(curve.medians) and len(curve.medians) == len(curve.betas) == len(curve.states)
    assert all(law.source.standard and law.source.mark in get_args(Mark) for law in laws)
