"""Cities that the power tests share: imported nets, the reference city, and small nets built in a test."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from net_files import save_net

LOCAL = ("case33bw", "case118", "in2", "micropolis")


@pytest.fixture(scope="session")
def net_city(tmp_path_factory, shared_data):
    """`net_city("power/pandapower/case118.json")` is a city with that net; each is imported once."""

    @cache
    def load(name: str):
        plain = any(part in name for part in LOCAL)
        city = create_city(str(tmp_path_factory.mktemp("net") / "c"), crs="local" if plain else "EPSG:25832")
        import_files(city, [shared_data(name)], ImportOptions(crs="local:m" if plain else None))
        return city

    return load


@pytest.fixture
def built(tmp_path):
    """`built({table: rows})` is a city with that small pandapower net."""

    def make(tables, indices=None, name: str = "n"):
        path: Path = save_net(tmp_path / f"{name}.json", "pandapowerNet", tables, indices=indices or {})
        city = create_city(str(tmp_path / name), crs="EPSG:25832")
        import_files(city, [path], ImportOptions())
        return city

    return make
