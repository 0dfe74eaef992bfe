"""Heat: what exists, how it is coded and what it gives to others. Declaration only."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Signal, Source

from . import damage
from .cost import COSTS
from .settings import SETTINGS
from .simulate_cold_day import simulate_cold_day

PANDAPIPES = Source("pandapipes net", "component tables", "0.x", "found", "shared/data/gas_heat SOURCE.txt")
MONITORING = Source("Holdfast default", mark="proposal", reference="standards.md 1.5: supply and return temperature, pressure, flow every 1 to 5 min")
PROPOSAL = Source("Holdfast default", mark="proposal")

CIRCUIT = Dictionary("heat.circuit", (Code("supply", "supply", "供水", ("供",)), Code("return", "return", "回水", ("回",))), PROPOSAL)
FUEL = Dictionary("heat.fuel", (
    Code("gas", "gas", "燃气"), Code("coal", "coal", "燃煤"), Code("electricity", "electricity", "电"), Code("geothermal", "geothermal", "地热"),
    Code("cogeneration", "cogeneration", "热电联产"), Code("waste", "waste heat", "余热"), Code("biomass", "biomass", "生物质")), PROPOSAL)
CONTROL = Dictionary("heat.control", (
    Code("pt", "holds pressure and temperature", "定压定温"), Code("p", "holds pressure", "定压"), Code("t", "holds temperature", "定温"),
    Code("m", "drives a mass flow", "定流量"), Code("curve", "pump curve", "泵曲线")), PANDAPIPES)

_INDEX = Field("source_index", "row number in the source", "来源序号", "integer")
_TABLE = Field("source_table", "table in the source", "来源表", "text")
_SERVICE = Field("in_service", "in service", "投运", "boolean")
_JUNCTION = Field("junction_id", "junction", "所接节点", "id")
_DIAMETER = Field("diameter", "inner diameter", "内径", quantity="diameter")
_LOSS = Field("loss_coefficient", "local loss coefficient", "局部阻力系数", quantity="loss_coefficient")
_FLOW = Field("mass_flow", "mass flow", "质量流量", quantity="mass_flow")
_CIRCUIT = Field("circuit", "circuit", "供回水", "code", dictionary=CIRCUIT)

JUNCTION = Kind("heat.junction", "node", "Heat junction", "热力节点", geometry="Point", symbol=pipeline_symbol("RL", 1, 2, 1), fields=(
    *point_fields(), Field("elevation", "pipe level", "管高程", quantity="elevation"), _CIRCUIT,
    Field("nominal_pressure", "nominal pressure", "额定压力", quantity="pressure", meaning="gauge"),
    Field("temperature", "temperature", "温度", quantity="temperature"), Field("junction_type", "type", "类型", "text"), _SERVICE, _INDEX))

PIPE = Kind("heat.pipe", "edge", "Heat pipe", "热力管线", geometry="LineString", cost=COSTS["heat.pipe"], damage=damage.PIPE, symbol=pipeline_symbol("RL", 1, 1), fields=(
    *line_fields("RL"), _CIRCUIT, _DIAMETER, Field("outer_diameter", "outer diameter with insulation", "外径", quantity="diameter"),
    Field("insulation_thickness", "insulation thickness", "保温厚度", quantity="thickness"),
    Field("length", "hydraulic length", "计算长度", quantity="length"), Field("roughness", "wall roughness", "管壁粗糙度", quantity="roughness"), _LOSS,
    Field("heat_transfer", "heat transfer coefficient", "传热系数", quantity="heat_transfer_coefficient"),
    Field("ambient_temperature", "ambient temperature", "环境温度", quantity="temperature"), Field("external_heat", "heat taken out", "外部换热", quantity="heat_flow"),
    Field("sections", "calculation sections", "计算分段", "integer"), Field("pipe_type", "type", "规格型号", "text"), _SERVICE, _INDEX))

CONSUMER = Kind("heat.consumer", "edge", "Heat consumer", "热用户", geometry="Point", cost=COSTS["heat.consumer"],
    symbol=pipeline_symbol("RL", 1, 2, 2, 1), provides=("heat",), fields=(
    Field("heat_demand", "heat taken", "热负荷", quantity="heat_flow"), _FLOW,
    Field("temperature_drop", "temperature drop", "供回水温差", quantity="temperature_difference"),
    Field("return_temperature", "return temperature", "回水温度", quantity="temperature"), _DIAMETER, _LOSS,
    Field("annual_energy", "heat per year", "年用热量", quantity="energy"), Field("heated_area", "heated area", "供热面积", quantity="area"),
    Field("customers", "customers", "用户数", quantity="count"), Field("building_id", "building", "所在建筑", "id"), _SERVICE, _TABLE, _INDEX))

PUMP = Kind("heat.pump", "edge", "Circulation pump", "循环泵", geometry="Point", cost=COSTS["heat.pump"], damage=damage.PUMP,
    symbol=pipeline_symbol("RL", 1, 2, 2, 2), needs=(Need("electricity"),), fields=(
    Field("control", "what it holds", "控制方式", "code", dictionary=CONTROL), Field("supply_pressure", "pressure at the outlet", "出口压力", quantity="pressure", meaning="gauge"),
    Field("lift", "pressure lift", "扬压", quantity="pressure"), Field("supply_temperature", "temperature at the outlet", "出口温度", quantity="temperature"), _FLOW,
    Field("pump_type", "type", "型号", "text"), Field("plant_id", "heat plant", "所属热源", "id"), _SERVICE, _TABLE, _INDEX))

PLANT = Kind("heat.plant", "node", "Heat plant", "热源厂", geometry="Point", cost=COSTS["heat.plant"], damage=damage.PLANT,
    symbol=pipeline_symbol("RL", 1, 2, 2, 3), provides=("heat",),
    needs=(Need("electricity", 0.0, "backup_hours"), Need("water", 24.0), Need("gas", 0.0, "gas_backup_hours"), Need("telecom", 24.0, vital=False), Need("road_access", 72.0)),
    requires_devices=("heat.sensor",), fields=(
    _JUNCTION, Field("return_junction_id", "return junction", "回水节点", "id"), Field("fuel", "fuel", "燃料", "code", dictionary=FUEL),
    Field("capacity", "heat capacity", "供热能力", quantity="heat_flow"), Field("control", "what it holds", "控制方式", "code", dictionary=CONTROL),
    Field("pressure", "held pressure", "定压", quantity="pressure", meaning="gauge"),
    Field("supply_temperature", "supply temperature", "供水温度", quantity="temperature"), Field("return_temperature", "return temperature", "回水温度", quantity="temperature"),
    Field("ground_elevation", "ground level", "地面高程", quantity="elevation"),
    Field("backup_hours", "hours it works without electricity", "断电可运行小时", quantity="factor", span=(0.0, 240.0), source=PROPOSAL),
    Field("gas_backup_hours", "hours it works without gas", "断气可运行小时", quantity="factor", span=(0.0, 240.0), source=PROPOSAL), _SERVICE, _TABLE, _INDEX))

VALVE = Kind("heat.valve", "edge", "Heat valve", "热力阀门", geometry="Point", cost=COSTS["heat.valve"], symbol=pipeline_symbol("RL", 1, 2, 2, 4), fields=(
    Field("opened", "open", "开启", "boolean", required=True), _DIAMETER, _LOSS, _CIRCUIT, Field("valve_type", "type", "类型", "text"),
    Field("outlet_pressure", "held outlet pressure", "出口压力", quantity="pressure"), _FLOW,
    Field("depth", "depth", "埋深", quantity="depth"), Field("road", "road", "所在道路", "text"), _SERVICE, _TABLE, _INDEX))

SINK = Kind("heat.sink", "node", "Water taken from or fed into the network", "补排水点", geometry="Point", fields=(
    _JUNCTION, Field("mass_flow", "mass flow taken out", "质量流量", quantity="mass_flow", meaning="negative where it feeds in"),
    Field("scaling", "scaling factor", "同时系数", quantity="factor"), _SERVICE, _TABLE, _INDEX))

SENSOR = Kind("heat.sensor", "device", "Heat sensor", "热力监测终端", geometry="Point",
    fields=(Field("place", "where it measures", "安装位置", "text"),),
    signals=(
    Signal("supply_temperature", "supply temperature", "供水温度", "temperature", 300.0, MONITORING),
    Signal("return_temperature", "return temperature", "回水温度", "temperature", 300.0, MONITORING),
    Signal("supply_pressure", "supply pressure", "供水压力", "pressure", 300.0, MONITORING),
    Signal("return_pressure", "return pressure", "回水压力", "pressure", 300.0, MONITORING),
    Signal("flow", "flow", "流量", "discharge", 300.0, MONITORING), Signal("make_up", "make-up water", "补水量", "discharge", 300.0, MONITORING)))

RECORD = Kind("heat.record", "record", "Record of the source model", "模型附加记录", fields=(_TABLE, _INDEX, Field("content", "content as delivered", "原始内容", "json")))


def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    "heat", "Heat", "供热",
    kinds=(JUNCTION, PIPE, CONSUMER, PUMP, PLANT, VALVE, SINK, SENSOR, RECORD),
    networks=(Network("heat", "Heat network", "供热管网", ("heat.junction",), ("heat.pipe", "heat.consumer", "heat.pump", "heat.valve"),
                      "potential_flow", "darcy_weisbach", "heat", sources=("heat.plant",), lifeline=_lifeline, simulate="heat.simulate_cold_day"),),
    capabilities=(Capability("heat.simulate_cold_day", "Simulate a cold day", "严寒日供热仿真", simulate_cold_day, ("1f", "1k"),
                             about="Supply temperatures and rooms on a very cold day, also when heat plants fail: who freezes, and when.",
                             about_zh="严寒日(可含热源停运)的供热温度和室温：谁受冻、何时受冻。"),),
    settings=SETTINGS,
)
