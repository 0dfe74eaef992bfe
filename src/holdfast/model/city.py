"""A city as Python sees it: tables of facts at some time, networks as arrays, history, settings and events."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from . import tables
from .errors import Conflict, Invalid, NotFound
from .network import NetworkArrays, load
from .repository import AsOf, BBox, Repository
from .spec import Catalog, Kind
from .time import now, parse_instant

if TYPE_CHECKING:
    import geopandas

Moment = str | datetime | date | np.datetime64


class City:
    """One city, seen as it is now or, through `as_of`, as it was and as it was known.

    A fact is never edited: `append` adds facts, and the import, update and lifecycle functions of `holdfast.app` close
    them. Coordinates are in `crs`, numbers in SI.
    """

    def __init__(self, repository: Repository, catalog: Catalog, at: AsOf | None = None) -> None:
        self.repository = repository
        self.catalog = catalog
        self.at = at
        self._meta = repository.meta()

    def __repr__(self) -> str:
        return f"City({self.repository.url!r}, crs={self.crs!r}{'' if self.at is None else f', as of {self.at.valid}'})"

    def __enter__(self) -> City:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store."""
        self.repository.close()

    @property
    def name(self) -> str:
        return self._meta.get("name", "")

    @property
    def crs(self) -> str:
        """The city's reference system: "EPSG:n", or "local" for a metric grid without a place on Earth."""
        return self._meta["crs"]

    # facts

    def kind(self, name: str) -> Kind:
        """The declaration of a kind. raises NotFound with the nearest names"""
        try:
            return self.catalog.kinds[name]
        except KeyError:
            near = difflib.get_close_matches(name, self.catalog.kinds, 3, 0.5)
            raise NotFound(f"there is no kind {name!r}", fix=f"Did you mean {' or '.join(near)}?" if near else "`holdfast doctor` lists the kinds") from None

    def kind_of(self, asset_id: str) -> Kind:
        """The kind of an asset, from its id."""
        return self.kind(asset_id.partition(":")[0])

    def table(
        self,
        kind: str,
        *,
        columns: Sequence[str] | None = None,
        bbox: BBox | None = None,
        ids: Sequence[str] | None = None,
        as_of: Moment | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Facts of a kind as an Arrow table; geometry is WKB.

        columns   of `asset_schema(kind, derived=True, times=True)`; all when left out
        bbox      min x, min y, max x, max y in city coordinates [m]; facts whose box touches it
        as_of     what held then, as known now; for both time axes use `City.as_of`
        """
        at = self.at if as_of is None else AsOf(parse_instant(as_of), now())
        return self.repository.read(self.kind(kind), columns=columns, bbox=bbox, ids=ids, as_of=at, limit=limit)

    def batches(self, kind: str, *, columns: Sequence[str] | None = None, rows: int = 100_000) -> Iterator[pa.Table]:
        """As `table`, in pieces of at most `rows` rows."""
        return self.repository.read_batches(self.kind(kind), columns=columns, as_of=self.at, rows=rows)

    def assets(
        self,
        kind: str,
        *,
        columns: Sequence[str] | None = None,
        bbox: BBox | None = None,
        ids: Sequence[str] | None = None,
        as_of: Moment | None = None,
        limit: int | None = None,
    ) -> geopandas.GeoDataFrame:
        """Facts of a kind as a GeoDataFrame in the city's CRS; arguments as for `table`."""
        import geopandas
        import shapely

        if columns is not None and "geometry" not in columns:
            columns = [*columns, "geometry"]
        table = self.table(kind, columns=columns, bbox=bbox, ids=ids, as_of=as_of, limit=limit)
        frame = table.drop_columns("geometry").to_pandas()
        shapes = shapely.from_wkb(table["geometry"].to_numpy())
        return geopandas.GeoDataFrame(frame, geometry=shapes, crs=None if self.crs == "local" else self.crs)

    def network(self, name: str) -> NetworkArrays:
        """One network as arrays. raises NotFound if no domain declares it"""
        try:
            spec = self.catalog.networks[name]
        except KeyError:
            raise NotFound(f"there is no network {name!r}", fix=f"Networks are: {', '.join(sorted(self.catalog.networks))}") from None
        return load(self, spec)

    def links(
        self, *, from_ids: Sequence[str] | None = None, to_ids: Sequence[str] | None = None, relation: str | None = None
    ) -> pa.Table:
        """Relations between assets: LINK columns and the time columns."""
        if relation is not None and relation not in tables.RELATIONS:
            raise Invalid(f"{relation!r} is no relation", fix=f"Use one of: {', '.join(tables.RELATIONS)}")
        return self.repository.links(from_ids=from_ids, to_ids=to_ids, relation=relation, as_of=self.at)

    def history(self, asset_id: str) -> pa.Table:
        """Every version of one asset with when it held and when it was known, oldest record first.

        raises    NotFound if the city never had it
        """
        versions = self.repository.history(self.kind_of(asset_id), asset_id)
        if versions.num_rows == 0:
            raise NotFound("the city never had this asset", fix="Check the id", id=asset_id)
        return versions

    def as_of(self, valid: Moment | None = None, known: Moment | None = None) -> City:
        """The city as it was at `valid`, using only what was known at `known` (default for both: now). Read only."""
        moment = now()
        return City(
            self.repository,
            self.catalog,
            AsOf(moment if valid is None else parse_instant(valid, field="valid"), moment if known is None else parse_instant(known, field="known")),
        )

    def counts(self) -> dict[str, int]:
        """Number of facts by kind."""
        return self.repository.counts(self.at)

    def append(self, kind: str, rows: pa.Table | geopandas.GeoDataFrame, *, valid_from: Moment | None = None) -> int:
        """Append facts of one kind and return how many; geometry in the city's CRS, columns as in `asset_schema`.

        Use `holdfast.app.importing` for files: it transforms, checks and reports. This is for facts made in Python.
        raises    Conflict if an id has an open fact already, or the view is not the present
        """
        if self.at is not None:
            raise Conflict("the past cannot be appended to", fix="Append to the present city with valid_from=...")
        table = rows if isinstance(rows, pa.Table) else _from_frame(rows)
        with self.repository.write() as writer:
            start = writer.stamp if valid_from is None else parse_instant(valid_from, field="valid_from")
            return writer.append(self.kind(kind), table, start)

    # judgement

    @property
    def settings(self) -> Settings:
        return Settings(self)

    def events(self, *, subject: str | None = None, type: str | None = None) -> pa.Table:
        """Events, oldest first, each with its hash in the chain."""
        return self.repository.events(subject=subject, type=type)

    def runs(self) -> pa.Table:
        """What was computed, oldest first."""
        return self.repository.runs()


class Settings:
    """A city's editable numbers: `city.settings["survey.max_depth"]` is the newest version, or the declared default."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._defaults = {s.key: s for s in city.catalog.settings}

    def __getitem__(self, key: str) -> Any:
        rows = self.versions(key)
        if rows.num_rows:
            return json.loads(rows["value"][rows.num_rows - 1].as_py())
        try:
            return self._defaults[key].default
        except KeyError:
            raise NotFound(f"there is no setting {key!r}", fix=f"Settings are: {', '.join(sorted(self._defaults))}") from None

    def keys(self) -> list[str]:
        return sorted(self._defaults)

    def values(self) -> dict[str, Any]:
        """All settings as they stand, by key."""
        return {key: self[key] for key in self._defaults}

    def versions(self, key: str) -> pa.Table:
        """Every version of one setting known at the city's time, oldest first."""
        rows = self._city.repository.settings(key)
        if self._city.at is None:
            return rows
        known = np.asarray(rows["recorded_at"].to_numpy()) <= self._city.at.known
        return rows.filter(pa.array(known))

    def set(self, key: str, value: Any, *, author: str, standard: str = "", clause: str = "", edition: str = "", mark: str = "proposal") -> int:
        """Append a version with its author and source; returns the version number. raises NotFound for an unknown key"""
        if key not in self._defaults:
            self[key]  # raises NotFound unless an earlier version exists
        default = self._defaults[key].default
        if isinstance(default, (int, float)) and not isinstance(default, bool) and not isinstance(value, (int, float)):
            raise Invalid(f"{key} is a number, {value!r} is not", fix="Give a number in SI units", field=key)
        row = {"key": key, "value": json.dumps(value), "author": author, "standard": standard, "clause": clause, "edition": edition, "mark": mark}
        with self._city.repository.write() as writer:
            return writer.put_setting(row)


def _from_frame(frame: geopandas.GeoDataFrame) -> pa.Table:
    import shapely

    table = pa.Table.from_pandas(frame.drop(columns=frame.geometry.name), preserve_index=False)
    return table.append_column("geometry", pa.array(shapely.to_wkb(frame.geometry.values, flavor="iso"), pa.binary()))


__all__ = ["City", "Settings"]
