"""Where results are to be written: looked at before anything is computed, and left as it was where nothing came of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from holdfast.model.errors import Invalid, Unavailable


def check_file(path: Path, endings: tuple[str, ...], what: str) -> None:
    """A file that results can be written to.

    endings   that the name may have         what   has them, in words
    raises    Invalid for another ending; Unavailable if there is no such folder, or it cannot be written to
    """
    if path.suffix not in endings:
        raise Invalid(what, fix=f"End the file name in {' or '.join(endings)}", file=path)
    if not path.parent.is_dir():
        raise Unavailable("the folder does not exist", fix="Make it first", folder=path.parent)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Unavailable("the file cannot be written", fix="Give another file name, or check permissions", file=path)


@contextmanager
def results_folder(path: Path) -> Iterator[None]:
    """A folder that results can be written to, made if need be; what is still empty when the block is left by an error is taken away again.

    raises    Unavailable if it cannot be made or written to
    """
    if path.exists() and not path.is_dir():
        raise Unavailable("results cannot be written there: it is no folder", fix="Give a folder with --out", folder=path)
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        _remove_empty(made)
        raise Unavailable(f"results cannot be written there: {error.strerror or error}", fix="Give another --out, or check permissions", folder=path) from error
    try:
        yield
    except BaseException:
        _remove_empty([*(p for p in path.glob("*") if p.is_dir()), *made] if made else [])
        raise


def _remove_empty(folders: list[Path]) -> None:
    """The innermost first; a folder with something in it stays, and so do those around it."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
