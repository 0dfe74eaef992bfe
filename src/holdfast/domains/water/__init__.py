"""Water supply: sources, mains, pumps, hydrants, secondary supply and their devices."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
