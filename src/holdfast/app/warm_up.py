"""Compiles the solvers ahead of time: every kernel is used once on a small city, and what was compiled is kept beside the code.

Kernels are compiled for the processor at hand on first use, which takes a minute or two in all. After this nothing waits for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from holdfast.model.errors import HoldfastError

from .sample_city import create_sample_city
from .scenario import run_scenario
from .simulating import simulate

ASSETS, SAMPLES = 2_000, 4


def warm_up(progress: Callable[[str, float], None] | None = None) -> dict[str, Any]:
    """Use every solver once. progress: f(what, seconds). Returns seconds by what was done; a solver that fails is named with its error."""
    done: dict[str, Any] = {}

    def step(name: str, work: Callable[[], Any]) -> None:
        start = perf_counter()
        try:
            work()
            done[name] = round(perf_counter() - start, 2)
        except HoldfastError as error:
            done[name] = str(error)
        if progress is not None:
            progress(name, perf_counter() - start)

    with tempfile.TemporaryDirectory() as folder, create_sample_city(str(Path(folder) / "city"), assets=ASSETS) as city:
        step("scenario", lambda: run_scenario(city, "quake-m6.5", samples=SAMPLES, workers=1, out=Path(folder) / "out"))
        for network in city.catalog.networks.values():
            if network.simulate:
                step(network.name, partial(simulate, city, network.name))
    return done
