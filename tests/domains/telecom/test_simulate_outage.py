"""Telecom hour by hour without power."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from holdfast.app.running import run_capability
from holdfast.domains.buildings import DOMAIN as BUILDINGS
from holdfast.domains.telecom import DOMAIN
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city
from telecom_net import net


@pytest.mark.clause("1k", "11c")
def test_one_battery_after_the_other(tmp_path: Path):
    with net(tmp_path / "city", BUILDINGS) as city:
        boxes = [shapely.to_wkb(shapely.box(x, 0, x + 2, 2)) for x in (2019.0, 2299.0)]
        city.append("buildings.building", pa.table({"id": ["buildings.building:0", "buildings.building:1"], "geometry": boxes, "population": [40, 20]}))
        answer = run_capability(city, "telecom.simulate_outage", {"hours": 12}, keep=False).answer
        hours = answer.tables["hours"].to_pandas()
        assert hours["hour"].tolist() == list(range(13)) and hours["batteries_empty"].is_monotonic_increasing and hours["none"].is_monotonic_increasing
        assert hours["full"][2] == 60 and hours["reduced"][3] == 40 and hours["none"][8] == 0 and hours["none"][9] == 60  # S lasts 2 h, T and the exchanges 8 h
        assert hours["customers_without"][8] == 0 and hours["customers_without"][9] == 100
        assert answer.summary["hour_when_half_the_people_are_without"] == 9 and answer.summary["people_without_at_end"] == 60
        cut = run_capability(city, "telecom.simulate_outage", {"hours": 1, "down": ["telecom.fibre:1"]}, keep=False).answer
        assert cut.tables["hours"]["none"].to_pylist() == [60, 60] and cut.summary["customers_without_at_end"] == 100
        for given, error in (({"hours": 0.5}, Invalid), ({"down": ["telecom.site:none"]}, NotFound)):
            with pytest.raises(error):
                run_capability(city, "telecom.simulate_outage", given, keep=False)
    with small_city(tmp_path / "empty", DOMAIN) as city, pytest.raises(NotFound):
        run_capability(city, "telecom.simulate_outage", {}, keep=False)
