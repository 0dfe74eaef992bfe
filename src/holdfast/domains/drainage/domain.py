"""What the drainage domain declares: kinds, the network, settings and capabilities."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Capability, Domain, Network

from .kinds import KINDS
from .rank_criticality import rank_criticality
from .settings import SETTINGS
from .simulate_storm import simulate_storm


def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    name="drainage",
    title="Drainage",
    title_zh="排水",
    kinds=KINDS,
    networks=(
        Network(
            "drainage", "Drainage network", "排水管网",
            node_kinds=("drainage.manhole", "drainage.outfall", "drainage.storage", "drainage.divider"),
            edge_kinds=("drainage.conduit", "drainage.pump", "drainage.orifice", "drainage.weir", "drainage.outlet", "drainage.gate"),
            solver="routed_flow", law="saint_venant", service="drainage", gravity=True, sources=("drainage.outfall",),
            lifeline=_lifeline, simulate="drainage.simulate_storm",
        ),
    ),
    settings=SETTINGS,
    capabilities=(
        Capability("drainage.simulate_storm", "Simulate a storm", "暴雨排水模拟", simulate_storm, ("1c", "1k", "1q"),
                   about="Runs a storm through sewers, pumps and outfalls: where it floods, how much and how long.",
                   about_zh="模拟降雨在管渠、泵站和排放口中的过程：何处积水、水量和历时。"),
        Capability("drainage.rank_criticality", "Rank critical pumps and sewers", "排水关键设施排序", rank_criticality, ("1c", "1k", "7d"),
                   about="Takes pumps, sewers and gates out one by one in a design storm and ranks them by the flooding that this adds.",
                   about_zh="在设计暴雨中逐一停用水泵、管渠和闸门，按增加的积水量排序。"),
    ),
)
