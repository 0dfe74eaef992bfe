"""Every test of the contract runs on both stores: it asks for `city`, an empty one, or `place` to make its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import store_kinds
from holdfast.model.repository import Repository

ROOT = Path(__file__).resolve().parents[2]


class Place:
    """Where a city can be made and opened, closing what was opened when the test ends."""

    def __init__(self, location: str, engine: str) -> None:
        self.location = location
        self.engine = engine
        self.opened = ExitStack()

    def create(self, crs: str = "EPSG:4547", meta: dict[str, str] | None = None) -> Repository:
        return self._keep(store_kinds.create_store(self.location, crs, meta))

    def open(self, *, read_only: bool = False) -> Repository:
        return self._keep(store_kinds.open_store(self.location, read_only=read_only))

    def _keep(self, repository: Repository) -> Repository:
        self.opened.callback(repository.close)
        return repository

    def process(self, code: str) -> subprocess.Popen[str]:
        """Another process that runs `code` with `place` set to this location and `store_kinds` imported."""
        program = f"from store_kinds import *\nplace = {self.location!r}\n{code}"
        paths = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
        child = subprocess.Popen(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

        def end() -> None:
            child.kill()
            child.communicate()

        self.opened.callback(end)
        return child


@pytest.fixture(params=["embedded", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgres":
        location = request.getfixturevalue("postgres_url")
    else:
        location = str(tmp_path / "城市 city")
    where = Place(location, request.param)
    with where.opened:
        yield where


@pytest.fixture
def city(place: Place) -> Repository:
    """An empty city on one of the stores."""
    return place.create()


@pytest.fixture
def second_place(place: Place, tmp_path: Path) -> Iterator[Callable[[], Place]]:
    """Another place for a city on the same store."""
    with ExitStack() as stack:

        def make() -> Place:
            location = f"{place.location}_two" if place.engine == "postgres" else str(tmp_path / "two")
            where = Place(location, place.engine)
            stack.enter_context(where.opened)
            return where

        yield make
