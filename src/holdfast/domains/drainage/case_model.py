"""A city's sewers as a SWMM model that can be run in many cases: names both ways, rain, water levels, what is out of service."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.swmm.changes import Series
from holdfast.engines.network.swmm.deck import Deck
from holdfast.model.errors import Invalid, NotFound

from .formats.context import LINK_KINDS, NODE_KINDS
from .formats.export import Export
from .formats.writer import write_export
from .storm import Formula

LINKS = (*LINK_KINDS, "drainage.gate")


@dataclass(frozen=True, slots=True)
class CityModel:
    """A model and its names.

    deck        the model as a SWMM file
    name        asset id -> name in the model
    node, link  name in the model in lower case -> asset id
    facts       what was assumed or left out when it was written
    """

    city: Any
    deck: Deck
    name: dict[str, str]
    node: dict[str, str]
    link: dict[str, str]
    facts: dict[str, Any]

    def links_of(self, assets: Iterable[str]) -> tuple[str, ...]:
        """Names of the links that stop when these assets do: links themselves, the pumps of stations. raises Invalid for what stops none"""
        found: list[str] = []
        for asset in assets:
            kind = asset.partition(":")[0]
            mine = [asset] if kind in LINKS else self._pumps(asset) if kind == "drainage.pump_station" else []
            named = [self.name[i] for i in mine if i in self.name and self.name[i].casefold() in self.link]
            if not named:
                raise Invalid(f"{asset} is no pump, station, gate or sewer of the drainage model", fix=f"Give ids of {', '.join(LINKS)} or drainage.pump_station", field="out")
            found += named
        return tuple(dict.fromkeys(found))

    def _pumps(self, station: str) -> list[str]:
        table = self.city.table("drainage.pump", columns=["id", "station", "from_id"])
        wells = self.city.table("drainage.pump_station", columns=["id", "node_id"], ids=[station])["node_id"].to_pylist()
        return [i for i, s, n in zip(*(table[c].to_pylist() for c in ("id", "station", "from_id")), strict=True) if s == station or (s is None and n in wells)]

    def pumps(self) -> tuple[str, ...]:
        """Names of all pumps."""
        return tuple(name for key, name in self.deck.links.items() if self.link[key].startswith("drainage.pump:"))

    def stages(self, level: float) -> dict[str, float]:
        """One water level [m] at every outfall but those that lead into sewage works."""
        works = set(self.city.table("drainage.treatment_plant", columns=["node_id"])["node_id"].to_pylist())
        return {name: level for key, name in self.deck.outfalls.items() if self.node[key] not in works}

    def ids(self, names: Iterable[str], links: bool = False) -> pa.Array:
        """Asset ids of model names."""
        known = self.link if links else self.node
        return pa.array([known.get(name.casefold(), name) for name in names], pa.string())


@contextmanager
def city_model(city: Any) -> Iterator[CityModel]:
    """The drainage network of a city as a SWMM model in a folder of its own, for as long as it is used. raises NotFound if there is none"""
    export = Export(city)
    if not export.nodes:
        raise NotFound("the city has no drainage network", fix="Import one first, e.g. a SWMM file", kind="drainage.manhole")
    with tempfile.TemporaryDirectory(prefix="holdfast-drainage-") as folder:
        path = Path(folder) / "model.inp"
        facts = write_export(export, path)
        node = {export.names[row["id"]].casefold(): row["id"] for kind in NODE_KINDS for row in export.rows(kind)}
        link = {export.names[row["id"]].casefold(): row["id"] for kind in LINKS for row in export.links[kind]}
        yield CityModel(city, Deck.read(path), export.names, node, link, facts)


def design_storm(city: Any, return_period: float | None = None, duration: float | None = None) -> Series:
    """The design storm of a city by its settings. return_period [a] and duration [s]: others than the settings say"""
    settings = city.settings
    years = float(settings["drainage.return_period"]) if return_period is None else return_period
    seconds = float(settings["drainage.storm_duration"]) if duration is None else duration
    return Series(*Formula.of(city).chicago(years, seconds, float(settings["drainage.storm_peak"]), float(settings["drainage.storm_step"])))


def stored_series(city: Any, series: str) -> Series:
    """A rain series of the city by its id. raises NotFound; Invalid for one that is no intensity by hours"""
    table = city.table("drainage.series", columns=["id", "use", "times", "values"], ids=[series])
    if table.num_rows == 0:
        raise NotFound(f"there is no rain series {series!r}", fix="Give the id of a drainage.series, `design` or `stored`", field="rain")
    row = table.to_pylist()[0]
    if row["use"] != "INTENSITY" or not row["times"]:
        raise Invalid(f"{series} is no series of rain intensity", fix="Use `stored` to run the rain gauges as they are", field="rain")
    hours = [_hours(str(t)) for t in json.loads(row["times"])]
    return Series(np.array(hours), np.array(json.loads(row["values"]), np.float64))


def _hours(time: str) -> float:
    """Hours of "1:30", "1:30:00" or "1.5". raises Invalid for times with a date"""
    parts = time.split(":")
    try:
        return sum(float(part) / 60**i for i, part in enumerate(parts))
    except ValueError:
        raise Invalid(f"{time!r} is no time since the start of the storm", fix="Use `stored` to run series with dates", field="rain") from None


__all__ = ["LINKS", "CityModel", "city_model", "design_storm", "stored_series"]
