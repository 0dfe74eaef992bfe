"""The JSON container of pandapower and pandapipes: nested `_module/_class/_object` values around split tables.

Only the container is read here; what a table means is the business of the domain that owns it. The two packages are
not needed. A cell that does not fit its field becomes null and a finding, a broken container stops the call.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid, NotFound

FORMATS: tuple[Any, ...] = ()

MAX_BYTES = 1 << 30
"""Largest file taken: the container must be held whole, and text of this size needs about ten times the memory."""

@dataclass(slots=True)
class Frame:
    """One table as columns.

    index  row labels, unique
    data   column name -> cells, None where empty
    rows   1-based row numbers in the file
    """

    index: list[Any]
    data: dict[str, list[Any]]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def cells(self, name: str) -> list[Any]:
        """The cells of a column; all None where there is no such column."""
        return self.data.get(name) or [None] * len(self.index)

    def numbers(self, name: str, default: float = np.nan) -> np.ndarray:
        """The column as float64, `default` where empty or not a number."""
        values = np.array([number(cell) for cell in self.cells(name)], dtype=np.float64)
        return np.where(np.isnan(values), default, values)

    def labels(self, name: str) -> np.ndarray:
        """The column as row labels of another table: int64, -1 where empty."""
        values = self.numbers(name)
        return np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int64)

    def take(self, keep: np.ndarray) -> Frame:
        """The rows where `keep` (n,) is true."""
        if keep.all():
            return self
        chosen = np.flatnonzero(keep).tolist()
        return Frame([self.index[i] for i in chosen], {k: [v[i] for i in chosen] for k, v in self.data.items()}, self.rows[keep])


@dataclass(slots=True)
class NetFile:
    """A net as read: tables by name, other values decoded to plain lists and dictionaries."""

    path: Path
    cls: str
    tables: dict[str, Frame] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> Frame:
        """The table, empty where the file has none."""
        return self.tables.get(name) or Frame([], {}, np.zeros(0, np.int64))


def looks_like(head: bytes, cls: str) -> bool:
    """Whether the first bytes of a file announce a net of that class."""
    return b"_module" in head and b"_class" in head and cls.encode() in head


def carries(head: bytes, gas: bool) -> float:
    """Score 0 to 1 that the first bytes of a file announce a pandapipes net whose fluid is a gas, or is none; 0.5 where they do not say the fluid."""
    if not looks_like(head, "pandapipesNet"):
        return 0.0
    said = re.search(rb"is_gas\W+(true|false)", head) or re.search(rb"fluid_type\W+(gas|liquid)", head)
    return 0.5 if said is None else 0.95 if (said.group(1) in (b"true", b"gas")) == gas else 0.05


def read_net(path: Path, cls: str) -> NetFile:
    """Read a net of class `cls`, "pandapowerNet" or "pandapipesNet".

    raises    NotFound if there is no file; Invalid if it is cut off, no such container, or of another class
    """
    document = _load(path)
    if not isinstance(document, dict) or "_class" not in document or "_object" not in document:
        raise Invalid("This JSON is not a saved net: it has no _class and _object", file=str(path), fix=f"Save the net with to_json of the package that made {cls}")
    found = str(document["_class"])
    if found != cls:
        raise Invalid(f"This is a {found}, not a {cls}", file=str(path), fix="Choose the format that fits, see holdfast import --help")
    content = document["_object"]
    if isinstance(content, str):
        content = _nested(content, path, "_object")
    if not isinstance(content, dict):
        raise Invalid("The net holds no tables", file=str(path), fix="Save the net again with to_json")
    net = NetFile(path, found)
    for name, value in content.items():
        if isinstance(value, dict) and value.get("_class") == "DataFrame":
            net.tables[name] = _frame(value, name, path)
        else:
            net.values[name] = plain(value)
    return net


def _load(path: Path) -> Any:
    if not path.is_file():
        raise NotFound("There is no such file", file=str(path))
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("The file is larger than 1 GiB", file=str(path), fix="Save the net in parts, without result tables and profiles")
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8 text", file=str(path), row=error.start, fix="Save it as UTF-8 JSON") from error
    except json.JSONDecodeError as error:
        raise Invalid(f"The JSON is broken or cut off: {error.msg}", file=str(path), row=error.lineno, fix="Ask for the file again, it is incomplete") from error
    except RecursionError as error:
        raise Invalid("The JSON is nested too deeply", file=str(path), fix="Save the net again with to_json") from error


def _nested(text: str, path: Path, where: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid(f"The nested JSON of {where} is broken", file=str(path), field=where, fix="Save the net again with to_json") from error


def _frame(value: dict[str, Any], name: str, path: Path) -> Frame:
    content = value.get("_object")
    if isinstance(content, str):
        content = _nested(content, path, name)
    if not isinstance(content, dict):
        raise Invalid(f"Table {name} has no content", file=str(path), field=name, fix="Save the net again with to_json")
    if not {"columns", "index", "data"} <= set(content):
        raise Invalid(f"Table {name} is not stored in split form", file=str(path), field=name, fix="Save the net again with a current version, orient='split'")
    columns, index, data = ([] if content[part] is None else content[part] for part in ("columns", "index", "data"))
    if not all(isinstance(part, list) for part in (columns, index, data)):
        raise Invalid(f"Table {name} is not stored in split form", file=str(path), field=name, fix="Save the net again with a current version, orient='split'")
    if len(index) != len(data) or any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        raise Invalid(f"Table {name} has rows of different length", file=str(path), field=name, fix="Save the net again, this table is damaged")
    cells = [list(column) for column in zip(*data, strict=True)] if data else [[] for _ in columns]
    index = [json.dumps(label) if isinstance(label, (list, dict)) else label for label in index]
    return Frame(index, {str(c): v for c, v in zip(columns, cells, strict=True)}, np.arange(1, len(index) + 1))


def plain(value: Any) -> Any:
    """A value with all container layers removed, ready for `json.dumps`; the class of an object is kept beside it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "_class" in value and "_object" in value:
        content = value["_object"]
        if isinstance(content, str) and content[:1] in '{["':
            try:
                content = json.loads(content)
            except json.JSONDecodeError:
                return {"class": value["_class"], "content": content}
        inner = plain(content)
        return inner if value.get("_module") == "numpy" else {"class": value["_class"], "content": inner}
    return {key: plain(item) for key, item in value.items()}


def number(cell: Any) -> float:
    """A cell as a number, NaN where it is none."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def text_of(cell: Any) -> str | None:
    """A cell as text, None where empty; whole numbers without a decimal point, lists and objects as JSON."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else str(cell)
    return text.strip() or None


def texts(frame: Frame, name: str) -> list[str | None]:
    """A column as text, None where empty."""
    return [text_of(cell) for cell in frame.cells(name)]
