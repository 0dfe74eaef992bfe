"""From category symbols of a survey (JS, YS, WS, RQ ...) and attachment words to kinds, as the installed kinds declare them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from holdfast.model.spec import Catalog, Kind

from .survey_words import CATEGORY_WORDS, POINT_WORDS

_DICTIONARY = "cjj61.category."


@dataclass(frozen=True)
class Categories:
    """The survey vocabulary of a catalog."""

    catalog: Catalog

    @cached_property
    def lines(self) -> dict[str, Kind]:
        """Major symbol -> the kind of its lines: an edge with the category dictionary and a line's feature code."""
        found: dict[str, Kind] = {}
        for kind in self.catalog.kinds.values():
            major = self.major_of(kind)
            if major and kind.trait == "edge" and kind.symbol is not None and kind.symbol.feature_code[4:5] == "1":
                found.setdefault(major, kind)
        return found

    @cached_property
    def points(self) -> dict[str, Kind]:
        """Major symbol -> the kind of its points without a kind of their own."""
        found: dict[str, Kind] = {}
        for major, line in self.lines.items():
            nodes = [k for k in self.catalog.kinds.values() if k.domain == line.domain and k.trait == "node" and k.field("attachment") is not None]
            plain = [k for k in nodes if k.symbol is not None and k.symbol.feature_code[4:6] == "21"]
            wells = [k for k in nodes if k.name.endswith(".manhole")]
            chosen = (plain or wells or nodes)[:1]
            if chosen:
                found[major] = chosen[0]
        return found

    @staticmethod
    def major_of(kind: Kind) -> str | None:
        """The major symbol of a kind of lines, from its category dictionary."""
        field = kind.field("category")
        if field is None or field.dictionary is None or not field.dictionary.name.startswith(_DICTIONARY):
            return None
        return field.dictionary.name.removeprefix(_DICTIONARY)

    @cached_property
    def symbols(self) -> dict[str, tuple[str, str | None]]:
        """Symbol, minor code or name -> (major symbol, minor code or None)."""
        found: dict[str, tuple[str, str | None]] = {}
        for major, kind in self.lines.items():
            found[major] = (major, None)
            for word in CATEGORY_WORDS.get(major, ()):
                found.setdefault(word, (major, None))
            field = kind.field("category")
            assert field is not None and field.dictionary is not None
            for code in field.dictionary.codes:
                for name in (code.value, code.value[:2], code.title_zh, *code.aliases):
                    found.setdefault(name, (major, code.value))
        return found

    def read(self, text: str | None) -> tuple[str, str | None] | None:
        """Major symbol and minor code of a category as delivered: a symbol, a code, a name, or the 8 digits of a feature code."""
        word = (text or "").strip()
        if not word:
            return None
        if re.fullmatch(r"5\d{7}", word):
            return self._by_feature_code(word)
        for candidate in (word, word.upper(), word.removesuffix("管线"), word.removesuffix("管道"), word.removesuffix("管")):
            if candidate in self.symbols:
                return self.symbols[candidate]
        return None

    def _by_feature_code(self, code: str) -> tuple[str, str | None] | None:
        for major, kind in self.lines.items():
            if kind.symbol is not None and kind.symbol.feature_code[:2] == code[:2]:
                field = kind.field("category")
                assert field is not None and field.dictionary is not None
                minor = next((c.value for c in field.dictionary.codes if c.value.endswith(code[2:4])), None)
                return major, minor
        return None

    def of_number(self, number: str | None) -> tuple[str, str | None] | None:
        """Category from the letters a point number begins with: JS12 is water, WS7 sewage."""
        letters = re.match(r"\s*([A-Za-z]{2})", number or "")
        return self.symbols.get(letters[1].upper()) if letters else None

    def of_name(self, name: str) -> tuple[str, str | None] | None:
        """Category named in a file name, as a symbol of its own or as a Chinese word."""
        for part in re.findall(r"[A-Za-z]+", name):
            for length in (len(part), 2):
                if part[:length].upper() in self.symbols and len(part[:length]) == 2 and (length == len(part) or part[2:].lower() in {"point", "line", "p", "l"}):
                    return self.symbols[part[:length].upper()]
        words = sorted((word for word in self.symbols if not word.isascii()), key=len, reverse=True)
        return next((self.symbols[word] for word in words if word in name), None)

    def point_kind(self, major: str, attachment: str | None, feature: str | None) -> Kind:
        """The kind of a survey point: what its attachment or characteristic names, else the plain node of its category."""
        default = self.points[major]
        for word in ((attachment or "").strip(), (feature or "").strip()):
            if not word:
                continue
            for kind in self.catalog.kinds.values():
                fits = kind.domain == default.domain and kind.trait == "node" and kind.geometry == "Point"
                if fits and (word == kind.title_zh or word in POINT_WORDS.get(kind.name, ())):
                    return kind
        return default
