"""SWMM .inp files."""

from holdfast.model.delivery import Format

from .reader import read, sniff
from .writer import write

FORMATS = (Format("swmm", "SWMM model", "SWMM 排水模型", (".inp",), sniff, read, write),)
