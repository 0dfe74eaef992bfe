"""Telecom: what exists, how it is coded and what it gives to others. Declaration only."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Source

from . import damage
from .assess_coverage import assess_coverage
from .cost import COSTS
from .settings import SETTINGS
from .simulate_outage import simulate_outage

BACKUP = Source("YD/T 1051 and operators' practice", "battery hours", "", "recalled-low")
GB50174 = Source("GB 50174-2017", "table of class A requirements: fuel for 12 h", "2017", "recalled")
PROPOSAL = Source("Holdfast default", mark="proposal")

EXCHANGE_TYPE = Dictionary("telecom.exchange_type", (
    Code("core", "core office", "核心机房"), Code("aggregation", "aggregation office", "汇聚机房"), Code("access", "access office", "接入机房")), PROPOSAL)
SITE_TYPE = Dictionary("telecom.site_type", (
    Code("macro", "macro cell", "宏站"), Code("micro", "micro cell", "微站"), Code("indoor", "indoor system", "室分")), PROPOSAL)
GENERATION = Dictionary("telecom.generation", (Code("4G", "4G", "4G", ("LTE",)), Code("5G", "5G", "5G", ("NR",)), Code("4G+5G", "4G and 5G", "4G+5G")), PROPOSAL)
FIBRE_TYPE = Dictionary("telecom.fibre_type", (
    Code("trunk", "trunk", "中继光缆"), Code("feeder", "feeder", "主干光缆"), Code("distribution", "distribution", "配线光缆"), Code("drop", "drop", "入户光缆")), PROPOSAL)
MANHOLE_TYPE = Dictionary("telecom.manhole_type", (Code("manhole", "manhole", "人孔"), Code("handhole", "handhole", "手孔")), PROPOSAL)
TIER = Dictionary("telecom.tier", (Code("A", "class A", "A级"), Code("B", "class B", "B级"), Code("C", "class C", "C级")), GB50174)

_BACKUP = Field("backup_hours", "hours it works without electricity", "断电可运行小时", quantity="factor", span=(0.0, 240.0), source=BACKUP)
_CUSTOMERS = Field("customers", "customers", "用户数", quantity="count")
_BUILDING = Field("building_id", "building", "所在建筑", "id")
_SERVICE = Field("in_service", "in service", "投运", "boolean")
_NODE = Field("node_id", "next telecom node towards the exchange", "上联节点", "id")

EXCHANGE = Kind("telecom.exchange", "node", "Telephone exchange", "通信机房", geometry="Point", cost=COSTS["telecom.exchange"], damage=damage.EXCHANGE,
    symbol=pipeline_symbol("TX", 1, 2, 2, 1), provides=("telecom",),
    needs=(Need("electricity", 8.0, "backup_hours"), Need("road_access", 72.0)), fields=(
    *point_fields(), Field("exchange_type", "type", "类型", "code", dictionary=EXCHANGE_TYPE), _CUSTOMERS, _BUILDING,
    Field("bandwidth", "uplink", "上联带宽", quantity="data_rate"), Field("power_demand", "electric power", "用电功率", quantity="active_power"), _BACKUP, _SERVICE))

SITE = Kind("telecom.site", "node", "Base station", "通信基站", geometry="Point", cost=COSTS["telecom.site"], damage=damage.SITE,
    symbol=pipeline_symbol("TX", 1, 2, 2, 2), provides=("telecom",),
    needs=(Need("electricity", 3.0, "backup_hours"),), fields=(
    *point_fields(), _NODE, Field("site_type", "type", "类型", "code", dictionary=SITE_TYPE), Field("generation", "technology", "制式", "code", dictionary=GENERATION),
    Field("antenna_height", "antenna height above ground", "天线挂高", quantity="height"), Field("radius", "coverage radius", "覆盖半径", quantity="length"),
    Field("frequency", "carrier frequency", "载频", quantity="frequency"), Field("power_demand", "electric power", "用电功率", quantity="active_power"),
    _BUILDING, _BACKUP, _SERVICE))

CABINET = Kind("telecom.cabinet", "node", "Fibre cabinet", "光缆交接箱", geometry="Point", cost=COSTS["telecom.cabinet"],
    symbol=pipeline_symbol("TX", 3, 2, 2, 1), provides=("telecom",), fields=(
    *point_fields(), _NODE, Field("capacity", "capacity in fibres", "容量芯数", quantity="count"), Field("used", "fibres in use", "占用芯数", quantity="count"),
    _CUSTOMERS, Field("passive", "works without electricity", "无源", "boolean"), _SERVICE))

FIBRE = Kind("telecom.fibre", "edge", "Fibre cable", "光缆", geometry="LineString", cost=COSTS["telecom.fibre"], damage=damage.FIBRE,
    symbol=pipeline_symbol("TX", 3, 1), fields=(
    *line_fields("TX"), Field("fibre_type", "level", "级别", "code", dictionary=FIBRE_TYPE), Field("cores", "fibres", "芯数", "integer"),
    Field("cores_used", "fibres in use", "占用芯数", "integer"), Field("ducts", "duct holes", "总孔数", "integer"), Field("ducts_used", "duct holes in use", "占用孔数", "integer"),
    Field("duct_width", "section width", "断面宽", quantity="length"), Field("duct_height", "section height", "断面高", quantity="length"),
    Field("length", "cable length", "光缆长度", quantity="length"), _SERVICE))

MANHOLE = Kind("telecom.manhole", "node", "Telecom manhole", "通信井", geometry="Point", symbol=pipeline_symbol("TX", 3, 2, 2, 2), fields=(
    *point_fields(), Field("manhole_type", "type", "类型", "code", dictionary=MANHOLE_TYPE), Field("cover_size", "cover size", "井盖尺寸", "text")))

DATA_CENTRE = Kind("telecom.data_centre", "node", "Data centre", "数据中心", geometry="Point", cost=COSTS["telecom.data_centre"], damage=damage.DATA_CENTRE,
    symbol=pipeline_symbol("TX", 3, 2, 2, 3), provides=("telecom",),
    needs=(Need("electricity", 12.0, "backup_hours"), Need("water", 12.0, "cooling_backup_hours"), Need("telecom"), Need("road_access", 72.0)), fields=(
    *point_fields(), _NODE, _BUILDING, Field("tier", "class", "等级", "code", dictionary=TIER, source=GB50174), Field("racks", "racks", "机柜数", "integer"),
    Field("power_demand", "electric power", "用电功率", quantity="active_power"),
    Field("backup_hours", "hours it works without electricity", "断电可运行小时", quantity="factor", span=(0.0, 240.0), source=GB50174),
    Field("cooling_backup_hours", "hours it works without cooling water", "断水可运行小时", quantity="factor", span=(0.0, 240.0), source=GB50174), _SERVICE))



def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    "telecom", "Telecom", "通信",
    kinds=(EXCHANGE, SITE, CABINET, FIBRE, MANHOLE, DATA_CENTRE),
    networks=(Network("telecom", "Telecom network", "通信网", ("telecom.exchange", "telecom.site", "telecom.cabinet", "telecom.manhole", "telecom.data_centre"),
                      ("telecom.fibre",), "reach", "connected_to_exchange", "telecom", sources=("telecom.exchange", "telecom.data_centre"),
                      lifeline=_lifeline, simulate="telecom.simulate_outage"),),
    settings=SETTINGS,
    capabilities=(Capability("telecom.assess_coverage", "Assess telecom coverage", "通信覆盖评估", assess_coverage, ("1k", "11c", "2b"),
                             about="Who is without mobile or fixed telecom when facilities or the power fail.",
                             about_zh="设施中断或停电时，谁失去移动或固定通信。"),
                  Capability("telecom.simulate_outage", "Simulate an outage of telecom", "通信断电模拟", simulate_outage, ("1k", "11c"),
                             about="Telecom hour by hour after the power fails, as one battery after the other runs out.",
                             about_zh="停电后蓄电池逐一耗尽时逐时的通信状况。")),
)
