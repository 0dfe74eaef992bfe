"""Unit grid codes: 15 digits = 6 administrative division + 3 street office + 3 community + 3 sequence.

source   GB/T 30428.1, standards.md 2.3
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid

_WHOLE = re.compile(r"\d{15}")


def reading_order(group: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Number the members of each group from 1, west to east in rows from north to south.

    group   (n,) integer group of each place
    x, y    (n,) [m]
    """
    group, x, y = (np.asarray(v) for v in (group, x, y))
    if not len(group):
        return np.empty(0, np.int64)
    _, member = np.unique(group, return_inverse=True)
    size = np.bincount(member)
    top, bottom = np.full(len(size), -np.inf), np.full(len(size), np.inf)
    np.maximum.at(top, member, y)
    np.minimum.at(bottom, member, y)
    rows = np.maximum(1, np.rint(np.sqrt(size)))
    band = np.minimum(rows[member] - 1, np.floor((top[member] - y) / np.maximum(top - bottom, 1e-9)[member] * rows[member]))
    order = np.lexsort((x, band, member))
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - (np.cumsum(size) - size)[member[order]] + 1
    return rank


def unit_grid_codes(admin: str, street: np.ndarray, community: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Codes of unit grid cells, numbered inside each community from west to east and north to south.

    admin              6-digit division code of GB/T 2260
    street, community  (n,) numbers 1..999; communities are numbered inside their street office
    x, y               (n,) a point of each cell [m]
    raises             Invalid if a number does not fit its digits
    """
    if not re.fullmatch(r"\d{6}", admin):
        raise Invalid(f"{admin!r} is no division code", fix="Give the 6 digits of GB/T 2260", field="admin")
    street, community = np.asarray(street, np.int64), np.asarray(community, np.int64)
    sequence = reading_order(street * 1000 + community, x, y)
    for name, part in (("street", street), ("community", community), ("sequence", sequence)):
        if len(part) and (part.min() < 1 or part.max() > 999):
            raise Invalid(f"the {name} number {int(part.max() if part.max() > 999 else part.min())} does not fit three digits",
            fix="Divide the area further", field=name)
    number = (street * 1000 + community) * 1000 + sequence
    return np.char.add(admin, np.char.zfill(number.astype("U9"), 9))


def split_codes(codes: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of well-formed codes: admin, street, community (text) and sequence (number)."""
    codes = np.asarray(codes, "U15")
    whole = codes.view("U1").reshape(len(codes), 15)

    def part(start: int, stop: int) -> np.ndarray:
        return np.ascontiguousarray(whole[:, start:stop]).view(f"U{stop - start}").ravel()

    return {"admin": part(0, 6), "street": part(6, 9), "community": part(9, 12), "sequence": part(12, 15).astype(np.int64)}


def malformed(codes: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Which codes are not 15 digits with every part from 001 on; null counts as malformed."""

    def bad(code: str | None) -> bool:
        return code is None or not _WHOLE.fullmatch(code) or "000" in (code[6:9], code[9:12], code[12:15]) or code[:2] == "00"

    return np.array([bad(code) for code in codes.to_pylist()], bool)
