"""Text of unknown encoding: find the encoding of a file, and decode value by value where it changes within the file.

Files that are not clean UTF-8 are first read as ISO-8859-1, which maps every byte to one character and loses nothing;
`decode_column` then turns those characters back into bytes and decodes each value on its own. Separators stay intact
because no byte of a multi-byte GB18030 character is a comma, semicolon, tab, quote or line end.
"""

from __future__ import annotations

import codecs
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
            return codecs.lookup(_NAMES.get(candidate, candidate)).name
        except LookupError:
            continue
    raise Invalid(f"{name!r} is not a known text encoding", fix="Use utf-8, gbk, big5 or another Python codec name", field="encoding", file=file)


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

    hint    what the person said; it is believed for every value that is not valid UTF-8
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name)
    if is_utf8(path):
        return Encoding("utf-8")
    odd, multibyte, line = _odd_lines(path)
    name = codec(hint, file=path) if hint else guess(b"\n".join(odd))
    return Encoding(name, mixed=multibyte, line=line)


def _odd_lines(path: Path) -> tuple[list[bytes], bool, int | None]:
    """Lines that are not UTF-8 (a sample), whether others are UTF-8 beyond ASCII, and where the change is."""
    odd: list[bytes] = []
    utf8_at = odd_at = None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8_at = utf8_at or number
            except UnicodeDecodeError:
                odd_at = odd_at or number
                if len(odd) < _SAMPLE_LINES:
                    odd.append(line[:2000])
            if utf8_at and odd_at and len(odd) >= _SAMPLE_LINES:
                break
    mixed = utf8_at is not None and odd_at is not None
    return odd, mixed, max(utf8_at, odd_at) if utf8_at and odd_at else None


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

    A value of fixed width may end inside a character; the piece of it is dropped.
    """
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3 and error.reason == "unexpected end of data" and not raw[: error.start].isascii():
            return raw[: error.start].decode("utf-8"), "utf-8"
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
