"""The heat part of the sample city in a store, made once."""

from __future__ import annotations

import pytest

from holdfast.domains.heat import DOMAIN
from sampled import tables
from small_city import small_city


@pytest.fixture(scope="package")
def anlan(tmp_path_factory):
    city = small_city(tmp_path_factory.mktemp("heat") / "anlan", DOMAIN)
    for kind, table in tables("heat").items():
        city.append(kind, table)
    return city
