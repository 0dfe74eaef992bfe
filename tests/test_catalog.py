"""The catalog: what is installed is found, and a bad declaration is reported with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast import catalog
from holdfast.model.errors import NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Capability, Catalog, DamageCurve, Domain, Field, Kind, Need, Network
from small_catalog import CATALOG, DOMAIN, GAUGE, PIPE, SOURCE


def verify_kind(kind: Kind) -> Findings:
    return verify_domain(replace(DOMAIN, kinds=(kind,), networks=()))


def verify_domain(domain: Domain) -> Findings:
    return catalog.verify(Catalog(domains=(domain,), kinds={k.name: k for k in domain.kinds}, networks={n.name: n for n in domain.networks}))


def rules(findings: Findings) -> set[str]:
    return set(findings.by_rule())


def test_the_built_in_catalog_is_sound() -> None:
    found = catalog.load()
    assert {d.name for d in found.domains} >= {"base", "buildings", "drainage", "gas", "heat", "power", "roads", "telecom", "water"}
    problems = catalog.verify(found)
    assert problems.table().to_pylist() == []


def test_every_built_in_domain_has_its_part_in_the_reference_city() -> None:
    found = catalog.load()
    assert {s.domain for s in found.samples} == {d.name for d in found.domains}


def test_the_small_catalog_is_sound_and_the_value_is_reused() -> None:
    assert catalog.verify(CATALOG).counts()["error"] == 0
    assert catalog.load() is catalog.load()


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (replace(PIPE, name="other.pipe"), "catalog.name"),
        (replace(PIPE, geometry=None), "catalog.geometry"),
        (replace(PIPE, title_zh=""), "catalog.title"),
        (replace(PIPE, fields=(Field("weight", "weight", "重量", quantity="heaviness"),)), "catalog.quantity"),
        (replace(PIPE, fields=(Field("material", "material", "材质", "code"),)), "catalog.dictionary"),
        (replace(PIPE, fields=(Field("from_id", "from", "起点", "text"),)), "catalog.field_name"),
        (replace(PIPE, needs=(Need("happiness"),)), "catalog.service"),
        (replace(PIPE, requires_devices=("pipework.pipe",)), "catalog.device"),
        (replace(PIPE, damage=(DamageCurve("pga", ("minor", "major"), (2.0, 1.0), (0.5, 0.5), SOURCE),)), "catalog.damage"),
        (replace(PIPE, needs=(Need("heat"),)), "catalog.unmet_need"),
    ],
)
def test_a_wrong_kind_is_reported(kind: Kind, rule: str) -> None:
    found = verify_kind(kind)
    assert rule in rules(found)
    assert all(row["kind"] == kind.name for row in found.table().to_pylist())


def test_a_network_of_unknown_kinds_or_wrong_traits_is_reported() -> None:
    network = Network("n", "N", "网", (PIPE.name,), ("pipework.absent",), "reach", "none", "water")
    assert verify_domain(replace(DOMAIN, networks=(network,))).by_rule()["catalog.network"] == 2


def test_a_capability_needs_a_verb_and_known_clauses() -> None:
    wrong = Capability("pipework.beautify_pipes", "x", "x", lambda city: None, ("99z",))
    assert {"catalog.capability", "catalog.clause"} <= rules(verify_domain(replace(DOMAIN, capabilities=(wrong,))))


def test_required_devices_may_be_any_installed_device() -> None:
    assert "catalog.device" not in rules(verify_domain(replace(DOMAIN, kinds=(replace(PIPE, requires_devices=(GAUGE.name,)), GAUGE), networks=())))


def test_formats_by_name() -> None:
    assert catalog.format_named(catalog.load(), "epanet").suffixes == (".inp",)
    with pytest.raises(NotFound, match="Formats are"):
        catalog.format_named(catalog.load(), "punched cards")
