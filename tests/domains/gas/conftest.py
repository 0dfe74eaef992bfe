"""The gas part of the sample city in a store, made once."""

from __future__ import annotations

import pytest

from holdfast.domains.gas import DOMAIN
from sampled import tables
from small_city import small_city


@pytest.fixture(scope="package")
def anlan(tmp_path_factory):
    city = small_city(tmp_path_factory.mktemp("gas") / "anlan", DOMAIN)
    for kind, table in tables("gas").items():
        city.append(kind, table)
    return city
