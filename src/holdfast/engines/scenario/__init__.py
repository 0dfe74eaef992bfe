"""From hazard to impact: damage, cascade over services, repair in time, restoration order, ensembles."""

from .settings import SETTINGS

__all__ = ["SETTINGS"]
