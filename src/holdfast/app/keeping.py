"""Backup of a city, and restoring it into either store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast import catalog
from holdfast.model.city import City
from holdfast.store import archive

from .cities import create_repository


def backup_city(city: City, file: str | Path) -> dict[str, Any]:
    """Write everything the city knows into one archive while it stays in use; returns the archive's manifest.

    raises    Unavailable if the file cannot be written
    """
    return archive.backup(city.repository, Path(file))


def restore_city(file: str | Path, location: str) -> dict[str, Any]:
    """Make a city from an archive and check that every digest agrees; returns the archive's manifest.

    raises    Invalid if the archive is damaged; Conflict if there is a city at the location
    """
    return archive.restore(Path(file), location, catalog.load(), create_repository)
