"""Results over time from the file that SWMM writes, mapped into memory rather than read value by value."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from holdfast.model.errors import Invalid

from .changes import LINK_RESULTS, NODE_RESULTS

_MAGIC = 516114522
_AREA, _NODE, _LINK, _SYSTEM = 8, 6, 5, 15  # results of each element; water quality adds one for each pollutant
_NODE_AT = {"depth": 0, "head": 1, "flooding": 5}
_LINK_AT = {"flow": 0}


@dataclass(frozen=True, slots=True)
class Results:
    """Results of one run in the units of the model.

    node, link  names of the elements reported
    hours       (period,) since results were first to be reported
    series      name -> (period, node or link) float32, views of the file; see NODE_RESULTS and LINK_RESULTS
    """

    node: tuple[str, ...]
    link: tuple[str, ...]
    hours: np.ndarray
    series: dict[str, np.ndarray]


def read(path: Path) -> Results:
    """Results of an output file. raises Invalid for a file that is incomplete or of another version"""
    with Path(path).open("rb") as file:
        head = file.read(28)
        file.seek(-24, 2)
        _, _, at, periods, error, magic = struct.unpack("<6i", file.read(24))
        size = file.tell()
        first, _, _, areas, nodes, links, pollutants = struct.unpack("<7i", head)
        width = 4 * (areas * (_AREA + pollutants) + nodes * (_NODE + pollutants) + links * (_LINK + pollutants) + _SYSTEM)
        if first != _MAGIC or magic != _MAGIC or error or size - 24 - at != periods * (8 + width):
            raise Invalid("this is no complete output file of SWMM 5.2", fix="Run the model again", file=Path(path).name)
        file.seek(28)
        names = [_name(file) for _ in range(areas + nodes + links)]
        file.seek(at - 12)
        begin, _ = struct.unpack("<di", file.read(12))
    record = np.dtype([
        ("day", "<f8"), ("area", "<f4", (areas, _AREA + pollutants)), ("node", "<f4", (nodes, _NODE + pollutants)), ("link", "<f4", (links, _LINK + pollutants)),
        ("system", "<f4", _SYSTEM),
    ])  # fmt: skip
    data = np.memmap(path, record, "r", offset=at, shape=periods) if periods else np.empty(0, record)
    series = {name: data["node"][:, :, _NODE_AT[name]] for name in NODE_RESULTS} | {name: data["link"][:, :, _LINK_AT[name]] for name in LINK_RESULTS}
    return Results(tuple(names[areas : areas + nodes]), tuple(names[areas + nodes :]), np.round((data["day"] - begin) * 86400) / 3600, series)


def _name(file) -> str:  # type: ignore[no-untyped-def]
    (count,) = struct.unpack("<i", file.read(4))
    return file.read(count).decode("utf-8", "replace")


__all__ = ["Results", "read"]
