"""Rank criticality: which lines, transformers and substations hurt most when they fail, alone or two together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .study import Study

BLOCK, CELLS = 256, 8_000_000  # cases, and nodes and branches, held at once: bounds memory
CONNECTIVITY = "holdfast connectivity"
RANKED = ("line", "transformer", "transformer3", "substation")


def rank_criticality(
    city: City,
    backfeed: Annotated[bool, Param("close normally-open switches to feed from another side", "合联络开关转供")] = False,
    pairs: Annotated[int, Param("pairs sampled", "双重故障抽样数")] = 0,
    flows: Annotated[bool, Param("solve the flow of every case", "逐方案潮流校核")] = True,
    seed: Annotated[int, Param("seed of the sample", "随机种子")] = 7,
) -> Answer:
    """Take every line, transformer and substation out, one at a time, and rank them by what is lost.

    backfeed  close normally-open switches in every case
    pairs     how many pairs are sampled besides, 0 for none
    flows     solve each case for overloads and low voltages; without, only connectivity counts
    returns   tables `ranking` (component: people, critical consumers, power, loads lost, branches overloaded, buses too low, status of the flow, what answered)
              and `pairs` (the same for two components, and what goes beyond the two alone)
    raises    NotFound without a power network, Invalid for a negative number of pairs
    source    N-1 and sampled N-2 contingency analysis
    """
    import numpy as np
    import pyarrow as pa

    from .study import Study

    if pairs < 0:
        raise Invalid(f"{pairs} pairs cannot be sampled", fix="Give 0 or more", field="pairs")
    study = Study(city)
    single = np.concatenate([np.arange(study.grid.span(kind).start, study.grid.span(kind).stop) for kind in RANKED])
    columns = _cases(study, single[:, None], backfeed, flows)
    names = study.grid.component_id.take(pa.array(single))
    ranking = pa.table({"id": names, "kind": pa.array(study.grid.kind_of(single), pa.string()), **{name: pa.array(values) for name, values in columns.items()}})
    order = _order(columns)
    ranking = ranking.take(pa.array(order)).add_column(0, "rank", pa.array(np.arange(1, len(order) + 1)))
    tables = {"ranking": ranking, "pairs": _pairs(study, single, columns, pairs, seed, backfeed, flows)}
    failed = int((columns["status"] != 0).sum())
    alone = {name: columns[name] for name in ("people", "critical", "power", "overloaded", "low")}
    summary = {
        "engine": " / ".join(sorted(set(columns["engine"].tolist()))) or "none",
        "components": len(single), "with_loss": int((alone["power"] > 0).sum()), "with_overload": int((alone["overloaded"] > 0).sum()),
        "with_low_voltage": int((alone["low"] > 0).sum()), "unsolved": failed, "pairs": tables["pairs"].num_rows, "people_basis": study.consumers.basis,
        "worst": ranking["id"][0].as_py() if len(single) else None, "worst_people": round(float(alone["people"].max())) if len(single) else 0,
        "secure_n_1": bool(len(single) and (alone["power"] == 0).all() and (alone["overloaded"] == 0).all() and failed == 0),
    }
    top = Plot("People without power by failed component", "失效设备影响人数", "ranking", "id", ("people",), kind="barh", x_label="people")
    return Answer(summary, tables, study.grid.findings, plots=(top,))


def _order(columns: dict[str, np.ndarray]) -> np.ndarray:
    import numpy as np

    keys = (columns["overloaded"], columns["power"], columns["critical"], columns["people"], columns["status"] != 0)
    return np.lexsort(tuple(-np.asarray(key, np.float64) for key in keys))


def _cases(study: Study, failed: np.ndarray, backfeed: bool, flows: bool) -> dict[str, np.ndarray]:
    """What is lost when the components of each row (case, n) are out."""
    import numpy as np

    model = study.grid.model
    size = max(8, min(BLOCK, CELLS // (model.nodes + model.branches)))
    blocks = [_block(study, failed[i : i + size], backfeed, flows) for i in range(0, len(failed), size)]
    if not blocks:
        return {name: np.zeros(0) for name in ("people", "critical", "power", "loads", "overloaded", "low", "status")} | {"engine": np.zeros(0, "U1")}
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _block(study: Study, failed: np.ndarray, backfeed: bool, flows: bool) -> dict[str, np.ndarray]:
    import numpy as np

    from holdfast.engines.network.power.backfeed import close_ties
    from holdfast.engines.network.power.model import ENGINES
    from holdfast.engines.network.power.parts import live_nodes
    from holdfast.engines.network.power.shed import limits, violations

    from .study import LOW_VOLTAGE

    model = study.grid.model
    available = study.grid.base(len(failed))
    for column in failed.T:
        available[np.arange(len(failed)), column] = False
    cases = study.grid.cases(available)
    if backfeed:
        cases, _ = close_ties(model, cases, study.ties.end, study.ties.ready(available), study.ties.spare)
    live = live_nodes(model, cases)
    intact = study.outlets.level(study.grid.base(1), study.base.live)
    lost, before = study.lost(study.outlets.level(available, live)), study.lost(intact)
    columns = {name: values - before[name] for name, values in lost.items()}
    none = np.zeros(len(failed), np.int64)
    columns |= {"overloaded": none, "low": none, "status": none, "engine": np.repeat(CONNECTIVITY, len(failed))}
    if flows:
        flow = study.solver.solve(cases, live)
        over, low = violations(model, flow, limits(model, LOW_VOLTAGE, today=study.base, own_low=True))
        columns |= {"overloaded": (over > 0).sum(axis=1), "low": (low > 0).sum(axis=1), "status": flow.status.astype(np.int64),
                    "engine": np.array(ENGINES)[flow.engine]}
    return columns


def _pairs(study: Study, single: np.ndarray, alone: dict[str, np.ndarray], count: int, seed: int, backfeed: bool, flows: bool) -> pa.Table:
    """Two components out together, sampled without repetition; what they lose beyond the sum of their single losses ranks them."""
    import numpy as np
    import pyarrow as pa

    total = len(single) * (len(single) - 1) // 2
    chosen = np.sort(np.random.Generator(np.random.Philox(seed)).choice(total, size=min(count, total), replace=False)) if total and count else np.zeros(0, np.int64)
    # pair number -> (a, b) with a < b: rows of the upper triangle start at starts[a]
    starts = np.cumsum(np.concatenate([[0], np.arange(len(single) - 1, 0, -1)])) if len(single) > 1 else np.zeros(1, np.int64)
    a = np.searchsorted(starts, chosen, side="right") - 1
    b = chosen - starts[a] + a + 1 if len(chosen) else a
    columns = _cases(study, np.stack([single[a], single[b]], axis=1), backfeed, flows)
    beyond = columns["people"] - (alone["people"][a] + alone["people"][b])
    names = [study.grid.component_id.take(pa.array(single[part])) for part in (a, b)]
    table = pa.table({"first": names[0], "second": names[1], **{name: pa.array(values) for name, values in columns.items()}, "people_beyond": pa.array(beyond)})
    return table.sort_by([("people", "descending"), ("power", "descending")])
