"""Editable numbers of the telecom domain, each with its source."""

from __future__ import annotations

from holdfast.model.spec import Setting, Source

OWN = Source("Holdfast default", mark="proposal")
CELLS = Source("operators' planning practice", "distance between urban sites", "", "recalled-low")

SETTINGS: tuple[Setting, ...] = (
    Setting("telecom.site_radius", {"macro": 400.0, "micro": 150.0, "indoor": 0.0}, "coverage radius of sites without one, by type", "缺省覆盖半径", CELLS, "length"),
    Setting("telecom.neighbour_share", 0.5, "service at a lost site where neighbours reach, as a share", "邻站补盲服务比例", OWN, "ratio"),
    Setting("telecom.local_share", 0.3, "service of exchanges that are cut off from the core, as a share", "孤岛机房服务比例", OWN, "ratio"),
)
