"""Controls and rules of a water model: the stored statements as typed values in SI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.engines.network.hydraulic.model import Action, Control, ControlType, LinkType, Premise, Rule, Status
from holdfast.io.sectioned import number, split

from .formats.links import status_of
from .hydraulic_options import clock
from .hydraulic_tables import WaterTables

_STATUS = {"OPEN": int(Status.OPEN), "CLOSED": int(Status.CLOSED), "ACTIVE": int(Status.ACTIVE)}
_NODES, _LINKS = ("NODE", "JUNC", "RESE", "TANK"), ("LINK", "PIPE", "PUMP", "VALV")
_RELATIONS = {"=": "=", "<>": "<>", "<=": "<=", ">=": ">=", "<": "<", ">": ">", "IS": "=", "NOT": "<>", "BELOW": "<", "ABOVE": ">"}
_ATTRIBUTES = {
    "DEMA": "DEMAND", "HEAD": "HEAD", "GRAD": "GRADE", "LEVE": "LEVEL", "PRES": "PRESSURE", "FLOW": "FLOW", "STAT": "STATUS", "SETT": "SETTING", "POWE": "POWER",
    "TIME": "TIME", "CLOC": "CLOCKTIME", "FILL": "FILLTIME", "DRAI": "DRAINTIME",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Where the things that statements name are. nodes, links: name in the file -> position; types: (link,) `LinkType`."""

    nodes: Mapping[str, int]
    links: Mapping[str, int]
    types: list[int]


def statements(tables: WaterTables, names: Names) -> tuple[tuple[Control, ...], tuple[Rule, ...]]:
    """All controls and rules; statements that name what is not there, or make no sense, are findings."""
    controls: list[Control] = []
    rules: list[Rule] = []
    table = tables.table("water.control")
    for asset, kind, text in zip(*(table[name].to_pylist() for name in ("id", "type", "text")), strict=True):
        try:
            if kind == "RULE":
                rules.append(rule((text or "").split("\n"), names, asset.partition(":")[2]))
            else:
                controls += [control(line, names) for line in (text or "").split("\n") if line.strip()]
        except ValueError as error:
            tables.findings.add("hydraulics.bad_control", "error", f"{error}; the control was left out", fix="Correct the statement or what it names",
                                kind="water.control", column="text", id=asset, value=text)  # fmt: skip
    return tuple(controls), tuple(rules)


def control(text: str, names: Names) -> Control:
    """One simple control from its statement. raises ValueError saying what is wrong"""
    words = split(text, ",")
    if len(words) < 6 or words[3].upper() not in {"IF", "AT"}:
        raise ValueError(f"{text!r} is no control")
    link = _place(names.links, words[1], "link")
    if names.types[link] == LinkType.CVPIPE:
        raise ValueError(f"link {words[1]} has a check valve and cannot be controlled")
    status, setting = _state(words[2], names.types[link])
    if words[3].upper() == "AT":
        seconds = clock(words[5:7])
        if seconds is None:
            raise ValueError(f"{' '.join(words[5:])!r} is no time")
        if words[4].upper().startswith("CLOCK"):
            return Control(ControlType.TIME_OF_DAY, link, status, setting, -1, seconds % 86400.0)
        return Control(ControlType.TIMER, link, status, setting, -1, seconds)
    threshold = number(words[7]) if len(words) > 7 else None
    if threshold is None or words[6].upper() not in {"ABOVE", "BELOW"}:
        raise ValueError(f"{text!r} has no threshold")
    kind = ControlType.HIGH_LEVEL if words[6].upper() == "ABOVE" else ControlType.LOW_LEVEL
    return Control(kind, link, status, setting, _place(names.nodes, words[5], "node"), threshold)


def rule(lines: list[str], names: Names, default: str) -> Rule:
    """One rule from its lines. raises ValueError saying what is wrong"""
    premises: list[Premise] = []
    then: list[Action] = []
    otherwise: list[Action] = []
    name, priority, part = default, 0.0, ""
    for line in lines:
        words = split(line, ",")
        if not words:
            continue
        word = words[0].upper()
        if word == "RULE":
            name = words[1] if len(words) > 1 else default
        elif word == "PRIORITY":
            priority = number(words[1]) or 0.0 if len(words) > 1 else 0.0
        else:
            part = word if word in {"IF", "THEN", "ELSE"} else part
            if part == "IF" and word in {"IF", "AND", "OR"}:
                premises.append(_premise(words, names))
            elif part in {"THEN", "ELSE"} and word in {"THEN", "ELSE", "AND"}:
                (then if part == "THEN" else otherwise).append(_action(words, names))
            else:
                raise ValueError(f"{line!r} is no clause of a rule")
    if not premises or not then:
        raise ValueError(f"rule {name} has no {'condition' if not premises else 'action'}")
    return Rule(name, tuple(premises), tuple(then), tuple(otherwise), priority)


def _state(word: str, link_type: int) -> tuple[int, float | None]:
    """Status and setting that a word orders, in the engine's sense: opening a pump restores its full speed."""
    state = status_of(word)
    if state is not None:
        return _STATUS[state], 1.0 if state == "OPEN" and link_type == LinkType.PUMP else None
    value = number(word)
    if value is None:
        raise ValueError(f"{word!r} is neither a status nor a number")
    return _number_state(value, link_type)


def _number_state(value: float, link_type: int) -> tuple[int, float | None]:
    if link_type in {LinkType.PIPE, LinkType.CVPIPE}:
        return int(Status.CLOSED if value == 0 else Status.OPEN), None
    if link_type == LinkType.PUMP:
        return int(Status.CLOSED if value == 0 else Status.OPEN), value
    if link_type == LinkType.GPV:
        raise ValueError("a general purpose valve has no setting")
    return int(Status.ACTIVE), value / 100 if link_type == LinkType.PCV else value


def _premise(words: list[str], names: Names) -> Premise:
    system = words[1].upper().startswith("SYST") if len(words) > 1 else False
    at = 2 if system else 3
    if len(words) < at + 3:
        raise ValueError(f"{' '.join(words)!r} is no condition")
    attribute, relation = _ATTRIBUTES.get(words[at].upper()[:4]), _RELATIONS.get(words[at + 1].upper())
    if attribute is None or relation is None:
        raise ValueError(f"{' '.join(words)!r} is no condition")
    if system:
        thing, index = "system", -1
    elif words[1].upper().startswith(_NODES):
        thing, index = "node", _place(names.nodes, words[2], "node")
    elif words[1].upper().startswith(_LINKS):
        thing, index = "link", _place(names.links, words[2], "link")
    else:
        raise ValueError(f"{words[1]!r} is neither a node nor a link")
    return Premise(words[0].upper(), thing, index, attribute, relation, _value(words[at + 2 :], attribute, names.types[index] if thing == "link" else -1))


def _value(words: list[str], attribute: str, link_type: int) -> float:
    state = status_of(words[0]) if attribute == "STATUS" else None
    value = float(_STATUS[state]) if state else clock(words) if attribute in {"TIME", "CLOCKTIME"} else number(words[0])
    if value is None:
        raise ValueError(f"{' '.join(words)!r} is no value")
    if attribute in {"FILLTIME", "DRAINTIME"}:
        return 3600.0 * value
    return value / 100 if attribute == "SETTING" and link_type == LinkType.PCV else value


def _action(words: list[str], names: Names) -> Action:
    if len(words) < 6 or not words[1].upper().startswith(_LINKS):
        raise ValueError(f"{' '.join(words)!r} is no action")
    link = _place(names.links, words[2], "link")
    if names.types[link] == LinkType.CVPIPE:
        raise ValueError(f"link {words[2]} has a check valve and cannot be controlled")
    state = status_of(words[5])
    if state is not None:  # opens what is closed, and leaves a running pump its speed: unlike a control, which also restores speed 1
        return Action(link, _STATUS[state], None)
    status, setting = _state(words[5], names.types[link])
    return Action(link, status if setting is None else None, setting)


def _place(index: Mapping[str, int], name: str, what: str) -> int:
    try:
        return index[name]
    except KeyError:
        raise ValueError(f"{what} {name} is not in the network") from None
