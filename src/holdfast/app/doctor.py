"""The doctor: what this installation has, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from holdfast import __version__, catalog
from holdfast.model.errors import HoldfastError

from .cities import is_postgres, open_city

Status = Literal["ok", "warn", "fail"]
NEEDED_PACKAGES = ("fastapi", "geopandas", "numba", "numpy", "pandas", "psycopg", "pyarrow", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")
MIN_PYTHON, MIN_SQLITE = (3, 11), (3, 35, 0)
LOW_SPACE, NO_SPACE = 5e9, 2e8  # bytes
TOOLS = (
    ("ogrinfo", "looks into GeoPackages from outside; used by the tests", "gdal-bin"),
    ("chromium", "draws the page in the browser tests", "chromium"),
    ("node", "builds the page from ui/", "nodejs (20.19 or newer)"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. status: ok; warn: something will not work; fail: Holdfast cannot work."""

    name: str
    status: Status
    detail: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as a JSON-able dictionary."""
        return asdict(self)


def diagnose(location: str | None = None) -> list[Check]:
    """Look at the installation and, where given, at a city (a folder or a postgresql:// URL).

    returns   one row per thing looked at; nothing is changed and nothing raises
    """
    checks = [_python(), _packages(), _sqlite(), _proj(), _postgres_client(), _page(), *_tools(), *_catalog()]
    if location is not None:
        checks += _city(location)
    else:
        checks += [_space(Path.cwd())]
    return checks


def worst(checks: list[Check]) -> Status:
    """The worst status of a list."""
    found = {check.status for check in checks}
    return "fail" if "fail" in found else "warn" if "warn" in found else "ok"


def _python() -> Check:
    detail = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, Holdfast {__version__}"
    if sys.version_info[:2] < MIN_PYTHON:
        return Check("python", "fail", detail, "Install Python 3.11 or newer")
    return Check("python", "ok", detail)


def _packages() -> Check:
    missing = [name for name in NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return Check("packages", "fail", f"missing: {', '.join(missing)}", "Install with: pip install holdfast, or run: make setup")
    return Check("packages", "ok", f"{len(NEEDED_PACKAGES)} required packages present")


def _sqlite() -> Check:
    detail = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < MIN_SQLITE:
        return Check("sqlite", "fail", detail, "Use a Python built with SQLite 3.35 or newer")
    try:
        with sqlite3.connect(":memory:") as memory:
            memory.execute("CREATE VIRTUAL TABLE probe USING rtree(id, minx, maxx, miny, maxy)")
    except sqlite3.Error as error:
        return Check("sqlite", "fail", f"{detail} without R*Tree ({error})", "Use a Python whose SQLite has the R*Tree module")
    return Check("sqlite", "ok", f"{detail} with R*Tree")


def _proj() -> Check:
    try:
        import pyproj

        x, y = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform(114.0, 22.5)
        grids = pyproj.datadir.get_data_dir()
    except Exception as error:
        return Check("proj", "fail", f"coordinate transformation does not work: {error}", "Reinstall pyproj; unset PROJ_DATA and PROJ_LIB if they point to another version")
    if abs(x - 500_000.0) > 0.01 or not 2.4e6 < y < 2.6e6:
        return Check("proj", "fail", f"central meridian of EPSG:4547 came out at x = {x:.3f}", "Reinstall pyproj")
    return Check("proj", "ok", f"PROJ {pyproj.proj_version_str}, data in {grids}")


def _postgres_client() -> Check:
    try:
        import psycopg
    except ImportError as error:
        return Check("postgresql client", "warn", f"psycopg cannot be loaded: {error}", "Install psycopg[binary]; cities in folders work without it")
    return Check("postgresql client", "ok", f"psycopg {psycopg.__version__}")


def _page() -> Check:
    page = Path(__file__).parents[1] / "web" / "page" / "index.html"
    if page.is_file():
        return Check("page", "ok", "built")
    return Check("page", "warn", "the page was not built; the HTTP API works without it", "Run: make setup (needs Node.js 20.19 or newer)")


def _tools() -> Iterator[Check]:
    for name, use, package in TOOLS:
        found = shutil.which(name)
        if found:
            yield Check(name, "ok", use)
        else:
            yield Check(name, "warn", f"not found; {use}", f"Install {package} if you need it")


def _catalog() -> Iterator[Check]:
    try:
        installed = catalog.load()
    except HoldfastError as error:
        yield Check("catalog", "fail", error.message, error.fix)
        return
    found = catalog.verify(installed).table().to_pylist()
    size = f"{len(installed.domains)} domains, {len(installed.hazards)} hazards, {len(installed.kinds)} kinds, {len(installed.formats)} formats"
    yield Check("catalog", "ok", size)
    for row in found:
        place = ".".join(part for part in (row["kind"], row["column"]) if part)
        status: Status = "fail" if row["severity"] == "error" else "warn"
        yield Check(row["rule"], status, f"{place}: {row['message']}" if place else row["message"], row["fix"] or "")


def _city(location: str) -> Iterator[Check]:
    try:
        with open_city(location, read_only=True) as city:
            counts = city.counts()
            yield Check("city", "ok", f"{city.name}: {sum(counts.values())} assets of {len(counts)} kinds in {city.crs}")
            unknown = sorted(set(counts) - set(city.catalog.kinds))
            if unknown:
                yield Check("city kinds", "warn", f"kinds that nothing installed declares: {', '.join(unknown)}", "Install the package that declares them")
    except HoldfastError as error:
        yield Check("city", "fail", error.message, error.fix)
        return
    except Exception as error:  # a database driver's own errors, such as a refused connection
        yield Check("city", "fail", f"{type(error).__name__}: {str(error).strip()}", "Check that the server runs and that the URL is right")
        return
    if not is_postgres(location):
        folder = Path(location)
        if os.access(folder, os.W_OK):
            yield Check("city folder", "ok", "can be written")
        else:
            yield Check("city folder", "warn", "cannot be written: the city can be read but not changed", f"Give yourself write access to {folder}")
        yield _space(folder)


def _space(folder: Path) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk space", "warn", f"cannot be read: {error.strerror}")
    detail = f"{free / 1e9:.1f} GB free"
    if free < NO_SPACE:
        return Check("disk space", "fail", detail, "Free disk space before importing")
    if free < LOW_SPACE:
        return Check("disk space", "warn", detail, "An import of a million assets needs about 3 GB")
    return Check("disk space", "ok", detail)
