"""Outage: components taken out, one by one, in groups, or in a growing attack."""

from __future__ import annotations

from typing import Annotated, Any

from holdfast.model.spec import Code, Hazard, Param, Setting, Source

_OWN = Source("Holdfast default", mark="proposal")
SWEEPS = (Code("all", "all at once", "同时失效"), Code("n-1", "one by one", "逐一失效"), Code("n-k", "in random groups", "随机成组失效"),
          Code("attack", "a growing share", "比例递增"))  # fmt: skip
ORDERS = (Code("random", "random", "随机"), Code("degree", "by degree", "按度"), Code("betweenness", "by betweenness", "按介数"), Code("people", "by people served", "按服务人口"))
ATTACK = Source("Albert, Jeong, Barabasi: Error and attack tolerance of complex networks", "Nature 406, 378", "2000", "recalled")


def model(
    city: Any, sites: Any,
    ids: Annotated[list[str] | str, Param("components by id", "设施编号", assets=("*",))] = (),  # type: ignore[assignment]
    kinds: Annotated[list[str] | str, Param("components of these kinds", "设施类别", kinds=True)] = (),  # type: ignore[assignment]
    where: dict[str, str] | None = None, file: str = "",
    sweep: Annotated[str, Param("how they fail", "失效方式", choices=SWEEPS)] = "all",
    k: Annotated[int, Param("components of a group", "每组设施数")] = 2,
    samples: Annotated[int, Param("groups", "组数")] = 200,
    order: Annotated[str, Param("order of an attack", "攻击次序", choices=ORDERS)] = "random",
    share: Annotated[float, Param("largest share attacked", "最大攻击比例")] = 0.3, steps: int = 10, repeats: int = 20, state: int = 4,
) -> Any:  # fmt: skip
    """A model of outages.

    ids, kinds, where, file   which components: their ids, all of some kinds, of these the ones whose fields have these values
                              (`when` notation of damage laws), or ids in the first column of a CSV or text file
    sweep     all: one case, all of them out. n-1: one case each. n-k: `samples` random groups of `k`. attack: a growing share
    order     of an attack: random (with `repeats` random orders), degree, betweenness, people, or field:<name>, largest first
    share, steps  largest share attacked, and in how many equal steps; one case each
    state     damage state of what is out, 1 slight to 4 destroyed
    raises    Invalid naming the parameter, NotFound if nothing is selected
    """
    from .strikes import build

    return build(city, sites, ids=ids, kinds=kinds, where=where or {}, file=file, sweep=sweep, k=k, samples=samples, order=order, share=share, steps=steps,
                 repeats=repeats, state=state)  # fmt: skip


HAZARD = Hazard(
    "outage", "Outage", "设施失效", measures=(), model=model, source=ATTACK, clauses=("1k",),
    settings=(
        Setting("outage.betweenness_sources", 400, "nodes from which betweenness is counted", "介数中心性抽样源点数", _OWN),
    ),
    presets=(
        ("water-pipes", (("kinds", ("water.pipe",)), ("sweep", "n-1"))),
        ("power-lines", (("kinds", ("power.line", "power.transformer")), ("sweep", "n-1"))),
        ("substations", (("kinds", ("power.substation",)), ("sweep", "n-1"))),
        ("bridges", (("kinds", ("roads.bridge",)), ("sweep", "n-1"))),
        ("random-water", (("kinds", ("water.pipe",)), ("sweep", "attack"), ("order", "random"))),
        ("targeted-water", (("kinds", ("water.pipe",)), ("sweep", "attack"), ("order", "betweenness"))),
        ("targeted-power", (("kinds", ("power.line",)), ("sweep", "attack"), ("order", "betweenness"))),
    ),
)

__all__ = ["HAZARD", "model"]
