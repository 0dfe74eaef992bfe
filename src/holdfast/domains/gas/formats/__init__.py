"""File formats of the gas domain."""

from . import gaslib, pandapipes

FORMATS = (*pandapipes.FORMATS, *gaslib.FORMATS)

__all__ = ["FORMATS"]
