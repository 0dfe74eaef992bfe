"""How old the survey of each facility is, against the age at which its kind must be surveyed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.spec import Kind
from holdfast.model.time import Instant, now

from .settings import of_city

STALE = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("owner", pa.string()),
        ("source", pa.string()),
        ("survey_date", pa.date32()),  # null where the survey was never dated
        ("years", pa.float64()),
        ("limit_years", pa.float64()),
    ]
)

AGES = pa.schema(
    [
        ("kind", pa.string()),
        ("assets", pa.int64()),
        ("undated", pa.int64()),
        ("stale", pa.int64()),
        ("limit_years", pa.float64()),
        ("median_years", pa.float64()),
        ("oldest", pa.date32()),
        ("newest", pa.date32()),
    ]
)

_LIMITS = {"edge": "survey.stale_years_line", "node": "survey.stale_years_point", "area": "survey.stale_years_area", "device": "survey.stale_years_device"}
_DAYS_PER_YEAR = 365.2425


def limit_years(kind: Kind, settings: Mapping[str, Any]) -> float | None:
    """Years after which a survey of this kind is stale; None for kinds that nobody surveys (parties, records)."""
    key = _LIMITS.get(kind.trait)
    own = settings["survey.stale_years_by_kind"].get(kind.name)
    return float(own if own is not None else settings[key]) if key else None


def staleness(city: Any, kinds: Iterable[str] | None = None, at: Instant | None = None, undated: bool = False) -> tuple[pa.Table, pa.Table]:
    """Facilities whose survey is stale, and the ages of surveys by kind.

    at        day to judge by, default today
    undated   list facilities whose survey has no date as well; they are always counted
    returns   rows in `STALE`, oldest first, and rows in `AGES`
    """
    settings = of_city(city)
    day = (now() if at is None else at).astype("datetime64[D]")
    names = sorted(city.counts()) if kinds is None else list(kinds)
    rows, ages = [STALE.empty_table()], []
    for name in names:
        kind = city.kind(name)
        limit = limit_years(kind, settings)
        if limit is None:
            continue
        table = city.table(name, columns=["id", "name", "owner", "source", "survey_date"])
        years = _years(table["survey_date"], day)
        old = years > limit
        rows.append(_rows(kind.name, table, years, limit, old | np.isnan(years) if undated else old))
        ages.append(_age_row(kind.name, table["survey_date"], years, limit, old))
    stale = pa.concat_tables(rows).sort_by([("survey_date", "ascending"), ("id", "ascending")])
    return stale, pa.Table.from_pylist(ages, schema=AGES)


def _years(dates: pa.ChunkedArray, day: np.datetime64) -> np.ndarray:
    """Age in years; NaN where there is no date."""
    days = dates.cast(pa.int32()).cast(pa.float64()).to_numpy()
    return (float(day.astype(np.int64)) - days) / _DAYS_PER_YEAR


def _rows(kind: str, table: pa.Table, years: np.ndarray, limit: float, mask: np.ndarray) -> pa.Table:
    part = table.filter(pa.array(mask))
    count = part.num_rows
    columns = [pa.repeat(pa.scalar(kind), count), *part.columns, pa.array(years[mask], from_pandas=True), pa.repeat(pa.scalar(limit), count)]
    return pa.table(columns, schema=STALE)


def _age_row(kind: str, dates: pa.ChunkedArray, years: np.ndarray, limit: float, old: np.ndarray) -> dict[str, Any]:
    known = years[~np.isnan(years)]
    extremes = pc.min_max(dates)
    return {
        "kind": kind, "assets": len(years), "undated": int(np.isnan(years).sum()), "stale": int(old.sum()), "limit_years": limit,
        "median_years": float(np.median(known)) if len(known) else None, "oldest": extremes["min"].as_py(), "newest": extremes["max"].as_py(),
    }  # fmt: skip
