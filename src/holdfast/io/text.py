"""Text of unknown encoding: find the encoding of a file, and decode value by value where it changes within the file.

Files that are not clean UTF-8 are first read as ISO-8859-1, which maps every byte to one character and loses nothing;
`decode_column` then turns those characters back into bytes and decodes each value on its own. Separators stay intact
because no byte of a multi-byte GB18030 character is a comma, semicolon, tab, quote or line end.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.errors import Invalid

RAW = "latin-1"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "936": "gb18030", "hz-gb-2312": "gb18030", "65001": "utf-8", "utf8": "utf-8", "950": "big5"}
_ISOLATED = ["utf_8", "gb18030", "big5", "cp1252", "cp1250", "cp1251", "shift_jis", "euc_kr", "latin_1"]
_DOUBLE = frozenset({"gb18030", "big5", "gbk", "gb2312"})
_THREE = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")
_BLOCK = 1 << 24
_SAMPLE_LINES = 4000


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file.

    name    Python codec of the values that are not UTF-8, or "utf-8" when all are
    mixed   True when some lines are UTF-8 and others are not
    line    1-based line of the first value that is not in the encoding of the lines before it, for mixed files
    """

    name: str
    mixed: bool = False
    line: int | None = None

    @property
    def clean(self) -> bool:
        """True when the file can be read as UTF-8 directly."""
        return self.name in {"utf-8", "utf-8-sig"} and not self.mixed


def codec(name: str, *, file: Path | None = None) -> str:
    """The Python codec for a name as people and .cpg files write it. raises Invalid if there is none."""
    key = name.strip().lower().replace("_", "-")
    key = _NAMES.get(key, key)
    for candidate in (key, f"cp{key}", key.replace("ansi ", "cp"), key.replace("-", "")):
        try:
            found = codecs.lookup(_NAMES.get(candidate, candidate))
        except (LookupError, ValueError):  # ValueError: a null character in the name
            continue
        if found._is_text_encoding:  # "hex" and "zlib" are codecs too
            return found.name
    raise Invalid(f"{name!r} is not a known text encoding", fix="Use utf-8, gbk, big5 or another Python codec name", field="encoding", file=file)


def plainly_utf8(raw: bytes) -> bool:
    """Whether bytes have a character that UTF-8 writes in three bytes or more, as it does all Chinese ones."""
    return _THREE.search(raw) is not None


def is_utf8(path: Path) -> bool:
    """Whether a whole file is valid UTF-8; reads it once in blocks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def detect(path: Path, hint: str | None = None) -> Encoding:
    """The encoding of a text file.

    hint    what the person said; it is believed for every value that is not plainly UTF-8
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name)
    told = codec(hint, file=path) if hint else None
    if is_utf8(path) and (told is None or told == "utf-8" or not _is_weak(path)):
        return Encoding("utf-8")
    odd, strong, weak, odd_at = _odd_lines(path)
    name = told or guess(b"\n".join(odd))
    found = [line for line in (strong, None if name in _DOUBLE else weak) if line is not None]
    return Encoding(name, mixed=bool(found) and odd_at is not None, line=max(min(found), odd_at) if found and odd_at else None)


def _is_weak(path: Path) -> bool:
    """Whether no line of a file has a character that UTF-8 writes in three bytes, as it does all Chinese ones."""
    with path.open("rb") as stream:
        return not any(_THREE.search(line) for line in stream)


def _odd_lines(path: Path) -> tuple[list[bytes], int | None, int | None, int | None]:
    """Lines that are not UTF-8 (a sample), and the first line that is plainly UTF-8, that may be UTF-8, and that is not."""
    odd: list[bytes] = []
    strong = weak = odd_at = None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                odd_at = odd_at or number
                if len(odd) < _SAMPLE_LINES:
                    odd.append(line[:2000])
                continue
            if _THREE.search(line):
                strong = strong or number
            else:
                weak = weak or number
    return odd, strong, weak, odd_at


def guess(sample: bytes) -> str:
    """The likeliest codec of bytes that are not UTF-8."""
    if _looks_gb(sample):
        return "gb18030"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_ISOLATED, threshold=0.3).best()
    return codec(best.encoding) if best is not None else RAW


def _looks_gb(sample: bytes) -> bool:
    """Whether the bytes above 0x7F come in pairs of GB 2312, as Chinese text does and Western text does not."""
    pairs = alone = place = 0
    while place < len(sample):
        first = sample[place]
        if first < 0x80:
            place += 1
        elif 0xA1 <= first <= 0xF7 and place + 1 < len(sample) and sample[place + 1] >= 0xA1:
            pairs, place = pairs + 1, place + 2
        else:
            alone, place = alone + 1, place + 1
    return pairs > 0 and alone <= pairs // 20


def decode(raw: bytes, fallback: str) -> tuple[str, str]:
    """Text of one value and the codec that gave it: UTF-8 if valid, else `fallback`, else GB18030, else ISO-8859-1.

    A few Chinese words in GBK happen to be valid UTF-8 of two-byte characters; in a GBK file they are taken as Chinese.
    A value of fixed width may end inside a character; the piece of it is dropped.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3 and error.reason == "unexpected end of data" and _THREE.search(raw[: error.start]):
            return raw[: error.start].decode("utf-8"), "utf-8"
    else:
        if not (fallback in _DOUBLE and not raw.isascii() and not _THREE.search(raw) and _looks_gb(raw)):
            return text, "utf-8"
    for name in dict.fromkeys((fallback, "gb18030")):
        try:
            return raw.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode(RAW), RAW


def decode_name(name: str, fallback: str) -> str:
    """A column or layer name that was read as ISO-8859-1."""
    return name if name.isascii() else _decode_characters(name, fallback)[0]


def _decode_characters(value: str, fallback: str) -> tuple[str, str]:
    try:
        return decode(value.encode(RAW), fallback)
    except UnicodeEncodeError:
        return value, "utf-8"


def decode_column(column: pa.ChunkedArray, fallback: str) -> tuple[pa.ChunkedArray, dict[str, np.ndarray]]:
    """A text column that was read as ISO-8859-1, decoded value by value.

    returns   the column, and for each codec that was met beyond ASCII the 0-based rows that used it
    """
    odd = pc.invert(pc.fill_null(pc.string_is_ascii(column), True))
    if not pc.any(odd).as_py():
        return column, {}
    coded = pc.dictionary_encode(column).combine_chunks()
    values, used = [], []
    for value in coded.dictionary.to_pylist():
        text, name = (value, "") if value.isascii() else _decode_characters(value, fallback)
        values.append(text)
        used.append(name)
    decoded = pc.take(pa.array(values, pa.string()), coded.indices)
    names = np.array(used, dtype=object)
    index = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(odd.to_numpy())
    met = names[index[rows]]
    return pa.chunked_array([decoded]), {name: rows[met == name] for name in dict.fromkeys(met.tolist())}


def repair_column(column: pa.ChunkedArray, fallback: str = "gb18030") -> tuple[pa.ChunkedArray, np.ndarray]:
    """A text column whose bytes may not be UTF-8 although its type says so.

    returns   the column as valid text, and the 0-based rows that had to be decoded anew
    """
    raw = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary())
    try:
        pc.cast(raw, column.type)
    except pa.ArrowInvalid:
        pass
    else:
        return column, np.empty(0, np.int64)
    values, rows = [], []
    for row, value in enumerate(raw.to_pylist()):
        if value is None:
            values.append(None)
            continue
        text, name = decode(value, fallback)
        values.append(text)
        if name != "utf-8":
            rows.append(row)
    return pa.chunked_array([pa.array(values, pa.string())]), np.array(rows, np.int64)
