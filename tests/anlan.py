"""The reference city of 2,000 assets, made once a process; tests that write get a copy."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import holdfast
from holdfast.app.sample_city import create_sample_city
from holdfast.model.city import City


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="anlan")) / "city"
    create_sample_city(str(folder), assets=2000).close()
    return folder


def anlan(folder: Path) -> City:
    """A city of one's own in `folder`."""
    shutil.copytree(_made(), folder)
    return holdfast.open(str(folder))
