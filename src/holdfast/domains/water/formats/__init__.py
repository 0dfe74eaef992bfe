"""EPANET .inp files."""

from holdfast.model.delivery import Format

from .reader import read, sniff
from .writer import write

FORMATS = (Format("epanet", "EPANET network", "EPANET 管网模型", (".inp",), sniff, read, write),)
