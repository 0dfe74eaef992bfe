"""`holdfast simulate`: the day of one network, through the capability that the network names."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model.city import City
from holdfast.model.errors import NotFound, NotSupported
from holdfast.model.file import write_whole

from .outputs import check_file
from .running import Ran, run_capability


def simulate(city: City, network: str, *, hours: float | None = None, actor: str = "") -> Ran:
    """Simulate one network.

    hours     how long; the capability's own default when left out
    raises    NotFound for an unknown network, NotSupported for one that has no simulation
    """
    try:
        spec = city.catalog.networks[network]
    except KeyError:
        raise NotFound(f"there is no network {network!r}", fix=f"Networks are: {', '.join(sorted(city.catalog.networks))}") from None
    if not spec.simulate:
        able = sorted(n.name for n in city.catalog.networks.values() if n.simulate)
        raise NotSupported(f"network {network} has no simulation", fix=f"These have one: {', '.join(able)}")
    return run_capability(city, spec.simulate, {} if hours is None else {"hours": hours}, actor=actor)


def check_target(path: Path) -> None:
    """Whether `write_tables` can write there. raises Invalid for another ending than .parquet, Unavailable if it cannot be written"""
    check_file(path, (".parquet",), "results are written as Parquet")


def write_tables(ran: Ran, path: Path) -> list[Path]:
    """Write the tables of a run as Parquet: one table to the name given, several to NAME.<table>.parquet beside it.

    raises    as `check_target`, which can be asked before the run
    """
    check_target(path)
    tables = {name: table for name, table in ran.answer.tables.items() if table.num_rows}
    written = []
    for name, table in tables.items():
        target = path if len(tables) == 1 else path.with_name(f"{path.stem}.{name}.parquet")
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_whole(target, sink.getvalue())
        written.append(target)
    return written
