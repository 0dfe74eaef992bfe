"""A small telecom network for tests."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import shapely

from holdfast.domains.telecom import DOMAIN
from holdfast.model.city import City
from holdfast.model.spec import Domain
from small_city import small_city


def point(x: float, y: float) -> bytes:
    return shapely.to_wkb(shapely.Point(x, y))


def net(path: Path, *domains: Domain) -> City:
    """core X - aggregation Y - cabinet C - manhole M - site S, with T beside S by node_id and U without any uplink."""
    city = small_city(path, DOMAIN, *domains)
    city.append("telecom.exchange", pa.table({"id": ["telecom.exchange:X", "telecom.exchange:Y"], "geometry": [point(0, 0), point(1000, 0)],
                                              "exchange_type": ["core", "aggregation"]}))  # fmt: skip
    city.append("telecom.cabinet", pa.table({"id": ["telecom.cabinet:C"], "geometry": [point(1500, 0)], "customers": [100.0]}))
    city.append("telecom.manhole", pa.table({"id": ["telecom.manhole:M"], "geometry": [point(1800, 0)]}))
    city.append("telecom.site", pa.table({
        "id": [f"telecom.site:{s}" for s in "STU"], "geometry": [point(2000, 0), point(2300, 0), point(9000, 0)], "radius": [300.0, 300.0, None],
        "node_id": [None, "telecom.manhole:M", None], "site_type": [None, "macro", "micro"], "backup_hours": [2.0, 8.0, None],
    }))  # fmt: skip
    ends = [("exchange:X", "exchange:Y"), ("exchange:Y", "cabinet:C"), ("cabinet:C", "manhole:M"), ("manhole:M", "site:S")]
    city.append("telecom.fibre", pa.table({
        "id": [f"telecom.fibre:{i}" for i in range(4)], "from_id": [f"telecom.{a}" for a, _ in ends], "to_id": [f"telecom.{b}" for _, b in ends],
        "geometry": [shapely.to_wkb(shapely.LineString([(i, 0), (i + 1, 0)])) for i in range(4)],
    }))  # fmt: skip
    return city
