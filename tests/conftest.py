"""Fixtures shared by all tests: the real data beside the checkout, and the installed catalog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["postgres_server"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("water/literature/Net3.inp")` is the path of a real data file; skips when it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"real data not present: {name} (expected beside the checkout in shared/data)")
        return path

    return find
