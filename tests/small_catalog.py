"""A catalog of one small sector, for tests of what does not depend on the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from holdfast.app.cities import create_repository
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.spec import Catalog, Code, Dictionary, Domain, Field, Kind, Need, Network, Setting, Source

SOURCE = Source("test sheet", "1", "2026", "proposal")
MATERIAL = Dictionary("test.material", (Code("PE", "polyethylene", "聚乙烯"), Code("G", "steel", "钢")), SOURCE)

JUNCTION = Kind("pipework.junction", "node", "Junction", "节点", (Field("elevation", "level", "高程", quantity="elevation"),), geometry="Point")
SOURCE_NODE = Kind("pipework.source", "node", "Source", "水源", geometry="Point", provides=("water",))
PIPE = Kind(
    "pipework.pipe", "edge", "Pipe", "管道",
    (
        Field("diameter", "diameter", "管径", quantity="diameter", required=True),
        Field("material", "material", "材质", "code", dictionary=MATERIAL),
        Field("build_date", "build date", "建设年代", "date"),
        Field("count", "count", "数量", "integer", quantity="count"),
        Field("lined", "lined", "有内衬", "boolean"),
    ),
    geometry="LineString", needs=(Need("water"),),
)
GAUGE = Kind("pipework.gauge", "device", "Gauge", "压力计", geometry="Point")
NOTE = Kind("pipework.note", "record", "Note", "记录", (Field("text", "text", "内容", "text"),))
NETWORK = Network("pipework", "Pipework", "管网", (JUNCTION.name, SOURCE_NODE.name), (PIPE.name,), "potential_flow", "hazen_williams", "water")
DOMAIN = Domain("pipework", "Pipework", "管网", (JUNCTION, SOURCE_NODE, PIPE, GAUGE, NOTE), (NETWORK,))
CATALOG = Catalog(
    domains=(DOMAIN,), kinds={k.name: k for k in DOMAIN.kinds}, networks={"pipework": NETWORK},
    settings=(Setting("pipework.limit", 3.5, "limit", "限值", SOURCE),),
)


def make_city(folder: Path, crs: str = "EPSG:4547") -> City:
    """An empty embedded city of this catalog."""
    return City(create_repository(str(folder), {"crs": crs, "name": "test"}), CATALOG)


def junctions(count: int, prefix: str = "") -> pa.Table:
    """Points 10 m apart on a line at y = 0, level = index."""
    x = 400_000 + 10.0 * np.arange(count)
    return pa.table({
        "id": [f"pipework.junction:{prefix}{i}" for i in range(count)],
        "geometry": geometry.points(x, np.full(count, 3_300_000.0), np.arange(count, dtype=float)),
        "elevation": np.arange(count, dtype=float),
    })


def pipes(count: int, prefix: str = "") -> pa.Table:
    """Pipes between neighbouring junctions."""
    x = 400_000 + 10.0 * np.arange(count + 1)
    ends = np.stack((np.column_stack((x[:-1], np.full(count, 3_300_000.0))), np.column_stack((x[1:], np.full(count, 3_300_000.0)))), axis=1)
    return pa.table({
        "id": [f"pipework.pipe:{prefix}{i}" for i in range(count)],
        "geometry": geometry.lines(ends),
        "from_id": [f"pipework.junction:{i}" for i in range(count)],
        "to_id": [f"pipework.junction:{i + 1}" for i in range(count)],
        "diameter": np.full(count, 0.2),
        "material": ["PE"] * count,
    })
