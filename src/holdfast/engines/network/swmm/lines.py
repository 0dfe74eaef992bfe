"""Lines of a SWMM file as words."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r'"([^"]*)"|(\S+)')


def split(line: str) -> list[str]:
    """Words of a line without its comment; quotes keep blanks together."""
    return [quoted or plain for quoted, plain in _WORD.findall(line.partition(";")[0])]


def join(words: Iterable[str]) -> str:
    """A line of words, quoted where needed."""
    return " ".join(f'"{word}"' if not word or " " in word or "\t" in word else word for word in words)


def held_open(line: str, links: set[str]) -> str:
    """An action of [CONTROLS]; on one of `links` (lower case) it now leaves the link on or open, whatever the rule wanted."""
    words = split(line)
    if len(words) < 6 or words[0].upper() not in ("THEN", "ELSE", "AND") or words[2].casefold() not in links or words[4] != "=":
        return line
    status = words[3].upper() == "STATUS"
    value = ("ON" if words[1].upper() == "PUMP" else "OPEN") if status else "1.0"
    return join([*words[:5], value])


__all__ = ["held_open", "join", "split"]
