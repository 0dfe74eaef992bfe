"""GasLib networks: counts, units, nominations, and damaged or dangerous files."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.gas.formats import gaslib
from holdfast.domains.gas.formats.gaslib import FORMATS
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Catalog

NET = """<?xml version="1.0"?>
<network xmlns="http://gaslib.zib.de/Gas" xmlns:framework="http://gaslib.zib.de/Framework"><framework:nodes>
<source id="s" x="0" y="0"{place}><height value="5" unit="m"/><pressureMax value="71.01325" unit="bar"/><normDensity value="0.8" unit="kg_per_m_cube"/></source>
<sink id="e" x="10" y="0"{place}><pressureMin value="3" unit="barg"/><flowMax value="36" unit="1000m_cube_per_hour"/></sink>
<innode id="n" x="5" y="5"{place}><height value="2" unit="cubit"/></innode></framework:nodes><framework:connections>
<pipe id="p" from="s" to="n"><length value="2" unit="km"/><diameter value="500" unit="mm"/><roughness value="0.1" unit="mm"/></pipe>
<valve id="v" from="n" to="e"/><resistor id="r" from="n" to="nowhere"><dragFactor value="3"/></resistor></framework:connections></network>"""
SCENARIO = """<boundaryValue xmlns="http://gaslib.zib.de/Gas"><scenario id="x">
<node type="exit" id="e"><flow bound="both" value="18" unit="1000m_cube_per_hour"/></node>
</scenario></boundaryValue>"""


def read(path, **request):
    delivery = FORMATS[0].read(path, ReadRequest(Catalog(), **request))
    return delivery, list(delivery.batches)


def rows(batches, kind):
    return [row for batch in batches if batch.kind == kind for row in batch.table.to_pylist()]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("GasLib-11", {"junction": 11, "source": 3, "sink": 3, "pipe": 8, "valve": 1, "compressor": 2}),
        ("GasLib-24", {"junction": 24, "source": 3, "sink": 5, "pipe": 19, "regulator": 1, "compressor": 3, "resistor": 2}),
    ],
)
def test_every_element_arrives(tmp_path, shared_data, name, kinds):
    city = create_city(str(tmp_path / "c"), crs="local")
    report = import_files(city, [shared_data(f"gas_heat/gaslib/{name}.zip")], ImportOptions(crs="local:m"))
    assert report.kinds == {f"gas.{kind}": count for kind, count in kinds.items()}
    assert report.findings.counts()["error"] == 0
    network = city.network("gas")
    assert (network.edge_from >= 0).all() and (network.edge_to >= 0).all()
    assert len(np.bincount(network.components())) == 1
    flows = [city.table(f"gas.{kind}")["mass_flow"].to_numpy().sum() for kind in ("source", "sink")]
    assert flows[0] == pytest.approx(flows[1]), "a nomination is balanced"


def test_units_become_si_and_gauge(tmp_path):
    (tmp_path / "a.net").write_text(NET.format(place=""), encoding="utf-8")
    (tmp_path / "a.scn").write_text(SCENARIO, encoding="utf-8")
    delivery, batches = read(tmp_path / "a.net", crs="local:m")
    source, sink, pipe = (rows(batches, f"gas.{kind}")[0] for kind in ("source", "sink", "pipe"))
    assert source["max_pressure"] == pytest.approx(7.0e6) and sink["min_pressure"] == pytest.approx(3e5)
    assert sink["max_flow"] == pytest.approx(8.0) and sink["mass_flow"] == pytest.approx(4.0)
    assert (pipe["length"], pipe["diameter"], pipe["roughness"]) == pytest.approx((2000.0, 0.5, 1e-4))
    assert pipe["from_id"] == "gas.junction:s" and rows(batches, "gas.valve")[0]["opened"] is True
    assert rows(batches, "gas.resistor") == []
    assert delivery.findings.by_rule() == {"import.dangling_reference": 1, "import.not_a_number": 1}
    assert delivery.facts["nomination"] is True and delivery.facts["normal density"] == 0.8


def test_drawings_are_left_out_and_degrees_are_kept(tmp_path):
    (tmp_path / "a.net").write_text(NET.format(place=""), encoding="utf-8")
    delivery, batches = read(tmp_path / "a.net")
    assert delivery.crs is None and "geometry" not in batches[0].table.column_names
    assert delivery.findings.by_rule()["import.schematic_coordinates"] == 1
    (tmp_path / "b.net").write_text(NET.format(place=' geoWGS84Long="11.5" geoWGS84Lat="48.1"'), encoding="utf-8")
    delivery, batches = read(tmp_path / "b.net")
    assert delivery.crs == "EPSG:4326" and batches[0].table["geometry"].null_count == 0


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (NET[:300], "broken or cut off"), ("<boundaryValue/>", "not a network"), ("<network/>", "no nodes"),
        ('<!DOCTYPE lolz [<!ENTITY lol "lol">]><network>&lol;</network>', "own entities"), ("", "broken or cut off"),
    ],
)
def test_damaged_networks_are_refused(tmp_path, content, words):
    (tmp_path / "a.net").write_text(content, encoding="utf-8")
    with pytest.raises(Invalid, match=words) as caught:
        read(tmp_path / "a.net")
    assert caught.value.fix and caught.value.where["file"]


def test_archives_are_looked_through_with_care(tmp_path, shared_data, monkeypatch):
    with pytest.raises(Invalid, match=r"no \.net file"):
        read(archive(tmp_path / "no.zip", {"a.txt": "x"}))
    with pytest.raises(NotFound):
        read(tmp_path / "none.zip")
    bomb = archive(tmp_path / "bomb.zip", {"a.net": b" " * 3_000_000})
    monkeypatch.setattr(gaslib, "MAX_BYTES", 1_000_000)
    with pytest.raises(Invalid, match="larger than"):
        read(bomb)
    whole = shared_data("gas_heat/gaslib/GasLib-11.zip").read_bytes()
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(whole[:40] + bytes(len(whole) // 2) + whole[40 + len(whole) // 2 :])
    with pytest.raises(Invalid):
        read(damaged)


def test_the_format_is_recognised(tmp_path, shared_data):
    path = shared_data("gas_heat/gaslib/GasLib-24.zip")
    assert FORMATS[0].sniff(path, path.read_bytes()[:65536]) > 0.9
    other = archive(tmp_path / "gtfs.zip", {"stops.txt": "stop_id"})
    assert FORMATS[0].sniff(other, other.read_bytes()) == 0.0
    assert FORMATS[0].sniff(other, b"PK broken .net") == 0.0
    assert FORMATS[0].sniff(tmp_path / "a.net", NET.encode()) > 0.9
