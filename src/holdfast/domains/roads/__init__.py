"""Roads: streets and crossings, bridges, signals, public transport, travel demand."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
