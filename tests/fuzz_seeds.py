"""Small valid files of every format that can be read, for fuzzing; each entry is a folder's files and the one to read."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from memory_city import MemoryCity, small_city
from net_files import GAS, WATER, point, save_net

INP = """[TITLE]
seed
[JUNCTIONS]
 J1  10  5  1
 J2  12  0
[RESERVOIRS]
 R1  50
[TANKS]
 T1  40  3  0  6  10  0
[PIPES]
 P1  R1  J1  100  300  120  0  Open
 P2  J1  J2  200  200  120  0  CV
[PUMPS]
 U1  J2  T1  HEAD C1
[VALVES]
 V1  J1  T1  200  PRV  30  0
[PATTERNS]
 1  1.0 1.2
[CURVES]
 C1  50  30
[CONTROLS]
 LINK P2 CLOSED IF NODE T1 ABOVE 5
[OPTIONS]
 Units LPS
 Headloss H-W
[COORDINATES]
 J1  100  100
 J2  300  100
 R1  0  100
 T1  400  100
[VERTICES]
 P2  200  120
[END]
"""
SWMM = """[OPTIONS]
FLOW_UNITS CMS
[RAINGAGES]
G1 INTENSITY 1:00 1.0 TIMESERIES S1
[SUBCATCHMENTS]
A1 G1 N1 4 50 100 0.5 0
[SUBAREAS]
A1 0.01 0.1 0.05 0.05 25 OUTLET
[INFILTRATION]
A1 3.0 0.5 4 7 0
[JUNCTIONS]
N1 96 4 0 0 0
N2 90 4 0 0 0
[OUTFALLS]
O1 85 FREE NO
[STORAGE]
B1 91 3 0 FUNCTIONAL 1000 0 0 0 0
[CONDUITS]
C1 N1 N2 400 0.01 0 0 0 0
C2 N2 O1 400 0.01 0 0 0 0
[PUMPS]
U1 N2 B1 * ON 0 0
[XSECTIONS]
C1 CIRCULAR 1.5 0 0 0 1
C2 RECT_CLOSED 1 2 0 0 1
[TIMESERIES]
S1 0:00 0.5
[COORDINATES]
N1 0 0
N2 400 0
O1 800 0
B1 400 50
[POLYGONS]
A1 0 0
A1 10 0
A1 10 10
"""
OSM = """<osm version="0.6"><node id="1" lon="0" lat="0"/><node id="2" lon="1" lat="0"><tag k="amenity" v="hospital"/></node><node id="3" lon="1" lat="1"/>
<way id="4"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/><tag k="height" v="3 m"/></way>
<way id="5"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="maxspeed" v="50"/></way></osm>
"""
GRAPHML = """<graphml><key id="a" for="node" attr.name="x"/><key id="b" for="node" attr.name="y"/><key id="c" for="edge" attr.name="geometry"/>
<graph edgedefault="directed"><node id="1"><data key="a">1</data><data key="b">2</data></node><node id="2"><data key="a">3</data><data key="b">2</data></node>
<edge source="1" target="2"><data key="c">LINESTRING (1 2, 3 2)</data></edge></graph></graphml>
"""
TNTP = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 2
<END OF METADATA>
~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t2\t9\t5\t1\t0.15\t4\t48\t0\t1\t;
\t2\t3\t9\t5\t1\t0.15\t4\t48\t0\t1\t;
"""
GASLIB = """<?xml version="1.0" encoding="UTF-8"?><network xmlns="http://gaslib.zib.de/Gas" xmlns:framework="http://gaslib.zib.de/Framework">
<framework:nodes><source id="s" x="0" y="0"><height value="0" unit="m"/><pressureMax unit="bar" value="70"/><flowMax unit="1000m_cube_per_hour" value="5"/></source>
<sink id="k" x="200" y="0"><height value="3" unit="m"/></sink></framework:nodes>
<framework:connections><pipe id="p" from="s" to="k"><length unit="km" value="55"/><diameter unit="mm" value="500"/><roughness unit="mm" value="0.1"/></pipe></framework:connections>
</network>
"""
GTFS = {
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n1,a,1,2\n2,b,1,3\n", "routes.txt": "route_id,route_type\nR,3\n",
    "trips.txt": "route_id,service_id,trip_id,shape_id\nR,W,t,S\n", "stop_times.txt": "trip_id,stop_id,stop_sequence\nt,1,1\nt,2,2\n",
    "calendar.txt": "service_id,wednesday\nW,1\n", "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nS,1,2,1\nS,1,3,2\n",
}  # fmt: skip
POINTS = "外业点号,特征,附属物,X(m),Y(m),地面高程(m),埋深(m)\nJS1,三通,,3400100.5,500200.25,12.5,1.2\nJS2,,阀门井,3400150.5,500200.25,12.4,1.3\n"
LINES = "起点号,终点号,起点埋深,终点埋深,管径/断面(mm),材质,埋设方式,建设年代\nJS1,JS2,1.2,1.3,DN300,铸铁,直埋,1998\nJS2,JS1,1.3,1.2,400x300,钢,直埋,2005年\n"
DEPENDENCIES = "provider,needer,service,backup_hours [h]\npower.bus:1,water.pump:2,electricity,4\nwater.pipe:1,power.bus:1,供水,\n"
H3 = "id,lon,lat,population,schools\n89a901291abffff,-51.158,-30.053,5,1\n89a9012a3cfffff,-51.21,-30.1,159,0\n"


def _by_writer(write: Callable[..., object], *kinds: str) -> Callable[[Path], None]:
    city = small_city()
    chosen = {kind: city.tables[kind].slice(0, 6) for kind in kinds or city.tables}

    def make(path: Path) -> None:
        write(MemoryCity(chosen), path, None, None)

    return make


def _text(body: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: path.write_text(body, encoding) and None


def _zip(files: dict[str, str], packed: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", packed) as archive:
            for name, body in files.items():
                archive.writestr(name, body)

    return make


def _raster(path: Path) -> None:
    import rasterio
    from rasterio.transform import from_origin

    with rasterio.open(path, "w", driver="GTiff", width=4, height=4, count=1, dtype="float32", crs="EPSG:4547", transform=from_origin(5e5, 3.5e6, 10, 10)) as raster:
        raster.write(np.arange(16, dtype="float32").reshape(4, 4), 1)


def _pbf(path: Path) -> None:
    import osmium

    source = path.with_name("seed.osm")
    source.write_text(OSM, "utf-8")
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    source.unlink()


def _cityjson(path: Path) -> None:
    surfaces = {"surfaces": [{"type": "GroundSurface"}], "values": [[0, 0, None]]}
    solid = {"type": "Solid", "lod": "1", "boundaries": [[[[0, 1, 2]], [[0, 1, 3]], [[1, 2, 3]]]], "semantics": surfaces}
    cube = {"type": "CityJSON", "version": "1.1", "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]},
            "metadata": {"referenceSystem": "urn:ogc:def:crs:EPSG::4547"},
            "CityObjects": {"a": {"type": "Building", "attributes": {"measuredHeight": 3.5, "x": [1]}, "geometry": [solid]}},
            "vertices": [[0, 0, 0], [5, 0, 0], [0, 5, 0], [0, 0, 5]]}  # fmt: skip
    path.write_text(json.dumps(cube), "utf-8")


def _power(path: Path) -> None:
    tables = {
        "bus": [{"name": "b1", "vn_kv": 20.0, "geo": point(0, 0)}, {"name": "b2", "vn_kv": 20.0, "geo": point(1, 0)}],
        "line": [{"name": "l1", "from_bus": 0, "to_bus": 1, "length_km": 1.0, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "c_nf_per_km": 10.0, "max_i_ka": 0.2}],
        "load": [{"name": "d", "bus": 1, "p_mw": 0.1, "q_mvar": 0.0}], "ext_grid": [{"name": "g", "bus": 0, "vm_pu": 1.0}],
        "switch": [{"bus": 0, "element": 0, "et": "l", "closed": True}],
    }  # fmt: skip
    save_net(path, "pandapowerNet", tables, f_hz=50.0)


def _pipes_net(fluid: dict[str, object], *, heat: bool = False) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        tables = {
            "junction": [{"name": "a", "pn_bar": 1.0, "tfluid_k": 300.0, "height_m": 0.0}, {"name": "b", "pn_bar": 1.0, "tfluid_k": 300.0, "height_m": 1.0}],
            "pipe": [{"name": "p", "from_junction": 0, "to_junction": 1, "length_km": 0.5, "diameter_m": 0.1, "k_mm": 0.1}],
            "ext_grid": [{"name": "s", "junction": 0, "p_bar": 1.0, "t_k": 300.0}], "sink": [{"name": "k", "junction": 1, "mdot_kg_per_s": 0.1}],
            "junction_geodata": [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 0.0}],
        }  # fmt: skip
        if heat:
            tables["heat_exchanger"] = [{"name": "x", "from_junction": 0, "to_junction": 1, "qext_w": 1000.0, "diameter_m": 0.1, "loss_coefficient": 0.0}]
        save_net(path, "pandapipesNet", tables, fluid=fluid)

    return make


def seeds() -> dict[str, list[tuple[str, Callable[[Path], object]]]]:
    """Format name -> (file name, function that writes it)."""
    from holdfast.io import dxf_write, geofile_write, geoparquet, survey_write, table

    return {
        "geopackage": [("water_pipe.gpkg", _by_writer(geofile_write.write_geopackage))],
        "shapefile": [("water_pipe.shp", _by_writer(geofile_write.write_shapefile, "water.pipe")), ("a.zip", _by_writer(geofile_write.write_shapefile))],
        "geojson": [("a.geojson", _by_writer(geofile_write.write_geojson))],
        "geojsonl": [("a.geojsonl", _by_writer(geofile_write.write_geojson_lines))],
        "flatgeobuf": [("a.fgb", _by_writer(geofile_write.write_flatgeobuf, "buildings.building")), ("b.fgb", _by_writer(geofile_write.write_flatgeobuf, "water.pipe"))],
        "geoparquet": [("a.parquet", _by_writer(geoparquet.write))],
        "csv": [("a.csv", _by_writer(table.write)), ("water_junction.csv", _text("id;x;y;name\n1;5;6;北京\n2;7;8;上海\n", "gbk"))],
        "dependencies": [("a.csv", _text(DEPENDENCIES)), ("b.csv", _text("water_id,power_id\nW_WP1,P_MP1\nW_R9,P_G3\n"))],
        "survey": [("给水点表.csv", _text(POINTS, "gbk")), ("给水线表.csv", _survey), ("a.survey", _by_writer(survey_write.write, "water.pipe", "water.junction"))],
        "dxf": [("a.dxf", _by_writer(dxf_write.write, "water.pipe", "buildings.building"))],
        "epanet": [("a.inp", _text(INP))], "swmm": [("a.inp", _text(SWMM))],
        "osm": [("a.osm", _text(OSM)), ("a.osm.pbf", _pbf)], "cityjson": [("a.city.json", _cityjson)],
        "graphml": [("a.graphml", _text(GRAPHML))], "tntp": [("a_net.tntp", _text(TNTP))], "h3": [("a.csv", _text(H3))],
        "gtfs": [("a.zip", _zip(GTFS, zipfile.ZIP_STORED)), ("b.zip", _zip(GTFS, zipfile.ZIP_DEFLATED))], "geotiff": [("a.tif", _raster)],
        "gaslib": [("a.net", _text(GASLIB))], "pandapower": [("a.json", _power)], "pandapipes-gas": [("a.json", _pipes_net(GAS))],
        "pandapipes-heat": [("a.json", _pipes_net(WATER, heat=True))],
    }  # fmt: skip


def _survey(path: Path) -> None:
    path.write_text(LINES, "gbk")
    path.with_name("给水点表.csv").write_text(POINTS, "gbk")


def as_bytes(make: Callable[[Path], object], name: str, folder: Path) -> dict[str, bytes]:
    """The files that a seed writes, by their path within its folder; the folder is left empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make(folder / name)
    found = {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
    shutil.rmtree(folder)
    return found


__all__ = ["as_bytes", "seeds"]
