"""The heat part of the sample city, and the published heat net of Schutterwald, in stores; each made once."""

from __future__ import annotations

import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.heat import DOMAIN
from sampled import tables
from small_city import small_city


@pytest.fixture(scope="package")
def anlan(tmp_path_factory):
    city = small_city(tmp_path_factory.mktemp("heat") / "anlan", DOMAIN)
    for kind, table in tables("heat").items():
        city.append(kind, table)
    return city


@pytest.fixture(scope="package")
def schutterwald(tmp_path_factory, shared_data):
    """A real town: 488 junctions in two circuits, 44 consumers that fix heat and flow, one plant. Do not change it."""
    city = create_city(str(tmp_path_factory.mktemp("heat") / "schutterwald"), crs="EPSG:31467")
    import_files(city, [shared_data("gas_heat/pandapipes/sw_heat.json")], ImportOptions(crs="EPSG:31467"))
    return city
