"""A SWMM input file as lines by section, from which the input of each case is written.

Cases are made as input files rather than through the engine's interface. A file says once and for all what is different: controls of the model
cannot undo it, there is no call back into Python at every step, any SWMM can repeat the run, and what the interface cannot change (a blocked
conduit, the kind of an outfall) is changed in the same way as the rest. Making a file costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from holdfast.model.errors import Invalid, NotFound

from . import units
from .changes import Changes, Series
from .lines import held_open, join, split

BLOCKED = 1e-6  # m3/s that a blocked conduit still lets through: the engine takes 0 as no limit
RAIN, STILL, STAGE = "HOLDFAST-RAIN", "HOLDFAST-STILL", "HOLDFAST-STAGE"
LINK_SECTIONS = ("CONDUIT", "PUMP", "ORIFICE", "WEIR", "OUTLET")
_NAMES_FILES = ("RAINGAGE", "TEMPERATURE", "TIMESERIES", "FILE")
_QUIET = ("INPUT", "CONTROLS", "SUBCATCHMENTS", "NODES", "LINKS", "LID", "DISABLED")


@dataclass(frozen=True)
class Deck:
    """One model.

    folder    where the files lie that it names
    sections  (name as in the file, lines) in order; lines before the first section are left out
    """

    folder: Path
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def read(cls, path: Path) -> Deck:
        """A deck from a file. raises NotFound; Invalid if it has no section"""
        path = Path(path)
        if not path.is_file():
            raise NotFound(f"there is no file {path.name}", fix="Check the path", file=path.name)
        sections: list[tuple[str, list[str]]] = []
        for line in path.read_bytes().decode("utf-8", "surrogateescape").splitlines():
            if line.lstrip().startswith("["):
                sections.append((line.strip().strip("[]").upper(), []))
            elif sections:
                sections[-1][1].append(line)
        if not sections:
            raise Invalid("the file has no sections", fix="Give a SWMM input file", file=path.name)
        return cls(path.resolve().parent, tuple((name, tuple(lines)) for name, lines in sections))

    def lines(self, section: str) -> list[list[str]]:
        """Words of every line of the sections whose name begins so."""
        return [words for name, lines in self.sections if name.startswith(section) for line in lines if (words := split(line))]

    @cached_property
    def options(self) -> dict[str, str]:
        return {words[0].upper(): words[1] for words in self.lines("OPTION") if len(words) > 1}

    @property
    def unit(self) -> str:
        """Flow unit."""
        return self.options.get("FLOW_UNITS", "CFS").upper()

    @cached_property
    def links(self) -> dict[str, str]:
        """Names of links in lower case -> names as in the file."""
        return {words[0].casefold(): words[0] for section in LINK_SECTIONS for words in self.lines(section)}

    @cached_property
    def outfalls(self) -> dict[str, str]:
        """Names of outfalls in lower case -> names as in the file."""
        return {words[0].casefold(): words[0] for words in self.lines("OUTFALL")}

    def files(self) -> list[str]:
        """Files that the model reads, as it names them, which lie beside it or below."""
        found = []
        for section in _NAMES_FILES:
            for words in self.lines(section):
                keys = [word.upper() for word in words]
                for key in {"FILE", "USE", "INSERT"} & set(keys):
                    at = keys.index(key) + (1 if key == "FILE" else 2)
                    name = words[at] if at < len(words) else ""
                    if name and _below(name) and (self.folder / name).is_file():
                        found.append(name)
        return sorted(set(found))

    def check(self, changes: Changes) -> None:
        """raises NotFound for a link or outfall that the model does not have"""
        for names, have, what in (((*changes.out, *changes.forced_open, *changes.flow_limit), self.links, "link"), (tuple(changes.stage), self.outfalls, "outfall")):
            for name in names:
                if name.casefold() not in have:
                    raise NotFound(f"the model has no {what} {name!r}", fix=f"Name a {what} of the model", id=name)

    def text(self, changes: Changes) -> str:
        """The input of one case. raises NotFound for a link or outfall that the model does not have"""
        return _Case(self, changes).text()


class _Case:
    """Writes one case: every section goes through an editor of its own where it has one."""

    def __init__(self, deck: Deck, changes: Changes) -> None:
        self.deck, self.changes, self.unit = deck, changes, deck.unit
        self.length, self.flow = units.length(self.unit), units.flow(self.unit)
        self.out = {name.casefold() for name in changes.out}
        self.open = {name.casefold() for name in changes.forced_open} - self.out
        self.limit = {name.casefold(): value for name, value in changes.flow_limit.items()}
        self.stage = {name.casefold(): value for name, value in changes.stage.items()}
        self.added: dict[str, list[str]] = {"CURVES": [], "TIMESERIES": []}
        deck.check(changes)

    def text(self) -> str:
        body: list[str] = []
        for name, lines in self.deck.sections:
            if name.startswith("EVENT") and (self.changes.rain is not None or self.changes.hours is not None):
                continue  # the periods to route were chosen for other rain
            body += [f"[{name}]", *self._edited(name, lines), ""]
        if not any(name.startswith("OPTION") for name, _ in self.deck.sections):
            body += ["[OPTIONS]", *self._options(()), ""]
        if not any(name.startswith("REPORT") for name, _ in self.deck.sections):
            body += ["[REPORT]", *self._report(()), ""]
        for name, lines in self.added.items():
            if lines:
                body += [f"[{name}]", *lines, ""]
        return "\n".join(body) + "\n"

    def _edited(self, name: str, lines: tuple[str, ...]) -> Iterable[str]:
        whole = {"OPTION": self._options, "REPORT": self._report, "CONTROL": self._controls, "FILE": _without_saving}
        each: dict[str, Callable[[list[str]], list[str]]] = {
            "RAINGAGE": self._gauge, "OUTFALL": self._outfall, "CONDUIT": self._conduit, "PUMP": self._pump, "ORIFICE": self._orifice, "WEIR": self._weir,
            "OUTLET": self._outlet, "LID_USAGE": _lid,
        }  # fmt: skip
        for key, edit in whole.items():
            if name.startswith(key):
                return edit(lines)
        for key, change in each.items():
            if name.startswith(key):
                return [self._line(line, change) for line in lines]
        return lines

    @staticmethod
    def _line(line: str, change: Callable[[list[str]], list[str]]) -> str:
        words = split(line)
        if not words:
            return line
        changed = change(list(words))
        return line if changed == words else join(changed)

    def _options(self, lines: tuple[str, ...]) -> list[str]:
        new = {"THREADS": "1"}  # more make a single model no faster; cases run side by side instead
        options = self.deck.options
        if self.changes.rain is not None:
            new["IGNORE_RAINFALL"] = "NO"
        if self.changes.report_step is not None:
            new["REPORT_STEP"] = _clock(self.changes.report_step)
        if self.changes.hours is not None:
            begin = _moment(options.get("START_DATE", "01/01/2004"), options.get("START_TIME", "0:00:00"))
            end = begin + timedelta(hours=self.changes.hours)
            new |= {"END_DATE": f"{end:%m/%d/%Y}", "END_TIME": f"{end:%H:%M:%S}", "REPORT_START_DATE": f"{begin:%m/%d/%Y}", "REPORT_START_TIME": f"{begin:%H:%M:%S}"}
        kept = [line for line in lines if not ((words := split(line)) and words[0].upper() in new)]
        return [*kept, *(f"{key} {value}" for key, value in new.items())]

    def _controls(self, lines: tuple[str, ...]) -> list[str]:
        """Conditions on a link look like actions on it (AND PUMP P1 STATUS = ON): only what comes after THEN is an action."""
        out, acting = [], False
        for line in lines:
            first = (split(line) or [""])[0].upper()
            acting = first in ("THEN", "ELSE") or (acting and first not in ("RULE", "IF"))
            out.append(held_open(line, self.open) if acting else line)
        return out

    @staticmethod
    def _report(lines: tuple[str, ...]) -> list[str]:
        kept = [line for line in lines if not ((words := split(line)) and words[0].upper() in _QUIET)]
        return [*kept, "INPUT NO", "CONTROLS NO", "SUBCATCHMENTS NONE", "NODES ALL", "LINKS ALL"]

    def _gauge(self, words: list[str]) -> list[str]:
        rain = self.changes.rain
        if rain is None:
            return words
        step, values = even(rain)
        if not self.added["TIMESERIES"] or not self.added["TIMESERIES"][0].startswith(RAIN):
            factor = units.rain_depth(self.unit) / 3600
            rows = [f"{RAIN} {rain.hours[0] + at * step / 3600:.8g} {value / factor:.10g}" for at, value in enumerate(values)]
            self.added["TIMESERIES"][:0] = rows
        return [words[0], "INTENSITY", _clock(step), words[3] if len(words) > 3 else "1.0", "TIMESERIES", RAIN]

    def _outfall(self, words: list[str]) -> list[str]:
        stage = self.stage.get(words[0].casefold())
        if stage is None or len(words) < 3:
            return words
        rest = words[3:] if words[2].upper() in ("FREE", "NORMAL") else words[4:]
        rest = [word for word in rest if word]
        if not isinstance(stage, Series):
            return [*words[:2], "FIXED", f"{stage / self.length:.8g}", *rest]
        name = f"{STAGE}-{words[0]}"
        self.added["TIMESERIES"] += [join([name, f"{hour:.8g}", f"{value / self.length:.8g}"]) for hour, value in zip(stage.hours, stage.values, strict=True)]
        return [*words[:2], "TIMESERIES", name, *rest]

    def _conduit(self, words: list[str]) -> list[str]:
        key = words[0].casefold()
        limit = BLOCKED if key in self.out else self.limit.get(key)
        if limit is None:
            return words
        return [*words[:7], *([] if len(words) > 7 else ["0"] * (8 - len(words))), *words[7:8], f"{max(limit, BLOCKED) / self.flow:.8g}"]

    def _pump(self, words: list[str]) -> list[str]:
        key = words[0].casefold()
        if key in self.out:  # it stays in the model, so that controls that name it still stand
            if not self.added["CURVES"]:
                self.added["CURVES"] += [f"{STILL} PUMP4 0 0", f"{STILL} 1000 0"]
            return [*words[:3], STILL, *words[4:]]
        return [*words[:3], words[3] if len(words) > 3 else "*", "ON"] if key in self.open else words

    def _orifice(self, words: list[str]) -> list[str]:
        return [*words[:5], "0", *words[6:]] if words[0].casefold() in self.out else words

    def _weir(self, words: list[str]) -> list[str]:
        if words[0].casefold() not in self.out:
            return words
        kind = "TRANSVERSE" if words[3].upper() == "ROADWAY" else words[3]
        return [*words[:3], kind, words[4], "0", *words[6:7]]

    def _outlet(self, words: list[str]) -> list[str]:
        return [*words[:4], "FUNCTIONAL/DEPTH", "0", "1"] if words[0].casefold() in self.out else words


def even(rain: Series) -> tuple[float, np.ndarray]:
    """Rain in even steps, as a gauge records it: the step [s] and mean intensities [m/s], of the same depth in all. raises Invalid for times that do not rise"""
    hours, rates = np.asarray(rain.hours, np.float64), np.asarray(rain.values, np.float64)
    gaps = np.diff(hours) * 3600
    if len(hours) == 0 or hours.shape != rates.shape or not (gaps > 0).all() or not np.isfinite(rates).all() or (rates < 0).any():
        raise Invalid("the rain has no rising times with an intensity of zero or more each", fix="Give hours since the start and m/s", field="rain")
    step = max(1.0, float(np.round(gaps.min(initial=3600.0))))
    fallen = np.concatenate([[0.0], np.cumsum(rates[:-1] * gaps)])
    seconds = (hours - hours[0]) * 3600
    edges = np.arange(int(np.ceil(seconds[-1] / step - 1e-9)) + 1) * step
    return step, np.append(np.diff(np.interp(edges, seconds, fallen)) / step, rates[-1])


def _below(name: str) -> bool:
    """Whether a file name stays in its folder."""
    return not PurePosixPath(name).is_absolute() and not PureWindowsPath(name).is_absolute() and ".." not in PureWindowsPath(name).parts


def _without_saving(lines: Iterable[str]) -> list[str]:
    """Lines of [FILES] that only read: a run for its results writes nothing elsewhere."""
    return [line for line in lines if not ((words := split(line)) and words[0].upper() == "SAVE")]


def _lid(words: list[str]) -> list[str]:
    """A report of a LID unit is written beside the case, whatever folder it names."""
    if len(words) > 8 and words[8] != "*":
        words[8] = PureWindowsPath(words[8]).name
    return words


def _clock(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _moment(day: str, time: str) -> datetime:
    """raises Invalid for a date that SWMM would not read either"""
    for form in ("%m/%d/%Y", "%m-%d-%Y", "%b-%d-%Y", "%b/%d/%Y"):
        try:
            begin = datetime.strptime(day, form)
        except ValueError:
            continue
        parts = [*(int(float(part)) for part in time.split(":")), 0, 0]
        return begin + timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
    raise Invalid(f"{day!r} is no date that SWMM reads", fix="Write START_DATE as month/day/year", field="START_DATE")


__all__ = ["BLOCKED", "LINK_SECTIONS", "Deck"]
