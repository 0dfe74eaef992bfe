from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from holdfast.io.graphml import FORMATS, sniff
from holdfast.model.errors import Invalid
from io_catalog import read

GRAPHML = FORMATS[0]
SMALL = """<?xml version='1.0'?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="a" for="node" attr.name="x"/><key id="b" for="node" attr.name="y"/><key id="c" for="edge" attr.name="oneway"/><key id="d" for="edge" attr.name="length"/>
<key id="e" for="edge" attr.name="osmid"/><key id="f" for="edge" attr.name="highway"/><key id="g" for="edge" attr.name="geometry"/><key id="h" for="graph" attr.name="crs"/>
<key id="i" for="edge" attr.name="name"/>
<graph edgedefault="directed"><data key="h">epsg:4326</data>
<node id="1"><data key="a">114.0</data><data key="b">22.5</data></node><node id="2"><data key="a">114.01</data><data key="b">22.5</data></node>
<node id="3"><data key="a">nan</data><data key="b">22.5</data></node>
<edge source="1" target="2" id="0"><data key="c">False</data><data key="d">1020.5</data><data key="e">[5, 6]</data><data key="f">['secondary', 'tertiary']</data>
<data key="i">['甲路', '乙路']</data><data key="g">LINESTRING (114 22.5, 114.005 22.501, 114.01 22.5)</data></edge>
<edge source="2" target="1" id="0"><data key="c">False</data><data key="d">1020.5</data><data key="e">[6, 5]</data><data key="f">secondary</data></edge>
<edge source="2" target="3" id="0"><data key="c">True</data><data key="f">residential</data><data key="g">POINT (1 1)</data></edge>
<edge source="1" target="9" id="0"/>
</graph></graphml>"""


def saved(folder: Path, text: str) -> Path:
    path = folder / "路网.graphml"
    path.write_text(text, encoding="utf-8")
    return path


def test_two_directions_of_a_street_are_one_and_lists_are_opened(tmp_path):
    tables, delivery = read(GRAPHML, saved(tmp_path, SMALL))
    both, single = tables["roads.street"].to_pylist()
    assert (both["one_way"], single["one_way"]) == (False, True)
    assert both["length"] == 1020.5 and both["class"] == "main" and both["name"] == "甲路 / 乙路" and both["source_way"] == "5,6"
    assert shapely.get_num_coordinates(shapely.from_wkb(both["geometry"])) == 3 and single["geometry"] is None
    assert delivery.crs == "EPSG:4326"
    assert delivery.findings.by_rule() == {"import.bad_geometry": 1, "import.missing_node": 1, "import.no_coordinates": 1}


@pytest.mark.parametrize("text", ["", "<graphml", SMALL[:900], "<graphml></graphml>", '<!DOCTYPE a [<!ENTITY b "c">]><graphml/>'])
def test_damaged_or_hostile_files_are_refused(tmp_path, text):
    with pytest.raises(Invalid) as caught:
        read(GRAPHML, saved(tmp_path, text))
    assert caught.value.where["file"] == "路网.graphml"


def test_the_drive_graph_of_a_real_district(shared_data):
    path = shared_data("roads/shenzhen/drive.graphml")
    assert sniff(path, path.read_bytes()[:4096]) == 1.0
    tables, delivery = read(GRAPHML, path)
    assert tables["roads.junction"].num_rows == 1_751 and delivery.facts["edges"] == 4_009 and len(delivery.findings) == 0
    streets, nodes = tables["roads.street"], tables["roads.junction"]
    assert pc.all(pc.is_in(streets["from_id"], nodes["id"])).as_py() and pc.all(pc.is_in(streets["to_id"], nodes["id"])).as_py()
    one_way = pc.sum(streets["one_way"]).as_py()
    assert one_way + 2 * (streets.num_rows - one_way) == pytest.approx(4_009, abs=30)  # loops have no way back of their own
    metres = shapely.length(shapely.transform(shapely.from_wkb(streets["geometry"].to_pylist()), lambda c: c * [111_320 * np.cos(np.radians(22.54)), 110_574]))
    assert np.median(streets["length"].to_numpy() / metres) == pytest.approx(1.0, abs=0.01)
