"""File formats of the power domain."""

from .read import FORMATS

__all__ = ["FORMATS"]
