"""What a city holds, what is wrong with it, and which needs nobody meets."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from holdfast.engines.dependency import unmet
from holdfast.model.city import City
from holdfast.model.finding import SEVERITIES

CHECK = "base.assess_survey"


def summarise(city: City) -> dict[str, Any]:
    """The city as one JSON-able object.

    kinds            number of facts by kind
    domains          the same by domain, with titles
    findings         by severity, from the last check of everything, or from the imports when there was no check yet
    findings_from    which run that was, and whether files were imported since
    unmet_needs      assets of each kind whose needed service has no provider
    """
    counts = city.counts()
    findings, origin = _findings(city)
    return {
        "name": city.name,
        "crs": city.crs,
        "url": city.repository.url,
        "assets": sum(counts.values()),
        "kinds": dict(sorted(counts.items())),
        "domains": _by_domain(city, counts),
        "links": city.links().num_rows,
        "findings": findings,
        "findings_from": origin,
        "unmet_needs": unmet(city).to_pylist(),
        "events": city.events().num_rows,
    }


def _by_domain(city: City, counts: dict[str, int]) -> list[dict[str, Any]]:
    rows = []
    for domain in city.catalog.domains:
        kinds = [k for k in domain.kinds if k.name in counts]
        if kinds:
            rows.append({
                "domain": domain.name, "title": domain.title, "title_zh": domain.title_zh, "assets": sum(counts[k.name] for k in kinds),
                "kinds": [{"kind": k.name, "title": k.title, "title_zh": k.title_zh, "assets": counts[k.name]} for k in kinds],
            })
    return rows


def _findings(city: City) -> tuple[dict[str, int], dict[str, Any] | None]:
    runs = city.runs().to_pylist()
    checks = [r for r in runs if r["capability"] == CHECK and not json.loads(r["parameters"] or "{}")]  # of the whole city
    imports = [r for r in runs if r["capability"] == "import"]
    if checks:
        last = checks[-1]
        stale = any(r["ended_at"] > last["ended_at"] for r in imports)
        return json.loads(last["summary"])["findings"], {"run": last["id"], "time": _text(last["ended_at"]), "stale": stale}
    total = dict.fromkeys(SEVERITIES, 0)
    for run in imports:
        for severity, count in json.loads(run["summary"])["findings"].items():
            total[severity] += count
    origin = {"run": imports[-1]["id"], "time": _text(imports[-1]["ended_at"]), "stale": False} if imports else None
    return total, origin


def _text(instant: Any) -> str:
    return str(np.datetime64(instant.replace(tzinfo=None), "ms")) + "Z"
