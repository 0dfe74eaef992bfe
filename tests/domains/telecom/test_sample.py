"""The telecom network of the reference city: everything reaches an exchange, cables are large enough, batteries are declared."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sampled import check_covered, check_sound, plan, tables

SIZES = [(2_000, 7), (2_000, 1), (10_000, 7)]


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_it_is_sound(assets, seed):
    check_sound("telecom", assets, seed)
    fibre = tables("telecom", assets, seed)["telecom.fibre"]
    in_street = np.array([i[14] in "FT" for i in fibre["id"].to_pylist()])
    check_covered(fibre.filter(in_street), 0.6, plan(assets, seed).ground)


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_every_node_reaches_an_exchange(assets, seed):
    found = tables("telecom", assets, seed)
    nodes = [i for kind, table in found.items() if kind != "telecom.fibre" for i in table["id"].to_pylist()]
    index = {asset: i for i, asset in enumerate(nodes)}
    start, end = (np.array([index[i] for i in found["telecom.fibre"][c].to_pylist()]) for c in ("from_id", "to_id"))
    pieces, label = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(len(nodes), len(nodes))), directed=False)
    exchanges = {label[index[i]] for i in found["telecom.exchange"]["id"].to_pylist()}
    assert len(exchanges) == pieces == 1, "trunks join the exchanges"


def test_cables_hold_what_is_behind_them():
    fibre = tables("telecom", 10_000)["telecom.fibre"]
    assert (fibre["cores"].to_numpy() >= fibre["cores_used"].to_numpy()).all()
    assert (fibre["ducts"].to_numpy() > fibre["ducts_used"].to_numpy()).all()
    assert {"trunk", "feeder", "distribution", "drop"} == set(fibre["fibre_type"].to_pylist())


def test_cabinets_serve_all_households():
    city, found = plan(10_000), tables("telecom", 10_000)
    cabinets = found["telecom.cabinet"]
    homes = city.building_use == "residential"
    households = (np.where(homes, city.building_people / 2.62, 1.0)).sum()
    assert cabinets["customers"].to_numpy().sum() == pytest.approx(households, rel=0.01)
    assert (cabinets["capacity"].to_numpy() >= cabinets["used"].to_numpy()).all()
    assert found["telecom.exchange"]["customers"].to_numpy().sum() == pytest.approx(households, rel=0.01)


def test_base_stations_cover_the_buildings_from_roofs():
    city, found = plan(10_000), tables("telecom", 10_000)
    site = found["telecom.site"]
    at = np.array([int(i.rpartition("B")[2]) for i in site["building_id"].to_pylist()])
    gap = np.hypot(city.building_x[:, None] - city.building_x[at], city.building_y[:, None] - city.building_y[at]).min(axis=1)
    assert np.percentile(gap, 95) < 360.0
    assert (site["antenna_height"].to_numpy() > city.building_height[at]).all()


@pytest.mark.parametrize(("kind", "least"), [("exchange", 8.0), ("site", 3.0), ("data_centre", 12.0)])
def test_hours_on_their_own_power(kind, least):
    assert min(tables("telecom", 10_000)[f"telecom.{kind}"]["backup_hours"].to_pylist()) == least


def test_points_are_characteristic_points_or_attachments_but_not_both():
    manholes = tables("telecom")["telecom.manhole"]
    assert set(manholes["attachment"].to_pylist()) == {"人孔", "手孔"} and manholes["feature"].null_count == manholes.num_rows
