"""What the water domain declares: kinds, dictionaries, services and the network."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import CATEGORIES, CJJ61, line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Shuts, Signal, Source, Symbol

from . import damage
from .assess_fireflow import assess_fireflow
from .assess_storage import assess_storage
from .assess_zones import assess_zones
from .cost import COSTS
from .isolate_break import isolate_break
from .locate_leak import locate_leak
from .plan_flushing import plan_flushing
from .rank_criticality import rank_criticality
from .settings import SETTINGS
from .simulate_day import simulate_day
from .trace_contamination import trace_contamination

EPANET = Source("EPANET 2.2 Users Manual", "appendix C", "2020", "found", "input file sections")
GB50974 = Source("GB 50974-2014", "7", "2014", "found", "standards.md 1.5 (S29)")
GB5749 = Source("GB 5749-2022", "", "2022", "found", "standards.md 6.2 (S67)")
SAMPLING = Source("Holdfast", "sampling periods", "", "proposal", "standards.md 1.5")
BACKUP = Source("Holdfast", "backup hours", "", "proposal")

DISTRIBUTION, TRANSMISSION, FIRE = 4, 2, 6  # minor categories of JS


def _codes(name: str, *rows: tuple[str, str, str]) -> Dictionary:
    return Dictionary(f"epanet.{name}", tuple(Code(code, title, zh, (code.lower(), code.capitalize())) for code, title, zh in rows), EPANET)


STATUS = _codes("status", ("OPEN", "open", "开"), ("CLOSED", "closed", "关"), ("ACTIVE", "active", "调节"))
VALVE_TYPE = _codes(
    "valve_type",
    ("PRV", "pressure reducing", "减压阀"), ("PSV", "pressure sustaining", "持压阀"), ("PBV", "pressure breaker", "压力阻断阀"),
    ("FCV", "flow control", "流量控制阀"), ("TCV", "throttle control", "节流阀"), ("GPV", "general purpose", "通用阀"), ("PCV", "positional control", "位置控制阀"),
)
CURVE_USE = _codes(
    "curve_use",
    ("PUMP", "pump head", "水泵扬程"), ("EFFICIENCY", "pump efficiency", "水泵效率"), ("VOLUME", "tank volume", "水池容积"),
    ("HEADLOSS", "valve head loss", "阀门水头损失"), ("VALVE", "valve opening", "阀门开度"), ("GENERIC", "not used", "未使用"),
)
MIXING = _codes("mixing", ("MIXED", "fully mixed", "完全混合"), ("2COMP", "two compartments", "双区"), ("FIFO", "plug flow", "推流"), ("LIFO", "stacked plug flow", "层叠推流"))
SOURCE_TYPE = _codes(
    "source_type", ("CONCEN", "concentration", "浓度"), ("MASS", "mass booster", "质量投加"), ("FLOWPACED", "flow paced", "流量比例"), ("SETPOINT", "set point", "定值"),
)
CONTROL_TYPE = _codes("control_type", ("SIMPLE", "simple control", "简单控制"), ("RULE", "rule", "规则控制"))


def _f(name: str, title: str, zh: str, quantity: str, meaning: str = "", source: Source = EPANET, **more: object) -> Field:
    return Field(name, title, zh, quantity=quantity, meaning=meaning, source=source, **more)  # type: ignore[arg-type]


def _text(name: str, title: str, zh: str, type_: str = "text", meaning: str = "", source: Source = EPANET, **more: object) -> Field:
    return Field(name, title, zh, type_, meaning=meaning, source=source, **more)  # type: ignore[arg-type]


_NOTES = (_text("tag", "tag", "标签"), _text("comment", "comment", "备注"), _text("position", "row in the model file", "模型文件行序", "integer"))
_QUALITY = (
    _f("initial_quality", "initial concentration", "初始浓度", "concentration"),
    _f("initial_age", "initial water age", "初始水龄", "duration"),
    _f("initial_trace", "initial share of the traced source", "初始示踪比例", "ratio"),
    _text("source_type", "type of chemical source", "药剂投加方式", "code", dictionary=SOURCE_TYPE),
    _f("source_concentration", "source concentration", "投加浓度", "concentration"),
    _f("source_mass_flow", "source mass flow", "投加质量流量", "mass_flow"),
    _text("source_pattern", "source time pattern", "投加模式", "id"),
)

JUNCTION = Kind(
    "water.junction", "node", "Water junction", "给水节点", geometry="Point", provides=("water",),
    symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 1),
    fields=(
        *point_fields(),
        _f("elevation", "elevation of the hydraulic node", "节点高程", "elevation", required=True),
        _f("demand", "base demand", "基本用水量", "discharge", "sum over all categories"),
        _text("demand_pattern", "demand pattern", "用水模式", "id"),
        _text("demands", "demand categories", "分类用水量", "json", "list of {demand [m3/s], pattern, category} where there are several"),
        _f("emitter_coefficient", "emitter discharge at 1 m of head", "射流系数", "discharge", "flow = coefficient * head ** emitter exponent"),
        *_QUALITY,
        _f("population", "people served", "服务人口", "population", source=BACKUP),
        _text("building", "building served", "服务建筑", "text", source=BACKUP),
        *_NOTES,
    ),
)
RESERVOIR = Kind(
    "water.reservoir", "node", "Reservoir or source", "水源", geometry="Point", symbol=pipeline_symbol("JS", TRANSMISSION, 2, 2),
    fields=(
        *point_fields(),
        _f("head", "total head", "总水头", "head", required=True),
        _text("head_pattern", "head pattern", "水头模式", "id"),
        *_QUALITY, *_NOTES,
    ),
)
TANK = Kind(
    "water.tank", "node", "Tank", "水池", geometry="Point", cost=COSTS["water.tank"], damage=damage.TANK, symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    fields=(
        *point_fields(),
        _f("elevation", "elevation of the tank bottom", "池底高程", "elevation", required=True),
        _f("initial_level", "initial water level above bottom", "初始水位", "depth", span=(0.0, 200.0)),
        _f("minimum_level", "lowest water level above bottom", "最低水位", "depth", span=(0.0, 200.0)),
        _f("maximum_level", "highest water level above bottom", "最高水位", "depth", span=(0.0, 200.0)),
        _f("diameter", "diameter", "直径", "length", "of a round tank of the same area", span=(0.1, 1000.0)),
        _f("minimum_volume", "volume at the lowest level", "最低水位容积", "volume"),
        _text("volume_curve", "volume curve", "容积曲线", "id"),
        _text("overflow", "may overflow", "可溢流", "boolean"),
        _text("mixing", "mixing model", "混合模型", "code", dictionary=MIXING),
        _f("mixing_fraction", "share of the inlet compartment", "进水区比例", "ratio"),
        _f("bulk_coefficient", "bulk reaction rate", "主体反应速率", "reaction_rate"),
        *_QUALITY, *_NOTES,
    ),
)
PIPE = Kind(
    "water.pipe", "edge", "Water pipe", "给水管道", geometry="LineString", cost=COSTS["water.pipe"], damage=damage.PIPE, symbol=pipeline_symbol("JS", DISTRIBUTION, 1),
    fields=(
        *line_fields("JS"),
        _f("diameter", "inner diameter", "管径", "diameter", required=True),
        _f("length", "hydraulic length", "水力长度", "length"),
        _f("hazen_williams_c", "Hazen-Williams coefficient", "海曾-威廉系数", "hazen_williams_c"),
        _f("roughness", "wall roughness", "粗糙度", "roughness", "Darcy-Weisbach"),
        _f("manning_n", "Manning coefficient", "曼宁系数", "manning_n"),
        _f("minor_loss", "minor loss coefficient", "局部损失系数", "loss_coefficient"),
        _text("initial_status", "initial status", "初始状态", "code", dictionary=STATUS),
        _text("check_valve", "has a check valve", "带止回阀", "boolean"),
        _f("bulk_coefficient", "bulk reaction rate", "主体反应速率", "reaction_rate", "of first order"),
        _f("wall_coefficient", "wall reaction rate", "管壁反应速率", "velocity", "of first order"),
        *_NOTES,
    ),
)
PUMP = Kind(
    "water.pump", "edge", "Water pump", "给水泵", geometry="LineString", cost=COSTS["water.pump"], needs=(Need("electricity"),),
    damage=damage.PUMP, symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    fields=(
        _text("head_curve", "head curve", "扬程曲线", "id"),
        _f("power", "constant power", "恒定功率", "active_power"),
        _f("speed", "relative speed", "相对转速", "factor"),
        _text("speed_pattern", "speed pattern", "转速模式", "id"),
        _text("initial_status", "initial status", "初始状态", "code", dictionary=STATUS),
        _text("efficiency_curve", "efficiency curve", "效率曲线", "id"),
        _f("energy_price", "energy price per kWh", "电价", "money"),
        _text("price_pattern", "price pattern", "电价模式", "id"),
        _text("station", "pump station", "所属泵站", "id"),
        *_NOTES,
    ),
)
VALVE = Kind(
    "water.valve", "edge", "Control valve", "控制阀", geometry="LineString", cost=COSTS["water.valve"], symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    fields=(
        _text("type", "valve type", "阀门类型", "code", dictionary=VALVE_TYPE, required=True),
        _f("diameter", "diameter", "口径", "diameter"),
        _f("setting_head", "pressure setting", "压力设定", "head", "as head of water; PRV, PSV, PBV"),
        _f("setting_flow", "flow setting", "流量设定", "discharge", "FCV"),
        _f("setting_loss", "loss coefficient setting", "损失系数设定", "loss_coefficient", "TCV"),
        _f("opening", "opening", "开度", "ratio", "PCV"),
        _text("curve", "head-loss or opening curve", "特性曲线", "id"),
        _f("minor_loss", "minor loss coefficient when fully open", "局部损失系数", "loss_coefficient"),
        _text("initial_status", "initial status", "初始状态", "code", dictionary=STATUS),
        *_NOTES,
    ),
)
ISOLATION_VALVE = Kind(
    "water.isolation_valve", "node", "Isolation valve", "检修阀门", geometry="Point", cost=COSTS["water.isolation_valve"], symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    shuts=Shuts("pipe_id", "node_id", "normal_status"),
    fields=(
        *point_fields(),
        _text("pipe_id", "pipe on which it sits", "所在管段", "id", source=CJJ61),
        _text("node_id", "pipe end beside it", "所在管段端点", "id", source=CJJ61),
        _f("diameter", "diameter", "口径", "diameter", source=CJJ61),
        _text("normal_status", "normal status", "常态", "code", dictionary=STATUS),
        _text("comment", "comment", "备注"),
    ),
)
HYDRANT = Kind(
    "water.hydrant", "node", "Fire hydrant", "消火栓", geometry="Point", cost=COSTS["water.hydrant"],
    provides=("fire_flow",), symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "network node that feeds it", "供水节点", "id", source=CJJ61),
        _text("pipe_id", "pipe on which it stands", "所在管段", "id", source=CJJ61),
        _f("diameter", "outlet diameter", "出口口径", "diameter", source=GB50974),
        _f("rated_flow", "rated flow", "额定流量", "discharge", "at least 15 L/s at 0.10 MPa for the worst hydrant", GB50974),
        _f("static_pressure", "measured static pressure", "静压", "pressure", "at least 0.14 MPa", GB50974),
        _text("comment", "comment", "备注"),
    ),
    signals=(
        Signal("pressure", "pressure", "压力", "pressure", 900.0, SAMPLING),
        Signal("flow", "flow", "流量", "discharge", 900.0, SAMPLING),
    ),
)
PUMP_STATION = Kind(
    "water.pump_station", "node", "Water pump station", "给水泵站", geometry="Point", cost=COSTS["water.pump_station"],
    needs=(Need("electricity"), Need("telecom", 24.0, vital=False), Need("road_access", 72.0)),
    requires_devices=("water.pressure_sensor", "water.flow_meter"), damage=damage.PUMP_STATION, symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "network node at its outlet", "出水节点", "id", source=CJJ61),
        _f("capacity", "capacity", "供水能力", "discharge", source=CJJ61),
        _f("pump_count", "number of pumps", "水泵台数", "count", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
TREATMENT_PLANT = Kind(
    "water.treatment_plant", "node", "Water treatment plant", "净水厂", geometry="Point", cost=COSTS["water.treatment_plant"],
    needs=(Need("electricity", 2.0), Need("telecom", 24.0, vital=False), Need("road_access", 72.0), Need("supplies", 168.0)),
    requires_devices=("water.flow_meter", "water.quality_sensor"), damage=damage.TREATMENT_PLANT, symbol=pipeline_symbol("JS", TRANSMISSION, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "network node at its outlet", "出水节点", "id", source=CJJ61),
        _f("capacity", "capacity", "供水能力", "discharge", source=CJJ61),
        _f("clear_water_volume", "clear-water storage", "清水池容积", "volume", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
SECONDARY_SUPPLY = Kind(
    "water.secondary_supply", "node", "Secondary water supply", "二次供水", geometry="Point", cost=COSTS["water.secondary_supply"], provides=("water",),
    needs=(Need("electricity"), Need("water", 12.0)),
    requires_devices=("water.pressure_sensor",), damage=damage.SECONDARY_SUPPLY, symbol=pipeline_symbol("JS", DISTRIBUTION, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "network node that fills its tank", "进水节点", "id", source=GB5749),
        _text("building", "building or estate served", "服务小区", "text", source=GB5749),
        Field("storeys", "highest storey served", "服务最高层", "integer", quantity="count", source=GB5749),
        _f("population", "people served", "服务人口", "population", source=GB5749),
        _f("tank_volume", "tank volume", "水箱容积", "volume", "storage time at most 24 h, target 12 h", GB5749),
        _f("pump_head", "pump head", "水泵扬程", "head", source=GB5749),
        _f("pump_flow", "pump flow", "水泵流量", "discharge", source=GB5749),
        _f("pump_power", "installed pump power", "水泵功率", "active_power", source=GB5749),
        _f("pump_count", "number of pumps", "水泵台数", "count", source=GB5749),
        Field("last_cleaning", "last tank cleaning", "最近清洗日期", "date", source=GB5749),
        _text("comment", "comment", "备注"),
    ),
)
_DEVICE = Symbol(CATEGORIES["JS"].colour, "JP04", source=CJJ61)
PRESSURE_SENSOR = Kind(
    "water.pressure_sensor", "device", "Water pressure sensor", "给水压力计", geometry="Point", symbol=_DEVICE,
    fields=(_text("node_id", "network node measured", "测点节点", "id", source=SAMPLING),),
    signals=(Signal("pressure", "pressure", "压力", "pressure", 300.0, SAMPLING),),
)
FLOW_METER = Kind(
    "water.flow_meter", "device", "Water flow meter", "给水流量计", geometry="Point", symbol=_DEVICE,
    fields=(_text("link_id", "network link measured", "测点管段", "id", source=SAMPLING),),
    signals=(Signal("flow", "flow", "流量", "discharge", 300.0, SAMPLING),),
)
QUALITY_SENSOR = Kind(
    "water.quality_sensor", "device", "Water quality sensor", "给水水质仪", geometry="Point", symbol=_DEVICE,
    fields=(_text("node_id", "network node measured", "测点节点", "id", source=SAMPLING),),
    signals=(
        Signal("turbidity", "turbidity", "浊度", "turbidity", 900.0, SAMPLING),
        Signal("chlorine", "free chlorine", "余氯", "concentration", 900.0, SAMPLING),
        Signal("ph", "pH", "酸碱度", "ph", 900.0, SAMPLING),
    ),
)
PATTERN = Kind(
    "water.pattern", "record", "Time pattern", "时间模式",
    fields=(_text("multipliers", "multipliers", "系数序列", "json", "list of numbers, one per pattern step"), *_NOTES),
)
CURVE = Kind(
    "water.curve", "record", "Curve", "特性曲线",
    fields=(
        _text("use", "what it describes", "用途", "code", dictionary=CURVE_USE),
        _text("x", "abscissa", "横坐标", "json", "SI; flow, or level of a volume curve, or opening"),
        _text("y", "ordinate", "纵坐标", "json", "SI; head, volume, or efficiency in percent"),
        *_NOTES,
    ),
)
CONTROL = Kind(
    "water.control", "record", "Control", "控制规则",
    fields=(
        _text("type", "type", "类型", "code", dictionary=CONTROL_TYPE),
        _text("text", "statements in EPANET words with SI numbers", "控制语句(国际单位)",
              meaning="m, m3/s, W; pressures as metres of head; one statement or rule, or several statements on lines"),
        *_NOTES,
    ),
)
OPTION = Kind(
    "water.option", "record", "Model option", "模型选项",
    fields=(
        _text("section", "section of the model file", "文件段"),
        _text("keyword", "option", "选项"),
        _text("value", "value as in the file, in the file's units", "取值"),
        _text("text", "whole line where it is no option", "原文"),
        *_NOTES,
    ),
)



def _lifeline(city: Any) -> Any:
    """The water lifeline; NumPy and the engines load when it is wanted."""
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    name="water",
    title="Water supply",
    title_zh="供水",
    kinds=(
        JUNCTION, RESERVOIR, TANK, PIPE, PUMP, VALVE, ISOLATION_VALVE, HYDRANT, PUMP_STATION, TREATMENT_PLANT, SECONDARY_SUPPLY,
        PRESSURE_SENSOR, FLOW_METER, QUALITY_SENSOR, PATTERN, CURVE, CONTROL, OPTION,
    ),
    networks=(
        Network(
            "water", "Water supply network", "供水管网",
            node_kinds=("water.junction", "water.reservoir", "water.tank"),
            edge_kinds=("water.pipe", "water.pump", "water.valve"),
            solver="potential_flow", law="pipe_headloss", service="water", sources=("water.reservoir", "water.tank"),
            lifeline=_lifeline, simulate="water.simulate_day",
        ),
    ),
    capabilities=(
        Capability("water.simulate_day", "Simulate a day of the water network", "供水管网日运行模拟", simulate_day, ("1b", "1k", "1o"),
                   about="Pressures, flows, tank levels and where asked water quality over a day: who goes short of water, and when.",
                   about_zh="全日压力、流量、水池水位及可选水质：谁缺水、何时缺水。"),
        Capability("water.assess_fireflow", "Assess fire flow at hydrants", "消火栓供水能力评估", assess_fireflow, ("1g", "1k"),
                   about="How much water each hydrant gives at the pressure that must remain, and which give too little.",
                   about_zh="各消火栓在要求动压下的供水量，以及哪些不足。"),
        Capability("water.assess_zones", "Assess pressure zones", "压力分区评估", assess_zones, ("1o",),
                   about="The pressure zones of the network, what feeds each, its pressures, and where they are too low.",
                   about_zh="划分压力分区，给出各区水源、压力和压力不足之处。"),
        Capability("water.assess_storage", "Assess how long water stays in tanks", "水池贮水时间评估", assess_storage, ("1o",),
                   about="How long water stays in each tank, and where that is too long.",
                   about_zh="各水池的贮水时间，以及超过限值之处。"),
        Capability("water.isolate_break", "Isolate a broken pipe", "爆管关阀方案", isolate_break, ("1b", "1k"),
                   about="Which valves to close around a broken pipe, what is emptied, and who is without water.",
                   about_zh="爆管时应关哪些阀门、放空哪些管段、谁停水。"),
        Capability("water.rank_criticality", "Rank critical pipes, pumps and valves", "供水关键设施排序", rank_criticality, ("1b", "1k"),
                   about="Takes every pipe, pump or valve out once and ranks them by the people without water.",
                   about_zh="逐一停用管段、水泵或阀门，按停水人数排序。"),
        Capability("water.locate_leak", "Locate a leak by pressures", "压力法漏损定位", locate_leak, ("1b", "1k"),
                   about="Where a leak lies most likely, from the pressures that sensors report.",
                   about_zh="由压力传感器读数推断漏点最可能的位置。"),
        Capability("water.trace_contamination", "Trace contamination forward and backward", "水质污染追踪与溯源", trace_contamination, ("1b", "1k", "1o"),
                   about="Where a contaminated water gets to and when, or where it can have come from.",
                   about_zh="污染水体到达何处、何时到达，或可能来自何处。"),
        Capability("water.plan_flushing", "Plan the flushing of pipes", "管道冲洗方案", plan_flushing, ("1b", "1o"),
                   about="Which hydrants to open and which valves to shut to flush pipes fast enough.",
                   about_zh="为达到冲洗流速应开启的消火栓和应关闭的阀门。"),
    ),
    settings=SETTINGS,
)
