"""Files that a SWMM model names: rain, climate and series files, kept with the model so that an export is complete."""

from __future__ import annotations

import base64
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from holdfast.io.sectioned import Line, split

from .context import FILE, SERIES, Reading

LARGEST = 64 * 1024 * 1024  # bytes of one file that are kept
_READ = frozenset({"USE", "INSERT"})


def references(reading: Reading) -> list[tuple[str, Line | int]]:
    """Names of files that the engine would read, with the line that names them."""
    found: list[tuple[str, Line | int]] = [(row["file"], row["row"]) for row in reading.gauges.values() if row.get("file")]
    found += [(row["file"], row["row"]) for row in reading.kinds.get(SERIES, ()) if row.get("file")]
    found += [(line.tokens[1], line) for line in reading.sections.of("TEMPERATURE") if len(line.tokens) > 1 and line.tokens[0].upper() == "FILE"]
    found += [(line.tokens[2], line) for line in reading.sections.of("FILES") if len(line.tokens) > 2 and line.tokens[0].upper() in _READ]
    return found


def read_files(reading: Reading, path: Path) -> None:
    """Rows with the content of the files named; only files in the folder of the model or below it are read."""
    seen: set[str] = set()
    for name, line in references(reading):
        if not name or name in seen:
            continue
        seen.add(name)
        found = locate(path.parent, name)
        number = line if isinstance(line, int) else line.number
        if found is None:
            reading.wrong("missing_file", number, f"the model uses the file {name}, which is not beside it", "Put the file into the folder of the model", "warning",
                          kind=FILE, value=name)  # fmt: skip
        elif found.stat().st_size > LARGEST:
            reading.wrong("large_file", number, f"{name} is larger than {LARGEST >> 20} MiB and is not kept", "Keep it beside the exported model", "warning",
                          kind=FILE, value=name)  # fmt: skip
        else:
            _add(reading, number, name, found)


def _add(reading: Reading, number: int, name: str, found: Path) -> None:
    raw = found.read_bytes()
    try:
        content, encoding = raw.decode("utf-8"), "utf-8"
        if "\x00" in content:
            raise UnicodeDecodeError("utf-8", raw, 0, 1, "binary")
    except UnicodeDecodeError:
        content, encoding = base64.b64encode(raw).decode("ascii"), "base64"
    rows = reading.kinds.setdefault(FILE, [])
    taken = {row["id"] for row in rows}
    base = base_name(name)
    asset_id, count = f"{FILE}:{base}", 1
    while asset_id in taken:
        count += 1
        asset_id = f"{FILE}:{count}-{base}"
    rows.append({"id": asset_id, "row": number, "reference": name, "content": content, "encoding": encoding})


def locate(folder: Path, name: str) -> Path | None:
    """The file a model names: as written, with slashes either way, or only its last part; inside `folder`, in any case of letters."""
    parts = PureWindowsPath(name).parts if "\\" in name else PurePosixPath(name).parts
    root = folder.resolve()
    for candidate in (Path(*parts) if parts else Path(name), Path(base_name(name))):
        whole = root / candidate
        try:
            if whole.is_file() and whole.resolve().is_relative_to(root):
                return whole
        except OSError:
            continue
    wanted = base_name(name).casefold()
    return next((p for p in sorted(root.iterdir()) if p.name.casefold() == wanted and p.is_file() and not p.is_symlink()), None)


def base_name(name: str) -> str:
    """Last part of a path in either way of writing; never empty, never a step upwards."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    return last if last not in {"", ".", ".."} else "file"


def bytes_of(row: dict[str, Any]) -> bytes:
    """Content of a kept file."""
    return base64.b64decode(row["content"]) if row["encoding"] == "base64" else row["content"].encode("utf-8")


def renamed(text: str, names: dict[str, str]) -> str:
    """A kept line with the files it names renamed."""
    if not any(name in text for name in names):
        return text
    for word in split(text):
        if word in names and word != names[word]:
            text = text.replace(f'"{word}"', f'"{names[word]}"') if f'"{word}"' in text else text.replace(word, f'"{names[word]}"', 1)
    return text
