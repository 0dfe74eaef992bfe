"""Restoring a city from a backup into either store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast import catalog
from holdfast.store import archive

from .cities import create_repository


def restore_city(file: str | Path, location: str) -> dict[str, Any]:
    """Make a city from an archive and check that every digest agrees; returns the archive's manifest.

    raises    Invalid if the archive is damaged; Conflict if there is a city at the location
    """
    return archive.restore(Path(file), location, catalog.load(), create_repository)
