"""Names, customers and people of a water model."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.water.study import Study
from holdfast.model.errors import Invalid, NotFound
from water_files import ROW, city_of_rows


def test_things_are_named_by_id_or_short_name() -> None:
    study = Study(city_of_rows(**ROW))
    assert study.links(["water.pipe:2", "3"], "pipes").tolist() == [1, 2] and study.nodes("r", "node").tolist() == [4]
    with pytest.raises(NotFound, match="no pipe, pump or valve") as caught:
        study.links("water.pipe:22", "pipe")
    assert "water.pipe:2" in caught.value.fix
    with pytest.raises(Invalid, match="named"):
        study.links([], "pipes")


def test_people_of_nodes_where_nothing_is_linked() -> None:
    study = Study(city_of_rows(**ROW))
    assert study.people().tolist() == [100, 100, 100, 100, 0] and study.customers().num_rows == 0
    assert study.outlet_nodes()["water.hydrant:h"] == 3 and study.demand().sum() == pytest.approx(0.04)


def test_people_of_the_buildings_that_a_node_serves(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    study = Study(city)
    served = study.customers()
    buildings = served.filter([kind == "buildings.building" for kind in served["kind"].to_pylist()])
    assert buildings.num_rows > 50 and study.people().sum() == pytest.approx(sum(p or 0 for p in served["people"].to_pylist()))
    assert (served["node"].to_numpy() >= 0).all()
    people, demand = study.people(), study.demand()
    assert ((people > 0) == (demand > 0)).all(), "who is counted at a node draws there"
    stated = np.nan_to_num(study.tables.numbers("water.junction", "population", 0.0))
    assert people[: len(stated)].tolist() == stated.tolist()
