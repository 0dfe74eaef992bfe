"""The gas part of the sample city, and the published net of Schutterwald, in stores; each made once."""

from __future__ import annotations

import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.gas import DOMAIN
from sampled import tables
from small_city import small_city


@pytest.fixture(scope="package")
def anlan(tmp_path_factory):
    city = small_city(tmp_path_factory.mktemp("gas") / "anlan", DOMAIN)
    for kind, table in tables("gas").items():
        city.append(kind, table)
    return city


@pytest.fixture(scope="package")
def schutterwald(tmp_path_factory, shared_data):
    """A real town: 2,559 junctions, 1,506 consumers, one source of 1 bar and no valve. Do not change it."""
    city = create_city(str(tmp_path_factory.mktemp("gas") / "schutterwald"), crs="EPSG:31467")
    import_files(city, [shared_data("gas_heat/pandapipes/gas_net_schutterwald_1bar.json")], ImportOptions(crs="EPSG:31467"))
    return city
