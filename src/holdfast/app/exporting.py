"""Export: a city or some of its kinds into a file, as it is now or was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holdfast.catalog import format_named
from holdfast.model.city import City
from holdfast.model.delivery import Format
from holdfast.model.errors import Invalid, Unavailable


def export_file(city: City, path: str | Path, *, kinds: Sequence[str] | None = None, format: str | None = None, as_of: str | None = None) -> dict[str, Any]:
    """Write a file and return facts about it.

    kinds    kinds to write; all that the format can hold when left out
    format   name of a format, or None to go by the file's ending
    raises   Invalid if no format fits; NotFound for an unknown kind; Unavailable if the file cannot be written
    """
    target = Path(path)
    names = [city.kind(k).name for k in kinds] if kinds else None
    chosen = _format_for(city, target, format, names)
    view = city.as_of(as_of) if as_of else city
    if not target.parent.exists():
        raise Unavailable("the folder does not exist", fix="Make it first", folder=str(target.parent))
    assert chosen.write is not None
    try:
        facts = chosen.write(view, target, names, None)
    except OSError as error:
        raise Unavailable(f"the file cannot be written: {error.strerror or error}", fix="Check folder, permissions and space", file=str(target)) from error
    return {"file": str(target), "format": chosen.name, **facts}


def _format_for(city: City, path: Path, name: str | None, kinds: list[str] | None) -> Format:
    writable = [f for f in city.catalog.formats if f.write is not None]
    if name:
        chosen = format_named(city.catalog, name)
        if chosen.write is None:
            raise Invalid(f"the format {name} can only be read", fix=f"Formats that can be written: {', '.join(sorted(f.name for f in writable))}")
        return chosen
    ending = max((s for f in writable for s in f.suffixes if path.name.lower().endswith(s)), key=len, default=None)
    fitting = [f for f in writable if ending in f.suffixes]
    if len(fitting) > 1:  # EPANET and SWMM share an ending: what is to be written decides
        sectors = {city.kind(k).domain for k in kinds or city.counts() if k in city.catalog.kinds}
        fitting = [f for f in fitting if not f.domain or f.domain in sectors]
    own = [f for f in fitting if f.suffixes[0] == ending]  # survey tables are read from .csv too, but CSV is written there
    fitting = own if len(own) == 1 else fitting
    if len(fitting) != 1:
        known = ", ".join(sorted(f.name for f in (fitting or writable)))
        raise Invalid("several formats have this ending" if fitting else "no format has this ending", fix=f"Name one with --as: {known}", file=path.name)
    return fitting[0]
