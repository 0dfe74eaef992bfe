"""A catalog of a few kinds and a city that is only tables in memory, for readers and writers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.model import geometry
from holdfast.model.spec import Catalog, Code, Dictionary, Domain, Field, Kind, Network, Source

HOME = Source("test", mark="proposal")
USE = Dictionary("test.use", (Code("R", "residential", "住宅", ("居住", "house")), Code("H", "hospital", "医院")), HOME)

JUNCTION = Kind(
    "water.junction", "node", "Water junction", "给水节点", geometry="Point", symbol=pipeline_symbol("JS", 4, 2, 1),
    fields=(*point_fields(), Field("elevation", "elevation", "节点高程", quantity="elevation"), Field("demand", "demand", "用水量", quantity="discharge")),
)  # fmt: skip
TANK = Kind("water.tank", "node", "Tank", "水池", geometry="Point", symbol=pipeline_symbol("JS", 4, 2, 2), fields=point_fields())
HYDRANT = Kind(
    "water.hydrant", "node", "Fire hydrant", "消火栓", geometry="Point", symbol=pipeline_symbol("JS", 4, 2, 2, 2),
    fields=(*point_fields(), Field("node_id", "feeding node", "供水节点", "id")),
)  # fmt: skip
VALVE = Kind("water.isolation_valve", "node", "Isolation valve", "检修阀门", geometry="Point", symbol=pipeline_symbol("JS", 4, 2, 2), fields=point_fields())
PIPE = Kind(
    "water.pipe", "edge", "Water pipe", "给水管道", geometry="LineString", symbol=pipeline_symbol("JS", 4, 1),
    fields=(
        *line_fields("JS"), Field("diameter", "inner diameter", "管径", quantity="diameter", required=True), Field("length", "length", "长度", quantity="length"),
        Field("hazen_williams_c", "Hazen-Williams coefficient", "海曾-威廉系数", quantity="hazen_williams_c"),
        Field("check_valve", "has a check valve", "带止回阀", "boolean"), Field("position", "row", "行序", "integer"), Field("comment", "comment", "备注", "text"),
    ),
)  # fmt: skip
PUMP = Kind("water.pump", "edge", "Water pump", "给水泵", geometry="LineString", fields=(Field("power", "power", "功率", quantity="active_power"),))
PATTERN = Kind("water.pattern", "record", "Demand pattern", "用水模式", fields=(Field("multipliers", "multipliers", "系数", "json"),))
SENSOR = Kind("water.pressure_sensor", "device", "Pressure sensor", "压力计", geometry="Point", fields=(Field("node_id", "node", "节点", "id"),))
MANHOLE = Kind("drainage.manhole", "node", "Manhole", "检查井", geometry="Point", symbol=pipeline_symbol("PS", 1, 2, 2, 1), fields=point_fields())
INLET = Kind("drainage.inlet", "node", "Gully inlet", "雨水口", geometry="Point", symbol=pipeline_symbol("PS", 1, 2, 2), fields=point_fields())
CONDUIT = Kind(
    "drainage.conduit", "edge", "Sewer", "排水管渠", geometry="LineString", symbol=pipeline_symbol("PS", 1, 1),
    fields=(*line_fields("PS"), Field("diameter", "diameter", "管径", quantity="diameter"), Field("width", "width", "宽", quantity="length"),
            Field("height", "height", "高", quantity="height")),
)  # fmt: skip
GAS = Kind(
    "gas.pipe", "edge", "Gas pipe", "燃气管道", geometry="LineString", symbol=pipeline_symbol("RQ", 3, 1),
    fields=(*line_fields("RQ"), Field("diameter", "diameter", "管径", quantity="diameter")),
)  # fmt: skip
GAS_JUNCTION = Kind("gas.junction", "node", "Gas junction", "燃气节点", geometry="Point", symbol=pipeline_symbol("RQ", 3, 2, 1), fields=point_fields())
CABLE = Kind(
    "power.line", "edge", "Power line", "电力线路", geometry="LineString", symbol=pipeline_symbol("DL", 1, 1),
    fields=(*line_fields("DL"), Field("nominal_voltage", "voltage", "电压等级", quantity="voltage")),
)  # fmt: skip
BUS = Kind("power.bus", "node", "Bus", "母线", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 1), fields=point_fields())
BUILDING = Kind(
    "buildings.building", "area", "Building", "建筑", geometry="MultiPolygon",
    fields=(Field("storeys", "storeys", "层数", "integer"), Field("height", "height", "高度", quantity="height"), Field("use", "use", "用途", "code", dictionary=USE)),
)  # fmt: skip
KINDS = (JUNCTION, TANK, HYDRANT, VALVE, PIPE, PUMP, PATTERN, SENSOR, MANHOLE, INLET, CONDUIT, GAS, GAS_JUNCTION, CABLE, BUS, BUILDING)


def _network(name: str, nodes: tuple[str, ...], edges: tuple[str, ...], gravity: bool = False) -> Network:
    return Network(name, name, name, nodes, edges, "routed_flow" if gravity else "potential_flow", "none", name if name != "power" else "electricity", gravity)


def make_catalog() -> Catalog:
    """The kinds above, without formats."""
    names = ("water", "drainage", "gas", "power", "buildings")
    networks = (
        _network("water", ("water.junction", "water.tank", "water.hydrant", "water.isolation_valve"), ("water.pipe", "water.pump")),
        _network("drainage", ("drainage.manhole", "drainage.inlet"), ("drainage.conduit",), gravity=True),
        _network("gas", ("gas.junction",), ("gas.pipe",)), _network("power", ("power.bus",), ("power.line",)),
    )  # fmt: skip
    domains = tuple(
        Domain(name, name.title(), name, tuple(k for k in KINDS if k.domain == name), tuple(n for n in networks if n.name == name)) for name in names
    )
    return Catalog(domains=domains, kinds={k.name: k for k in KINDS}, networks={n.name: n for n in networks})


class MemoryCity:
    """What writers use of a city: its catalog, CRS, counts and tables."""

    def __init__(self, tables: dict[str, pa.Table], crs: str = "EPSG:4547", catalog: Catalog | None = None) -> None:
        self.tables, self.crs, self.catalog = tables, crs, catalog or make_catalog()

    def counts(self) -> dict[str, int]:
        return {name: table.num_rows for name, table in self.tables.items()}

    def table(self, kind: str, **_: Any) -> pa.Table:
        return self.tables[kind]


def pipes(count: int, seed: int = 1, *, tall: bool = True) -> pa.Table:
    """Two-point pipes in EPSG:4547 with every type of field, some values null."""
    rng = np.random.default_rng(seed)
    start = np.column_stack((500_000 + rng.random(count) * 1e4, 3_400_000 + rng.random(count) * 1e4, rng.random(count) * 10))
    both = np.stack((start, start + 5.0), axis=1)
    some = np.arange(count) % 3 == 0

    def sparse(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array([None if hole else value for value, hole in zip(values, some, strict=True)], kind)

    return pa.table({
        "id": [f"water.pipe:P-{i}" for i in range(count)], "geometry": geometry.lines(both if tall else both[:, :, :2]),
        "name": sparse([f"人民路 “{i}”, 管\\段" for i in range(count)], pa.string()),
        "from_id": [f"water.junction:J-{i}" for i in range(count)], "to_id": [f"water.junction:J-{i + 1}" for i in range(count)],
        "survey_date": pa.array([18000 + i % 500 for i in range(count)], pa.date32()), "accuracy": np.round(rng.random(count), 3),
        "diameter": rng.choice([0.1, 0.3, 0.6], count), "material": rng.choice(["ZT", "PE", "G"], count),
        "build_date": sparse([15000 + i % 999 for i in range(count)], pa.date32()), "check_valve": sparse([i % 2 == 0 for i in range(count)], pa.bool_()),
        "position": sparse(list(range(count)), pa.int64()), "from_depth": sparse(np.round(rng.random(count) * 2, 6).tolist(), pa.float64()),
        "comment": sparse([f"=1+1; line {i}" for i in range(count)], pa.string()), "extra": sparse(['{"旧编号": "A-1", "n": 2}'] * count, pa.string()),
    })  # fmt: skip


def junctions(count: int, seed: int = 1) -> pa.Table:
    """Points with heights in EPSG:4547."""
    rng = np.random.default_rng(seed)
    x, y, z = 500_000 + rng.random(count) * 1e4, 3_400_000 + rng.random(count) * 1e4, rng.random(count) * 10
    return pa.table({
        "id": [f"water.junction:J-{i}" for i in range(count)], "geometry": geometry.points(x, y, z), "ground_elevation": np.round(z, 3),
        "depth": np.round(rng.random(count), 2), "attachment": ["窨井"] * count, "field_number": [f"JS{i}" for i in range(count)],
    })  # fmt: skip


def buildings() -> pa.Table:
    """An area with a hole, one in two parts and one plain one, in EPSG:4547, 2D."""
    box = shapely.box(500_000, 3_400_000, 500_020, 3_400_010)
    ring = shapely.difference(box, shapely.box(500_005, 3_400_002, 500_010, 3_400_005))
    two = shapely.MultiPolygon([shapely.box(500_100, 3_400_000, 500_110, 3_400_010), shapely.box(500_120, 3_400_000, 500_130, 3_400_010)])
    return pa.table({
        "id": [f"buildings.building:B{i}" for i in range(3)], "geometry": geometry.encode([box, ring, two]), "storeys": [3, 18, None], "height": [9.5, 54.0, None],
        "use": ["R", "H", None],
    })  # fmt: skip


def small_city(crs: str = "EPSG:4547") -> MemoryCity:
    """Pipes, junctions, buildings and a record."""
    patterns = pa.table({"id": ["water.pattern:1"], "multipliers": ["[0.5, 1.5]"]})
    return MemoryCity({"water.pipe": pipes(40), "water.junction": junctions(30), "buildings.building": buildings(), "water.pattern": patterns}, crs)


def delivered(delivery: Any) -> dict[str, pa.Table]:
    """All batches of a delivery, one table per kind, sorted by id."""
    parts: dict[str, list[pa.Table]] = {}
    for batch in delivery.batches:
        assert batch.rows is not None and len(batch.rows) == batch.table.num_rows
        parts.setdefault(batch.kind, []).append(batch.table)
    joined = {kind: pa.concat_tables(tables, promote_options="permissive") for kind, tables in parts.items()}
    return {kind: table.sort_by("id") for kind, table in joined.items()}


def assert_same_facts(before: pa.Table, after: pa.Table, *, places: float = 0.0, digits: float = 0.0, json_columns: tuple[str, ...] = ("extra", "multipliers")) -> None:
    """Every declared column holds the same; coordinates within `places` [m], numbers within `digits` relative."""
    before = before.sort_by("id")
    assert before.num_rows == after.num_rows
    for name in before.column_names:
        old = before[name]
        if old.null_count == len(old):
            continue
        assert name in after.column_names, f"{name} is lost"
        if name == "geometry":
            a, b = geometry.decode(old), geometry.decode(after[name])
            assert (shapely.get_type_id(a) == shapely.get_type_id(b)).all()
            assert (shapely.has_z(a) == shapely.has_z(b)).all()
            simple = np.isin(shapely.get_type_id(a), (0, 1))  # outlines may begin at another corner
            distance = np.abs(shapely.get_coordinates(a[simple], include_z=True) - shapely.get_coordinates(b[simple], include_z=True))
            assert simple.sum() == 0 or np.nanmax(distance) <= places
            assert (shapely.hausdorff_distance(a[~simple], b[~simple]) <= places).all()
        elif name in json_columns:
            assert [None if v is None else json.loads(v) for v in old.to_pylist()] == [None if v is None else json.loads(v) for v in after[name].to_pylist()]
        elif pa.types.is_floating(old.type) and digits:
            np.testing.assert_allclose(after[name].to_numpy(), old.to_numpy(), rtol=digits)
        else:
            assert after[name].cast(old.type).to_pylist() == old.to_pylist(), name
