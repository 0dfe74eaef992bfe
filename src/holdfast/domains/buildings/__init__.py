"""Buildings and the critical facilities in them."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
