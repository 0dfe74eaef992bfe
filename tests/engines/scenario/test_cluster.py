"""Addresses of Dask schedulers: wrong ones are refused at once, silent ones soon."""

from __future__ import annotations

import socket
import time

import pytest

from holdfast.engines.scenario import cluster
from holdfast.model.errors import Invalid, Unavailable


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "tcp://host:0", "tcp://host:99999", "http://host:8786", ""])
def test_what_is_no_address(address):
    with pytest.raises(Invalid, match="no address of a Dask scheduler") as error:
        cluster.ask(address)
    assert "tcp://" in error.value.fix and error.value.where["field"] == "cluster"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tls://cluster.example.org:8786", "tcp://[::1]:8786"])
def test_what_is_one(address):
    cluster.check_address(address)


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(cluster, "WAIT", 0.5)
    with pytest.raises(Unavailable, match="no Dask scheduler answers"):
        cluster.ask("tcp://127.0.0.1:9")


def test_somebody_else_there(monkeypatch):
    """A port that takes connections and says nothing, as any other service may."""
    monkeypatch.setattr(cluster, "WAIT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(Unavailable, match="no Dask scheduler answers"):
        cluster.ask(f"tcp://127.0.0.1:{server.getsockname()[1]}")


def test_a_scheduler_tells_its_workers():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None) as held:
        assert cluster.ask(held.scheduler_address) == 1
        held.scale(0)
        held.sync(held._correct_state)
        with pytest.raises(Unavailable, match="no worker"):
            for _ in range(100):
                cluster.ask(held.scheduler_address)
                time.sleep(0.02)
