"""Gas: what exists, how it is coded and what it gives to others. Declaration only."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Signal, Source

from . import damage
from .cost import COSTS
from .isolate_gas_leak import isolate_gas_leak
from .settings import SETTINGS
from .simulate_day import simulate_day

PANDAPIPES = Source("pandapipes net", "component tables", "0.x", "found", "shared/data/gas_heat SOURCE.txt")
GB50289 = Source("GB 50289-2016", "table 4.1.9", "2016", "found", "standards.md 5.2: gas pressure classes")
GB50493 = Source("GB/T 50493-2019", "5.5.2", "2019", "found", "standards.md 1.4 (S23)")
MONITORING = Source("Hefei lifeline monitoring practice", mark="found", reference="standards.md 1.5 (S16): which quantities")
SAMPLING = Source("Holdfast default", mark="proposal", reference="standards.md 1.5: sampling intervals")
PROPOSAL = Source("Holdfast default", mark="proposal")

PRESSURE_CLASS = Dictionary("gas.pressure_class", (
    Code("LP", "low, below 0.01 MPa", "低压"), Code("MP-B", "medium B, 0.01 to 0.2 MPa", "中压B", ("中压",)), Code("MP-A", "medium A, 0.2 to 0.4 MPa", "中压A"),
    Code("SHP-B", "sub-high B, 0.4 to 0.8 MPa", "次高压B"), Code("SHP-A", "sub-high A, 0.8 to 1.6 MPa", "次高压A", ("次高压",)),
    Code("HP", "high, above 1.6 MPa", "高压")), GB50289)
STATION_TYPE = Dictionary("gas.station_type", (
    Code("gate", "city gate station", "门站"), Code("regulating", "regulating station", "调压站"), Code("storage", "storage station", "储配站"),
    Code("filling", "filling station", "加气站"), Code("lng", "liquefied gas station", "液化天然气站")), PROPOSAL)
CONTROL = Dictionary("gas.source_control", (
    Code("p", "holds pressure", "定压"), Code("t", "holds temperature", "定温"), Code("pt", "holds pressure and temperature", "定压定温"),
    Code("m", "feeds a mass flow", "定流量")), PANDAPIPES)
VALVE_TYPE = Dictionary("gas.valve_type", (
    Code("section", "section valve", "分段阀"), Code("branch", "branch valve", "支线阀"), Code("service", "service valve", "引入管阀"),
    Code("emergency", "emergency shut-off valve", "紧急切断阀")), PROPOSAL)

_INDEX = Field("source_index", "row number in the source", "来源序号", "integer")
_TABLE = Field("source_table", "table in the source", "来源表", "text")
_SERVICE = Field("in_service", "in service", "投运", "boolean")
_JUNCTION = Field("junction_id", "junction", "所接节点", "id", required=True)
_DIAMETER = Field("diameter", "inner diameter", "内径", quantity="diameter")
_LOSS = Field("loss_coefficient", "local loss coefficient", "局部阻力系数", quantity="loss_coefficient")
_CLASS = Field("pressure_class", "pressure class", "压力级别", "code", dictionary=PRESSURE_CLASS, source=GB50289)
_SCALING = Field("scaling", "scaling factor", "同时系数", quantity="factor", meaning="the mass flow counts times this")
_FLOW = Field("mass_flow", "mass flow", "质量流量", quantity="mass_flow")
_STATION = Field("station_id", "station", "所属场站", "id")
_FLOW_LIMITS = (Field("min_flow", "lowest flow", "最小流量", quantity="mass_flow"), Field("max_flow", "highest flow", "最大流量", quantity="mass_flow"))
_PRESSURE_LIMITS = (Field("min_pressure", "lowest pressure", "最低压力", quantity="pressure"), Field("max_pressure", "highest pressure", "最高压力", quantity="pressure"))

JUNCTION = Kind("gas.junction", "node", "Gas junction", "燃气节点", geometry="Point", symbol=pipeline_symbol("RQ", 3, 2, 1), fields=(
    *point_fields(), Field("elevation", "pipe level", "管高程", quantity="elevation"),
    Field("nominal_pressure", "nominal pressure", "额定压力", quantity="pressure", meaning="gauge"), _CLASS,
    Field("temperature", "gas temperature", "气体温度", quantity="temperature"), Field("junction_type", "type", "类型", "text"),
    *_PRESSURE_LIMITS, _SERVICE, _INDEX))

PIPE = Kind("gas.pipe", "edge", "Gas pipe", "燃气管线", geometry="LineString", cost=COSTS["gas.pipe"], damage=damage.PIPE, symbol=pipeline_symbol("RQ", 3, 1), fields=(
    *line_fields("RQ"), _DIAMETER, Field("outer_diameter", "outer diameter", "外径", quantity="diameter"), _CLASS,
    Field("design_pressure", "design pressure", "设计压力", quantity="pressure"),
    Field("length", "hydraulic length", "计算长度", quantity="length"), Field("roughness", "wall roughness", "管壁粗糙度", quantity="roughness"), _LOSS,
    Field("heat_transfer", "heat transfer coefficient", "传热系数", quantity="heat_transfer_coefficient"),
    Field("ambient_temperature", "ambient temperature", "环境温度", quantity="temperature"), Field("external_heat", "heat taken out", "外部换热", quantity="heat_flow"),
    Field("sections", "calculation sections", "计算分段", "integer"), Field("pipe_type", "type", "规格型号", "text"),
    Field("corrosion_protection", "corrosion protection", "防腐方式", "text"), *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _INDEX))

SOURCE = Kind("gas.source", "node", "Gas source", "气源", geometry="Point", symbol=pipeline_symbol("RQ", 3, 2, 2, 1), fields=(
    _JUNCTION, Field("control", "what it holds", "控制方式", "code", dictionary=CONTROL), Field("pressure", "held pressure", "供气压力", quantity="pressure", meaning="gauge"),
    Field("temperature", "gas temperature", "气体温度", quantity="temperature"), _FLOW, _SCALING, Field("fluid", "gas", "气种", "text"),
    _STATION, *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _TABLE, _INDEX))

SINK = Kind("gas.sink", "node", "Gas consumer", "燃气用户", geometry="Point", symbol=pipeline_symbol("RQ", 3, 2, 2, 2), provides=("gas",), fields=(
    _JUNCTION, _FLOW, _SCALING, Field("sink_type", "type", "类型", "text"), Field("profile", "time profile", "用气曲线", "text"),
    Field("annual_volume", "volume per year at standard conditions", "年用气量", quantity="volume"), Field("customers", "customers", "用户数", quantity="count"),
    Field("building_id", "building", "所在建筑", "id"), *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _TABLE, _INDEX))

VALVE = Kind("gas.valve", "edge", "Gas valve", "燃气阀门", geometry="Point", cost=COSTS["gas.valve"], symbol=pipeline_symbol("RQ", 3, 2, 2, 3), fields=(
    Field("valve_type", "type", "类型", "code", dictionary=VALVE_TYPE), Field("opened", "open", "开启", "boolean", required=True), _DIAMETER, _LOSS, _CLASS,
    Field("remote", "remotely operated", "遥控", "boolean"), Field("depth", "depth", "埋深", quantity="depth"), Field("road", "road", "所在道路", "text"),
    Field("max_pressure_difference", "highest pressure difference", "最大压差", quantity="pressure"), *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _INDEX))

REGULATOR = Kind("gas.regulator", "edge", "Pressure regulator", "调压器", geometry="Point", cost=COSTS["gas.regulator"], damage=damage.REGULATOR,
    symbol=pipeline_symbol("RQ", 3, 2, 2, 4), provides=("gas",),
    fields=(
    Field("outlet_pressure", "outlet pressure", "出口压力", quantity="pressure", meaning="gauge"),
    Field("controlled_junction_id", "junction whose pressure it holds", "控压节点", "id"), _DIAMETER, _LOSS,
    Field("capacity", "capacity", "设计流量", quantity="mass_flow"), Field("active", "controls", "控制中", "boolean"), _STATION,
    Field("min_drop", "lowest pressure drop", "最小压降", quantity="pressure"), Field("max_drop", "highest pressure drop", "最大压降", quantity="pressure"),
    Field("inlet_loss", "constant inlet loss", "进口压损", quantity="pressure"), Field("outlet_loss", "constant outlet loss", "出口压损", quantity="pressure"),
    *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _TABLE, _INDEX))

COMPRESSOR = Kind("gas.compressor", "edge", "Compressor", "压缩机", geometry="Point", cost=COSTS["gas.compressor"], damage=damage.COMPRESSOR,
    symbol=pipeline_symbol("RQ", 3, 2, 2, 5), needs=(Need("electricity"),), fields=(
    Field("pressure_ratio", "pressure ratio", "压比", quantity="factor"), _DIAMETER, _STATION, Field("fuel_node_id", "junction its fuel comes from", "燃料节点", "id"),
    Field("internal_bypass", "internal bypass", "内部旁通", "boolean"), Field("inlet_loss", "constant inlet loss", "进口压损", quantity="pressure"),
    Field("outlet_loss", "constant outlet loss", "出口压损", quantity="pressure"), *_FLOW_LIMITS, *_PRESSURE_LIMITS, _SERVICE, _TABLE, _INDEX))

RESISTOR = Kind("gas.resistor", "edge", "Resistor or short pipe", "阻力元件", geometry="Point", fields=(
    _DIAMETER, _LOSS, Field("pressure_loss", "constant pressure loss", "固定压损", quantity="pressure"), *_FLOW_LIMITS, _SERVICE, _TABLE, _INDEX))

STATION = Kind("gas.station", "node", "Gas station", "燃气场站", geometry="Point", cost=COSTS["gas.station"], damage=damage.STATION,
    symbol=pipeline_symbol("RQ", 3, 2, 2, 6), provides=("gas",),
    needs=(Need("electricity", 24.0, "backup_hours"), Need("telecom", 24.0, vital=False), Need("road_access", 72.0)),
    requires_devices=("gas.detector", "gas.pressure_sensor"), fields=(
    *point_fields(), Field("station_type", "type", "类型", "code", dictionary=STATION_TYPE),
    Field("inlet_pressure", "inlet pressure", "进站压力", quantity="pressure"), Field("outlet_pressure", "outlet pressure", "出站压力", quantity="pressure"),
    Field("capacity", "capacity", "设计流量", quantity="mass_flow"),
    Field("backup_hours", "hours it works without electricity", "断电可运行小时", quantity="factor", span=(0.0, 240.0), source=PROPOSAL), _SERVICE))

DETECTOR = Kind("gas.detector", "device", "Gas detector", "可燃气体探测器", geometry="Point", fields=(
    Field("place", "where it hangs", "安装位置", "text"),
    Field("low_alarm", "first alarm level", "一级报警", quantity="gas_fraction", source=GB50493, meaning="at most 25 %LEL"),
    Field("high_alarm", "second alarm level", "二级报警", quantity="gas_fraction", source=GB50493, meaning="at most 50 %LEL")),
    signals=(
    Signal("methane", "methane", "甲烷", "gas_fraction", 1800.0, SAMPLING), Signal("temperature", "temperature", "温度", "temperature", 1800.0, SAMPLING),
    Signal("humidity", "relative humidity", "相对湿度", "ratio", 1800.0, SAMPLING), Signal("battery", "battery charge", "电池电量", "ratio", 86400.0, SAMPLING)))

PRESSURE_SENSOR = Kind("gas.pressure_sensor", "device", "Gas pressure sensor", "燃气压力监测", geometry="Point",
    fields=(Field("place", "where it measures", "安装位置", "text"), Field("range_max", "measuring range", "量程", quantity="pressure")),
    signals=(
    Signal("pressure", "pressure", "压力", "pressure", 300.0, SAMPLING), Signal("flow", "flow", "流量", "discharge", 300.0, MONITORING),
    Signal("temperature", "temperature", "温度", "temperature", 300.0, MONITORING)))

RECORD = Kind("gas.record", "record", "Record of the source model", "模型附加记录", fields=(_TABLE, _INDEX, Field("content", "content as delivered", "原始内容", "json")))


def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    "gas", "Gas", "燃气",
    kinds=(JUNCTION, PIPE, SOURCE, SINK, VALVE, REGULATOR, COMPRESSOR, RESISTOR, STATION, DETECTOR, PRESSURE_SENSOR, RECORD),
    networks=(Network("gas", "Gas network", "燃气管网", ("gas.junction",), ("gas.pipe", "gas.valve", "gas.regulator", "gas.compressor", "gas.resistor"),
                      "potential_flow", "compressible_darcy", "gas", sources=("gas.source",), lifeline=_lifeline, simulate="gas.simulate_day"),),
    capabilities=(
        Capability("gas.simulate_day", "Simulate a day of gas supply", "燃气管网全日仿真", simulate_day, ("1e", "1k"),
                   about="Pressures, flows and supply of the gas network hour by hour.",
                   about_zh="逐时计算燃气管网的压力、流量和供气。"),
        Capability("gas.isolate_gas_leak", "Isolate a gas leak", "燃气泄漏关阀处置", isolate_gas_leak, ("1e", "1k", "1n"),
                   about="Which valves to close around a leak, how much gas escapes until then and afterwards, and who is cut off.",
                   about_zh="泄漏时应关哪些阀门、关阀前后的泄漏量以及停气用户。"),
    ),
    settings=SETTINGS,
)
