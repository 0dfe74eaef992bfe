"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import Unavailable


def write_whole(path: Path, content: Any, *, fix: str = "Make room and try again") -> None:
    """Write bytes to a file so that a killed process or a full disk leaves the old file or the new one, never a piece.

    content   bytes or a buffer
    fix       what to do when the disk is full
    raises    Unavailable when the disk is full, or the file cannot be written for another reason
    """
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent).free
            raise Unavailable(f"the disk is full ({free / 1e6:,.0f} MB free)", fix=fix, folder=path.parent) from error
        raise Unavailable(f"the file cannot be written: {error.strerror or error}", fix="Check folder and permissions", file=path) from error
