"""A city's water tables made ready for an EPANET file."""

from __future__ import annotations

from typing import Any

from holdfast.io.model_tables import ModelTables

from .context import LINK_KINDS, NODE_KINDS
from .units import Units


class Export(ModelTables):
    """Water tables of one export, and the units to write in."""

    def __init__(self, city: Any) -> None:
        super().__init__(city, NODE_KINDS, LINK_KINDS, others=(("water.pattern",), ("water.curve",)))
        self.units = Units()
