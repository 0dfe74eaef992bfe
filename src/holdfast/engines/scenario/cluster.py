"""Finding a Dask scheduler: whether an address can be one, and whether a scheduler with workers answers there."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from holdfast.model.errors import Invalid, Unavailable

WAIT = 6.0
"""Seconds in which a scheduler must answer."""

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx|ucxx)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})/?")


def check_address(address: str) -> None:
    """raises Invalid for what is no address of a scheduler; nobody is asked"""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) < 65536:
        raise Invalid(f"{address!r} is no address of a Dask scheduler", fix="Give protocol, host and port, e.g. --cluster tcp://127.0.0.1:8786", field="cluster")


def ask(address: str) -> int:
    """Workers of the scheduler at an address, asked over a connection of its own.

    A `Client` that does not reach its scheduler goes on trying while it is taken down, so none is made before a scheduler has answered.

    raises    Invalid for an address that cannot be one; Unavailable without the package, a scheduler or a worker
    """
    check_address(address)
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise Unavailable("the package distributed is not installed", fix='pip install "holdfast[cluster]"') from error
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller may have an event loop of its own
            told = thread.submit(asyncio.run, _identity(address, WAIT)).result()
    except (OSError, TimeoutError, ValueError, ImportError, RuntimeError, MemoryError) as error:  # MemoryError: another protocol, read as a length
        raise Unavailable(f"no Dask scheduler answers at {address}", fix="Start one with `dask scheduler`, or leave --cluster out", cluster=address) from error
    workers = told.get("workers") if isinstance(told, dict) and told.get("type") == "Scheduler" else None
    if workers is None:
        raise Unavailable(f"what answers at {address} is no Dask scheduler", fix="Give the address that `dask scheduler` prints", cluster=address)
    if not workers:
        raise Unavailable("the cluster has no worker", fix=f"Start one with `dask worker {address}`", cluster=address)
    return len(workers)


async def _identity(address: str, wait: float) -> Any:
    from distributed.comm import connect

    async def talk() -> Any:
        comm = await connect(address, timeout=wait)
        try:
            await comm.write({"op": "identity", "reply": True})
            return await comm.read()
        finally:
            comm.abort()

    return await asyncio.wait_for(talk(), wait)
