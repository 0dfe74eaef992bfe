"""File formats of the power domain."""

from holdfast.model.delivery import Format

from .read import read, sniff
from .write import write

FORMATS = (Format("pandapower", "pandapower net", "pandapower 电网", (".pandapower.json", ".json"), sniff, read, write),)

__all__ = ["FORMATS"]
