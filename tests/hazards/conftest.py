"""A reference city and the sites of a few of its kinds, made once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.app.sample_city import create_sample_city
from holdfast.model.city import City
from holdfast.model.hazard import Sites
from holdfast.model.network import xyz

KINDS = ("water.junction", "water.pipe", "water.pump", "water.valve", "power.bus", "power.line", "power.switch", "buildings.building")


def sites_of(city: City, kinds: tuple[str, ...] = KINDS) -> Sites:
    """All assets of these kinds in the order of kinds and rows."""
    present = [name for name in kinds if city.counts().get(name)]
    tables = {name: city.table(name) for name in present}
    place = np.concatenate([xyz(t["geometry"].combine_chunks()) for t in tables.values()])
    people = [np.nan_to_num(t["population"].cast(pa.float64()).to_numpy()) if "population" in t.column_names else np.zeros(t.num_rows) for t in tables.values()]
    return Sites(
        id=pa.concat_arrays([t["id"].combine_chunks() for t in tables.values()]),
        kind=np.repeat(np.arange(len(present)), [t.num_rows for t in tables.values()]), kinds=tuple(city.kind(name) for name in present), xyz=place,
        crs=city.crs, people=np.concatenate(people), tables={name: t.drop_columns(["geometry"]) for name, t in tables.items()},
    )  # fmt: skip


@pytest.fixture(scope="session")
def anlan(tmp_path_factory):
    city = create_sample_city(str(tmp_path_factory.mktemp("city") / "anlan"), assets=2_000)
    yield city
    city.close()


@pytest.fixture(scope="session")
def anlan_sites(anlan):
    return sites_of(anlan)
