"""Assess staleness: which facilities were surveyed too long ago."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param


def assess_staleness(
    city: City,
    kinds: Annotated[list[str] | None, Param("kinds to report on", "统计的类别", kinds=True)] = None,
    day: Annotated[str | None, Param("day to judge by", "基准日期")] = None,
    undated: Annotated[bool, Param("list facilities without a survey date too", "同时列出无测量日期的设施")] = False,
) -> Answer:
    """List facilities whose survey is older than the limit of their kind.

    kinds     names of kinds, or none for all
    day       ISO-8601; default today
    undated   list facilities whose survey has no date; they are always counted
    returns   tables `stale` (oldest first) and `ages` (by kind, most stale ones first); summary with totals
    raises    NotFound for an unknown kind; Invalid for a day that is none
    source    limits are the settings survey.stale_years_*, proposals of this project
    """
    from holdfast.engines.survey.staleness import staleness
    from holdfast.model.time import now, parse_instant

    at = now() if day is None else parse_instant(day, field="day")
    stale, ages = staleness(city, kinds or None, at, undated)
    rows = ages.to_pylist()
    assets = sum(r["assets"] for r in rows)
    total = sum(r["stale"] for r in rows)
    dated = assets - sum(r["undated"] for r in rows)
    summary = {"day": str(at.astype("datetime64[D]")), "assets": assets, "undated": assets - dated, "stale": total,
               "stale_share_of_dated": round(total / dated, 6) if dated else None, "kinds": {r["kind"]: {"assets": r["assets"], "stale": r["stale"],
               "undated": r["undated"], "limit_years": r["limit_years"]} for r in rows}}
    plots = (Plot("Facilities by kind, and those surveyed too long ago", "各类设施数与超期数", "ages", "kind", ("assets", "stale"), "barh", x_label="facilities"),)
    return Answer(summary, {"stale": stale, "ages": ages.sort_by([("stale", "descending")])}, plots=plots)
