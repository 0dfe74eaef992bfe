"""The decorator of kernels that are compiled once and kept on disk.

Numba looks only at a function's own file to decide whether the kept machine code is still good, although the code contains what was
inlined from other files. Here the code of all networks' kernels counts as one: when any of these files changes, all are compiled anew. Kernels
elsewhere are compiled anew when a file changes from which their module took something, or a number that it imported from there.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba import njit

Stamp = tuple[tuple[str, int, float], ...]
_OURS = __name__.partition(".")[0] + "."


@cache
def _stamp() -> Stamp:
    """Name, size and time of change of every file of this package."""
    here = Path(__file__).parent
    stats = [(str(path.relative_to(here)), path.stat()) for path in sorted(here.rglob("*.py"))]
    return tuple((name, stat.st_size, stat.st_mtime) for name, stat in stats)


def kernel(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile without the interpreter lock, with NumPy's division rules, and keep the machine code.

    options   further ones of Numba's `njit`, as in `@kernel(inline="always")`
    """
    if function is None:
        return lambda given: kernel(given, **options)
    compiled = njit(nogil=True, error_model="numpy", **options)(function)
    compiled.enable_caching()
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, _stamp_of(function), _numbers(function.__globals__))
    return compiled


def _stamp_of(function: Callable[..., Any]) -> Stamp:
    """Files whose code may be inlined: in this package those of the same subpackage and those at its top, elsewhere those that the module draws on."""
    folder, here = Path(function.__code__.co_filename).parent, Path(__file__).parent
    if not folder.is_relative_to(here):
        return tuple(_of_file(name) for name in sorted(_drawn_on(function.__module__, function.__globals__)))
    own = folder.relative_to(here).as_posix()
    return tuple(entry for entry in _stamp() if "/" not in entry[0] or (own != "." and entry[0].startswith(own + "/")))


def _drawn_on(module: str, names: dict[str, Any]) -> set[str]:
    """The module, and those that what it imported comes from; of those with kernels also what they draw on in turn. Imports stand before kernels."""
    found, todo = {module}, [names]
    while todo:
        for value in list(todo.pop().values()):
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if not isinstance(name, str) or not name.startswith(_OURS) or name in found:
                continue
            found.add(name)
            if isinstance(value, ModuleType) or hasattr(value, "py_func"):
                todo.append(vars(sys.modules[name]))
    return found


@cache
def _of_file(module: str) -> tuple[str, int, float]:
    """Name of a module, size and time of change of its file."""
    stat = Path(str(sys.modules[module].__file__)).stat()
    return module, stat.st_size, stat.st_mtime


def _numbers(names: dict[str, Any]) -> str:
    """Digest of the numbers and arrays that a module knows by name: Numba takes them for constants, and one that is imported does not say from where."""
    digest = hashlib.sha256()
    for name, value in sorted(names.items()):
        if isinstance(value, bool | int | float | np.generic):
            digest.update(f"{name}={value!r};".encode())
        elif isinstance(value, np.ndarray):
            digest.update(f"{name}={value.dtype}{value.shape}".encode() + value.tobytes())
    return digest.hexdigest()
