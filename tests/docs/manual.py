"""Reads the manual: its pages, the examples on them, and the order in which a reader would do them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<indent> *)```(?P<lang>\w*)(?: +(?P<attributes>[^\n]*))?\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
RUNNABLE = {"python", "console"}


@dataclass(frozen=True)
class Example:
    """One fenced block. file: name under which a reader saves it; line: where it begins."""

    page: str
    line: int
    lang: str
    file: str | None
    body: str

    def commands(self) -> list[tuple[str, int]]:
        """Commands of a console block with the exit code each should end with."""
        found = []
        for line in re.sub(r"\\\n *", "", self.body).splitlines():
            if line.startswith("$ "):
                command, _, code = line[2:].partition("  # exit ")
                found.append((command, int(code or 0)))
        return found


def pages() -> list[Path]:
    """Hand-written pages: the README, the contributor's page, and everything in docs/."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def examples(page: Path) -> list[Example]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        title = TITLE.search(match["attributes"] or "")
        indent = len(match["indent"])
        body = "\n".join(line[indent:] for line in match["body"].splitlines()) + "\n"
        found.append(Example(page.name, text.count("\n", 0, match.start()) + 1, match["lang"], title[1] if title else None, body))
    return found
