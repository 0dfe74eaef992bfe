"""Drainage: storm and sewage networks, catchments, pumps, gates, outfalls, rivers and their devices."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
