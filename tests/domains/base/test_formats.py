from pathlib import Path

import numpy as np
import pytest
import shapely

from holdfast.domains.base.formats import FORMATS, hexagons, sniff
from holdfast.model import geometry
from holdfast.model.errors import Invalid
from io_catalog import read

H3 = FORMATS[0]


def lattice(rows: int = 6) -> np.ndarray:
    """Centres of a hexagonal lattice turned by 12 degrees, 0.003 degrees apart, at the equator."""
    i, j = (v.ravel() for v in np.meshgrid(np.arange(rows), np.arange(rows)))
    a, b = (0.003 * np.array([np.cos(np.radians(t)), np.sin(np.radians(t))]) for t in (12, 72))
    return i[:, None] * a + j[:, None] * b


def test_hexagons_tile_without_gap_or_overlap():
    shapes = geometry.decode(hexagons(lattice()))
    assert shapely.is_valid(shapes).all()
    area = shapely.area(shapes)
    assert np.allclose(area, 0.003**2 * np.sqrt(3) / 2, rtol=1e-4)
    union = shapely.union_all(shapes, grid_size=1e-8)
    assert union.geom_type == "Polygon" and len(union.interiors) == 0 and union.area == pytest.approx(area.sum(), rel=1e-4)
    assert shapely.contains_xy(shapes, *lattice().T).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_cells_still_have_an_outline(count):
    shapes = geometry.decode(hexagons(lattice()[:count]))
    assert (shapely.area(shapes) > 0).all()


def test_the_people_of_a_real_city(shared_data):
    path = shared_data("roads/porto_alegre/poa_hexgrid.csv")
    assert sniff(path, path.read_bytes()[:4096]) > 0.9
    tables, delivery = read(H3, path)
    table = tables["base.zone"]
    assert table.num_rows == 1_227 and delivery.crs == "EPSG:4326" and len(delivery.findings) == 0
    assert sum(table["population"].to_pylist()) == 812_935
    shapes = geometry.decode(table["geometry"])
    assert shapely.is_valid(shapes).all() and shapely.union_all(shapes).area == pytest.approx(shapely.area(shapes).sum(), rel=1e-4)


def test_rows_without_a_cell_or_centre_are_findings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,lon,lat,population,note\n89a901291abffff,1.0,2.0,5,x\nnonsense,1.0,2.0,7,y\n89a9012a3cfffff,,2.0,9,z\n")
    assert sniff(path, path.read_bytes()) > 0.9
    tables, delivery = read(H3, path)
    assert tables["base.zone"]["population"].to_pylist() == [5] and tables["base.zone"]["note"].to_pylist() == ["x"]
    assert [f["row"] for f in delivery.findings.table().to_pylist()] == [2, 3]


def test_other_tables_are_left_to_others(tmp_path):
    for text in (b"id,lon,lat\n12,1,2\n", b"", b"a;b\n", b"id,x,y\n89a901291abffff,1,2\n"):
        assert sniff(Path("x.csv"), text) == 0.0
    path = tmp_path / "b.csv"
    path.write_text("id,x,y\n89a901291abffff,1,2\n")
    with pytest.raises(Invalid, match="lon"):
        read(H3, path)
