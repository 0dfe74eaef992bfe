"""A domain's part of the reference city as tables in their declared columns, made once per size and seed."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.plan import CityPlan, make_plan
from holdfast.model.spec import Kind
from holdfast.model.tables import asset_schema, conform


@cache
def plan(assets: int = 2_000, seed: int = 7) -> CityPlan:
    return make_plan(assets, seed)


@cache
def kinds(domain: str) -> dict[str, Kind]:
    return {kind.name: kind for kind in importlib.import_module(f"holdfast.domains.{domain}").DOMAIN.kinds}


@cache
def tables(domain: str, assets: int = 2_000, seed: int = 7) -> dict[str, pa.Table]:
    """Kind -> table; fails on a column that is not declared."""
    found: dict[str, pa.Table] = {}
    for batch in importlib.import_module(f"holdfast.domains.{domain}.sample").sample(plan(assets, seed)):
        schema = asset_schema(kinds(domain)[batch.kind])
        assert set(batch.table.column_names) <= set(schema.names), batch.kind
        assert batch.kind not in found
        found[batch.kind] = conform(batch.table, schema)
    return found


def shapes(table: pa.Table) -> np.ndarray:
    return shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))


def places(domain: str, assets: int = 2_000, seed: int = 7) -> dict[str, Any]:
    """Shape of every asset by id."""
    return {i: g for table in tables(domain, assets, seed).values() for i, g in zip(table["id"].to_pylist(), shapes(table), strict=True)}


def check_sound(domain: str, assets: int = 2_000, seed: int = 7) -> None:
    """What every part of the city must be: unique ids, known codes, plausible numbers, lines that end at their points."""
    where = places(domain, assets, seed)
    for name, table in tables(domain, assets, seed).items():
        ids = table["id"].to_pylist()
        assert len(set(ids)) == len(ids) > 0 and all(i.startswith(f"{name}:") for i in ids), name
        assert shapely.is_valid(shapes(table)).all(), name
        assert set(table["lifecycle"].to_pylist()) == {"in_service"}, name
        for field in kinds(domain)[name].fields:
            values = table[field.name].drop_null()
            if field.type == "code":
                assert set(values.to_pylist()) <= set(field.dictionary.values()), (name, field.name)
            if field.type == "number" and len(values):
                assert np.isfinite(values.to_numpy()).all(), (name, field.name)
            if field.type == "id" and field.name != "building_id":
                own = [v for v in values.to_pylist() if v.startswith(f"{domain}.")]
                assert set(own) <= set(where), (name, field.name)
        if "from_id" in table.column_names:
            check_ends(name, table, where)


def check_ends(name: str, table: pa.Table, where: dict[str, Any]) -> None:
    start, end = table["from_id"].to_pylist(), table["to_id"].to_pylist()
    assert set(start) | set(end) <= set(where), name
    assert all(a != b for a, b in zip(start, end, strict=True)), name
    lines = shapes(table)
    if (shapely.get_type_id(lines) == 1).all():
        for position, ids in ((0, start), (-1, end)):
            gap = shapely.distance(shapely.get_point(lines, position), np.array([where[i] for i in ids]))
            assert gap.max() < 0.01, (name, position)


def check_covered(table: pa.Table, least: float, ground: Any) -> None:
    """Lines lie at least `least` metres under the ground at every vertex (1 cm for rounding), and their levels say so."""
    xyz = shapely.get_coordinates(shapes(table), include_z=True)
    assert (ground(xyz[:, 0], xyz[:, 1]) - xyz[:, 2]).min() > least - 0.01
    for end, position in (("from", 0), ("to", -1)):
        z = shapely.get_z(shapely.get_point(shapes(table), position))
        assert np.allclose(table[f"{end}_elevation"].to_numpy(), z, atol=0.002)
