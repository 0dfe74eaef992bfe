"""How the reference city was surveyed: when each asset was last looked at, how exactly, and who owns it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.plan import CityPlan
from holdfast.model.spec import Kind

CAMPAIGNS = np.arange("2013-03", "2025-11", 8, dtype="datetime64[M]").astype("datetime64[D]")
"""First days of the survey campaigns; each square kilometre was last surveyed in one of them, kind by kind."""

_CELL = 1000.0  # [m] side of the area surveyed in one campaign
_OLD, _NEW = 0.25, 0.05  # [m] plan accuracy of the first and of the latest campaign


def with_survey(kind: Kind, table: pa.Table, plan: CityPlan, title: str, title_zh: str) -> pa.Table:
    """The table with survey date, accuracy and owner where the domain gave none. Things without a place stay as they are."""
    if kind.geometry is None or "geometry" not in table.column_names or table.num_rows == 0:
        return table
    from holdfast.model.geometry import centre

    have = {name for name in table.column_names if table[name].null_count < table.num_rows}
    xy = np.nan_to_num(centre(table["geometry"]), nan=plan.extent[0])
    column, row = (np.floor((xy[:, i] - plan.extent[i]) / _CELL).astype(np.int64) for i in (0, 1))
    cells = plan.rng(f"survey.{kind.name}").integers(0, len(CAMPAIGNS), 4096)
    campaign = cells[(column * 64 + row) % len(cells)]
    accuracy = np.round(_OLD + (_NEW - _OLD) * campaign / (len(CAMPAIGNS) - 1), 3)
    date = CAMPAIGNS[campaign]
    if "build_date" in have:  # what was built later was surveyed when it was built
        built = table["build_date"].cast(pa.date32()).to_numpy().astype("datetime64[D]")
        date = np.where(np.isnat(built), date, np.maximum(date, built))
    facts = {"survey_date": pa.array(date), "accuracy": pa.array(accuracy)}
    if kind.symbol is not None and kind.symbol.feature_code:
        facts["owner"] = pa.repeat(f"Anlan {title} / 安澜{title_zh}", table.num_rows)
    for name, values in facts.items():
        if name not in have:
            table = table.drop_columns([name]) if name in table.column_names else table
            table = table.append_column(name, values)
    return table
