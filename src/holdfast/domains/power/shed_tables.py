"""Tables of a load-shedding plan, and the cut for capacity that is missing at the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from holdfast.engines.network.power.model import Flow
    from holdfast.engines.network.power.shed import Limits

    from .study import Study

NAMES = ("first, especially important", "first", "second", "third")


def capacity_cut(study: Study, flow: Flow, share: float) -> tuple[np.ndarray, float]:
    """(load,) bool kept when a share of today's supply is missing everywhere, and what is missing [W]: least important first, large ones first."""
    power = np.where(flow.live[0, study.loads.node], np.maximum(study.loads.power.real, 0.0), 0.0)
    missing = share * float(power.sum())
    kept = np.ones(len(power), bool)
    if missing > 0:
        rank = np.lexsort((-power, -study.loads.level))
        rank = rank[power[rank] > 0]
        kept[rank[: int(np.searchsorted(np.cumsum(power[rank]), missing * (1 - 1e-12))) + 1]] = False
    return kept, missing


def shed_table(study: Study, off: np.ndarray) -> pa.Table:
    """Loads to switch off, least important first, large ones first."""
    rows = np.flatnonzero(off)
    rows = rows[np.lexsort((-study.loads.power.real[rows], -study.loads.level[rows]))]
    table = study.city.table("power.load", columns=["id", "name", "load_class", "customers", "bus_id"]).take(pa.array(rows))
    power = study.loads.power[rows]
    return table.append_column("p", pa.array(power.real)).append_column("q", pa.array(power.imag)).append_column("order", pa.array(np.arange(1, len(rows) + 1)))


def level_table(study: Study, off: np.ndarray, live: np.ndarray) -> pa.Table:
    """By importance: loads and power there are, reach, and shed."""
    rows = []
    fed = live[study.loads.node]
    power = np.maximum(study.loads.power.real, 0.0)
    for level, title in enumerate(NAMES):
        mine = study.loads.level == level
        rows.append({"level": level, "title": title, "loads": int(mine.sum()), "power": float(power[mine].sum()), "connected": float(power[mine & fed].sum()),
                     "shed_loads": int((mine & off).sum()), "shed_power": float(power[mine & off].sum())})
    return pa.Table.from_pylist(rows)


def branch_table(study: Study, before: Flow, after: Flow, limit: Limits) -> pa.Table:
    """Branches over their limit before or after, worst first."""
    m = study.grid.model
    first, last = (np.nan_to_num(flow.loading(m)[0]) for flow in (before, after))
    rows = np.flatnonzero((first > limit.loading + 1e-9) | (last > limit.loading + 1e-9))
    table = pa.table({"id": study.grid.component_id.take(pa.array(study.grid.branch_component[rows])), "loading_before": pa.array(first[rows]),
                      "loading_after": pa.array(last[rows]), "limit": pa.array(limit.loading[rows])})
    return table.take(pc.sort_indices(table, [("loading_before", "descending")]))
