"""The drainage part of the reference city in a store, and real SWMM models as cities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from holdfast.domains.drainage import DOMAIN
from holdfast.domains.drainage.formats.reader import read
from holdfast.domains.drainage.sample import sample
from holdfast.engines.layout.plan import make_plan
from holdfast.model.city import City
from holdfast.model.delivery import Batch, ReadRequest
from small_city import small_city
from table_city import TableCity, catalog_of


def stored(folder: Path, batches: Iterable[Batch]) -> City:
    """A city that holds some batches; columns that no kind declares go to `extra`."""
    tables = TableCity(catalog_of(DOMAIN), batches)
    city = small_city(folder, DOMAIN)
    for kind in tables.tables:
        city.append(kind, tables.table(kind))
    return city


@pytest.fixture(scope="package")
def anlan(tmp_path_factory) -> City:
    """The sewers of the reference city with 2,000 assets."""
    return stored(tmp_path_factory.mktemp("drainage") / "anlan", sample(make_plan(2_000, 7)))


@pytest.fixture(scope="package")
def model_city(tmp_path_factory) -> Callable[[Path], City]:
    """A city from a SWMM file."""

    def make(path: Path) -> City:
        return stored(tmp_path_factory.mktemp("model") / "city", read(path, ReadRequest(catalog_of(DOMAIN), crs="local:m")).batches)

    return make
