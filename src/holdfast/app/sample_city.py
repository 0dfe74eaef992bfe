"""The reference city Anlan: every domain lays its part on one plan; who serves whom follows from needs and services."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast import __version__
from holdfast.engines.dependency import serve
from holdfast.engines.layout.plan import CityPlan, make_plan
from holdfast.model.city import City
from holdfast.model.repository import Writer
from holdfast.model.time import now

from .cities import create_city
from .sample_survey import with_survey

NAME = "Anlan 安澜"
BUILT = np.datetime64("2020-01-01T00:00:00", "ms")
"""When the sample's facts began to hold; fixed, so that the same arguments give the same facts."""


def create_sample_city(location: str, *, assets: int = 20_000, seed: int = 7, progress: Callable[[str, int], None] | None = None) -> City:
    """Make a city and fill it with the reference city, in one transaction.

    assets   about how many, 2,000 to 4,000,000; the domains' rows add up to within a tenth of it
    seed     the same seed and number give the same facts, ids and coordinates
    raises   Conflict if there is a city already; Invalid if the number is out of range
    """
    plan = make_plan(assets, seed)
    city = create_city(location, crs=plan.crs, name=NAME)
    started, clock = now(), perf_counter()
    counts: dict[str, int] = {}
    titles = {d.name: (d.title, d.title_zh) for d in city.catalog.domains}
    with city.repository.write() as writer:
        for sample in city.catalog.samples:
            module = sample.load()
            for batch in module.sample(plan):
                kind = city.kind(batch.kind)
                table = with_survey(kind, batch.table, plan, *titles[kind.domain])
                if "source" not in table.column_names:
                    table = table.append_column("source", pa.repeat("reference city", table.num_rows))
                counts[kind.name] = counts.get(kind.name, 0) + writer.append(kind, table, BUILT)
            _extras(module, plan, writer)
            if progress is not None:
                progress(sample.domain, sum(n for kind, n in counts.items() if city.kind(kind).domain == sample.domain))
        _finish(writer, plan, counts, assets, seed, started, perf_counter() - clock)
    _connect(city, progress)
    return city


def _extras(module: Any, plan: CityPlan, writer: Writer) -> None:
    if hasattr(module, "links"):
        writer.append_links(module.links(plan), BUILT)
    if hasattr(module, "rasters"):
        for name, content in module.rasters(plan):
            writer.put_file(f"rasters/{name}", content)


def _connect(city: City, progress: Callable[[str, int], None] | None) -> None:
    """Give every asset that needs a service its nearest provider."""
    links = serve(city)
    with city.repository.write() as writer:
        writer.append_links(links, BUILT)
    if progress is not None:
        progress("services", links.num_rows)


def _finish(writer: Writer, plan: CityPlan, counts: dict[str, int], assets: int, seed: int, started: Any, seconds: float) -> None:
    run = f"sample-{seed}-{assets}"
    parameters = {"assets": assets, "seed": seed}
    summary = {"kinds": counts, "assets": sum(counts.values()), "people": int(plan.zone_population.sum()), "seconds": round(seconds, 3),
               "findings": {"error": 0, "warning": 0, "info": 0}}
    writer.append_run({"id": run, "capability": "sample", "code_version": __version__, "parameters": json.dumps(parameters), "seed": seed, "status": "done",
                       "actor": "init", "started_at": started, "ended_at": now(), "summary": json.dumps(summary)})
    writer.append_event({"type": "import", "subject": NAME, "actor": "init", "cause": run, "payload": parameters})
