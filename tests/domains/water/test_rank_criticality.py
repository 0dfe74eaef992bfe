"""What is lost with each pipe: by hand on a line, against EPANET one by one, on the reference city."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.domains.water.rank_criticality import rank_criticality
from holdfast.domains.water.solving import at_mean, pressure_driven
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.model.errors import Invalid
from water_files import ROW, city_of, city_of_rows


@pytest.mark.clause("1b", "1k")
def test_a_line_is_ranked_from_its_source() -> None:
    answer = rank_criticality(city_of_rows(**ROW))
    rows = answer.tables["elements"].to_pylist()
    assert [row["id"].partition(":")[2] for row in rows] == ["1", "2", "3", "4"] and [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert [row["people_without_water"] for row in rows] == [400, 300, 200, 100]
    assert [row["share_lost"] for row in rows] == pytest.approx([1, 0.75, 0.5, 0.25], abs=1e-4)
    assert answer.summary["worst"] == "water.pipe:1" and answer.summary["people"] == 400


@pytest.mark.parametrize("name", ["Net3", "ky10"])
def test_losses_are_those_that_epanet_finds_one_by_one(shared_data, name: str) -> None:
    city = city_of(shared_data(f"water/literature/{name}.inp"))
    answer = rank_criticality(city)
    model = at_mean(pressure_driven(hydraulic_model(city), city))
    rows = answer.tables["elements"].slice(0, 12).to_pylist()
    ids = model.link_id.to_pylist()
    status = np.full((len(rows) + 1, model.links), -1, np.int8)
    status[np.arange(len(rows)), [ids.index(row["id"]) for row in rows]] = 0
    delivered = np.maximum(EpanetEngine(model).snapshot(Cases(len(rows) + 1, status=status)).delivered, 0).sum(axis=1)
    expected = np.maximum(delivered[-1] - delivered[:-1], 0)
    np.testing.assert_allclose([row["demand_lost_m3s"] for row in rows], expected, atol=2e-3 * delivered[-1])
    assert answer.summary["unsolved"] <= 0.01 * answer.summary["elements"] and answer.status == ("diverged" if answer.summary["unsolved"] else "done")


def test_pumps_of_the_reference_city(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    answer = rank_criticality(city, what="all", hour=19.0)
    assert answer.summary["people"] > 1000 and answer.summary["unsolved"] == 0
    rows = answer.tables["elements"].to_pylist()
    assert rows[0]["people_without_water"] > 0 and rows[-1]["share_lost"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("given", [{"what": "taps"}, {"what": "pumps"}, {"enough": 0.0}])
def test_bad_parameters_are_named(given: dict) -> None:
    with pytest.raises(Invalid) as caught:
        rank_criticality(city_of_rows(**ROW), **given)
    assert caught.value.fix
