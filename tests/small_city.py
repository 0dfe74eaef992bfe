"""A city in a folder with only some domains installed, for tests that need a store but no readers."""

from __future__ import annotations

from pathlib import Path

from holdfast.engines import dependency, survey
from holdfast.model.city import City
from holdfast.model.spec import Catalog, Domain
from holdfast.store import sqlite_gpkg
from holdfast.store.sqlite_schema import Srs


def small_city(path: Path, *domains: Domain) -> City:
    """An empty city with the local metric grid as its CRS."""
    catalog = Catalog(
        domains=domains,
        settings=(*survey.SETTINGS, *dependency.SETTINGS, *(setting for domain in domains for setting in domain.settings)),
        kinds={kind.name: kind for domain in domains for kind in domain.kinds},
        networks={network.name: network for domain in domains for network in domain.networks},
        capabilities={capability.name: capability for domain in domains for capability in domain.capabilities},
    )
    return City(sqlite_gpkg.create(path, Srs(-1), {"crs": "local", "name": "test"}), catalog)
