"""Running a capability: parameters from its signature, a run record, results kept, events appended."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from holdfast import __version__
from holdfast.model.city import City
from holdfast.model.delivery import Answer
from holdfast.model.errors import Conflict, Invalid, NotFound
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import Capability, Catalog, Code, Hazard, Param
from holdfast.model.time import now

PLOTS = "plots.json"
"""Name of the file of a run's declared figures, beside its tables."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a capability or of a hazard's model, from its signature. type: str, int, float or bool; many: a list of them."""

    name: str
    type: type
    many: bool
    required: bool
    default: Any
    title: str
    title_zh: str
    quantity: str | None
    assets: tuple[str, ...] = ()
    kinds: bool = False
    choices: tuple[Code, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For forms: name, type, default, titles, SI unit, kinds of assets that it names, whether it names kinds, and the values to choose from (null: any)."""
        unit = QUANTITIES[self.quantity].unit if self.quantity else None
        choices = [{"value": c.value, "title": c.title, "title_zh": c.title_zh} for c in self.choices]
        return {"name": self.name, "type": self.type.__name__, "many": self.many, "required": self.required, "default": self.default, "title": self.title,
                "title_zh": self.title_zh, "quantity": self.quantity, "unit": unit, "assets": self.assets, "kinds": self.kinds, "choices": choices or None}


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: its id and what the capability answered."""

    run: str
    answer: Answer


def find_named(catalog: Catalog, name: str) -> Capability:
    """The capability of that name. raises NotFound"""
    try:
        return catalog.capabilities[name]
    except KeyError:
        raise NotFound(f"there is no capability {name!r}", fix=f"Capabilities are: {', '.join(sorted(catalog.capabilities))}") from None


def parameters_of(capability: Capability) -> tuple[Parameter, ...]:
    """Parameters in order, the city left out."""
    return _parameters(capability.function)[1:]


def hazard_parameters(hazard: Hazard) -> tuple[Parameter, ...]:
    """Parameters of a hazard's model that are declared with `Param`: those that a form offers."""
    hints = typing.get_type_hints(hazard.model, include_extras=True)
    return tuple(p for p in _parameters(hazard.model) if any(isinstance(note, Param) for note in getattr(hints.get(p.name), "__metadata__", ())))


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        hint, param = hints.get(name, str), Param(name.replace("_", " "))
        if typing.get_origin(hint) is typing.Annotated:
            hint, *notes = typing.get_args(hint)
            param = next((n for n in notes if isinstance(n, Param)), param)
        many = False
        members = [a for a in typing.get_args(hint) if a is not type(None)]
        if typing.get_origin(hint) in (list, tuple) or any(typing.get_origin(m) in (list, tuple) for m in members):
            inner = hint if typing.get_origin(hint) in (list, tuple) else members[0]
            many, hint = True, typing.get_args(inner)[0]
        elif members:
            hint = members[0] if typing.get_origin(hint) is not typing.Literal else str
        required = parameter.default is inspect.Parameter.empty
        found.append(Parameter(name, hint, many, required, None if required else parameter.default, *(getattr(param, f.name) for f in fields(param))))
    return tuple(found)


def bind(capability: Capability, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments in the types of the signature. raises Invalid naming the parameter at fault"""
    known = {p.name: p for p in parameters_of(capability)}
    for name in given:
        if name not in known:
            raise Invalid(f"{capability.name} has no parameter {name!r}", fix=f"Its parameters are: {', '.join(known) or 'none'}", field=name)
    arguments = {}
    for name, parameter in known.items():
        if name not in given:
            if parameter.required:
                raise Invalid(f"{capability.name} needs {name}", fix=f"Give {name} ({parameter.title})", field=name)
            continue
        value = given[name]
        try:
            arguments[name] = [_convert(v, parameter.type) for v in value] if parameter.many and value is not None else _convert(value, parameter.type)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{value!r} is no {parameter.type.__name__}", fix=f"Give {parameter.title} as {parameter.type.__name__}", field=name) from error
    return arguments


def _convert(value: Any, kind: type) -> Any:
    if value is None or isinstance(value, kind):
        return value
    if kind is bool:
        if str(value).lower() in ("true", "1", "yes"):
            return True
        if str(value).lower() in ("false", "0", "no"):
            return False
        raise ValueError(value)
    return kind(value)


def run_capability(city: City, name: str, given: Mapping[str, Any] | None = None, *, actor: str = "", keep: bool = True) -> Ran:
    """Run a capability on the city and keep run, summary, tables and events.

    keep      False leaves no trace, for looking only
    raises    whatever the capability raises; NotFound, Invalid for a wrong name or parameter; Conflict on a view of the past
    """
    capability = find_named(city.catalog, name)
    arguments = bind(capability, given or {})
    started = now()
    digest = input_digest(city)
    run = run_id(name, started)
    answer: Answer = capability.function(city, **arguments)
    if not keep:
        return Ran(run, answer)
    if city.at is not None:
        raise Conflict("a run on a view of the past cannot be kept", fix="Run it with keep=False")
    keep_run(city, run, name, answer, arguments=arguments, digest=digest, started=started, actor=actor)
    return Ran(run, answer)


def keep_run(city: City, run: str, capability: str, answer: Answer, *, arguments: Mapping[str, Any], digest: str, started: Any, actor: str = "") -> None:
    """Keep what a run answered: its record, tables and plots as files, findings, events.

    digest    of the state of the city that the run saw
    """
    with city.repository.write() as writer:
        tables = dict(answer.tables)
        if answer.findings is not None:
            tables["findings"] = answer.findings.table()
        for label, table in tables.items():
            sink = io.BytesIO()
            pq.write_table(table, sink, compression="zstd")
            writer.put_file(f"results/{run}/{label}.parquet", sink.getvalue())
        if answer.plots:
            writer.put_file(f"results/{run}/{PLOTS}", json.dumps([asdict(plot) for plot in answer.plots], ensure_ascii=False).encode())
        writer.append_run({
            "id": run, "capability": capability, "code_version": __version__, "input_digest": digest,
            "parameters": json.dumps(arguments, default=str), "seed": arguments.get("seed"), "status": answer.status, "actor": actor, "started_at": started,
            "ended_at": now(), "summary": json.dumps(answer.summary, ensure_ascii=False, default=str),
        })
        for event in answer.events:
            writer.append_event({"actor": actor, "cause": run, **event})


def input_digest(city: City) -> str:
    """What names the state of the city that a run sees: every commit has its own stamp."""
    state = city.repository.meta().get("last_stamp", "")
    return hashlib.sha256(f"{state} {city.at}".encode()).hexdigest()


def run_id(name: str, started: Any) -> str:
    """Id of a run that began then."""
    return f"{name}-{np.datetime_as_string(started, unit='ms').replace(':', '').replace('.', '')}Z"
