"""Outage: components taken out, one by one, in groups, or in a growing attack."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Hazard, Setting, Source

_OWN = Source("Holdfast default", mark="proposal")
ATTACK = Source("Albert, Jeong, Barabasi: Error and attack tolerance of complex networks", "Nature 406, 378", "2000", "recalled")


def model(
    city: Any, sites: Any, ids: list[str] | str = (), kinds: list[str] | str = (), where: dict[str, str] | None = None, file: str = "",  # type: ignore[assignment]
    sweep: str = "all", k: int = 2, samples: int = 200, order: str = "random", share: float = 0.3, steps: int = 10, repeats: int = 20, state: int = 4,
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
