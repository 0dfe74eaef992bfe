"""Ruptures read from NRML: a simple fault with a bent trace, planes, damaged files, and the model made from one."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake import model
from holdfast.hazards.quake.motion import ground_motion
from holdfast.hazards.quake.rupture import distances
from holdfast.hazards.quake.rupture_file import read_rupture
from holdfast.model.crs import transformer
from holdfast.model.errors import Invalid, NotFound

HEAD = '<?xml version="1.0"?>\n<nrml xmlns:gml="http://www.opengis.net/gml" xmlns="http://openquake.org/xmlns/nrml/0.5">{}</nrml>'
FAULT = """<simpleFaultRupture><magnitude>6.9</magnitude><rake>{rake}</rake><hypocenter lat="{lat}" lon="{lon}" depth="9.0"/>
<simpleFaultGeometry><gml:LineString><gml:posList>{trace}</gml:posList></gml:LineString>
<dip>{dip}</dip><upperSeismoDepth>{top}</upperSeismoDepth><lowerSeismoDepth>{bottom}</lowerSeismoDepth></simpleFaultGeometry></simpleFaultRupture>"""
USUAL = {"rake": "90", "lat": "0.0", "lon": "0.1", "trace": "0.0 0.0 0.1 0.1 0.3 0.1", "dip": "45", "top": "3", "bottom": "15"}
PLANE = """<planarSurface strike="0" dip="60"><topLeft lon="{w}" lat="0.0" depth="2"/><topRight lon="{w}" lat="0.2" depth="2"/>
<bottomLeft lon="{e}" lat="0.0" depth="12"/><bottomRight lon="{e}" lat="0.2" depth="12"/></planarSurface>"""


def flat(lon, lat):
    """A plan in which a degree is 100 km."""
    return lon * 1e5, lat * 1e5


def written(tmp_path, body):
    path = tmp_path / "rupture.xml"
    path.write_text(HEAD.format(body), encoding="utf-8")
    return path


def test_a_simple_fault_goes_down_to_the_right(tmp_path):
    found = read_rupture(written(tmp_path, FAULT.format(**USUAL)), flat)
    assert (found.magnitude, found.x, found.y, found.depth, found.mechanism, found.top) == (6.9, 10.0, 0.0, 9.0, 3, 3.0)
    assert found.dip == pytest.approx(45.0) and found.width == pytest.approx(12.0 * np.sqrt(2.0)) and found.length == pytest.approx(10.0 * np.sqrt(2.0) + 20.0)
    assert found.strike == pytest.approx(np.degrees(np.arctan2(30.0, 10.0))) and found.panels.shape == (2, 4, 3)
    right = np.array([np.cos(np.radians(found.strike)), -np.sin(np.radians(found.strike))])
    assert found.panels[0, 0] == pytest.approx([*(3.0 * right), 3.0]) and found.panels[1, 2] == pytest.approx([*(np.array([30.0, 10.0]) + 15.0 * right), 15.0])
    over = distances(found, *(found.panels[:, :, :2].mean(axis=1).T))
    assert over.rjb == pytest.approx([0.0, 0.0], abs=1e-9) and (over.rx > 0.0).all()


def test_planes(tmp_path):
    body = "<singlePlaneRupture><magnitude>6</magnitude><rake>-90</rake><hypocenter lat='0.1' lon='0.02' depth='7'/>" + PLANE.format(w=0.0, e=0.05774) + "</singlePlaneRupture>"
    found = read_rupture(written(tmp_path, body), flat)
    assert found.mechanism == 2 and found.dip == pytest.approx(60.0, abs=0.01) and found.strike == 0.0 and found.length == pytest.approx(20.0)
    both = body.replace("singlePlane", "multiPlanes").replace("</multi", PLANE.format(w=1.0, e=1.05774) + "</multi")
    assert read_rupture(written(tmp_path, both), flat).panels.shape == (2, 4, 3)
    assert distances(read_rupture(written(tmp_path, both), flat), np.array([99.0]), np.array([10.0])).rjb[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("body", "match"),
    [("<pointRupture/>", "no rupture that can be read"), (FAULT.format(**USUAL).replace("<magnitude>6.9</magnitude>", ""), "magnitude"),
     (FAULT.format(**{**USUAL, "rake": "up"}), "rake"), (FAULT.format(**{**USUAL, "trace": "0.0 0.0"}), "two points"),
     (FAULT.format(**{**USUAL, "trace": "0 0 1 x"}), "incomplete"),
     (FAULT.format(**{**USUAL, "dip": "120"}), "dip"), (FAULT.format(**{**USUAL, "top": "20"}), "dip must be"),
     (FAULT.format(**USUAL).replace("hypocenter", "centre"), "hypocenter"),
     ("<singlePlaneRupture><magnitude>6</magnitude><rake>0</rake><hypocenter lat='0' lon='0' depth='7'/></singlePlaneRupture>", "planarSurface")],
)
def test_damaged_files_are_named(tmp_path, body, match):
    path = written(tmp_path, body)
    with pytest.raises(Invalid, match=match) as raised:
        read_rupture(path, flat)
    assert raised.value.where["file"] == path and raised.value.fix


def test_files_that_are_none(tmp_path):
    (tmp_path / "x.xml").write_text("<nrml", encoding="utf-8")
    with pytest.raises(Invalid, match="XML"):
        read_rupture(tmp_path / "x.xml", flat)
    with pytest.raises(NotFound):
        read_rupture(tmp_path / "none.xml", flat)


def test_a_city_over_a_fault_of_a_file(anlan, anlan_sites, tmp_path):
    lon, lat = (float(v[0]) for v in transformer(anlan.crs, "EPSG:4326")(anlan_sites.xyz[:1, 0], anlan_sites.xyz[:1, 1]))
    trace = f"{lon - 0.2} {lat - 0.1} {lon + 0.1} {lat - 0.1}"
    path = str(written(tmp_path, FAULT.format(**{**USUAL, "lon": str(lon), "lat": str(lat), "trace": trace})))
    given = {"rupture_file": path, "gmm": {"BA08": 0.75, "CY08": 0.25}, "vs30": 500.0, "measured": True, "sediments": 100.0, "correlation": "none"}
    hazard = model(anlan, anlan_sites, **given)
    assert hazard.magnitude == 6.9 and hazard.summary["rupture_file"] == path and hazard.summary["mechanism"] == "reverse" and hazard.summary["gmm"]["BA08"]["weight"] == 0.75
    rupture = read_rupture(path, transformer("EPSG:4326", anlan.crs))
    where = distances(rupture, anlan_sites.xyz[:, 0] / 1000, anlan_sites.xyz[:, 1] / 1000)
    mean, _, within = ground_motion("CY08", "pga", rupture, where, np.full(len(anlan_sites), 500.0), z1=100.0, measured=True)
    assert np.allclose(hazard.table.mean[1, 0], mean, atol=1e-5) and np.allclose(hazard.table.within[1, 0], within, atol=1e-5)
    labels = np.array(hazard.strike(np.arange(1000), 3).label.to_pylist())
    assert (labels == "BA08").mean() == pytest.approx(0.75, abs=0.06)
    with pytest.raises(Invalid, match="one event"):
        model(anlan, anlan_sites, **given, a=3.0)
