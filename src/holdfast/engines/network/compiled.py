"""The decorator of kernels that are compiled once and kept on disk.

Numba looks only at a function's own file to decide whether the kept machine code is still good, although the code contains what was
inlined from other files. Here the code of all networks' kernels counts as one: when any of these files changes, all are compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit


@cache
def _stamp() -> tuple[tuple[str, int, float], ...]:
    """Name, size and time of change of every file of this package."""
    here = Path(__file__).parent
    stats = [(str(path.relative_to(here)), path.stat()) for path in sorted(here.rglob("*.py"))]
    return tuple((name, stat.st_size, stat.st_mtime) for name, stat in stats)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile without the interpreter lock, with NumPy's division rules, and keep the machine code."""
    compiled = njit(nogil=True, error_model="numpy")(function)
    compiled.enable_caching()
    index = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, _stamp_of(function))
    return compiled


def _stamp_of(function: Callable[..., Any]) -> tuple[tuple[str, int, float], ...]:
    """Files whose code may be inlined: those of the same subpackage and those at the top of this package."""
    folder = Path(function.__code__.co_filename).parent
    here = Path(__file__).parent
    own = folder.relative_to(here).as_posix() if folder.is_relative_to(here) else "."
    return tuple(entry for entry in _stamp() if "/" not in entry[0] or (own != "." and entry[0].startswith(own + "/")))
