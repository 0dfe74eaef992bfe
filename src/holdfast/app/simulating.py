"""`holdfast simulate`: the day of one network, through the capability that the network names."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound, NotSupported

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


def write_tables(ran: Ran, path: Path) -> list[Path]:
    """Write the tables of a run as Parquet: one table to the name given, several to NAME.<table>.parquet beside it."""
    if path.suffix != ".parquet":
        raise Invalid("results are written as Parquet", fix="End the file name in .parquet", file=path)
    tables = {name: table for name, table in ran.answer.tables.items() if table.num_rows}
    written = []
    for name, table in tables.items():
        target = path if len(tables) == 1 else path.with_name(f"{path.stem}.{name}.parquet")
        pq.write_table(table, target, compression="zstd")
        written.append(target)
    return written
