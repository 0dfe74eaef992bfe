"""Cyber: control of pumps, valves, breakers and gates is lost or seized."""

from __future__ import annotations

from typing import Annotated, Any

from holdfast.model.spec import Code, Hazard, Param, Setting, Source

_OWN = Source("Holdfast default", mark="proposal")
ICS = Source("MITRE ATT&CK for ICS", "techniques: loss of control, manipulation of control", "", "recalled", "attack.mitre.org")
ACTS = (Code("closed", "closed or off", "关闭或停运"), Code("open", "open or on", "开启或投运"), Code("frozen", "stays as it was", "保持原状"),
        Code("mixed", "one of the three at random", "三者随机"))  # fmt: skip
CONTROLS = (
    "water.pump", "water.valve", "drainage.pump", "drainage.gate", "drainage.orifice", "power.switch", "power.transformer", "gas.valve", "gas.regulator",
    "gas.compressor", "heat.pump", "heat.valve", "roads.signal",
)


def model(
    city: Any, sites: Any,
    domains: Annotated[list[str] | str, Param("sectors, such as water", "专业代号")] = (),  # type: ignore[assignment]
    kinds: Annotated[list[str] | str, Param("controls of these kinds", "受控设施类别", kinds=True)] = (),  # type: ignore[assignment]
    where: dict[str, str] | None = None,
    share: Annotated[float | None, Param("probability that a control is seized", "控制被夺取的概率")] = None,
    action: Annotated[str, Param("what it is made to do", "被迫动作", choices=ACTS)] = "closed",
    duration: Annotated[float, Param("hours until it obeys again", "恢复控制所需小时数")] = 24.0,
) -> Any:  # fmt: skip
    """A model of lost control.

    domains, kinds, where   which controls: sectors, kinds, of these the ones whose fields have these values, e.g. {"remote": "true"};
                            left out: every kind of the setting `cyber.controls`
    share     probability that a control is seized, in each case anew; 1 seizes all. Left out: 1 where `kinds` or `where` name the controls, else 0.2
    action    closed (off, open circuit), open (on, closed circuit), frozen (as it was), or mixed (one of the three at random)
    duration  hours until the controls obey again, by hand on the site or from afar; inf for never. Proposals: 24 where every site must be visited and its
              controllers set up anew, 6 for breakers, which are closed by hand first, 72 for what is frozen and may not be noticed
    raises    Invalid naming the parameter, NotFound if the city has no such control
    """
    from .strikes import build

    return build(city, sites, domains=domains, kinds=kinds, where=where or {}, share=share, action=action, duration=duration)


HAZARD = Hazard(
    "cyber", "Loss of control", "控制系统失控", measures=(), model=model, source=ICS, clauses=("1k",),
    settings=(Setting("cyber.controls", list(CONTROLS), "kinds that are controlled remotely", "可远程控制的设施类别", _OWN),),
    presets=(
        ("water-pumps-off", (("kinds", ("water.pump",)), ("share", 1.0), ("action", "closed"), ("duration", 24.0))),
        ("water-frozen", (("domains", ("water",)), ("share", 1.0), ("action", "frozen"), ("duration", 72.0))),
        ("power-breakers", (("domains", ("power",)), ("share", 0.1), ("action", "closed"), ("duration", 6.0))),
        ("gates", (("domains", ("drainage",)), ("share", 0.5), ("action", "closed"), ("duration", 24.0))),
        ("all", (("share", 0.1), ("action", "mixed"), ("duration", 24.0))),
    ),
)

__all__ = ["CONTROLS", "HAZARD", "model"]
