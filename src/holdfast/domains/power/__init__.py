"""Power: see README.md."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
