"""The mapping that an export leaves beside a file whose format cuts names or loses types, and that a later import finds there."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from holdfast.model.errors import Invalid
from holdfast.model.spec import Catalog

from .rules import Rules, parse


def sidecar_path(path: Path) -> Path:
    """`pipes.shp` has `pipes.shp.mapping.toml` beside it."""
    return path.with_name(f"{path.name}.mapping.toml")


def find_sidecar(path: Path, catalog: Catalog) -> Rules | None:
    """The mapping beside a file, or None. raises Invalid if it is there and wrong"""
    sidecar = sidecar_path(path)
    try:
        mapping = tomllib.loads(sidecar.read_text("utf-8"))
    except OSError:
        return None  # there is none, or what is beside the file is not ours to read
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the mapping beside the file is no TOML: {error}", fix="Correct or remove it", file=str(sidecar)) from error
    return parse(mapping, catalog, sidecar)


def write_sidecar(path: Path, mapping: dict[str, Any]) -> Path:
    """Write a mapping beside a file and return where."""
    import tomli_w

    target = sidecar_path(path)
    target.write_text(tomli_w.dumps(mapping), "utf-8")
    return target
