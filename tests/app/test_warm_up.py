"""Warming up uses every solver once and says how long each took."""

from __future__ import annotations

import pytest

from holdfast import catalog
from holdfast.app.warm_up import warm_up

pytestmark = pytest.mark.slow


def test_every_network_that_simulates_is_used():
    seen: list[str] = []
    done = warm_up(lambda name, _: seen.append(name))
    networks = [n.name for n in catalog.load().networks.values() if n.simulate]
    assert seen == list(done) == ["scenario", *networks]
    assert {name: value for name, value in done.items() if not isinstance(value, float)} == {}
