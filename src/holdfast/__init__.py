"""Holdfast: one living model of a city's lifelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.model.city import City

__version__ = "0.1.0"


def open(city: str, *, read_only: bool = False) -> City:
    """Open a city: a folder, or a `postgresql://` URL.

    raises    NotFound if there is no city there; Invalid if it was written by a newer version
    """
    from holdfast.app.cities import open_city

    return open_city(city, read_only=read_only)
