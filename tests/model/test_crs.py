"""CRS parsing, the rule of one metric CRS per city, and transformations that are known or refused."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.model.crs import EQUIVALENT, city_crs, parse_crs, suggest, transformer
from holdfast.model.errors import Invalid, NotSupported

ESRI_114E = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize(
    ("text", "code", "metre"),
    [
        ("EPSG:4547", "EPSG:4547", 1.0),
        ("4547", "EPSG:4547", 1.0),
        ("urn:ogc:def:crs:EPSG::32650", "EPSG:32650", 1.0),
        (ESRI_114E, "EPSG:4547", 1.0),
        ("EPSG:4326", "EPSG:4326", 0.0),
        ("EPSG:2240", "EPSG:2240", 1200 / 3937),
        ("local", "local", 1.0),
        ("local:m", "local", 1.0),
        ("LOCAL:ft", "local:ft", 0.3048),
        ("local:us-ft", "local:us-ft", 1200 / 3937),
    ],
)
def test_parse(text: str, code: str, metre: float) -> None:
    crs = parse_crs(text)
    assert crs.code == code
    assert crs.metre == pytest.approx(metre, rel=1e-12)
    assert crs.local == text.lower().startswith("local")


def test_wkt_in_a_prj_gains_the_area_of_use_of_its_code() -> None:
    assert parse_crs(ESRI_114E).area == parse_crs("EPSG:4547").area is not None


def test_a_projection_without_a_code_stays_wkt() -> None:
    crs = parse_crs("+proj=tmerc +lon_0=113.95 +x_0=500000 +ellps=GRS80 +units=m")
    assert not crs.code.startswith("EPSG") and parse_crs(crs.code) == crs


@pytest.mark.parametrize("text", ["nonsense", "EPSG:999999", "EPSG:5773", "local:yard", ""])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_crs(text)
    assert error.value.fix


@pytest.mark.parametrize(
    ("text", "longitude", "advice"),
    [
        ("EPSG:4490", 114.2, "EPSG:4547"),
        ("EPSG:4326", 104.06, "EPSG:4544"),
        ("EPSG:4326", None, "EPSG:4547 for 114E"),
        ("EPSG:2240", None, "EPSG:32616"),
        ("EPSG:3857", 8.0, "EPSG:32632"),
        ("local:ft", None, "local"),
    ],
)
def test_a_city_needs_true_metres(text: str, longitude: float | None, advice: str) -> None:
    with pytest.raises(Invalid) as error:
        city_crs(text, longitude)
    assert advice in error.value.fix


def test_a_city_keeps_the_plan_part_of_a_compound_crs() -> None:
    assert city_crs("EPSG:7415").code == "EPSG:28992"
    assert city_crs("local:m").code == "local"
    assert city_crs("EPSG:4526").code == "EPSG:4526"


@pytest.mark.parametrize("meridian", range(75, 138, 3))
def test_suggested_zone_has_the_right_central_meridian(meridian: int) -> None:
    for longitude in (meridian - 1.49, meridian, meridian + 1.49):
        assert parse_crs(suggest(longitude, 35.0)).title == f"CGCS2000 / 3-degree Gauss-Kruger CM {meridian}E"


def test_suggested_zone_elsewhere_is_utm() -> None:
    assert (suggest(8.0, 48.0), suggest(-51.2, -30.0), suggest(179.9, 10.0), suggest(-180.0, 10.0)) == (
        "EPSG:32632", "EPSG:32722", "EPSG:32660", "EPSG:32601")  # fmt: skip


@pytest.mark.parametrize("source", ["EPSG:2422", "EPSG:2438", "EPSG:4214", "EPSG:2362", "EPSG:2383", "EPSG:4610"])
def test_beijing_and_xian_datums_are_refused_with_the_way_out(source: str) -> None:
    with pytest.raises(NotSupported) as error:
        transformer(source, "EPSG:4547")
    assert "--fit" in error.value.fix
    assert "cannot be done reliably" in error.value.message


def test_bound_parameters_of_unknown_accuracy_are_refused() -> None:
    with pytest.raises(NotSupported):
        transformer("+proj=tmerc +lon_0=114 +x_0=500000 +ellps=krass +towgs84=15,-140,-80 +units=m", "EPSG:4547")


@pytest.mark.parametrize(("source", "target"), [("local", "EPSG:4547"), ("EPSG:4547", "local")])
def test_local_and_earth_only_meet_through_control_points(source: str, target: str) -> None:
    with pytest.raises(NotSupported, match="no transformation is known") as error:
        transformer(source, target)
    assert "--fit" in error.value.fix


def test_identity_passes_the_same_arrays_through() -> None:
    way = transformer("EPSG:4547", ESRI_114E)
    x, y = np.array([500000.0]), np.array([2.5e6])
    assert way.identity and way.accuracy == 0.0
    assert way(x, y)[0] is x


def test_zone_prefix_is_exact() -> None:
    way = transformer("EPSG:4526", "EPSG:4547")
    x, y = way(np.array([38521000.25, np.nan]), np.array([2500000.5, 1.0]))
    assert way.accuracy == 0.0
    assert x[0] == pytest.approx(521000.25, abs=1e-6) and y[0] == pytest.approx(2500000.5, abs=1e-6)
    assert np.isnan(x[1]) and np.isnan(y[1])


def test_gauss_kruger_on_the_central_meridian() -> None:
    """On its central meridian a Gauss-Kruger plane has easting 500 km and northing the meridian arc (Bessel-Helmert series)."""
    x, y = transformer("EPSG:4490", "EPSG:4547")(one(114.0), one(30.0))
    a, f = 6378137.0, 1 / 298.257222101
    n = f / (2 - f)
    lat = np.radians(30.0)
    arc = a / (1 + n) * ((1 + n**2 / 4 + n**4 / 64) * lat - 1.5 * (n - n**3 / 8) * np.sin(2 * lat)
                         + 15 / 16 * (n**2 - n**4 / 4) * np.sin(4 * lat) - 35 / 48 * n**3 * np.sin(6 * lat))  # fmt: skip
    assert x[0] == pytest.approx(500000.0, abs=1e-6)
    assert y[0] == pytest.approx(arc, abs=1e-4)


def test_wgs84_and_cgcs2000_are_one_datum_to_two_metres() -> None:
    way = transformer("EPSG:4326", "EPSG:4547")
    same = transformer("EPSG:4490", "EPSG:4547")
    assert way.accuracy == 2.0 == EQUIVALENT[0].accuracy
    assert any("one datum" in note for note in way.notes)
    assert EQUIVALENT[0].source.mark == "recalled"
    assert np.allclose(way(one(114.3), one(30.6)), same(one(114.3), one(30.6)), atol=1e-3)


def test_best_known_operation_is_chosen_by_place_and_kept() -> None:
    """German Gauss-Kruger to ETRS89: several Helmert sets by region; Schutterwald lies in the south-west one."""
    way = transformer("EPSG:31467", "EPSG:25832")
    assert np.isnan(way.accuracy)
    east, north = way(one(3417500.0), one(5370000.0))
    assert way.accuracy == 1.0 and "(3)" in way.operation
    assert any("accuracy of 1 m" in note for note in way.notes)
    back = transformer("EPSG:25832", "EPSG:31467")(east, north)
    assert np.allclose(np.ravel(back), (3417500.0, 5370000.0), atol=0.01)
    chosen = way.operation
    way(one(3600000.0), one(5900000.0))
    assert way.operation == chosen


def test_place_outside_every_operation_is_refused() -> None:
    with pytest.raises(Invalid, match="outside every area"):
        transformer("EPSG:31467", "EPSG:25832")(one(3417500.0), one(537000.0))
    with pytest.raises(Invalid, match="no finite coordinate"):
        transformer("EPSG:31467", "EPSG:25832")(one(np.nan), one(np.nan))


def test_compound_crs_moves_in_plan_and_says_so() -> None:
    way = transformer("EPSG:7415", "EPSG:28992")
    assert way.identity and "NAP height" in way.notes[0]
    east, north = transformer("EPSG:7415", "EPSG:25831")(one(81000.0), one(455000.0))
    assert east[0] == pytest.approx(587_000, abs=3000) and north[0] == pytest.approx(5_770_000, abs=3000)


def test_feet() -> None:
    way = transformer("local:ft", "local")
    assert way(one(10.0), one(100.0)) == (pytest.approx(3.048), pytest.approx(30.48))
    assert way.height == 0.3048
    assert parse_crs("EPSG:6318+6360").height == pytest.approx(1200 / 3937)
