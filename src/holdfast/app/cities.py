"""Making and opening cities: a folder, or a `postgresql://` URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast import __version__, catalog
from holdfast.model.city import City
from holdfast.model.crs import city_crs
from holdfast.model.errors import Invalid

if TYPE_CHECKING:
    from holdfast.model.repository import Repository

DEFAULT_CRS = "EPSG:4547"  # CGCS2000 / 3-degree Gauss-Kruger CM 114E


def is_postgres(location: str) -> bool:
    """True for a database URL, False for a folder."""
    return location.startswith(("postgresql://", "postgres://"))


def create_city(location: str, *, crs: str = DEFAULT_CRS, name: str = "") -> City:
    """Make an empty city.

    location  folder, or postgresql:// URL (`?city=name` names the schema)
    crs       projected and metric, or "local"
    raises    Conflict if there is one already; Invalid for a CRS that cannot be a city's
    """
    chosen = city_crs(crs)
    meta = {"crs": chosen.code, "name": name or _name_of(location), "created_by": f"holdfast {__version__}"}
    return City(create_repository(location, meta), catalog.load())


def create_repository(location: str, meta: dict[str, str]) -> Repository:
    """An empty store with the given facts about the city (`crs`, `name`)."""
    if is_postgres(location):
        from holdfast.store import postgis

        return postgis.create(location, catalog.load(), meta["crs"], meta)
    from holdfast.store import sqlite_gpkg

    return sqlite_gpkg.create(Path(location), _srs(meta["crs"]), meta)


def open_repository(location: str, *, read_only: bool = False) -> Repository:
    """The store at a location, whatever its schema version."""
    if is_postgres(location):
        from holdfast.store import postgis

        return postgis.open_repository(location, catalog.load(), read_only=read_only)
    from holdfast.store.sqlite_gpkg import SqliteRepository

    return SqliteRepository(Path(location), read_only=read_only)


def open_city(location: str | Path, *, read_only: bool = False) -> City:
    """Open a city. raises NotFound if there is none; Invalid if a newer Holdfast wrote it"""
    return City(open_repository(str(location), read_only=read_only), catalog.load())


def _srs(code: str):  # type: ignore[no-untyped-def]
    from holdfast.store.sqlite_schema import Srs

    if code == "local":
        return Srs(-1)
    from holdfast.model.crs import proj_crs

    found = proj_crs(code)
    epsg = found.to_epsg()
    if epsg is None:
        raise Invalid(f"{code} has no EPSG code", fix="Name the city's CRS as EPSG:n", crs=code)
    return Srs(epsg, found.name, found.to_wkt("WKT1_GDAL"))


def _name_of(location: str) -> str:
    if is_postgres(location):
        from urllib.parse import parse_qs, urlsplit

        return parse_qs(urlsplit(location).query).get("city", ["holdfast"])[0]
    return Path(location).resolve().name
