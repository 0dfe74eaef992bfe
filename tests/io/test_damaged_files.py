"""Readers meet files with bytes changed, cut out and repeated: they read what is left or refuse with a reason, and never crash."""

from __future__ import annotations

import json
import tempfile
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.domains.base.formats import FORMATS as H3
from holdfast.domains.roads.formats import FORMATS as TNTP
from holdfast.io.cityjson import FORMATS as CITYJSON
from holdfast.io.graphml import FORMATS as GRAPHML
from holdfast.io.gtfs import FORMATS as GTFS
from holdfast.io.osm import FORMATS as OSM
from holdfast.io.raster import FORMATS as GEOTIFF
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import HoldfastError
from io_catalog import catalog

WORDS = [b"NaN", b"-1", b"1e400", b"null", b"[]", b"{}", b'"', b"<", b"\x00", b"\xff\xfe", b"999999999999999999999", b"\xe5\x8c", b";", b",", b"\n"]


@cache
def originals() -> dict[str, tuple[object, str, bytes]]:
    cube = {"type": "CityJSON", "version": "1.1", "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]},
    "metadata": {"referenceSystem": "urn:ogc:def:crs:EPSG::4547"},
            "CityObjects": {"a": {"type": "Building", "attributes": {"measuredHeight": 3.5, "x": [1]}, "geometry": [
                {"type": "Solid", "lod": "1", "boundaries": [[[[0, 1, 2]], [[0, 1, 3]], [[1, 2, 3]]]],
                "semantics": {"surfaces": [{"type": "GroundSurface"}], "values": [[0, 0, None]]}}]}},
            "vertices": [[0, 0, 0], [5, 0, 0], [0, 5, 0], [0, 0, 5]]}
    osm = b"""<osm version="0.6"><node id="1" lon="0" lat="0"/><node id="2" lon="1" lat="0"><tag k="amenity" v="hospital"/></node><node id="3" lon="1" lat="1"/>
<way id="4"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/><tag k="height" v="3 m"/></way>
<way id="5"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="maxspeed" v="50"/></way></osm>"""
    graphml = b"""<graphml><key id="a" for="node" attr.name="x"/><key id="b" for="node" attr.name="y"/><key id="c" for="edge" attr.name="geometry"/>
<key id="d" for="edge" attr.name="osmid"/>
<graph edgedefault="directed"><node id="1"><data key="a">1</data><data key="b">2</data></node><node id="2"><data key="a">3</data><data key="b">2</data></node>
<edge source="1" target="2"><data key="c">LINESTRING (1 2, 3 2)</data><data key="d">[1, 2]</data></edge></graph></graphml>"""
    tntp = b"""<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 3\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 2\n<ORIGINAL HEADER>~\tInit node\tTerm node\tCapacity (veh/h)\tLength (ft)\t;
<END OF METADATA>\n~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t2\t9\t5\t1\t0.15\t4\t48\t0\t1\t;\n\t2\t3\t9\t5\t1\t0.15\t4\t48\t0\t1\t;\n"""
    h3 = b"id,lon,lat,population,schools\n89a901291abffff,-51.158,-30.053,5,1\n89a9012a3cfffff,-51.21,-30.1,159,0\n"
    return {"cityjson": (CITYJSON[0], "a.city.json", json.dumps(cube).encode()), "osm": (OSM[0], "a.osm", osm), "graphml": (GRAPHML[0], "a.graphml", graphml),
            "tntp": (TNTP[0], "a_net.tntp", tntp), "h3": (H3[0], "a.csv", h3), "gtfs": (GTFS[0], "a.zip", _feed()), "geotiff": (GEOTIFF[0], "a.tif",
            _raster())}


def _feed() -> bytes:
    files = {"stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n1,a,1,2\n2,b,1,3\n", "routes.txt": "route_id,route_type\nR,3\n",
             "trips.txt": "route_id,service_id,trip_id,shape_id\nR,W,t,S\n", "stop_times.txt": "trip_id,stop_id,stop_sequence\nt,1,1\nt,2,2\n",
             "calendar.txt": "service_id,wednesday\nW,1\n", "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nS,1,2,1\nS,1,3,2\n"}
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:  # stored, so that damage reaches the tables
        for name, text in files.items():
            archive.writestr(name, text)
    return sink.getvalue()


def _raster() -> bytes:
    from rasterio.io import MemoryFile
    from rasterio.transform import from_origin

    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=4, height=4, count=1, dtype="float32", crs="EPSG:4547", transform=from_origin(5e5, 3.5e6, 10, 10)) as raster:
            raster.write(np.arange(16, dtype="float32").reshape(4, 4), 1)
        return bytes(memory.getbuffer())


def change(data: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    for place, kind, value in edits:
        at = place % max(len(data), 1)
        if kind == 0:
            data = data[:at] + bytes([value % 256]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + value % 40 :]
        elif kind == 2:
            data = data[:at] + WORDS[value % len(WORDS)] + data[at:]
        elif kind == 3:
            data = data[:at] + data[at : at + value % 60] * 2 + data[at + value % 60 :]
        else:
            data = data[:at]
    return data


EDITS = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([0, 0, 1, 2, 2, 3, 4]), st.integers(0, 255)), min_size=1, max_size=5)


@pytest.mark.parametrize("name", sorted(["cityjson", "osm", "graphml", "tntp", "h3", "gtfs", "geotiff"]))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(edits=EDITS)
def test_damage_is_read_around_or_refused(name: str, edits: list[tuple[int, int, int]]) -> None:
    form, file, data = originals()[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(change(data, edits))
        assert 0 <= form.sniff(path, path.read_bytes()[:65536]) <= 1  # type: ignore[attr-defined]
        try:
            delivery = form.read(path, ReadRequest(catalog()))  # type: ignore[attr-defined]
            for batch in delivery.batches:
                assert batch.table.num_rows >= 0
        except HoldfastError as error:
            assert error.fix
