"""Ground of every city: terrain, zones with people, land use, administrative unit grid."""

from .domain import DOMAIN

__all__ = ["DOMAIN"]
