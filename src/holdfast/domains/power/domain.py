"""Power: what exists, how it is coded and what it gives to others. Declaration only."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Setting, Signal, Source

from . import damage
from .cost import COSTS
from .rank_criticality import rank_criticality
from .shed_load import shed_load
from .simulate_day import simulate_day
from .simulate_outage import simulate_outage

PANDAPOWER = Source("pandapower net", "data structure", "3.x", "found", "shared/data/power SOURCE.txt")
GB50052 = Source("GB 50052-2009", "3.0.1", "2009", "recalled")
PROPOSAL = Source("Holdfast default", mark="proposal")

BUS_TYPE = Dictionary("power.bus_type", (
    Code("b", "busbar", "母线"), Code("n", "node", "节点"), Code("m", "joint", "接头"), Code("db", "switchgear busbar", "开关柜母线"),
    Code("auxiliary", "auxiliary", "辅助节点")), PANDAPOWER)
LINE_TYPE = Dictionary("power.line_type", (
    Code("cs", "cable", "电缆", ("cable",)), Code("ol", "overhead", "架空线", ("overhead",)), Code("dc", "direct current", "直流")), PANDAPOWER)
ELEMENT = Dictionary("power.switched_element", (
    Code("bus", "bus to bus", "母联", ("b",)), Code("line", "bus to line", "线路", ("l",)), Code("transformer", "bus to transformer", "变压器", ("t",)),
    Code("transformer3", "bus to three-winding transformer", "三绕组变压器", ("t3",))), PANDAPOWER)
SWITCH_TYPE = Dictionary("power.switch_type", (
    Code("CB", "circuit breaker", "断路器"), Code("LBS", "load-break switch", "负荷开关"), Code("LS", "load switch", "负荷隔离开关"),
    Code("DS", "disconnector", "隔离开关"), Code("FUSE", "fuse", "熔断器")), PANDAPOWER)
SIDE = Dictionary("power.side", (Code("hv", "high-voltage side", "高压侧"), Code("mv", "medium-voltage side", "中压侧"), Code("lv", "low-voltage side", "低压侧")), PANDAPOWER)
TAP_CHANGER = Dictionary("power.tap_changer", (
    Code("Ratio", "ratio", "有载调压"), Code("Symmetrical", "symmetrical phase shifter", "对称移相"), Code("Ideal", "ideal phase shifter", "理想移相"),
    Code("Tabular", "by table", "查表")), PANDAPOWER)
LOAD_MODEL = Dictionary("power.load_model", (Code("load", "balanced", "三相平衡"), Code("asymmetric_load", "by phase", "分相"), Code("motor", "motor", "电动机")), PANDAPOWER)
LOAD_CLASS = Dictionary("power.load_class", (
    Code("1", "first class: two supplies", "一级负荷"), Code("1+", "first class, especially important: plus emergency supply", "一级负荷中特别重要负荷"),
    Code("2", "second class: two circuits preferred", "二级负荷"), Code("3", "third class", "三级负荷")), GB50052)
GENERATOR_MODEL = Dictionary("power.generator_model", (
    Code("gen", "voltage controlled", "电压控制"), Code("sgen", "fixed power", "定功率"), Code("asymmetric_sgen", "fixed power by phase", "分相定功率")), PANDAPOWER)
FUEL = Dictionary("power.fuel", (
    Code("diesel", "diesel", "柴油"), Code("gas", "gas", "燃气"), Code("coal", "coal", "燃煤"), Code("solar", "solar", "光伏"), Code("wind", "wind", "风电"),
    Code("hydro", "hydro", "水电"), Code("nuclear", "nuclear", "核电"), Code("biomass", "biomass", "生物质"), Code("other", "other", "其他")), PROPOSAL)
SUBSTATION_TYPE = Dictionary("power.substation_type", (
    Code("primary", "110 kV or 35 kV substation", "变电站"), Code("switching", "switching station", "开闭所"), Code("distribution", "distribution room", "配电室"),
    Code("box", "box-type substation", "箱变"), Code("ring_main", "ring main unit", "环网柜"), Code("pole", "pole-mounted", "柱上变")), PROPOSAL)

_INDEX = Field("source_index", "row number in the source", "来源序号", "integer")
_TABLE = Field("source_table", "table in the source", "来源表", "text")
_SERVICE = Field("in_service", "in service", "投运", "boolean")
_BUS = Field("bus_id", "bus", "所接母线", "id", required=True)
_P = Field("p", "active power", "有功功率", quantity="active_power", source=PANDAPOWER)
_Q = Field("q", "reactive power", "无功功率", quantity="reactive_power", source=PANDAPOWER)
_SCALING = Field("scaling", "scaling factor", "同时系数", quantity="factor", meaning="p and q count times this")
_SN = Field("rated_power", "rated apparent power", "额定容量", quantity="apparent_power")
_VN = Field("nominal_voltage", "nominal voltage", "额定电压", quantity="voltage")
_PROFILE = Field("profile", "time profile", "负荷曲线", "text", meaning="name of a power.profile")
_BUILDING = Field("building_id", "building", "所在建筑", "id")
_LIMITS = (
    Field("min_p", "lowest active power", "最小有功", quantity="active_power"), Field("max_p", "highest active power", "最大有功", quantity="active_power"),
    Field("min_q", "lowest reactive power", "最小无功", quantity="reactive_power"), Field("max_q", "highest reactive power", "最大无功", quantity="reactive_power"),
    Field("controllable", "controllable", "可控", "boolean"),
)
_PHASES = tuple(
    Field(f"{letter}_{phase}", f"{title} of phase {phase.upper()}", f"{phase.upper()}相{zh}", quantity=quantity)
    for letter, title, zh, quantity in (("p", "active power", "有功", "active_power"), ("q", "reactive power", "无功", "reactive_power"))
    for phase in "abc"
)
_FROM_TO_CLOSED = (
    Field("from_closed", "switches at the start closed", "首端开关闭合", "boolean", meaning="false while any switch between the bus and this end is open"),
    Field("to_closed", "switches at the end closed", "末端开关闭合", "boolean", meaning="false while any switch between the bus and this end is open"),
)

BUS = Kind("power.bus", "node", "Bus", "母线节点", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 1), fields=(
    *point_fields(), _VN,
    Field("bus_type", "type", "类型", "code", dictionary=BUS_TYPE),
    Field("zone", "zone", "分区", "text"),
    Field("min_voltage", "lowest permitted voltage", "电压下限", quantity="voltage_pu"),
    Field("max_voltage", "highest permitted voltage", "电压上限", quantity="voltage_pu"),
    Field("substation_id", "substation", "所属站", "id"), _SERVICE, _INDEX))

LINE = Kind("power.line", "edge", "Line", "电力线路", geometry="LineString", cost=COSTS["power.line"], damage=damage.LINE, symbol=pipeline_symbol("DL", 1, 1), fields=(
    *line_fields("DL"), _VN,
    Field("line_type", "type", "类型", "code", dictionary=LINE_TYPE),
    Field("conductor", "conductor type", "导线型号", "text"),
    Field("length", "length", "长度", quantity="length"),
    Field("resistance", "series resistance per length", "单位电阻", quantity="resistance_per_length", source=PANDAPOWER),
    Field("reactance", "series reactance per length", "单位电抗", quantity="resistance_per_length", source=PANDAPOWER),
    Field("capacitance", "shunt capacitance per length", "单位电容", quantity="capacitance_per_length", source=PANDAPOWER),
    Field("conductance", "shunt conductance per length", "单位电导", quantity="conductance_per_length", source=PANDAPOWER),
    Field("zero_resistance", "zero-sequence resistance per length", "零序电阻", quantity="resistance_per_length"),
    Field("zero_reactance", "zero-sequence reactance per length", "零序电抗", quantity="resistance_per_length"),
    Field("zero_capacitance", "zero-sequence capacitance per length", "零序电容", quantity="capacitance_per_length"),
    Field("zero_conductance", "zero-sequence conductance per length", "零序电导", quantity="conductance_per_length"),
    Field("rated_current", "rated current", "额定电流", quantity="current"),
    Field("derating", "derating factor of the rated current", "载流折减系数", quantity="factor"),
    Field("parallel", "parallel systems", "并列回数", "integer"),
    Field("max_loading", "permitted loading", "允许负载率", quantity="ratio", span=(0.0, 3.0)),
    Field("end_temperature", "conductor temperature after a short circuit", "短路终温", quantity="temperature"),
    *_FROM_TO_CLOSED, _SERVICE, _INDEX))

TRANSFORMER = Kind("power.transformer", "edge", "Transformer", "变压器", geometry="Point", cost=COSTS["power.transformer"], damage=damage.TRANSFORMER,
    symbol=pipeline_symbol("DL", 1, 2, 2, 1), provides=("electricity",),
    requires_devices=("power.meter",), fields=(
    _SN,
    Field("hv_voltage", "rated voltage, high side", "高压侧额定电压", quantity="voltage"),
    Field("lv_voltage", "rated voltage, low side", "低压侧额定电压", quantity="voltage"),
    Field("short_circuit_voltage", "short-circuit voltage", "短路电压", quantity="ratio", span=(0.0, 10.0), source=PANDAPOWER),
    Field("short_circuit_resistance", "resistive part of the short-circuit voltage", "短路电压有功分量", quantity="ratio", source=PANDAPOWER),
    Field("iron_loss", "iron loss", "空载损耗", quantity="active_power", source=PANDAPOWER),
    Field("no_load_current", "no-load current", "空载电流", quantity="ratio", source=PANDAPOWER),
    Field("phase_shift", "phase shift", "相位移", quantity="angle"),
    Field("vector_group", "vector group", "联结组别", "text"),
    Field("tap_side", "tap changer side", "调压侧", "code", dictionary=SIDE),
    Field("tap_changer", "tap changer type", "调压方式", "code", dictionary=TAP_CHANGER, meaning="without one the tap position has no effect"),
    Field("tap_neutral", "neutral tap position", "中性档位", quantity="factor"), Field("tap_min", "lowest tap position", "最低档位", quantity="factor"),
    Field("tap_max", "highest tap position", "最高档位", quantity="factor"), Field("tap_position", "tap position", "档位", quantity="factor"),
    Field("tap_step", "voltage change per tap", "每档电压", quantity="ratio"), Field("tap_step_angle", "angle per tap", "每档角度", quantity="angle"),
    Field("auto_tap", "tap set automatically", "自动调压", "boolean"), Field("auto_tap_voltage", "voltage held by the tap changer", "调压目标", quantity="voltage_pu"),
    Field("auto_tap_side", "side held by the tap changer", "调压目标侧", "code", dictionary=SIDE),
    Field("zero_short_circuit_voltage", "zero-sequence short-circuit voltage", "零序短路电压", quantity="ratio", span=(0.0, 10.0)),
    Field("zero_short_circuit_resistance", "zero-sequence resistive part", "零序有功分量", quantity="ratio"),
    Field("zero_magnetising", "zero-sequence magnetising impedance", "零序励磁阻抗", quantity="ratio", span=(0.0, 100.0)),
    Field("parallel", "parallel units", "并列台数", "integer"), Field("derating", "derating factor", "折减系数", quantity="factor"),
    Field("max_loading", "permitted loading", "允许负载率", quantity="ratio", span=(0.0, 3.0)),
    Field("model", "type", "型号", "text"), Field("substation_id", "substation", "所属站", "id"),
    *_FROM_TO_CLOSED, _SERVICE, _INDEX))

TRANSFORMER3 = Kind("power.transformer3", "node", "Three-winding transformer", "三绕组变压器", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 2, 1), fields=(
    Field("hv_bus_id", "high-voltage bus", "高压母线", "id"), Field("mv_bus_id", "medium-voltage bus", "中压母线", "id"), Field("lv_bus_id", "low-voltage bus", "低压母线", "id"),
    *(Field(f"{side}_voltage", f"rated voltage, {side}", f"{side}额定电压", quantity="voltage") for side in ("hv", "mv", "lv")),
    *(Field(f"{side}_power", f"rated power, {side}", f"{side}额定容量", quantity="apparent_power") for side in ("hv", "mv", "lv")),
    *(Field(f"{side}_short_circuit_voltage", f"short-circuit voltage, {side}", f"{side}短路电压", quantity="ratio", span=(-1.0, 10.0)) for side in ("hv", "mv", "lv")),
    *(Field(f"{side}_short_circuit_resistance", f"resistive part, {side}", f"{side}有功分量", quantity="ratio") for side in ("hv", "mv", "lv")),
    Field("mv_phase_shift", "phase shift, medium side", "中压相位移", quantity="angle"), Field("lv_phase_shift", "phase shift, low side", "低压相位移", quantity="angle"),
    Field("iron_loss", "iron loss", "空载损耗", quantity="active_power"), Field("no_load_current", "no-load current", "空载电流", quantity="ratio"),
    Field("tap_side", "tap changer side", "调压侧", "code", dictionary=SIDE), Field("tap_position", "tap position", "档位", quantity="factor"),
    Field("tap_neutral", "neutral tap position", "中性档位", quantity="factor"), Field("tap_step", "voltage change per tap", "每档电压", quantity="ratio"),
    _SERVICE, _INDEX))

SWITCH = Kind("power.switch", "edge", "Switch", "开关", geometry="Point", cost=COSTS["power.switch"], symbol=pipeline_symbol("DL", 1, 2, 2, 2), fields=(
    Field("element_type", "what it connects the bus to", "连接对象", "code", dictionary=ELEMENT, meaning="from_id is the bus; to_id the other bus, or the line or transformer"),
    Field("closed", "closed", "闭合", "boolean", required=True),
    Field("normally_open", "open in the normal state", "常开", "boolean"),
    Field("switch_type", "type", "类型", "code", dictionary=SWITCH_TYPE),
    Field("resistance", "resistance when closed", "接触电阻", quantity="resistance"),
    Field("rated_current", "rated current", "额定电流", quantity="current"),
    Field("remote", "remotely operated", "遥控", "boolean"),
    Field("substation_id", "substation", "所属站", "id"), _INDEX))

LOAD = Kind("power.load", "node", "Load", "用电点", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 2, 3), provides=("electricity",), fields=(
    _BUS, _P, _Q, _SCALING, _SN,
    Field("model", "model", "模型", "code", dictionary=LOAD_MODEL),
    Field("load_type", "type", "用电类型", "text"),
    Field("load_class", "importance class", "负荷等级", "code", dictionary=LOAD_CLASS, source=GB50052),
    *(Field(f"{part}_share_{letter}", f"constant-{title} share of {name} power", f"{zh}比例({name_zh})", quantity="ratio")
      for letter, name, name_zh in (("p", "active", "有功"), ("q", "reactive", "无功"))
      for part, title, zh in (("impedance", "impedance", "恒阻抗"), ("current", "current", "恒电流"))),
    *_PHASES,
    Field("mechanical_power", "rated mechanical power", "轴功率", quantity="active_power"), Field("power_factor", "power factor", "功率因数", quantity="ratio"),
    Field("efficiency", "efficiency", "效率", quantity="ratio"), Field("loading", "loading", "负载率", quantity="ratio", span=(0.0, 3.0)),
    Field("customers", "customers", "用户数", quantity="count"), _BUILDING, _PROFILE, *_LIMITS, _SERVICE, _TABLE, _INDEX))

GENERATOR = Kind("power.generator", "node", "Generator", "发电机", geometry="Point", cost=COSTS["power.generator"], damage=damage.GENERATOR,
    symbol=pipeline_symbol("DL", 1, 2, 2, 4), fields=(
    _BUS, _P, _Q, _SCALING, _SN,
    Field("model", "model", "模型", "code", dictionary=GENERATOR_MODEL), Field("generator_type", "type", "类型", "text"),
    Field("fuel", "fuel", "燃料", "code", dictionary=FUEL),
    Field("voltage_setpoint", "held voltage", "电压设定", quantity="voltage_pu"),
    Field("slack", "balances the network", "平衡机", "boolean"), Field("slack_weight", "share of the balance", "平衡权重", quantity="factor"),
    *_PHASES,
    Field("backup", "runs only when the supply fails", "应急电源", "boolean"), Field("endurance", "running time on stored fuel", "持续供电时间", quantity="duration"),
    Field("start_time", "time to start", "启动时间", quantity="duration"),
    _BUILDING, _PROFILE, *_LIMITS, _SERVICE, _TABLE, _INDEX))

EXTERNAL_GRID = Kind("power.external_grid", "node", "External grid", "上级电网", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 2, 5), fields=(
    _BUS, Field("voltage_setpoint", "held voltage", "电压设定", quantity="voltage_pu"), Field("voltage_angle", "voltage angle", "电压相角", quantity="angle"),
    Field("slack_weight", "share of the balance", "平衡权重", quantity="factor"),
    Field("max_short_circuit_power", "highest short-circuit power", "最大短路容量", quantity="apparent_power"),
    Field("min_short_circuit_power", "lowest short-circuit power", "最小短路容量", quantity="apparent_power"),
    Field("max_rx", "R/X at highest short-circuit power", "最大方式R/X", quantity="factor"), Field("min_rx", "R/X at lowest short-circuit power", "最小方式R/X", quantity="factor"),
    *_LIMITS, _SERVICE, _INDEX))

SUBSTATION = Kind("power.substation", "node", "Substation", "变配电站", geometry="Point", cost=COSTS["power.substation"],
    symbol=pipeline_symbol("DL", 1, 2, 2, 6), provides=("electricity",),
    needs=(Need("telecom", 8.0, "telecom_backup_hours", vital=False), Need("road_access", 72.0)),
    damage=damage.SUBSTATION,
    fields=(
    *point_fields(), Field("substation_type", "type", "类型", "code", dictionary=SUBSTATION_TYPE), _VN, _SN,
    Field("transformers", "number of transformers", "主变台数", "integer"),
    Field("telecom_backup_hours", "hours it works without telecommunication", "失联可运行小时", quantity="factor", span=(0.0, 240.0), source=PROPOSAL), _SERVICE, _INDEX))

BATTERY = Kind("power.battery", "node", "Battery", "储能", geometry="Point", cost=COSTS["power.battery"], symbol=pipeline_symbol("DL", 1, 2, 2, 7), fields=(
    _BUS, _P, _Q, _SCALING, _SN, Field("battery_type", "type", "类型", "text"),
    Field("max_energy", "capacity", "容量", quantity="energy"), Field("min_energy", "reserve", "最低电量", quantity="energy"),
    Field("state_of_charge", "state of charge", "荷电状态", quantity="ratio"),
    Field("backup", "runs only when the supply fails", "应急电源", "boolean"), _BUILDING, *_LIMITS, _SERVICE, _INDEX))

SHUNT = Kind("power.shunt", "node", "Shunt", "并联补偿", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 2, 8), fields=(
    _BUS, _P, _Q, _VN, Field("step", "steps in use", "投入组数", "integer"), Field("max_step", "steps", "总组数", "integer"), _SERVICE, _INDEX))

WARD = Kind("power.ward", "node", "Equivalent of a neighbouring network", "等值网", geometry="Point", fields=(
    _BUS, Field("p", "constant active power", "恒有功", quantity="active_power"), Field("q", "constant reactive power", "恒无功", quantity="reactive_power"),
    Field("p_impedance", "active power of the impedance part at 1 pu", "阻抗有功", quantity="active_power"),
    Field("q_impedance", "reactive power of the impedance part at 1 pu", "阻抗无功", quantity="reactive_power"),
    Field("inner_resistance", "inner resistance", "内电阻", quantity="resistance"), Field("inner_reactance", "inner reactance", "内电抗", quantity="resistance"),
    Field("voltage_setpoint", "inner voltage", "内电势", quantity="voltage_pu"), _SERVICE, _TABLE, _INDEX))

IMPEDANCE = Kind("power.impedance", "edge", "Impedance", "等值阻抗", geometry="LineString", fields=(
    _SN, Field("resistance_pu", "resistance on its rated power", "电阻标幺值", quantity="factor"),
    Field("reactance_pu", "reactance on its rated power", "电抗标幺值", quantity="factor"),
    Field("reverse_resistance_pu", "resistance seen from the end", "反向电阻标幺值", quantity="factor"),
    Field("reverse_reactance_pu", "reactance seen from the end", "反向电抗标幺值", quantity="factor"), _SERVICE, _INDEX))

DC_LINE = Kind("power.dc_line", "edge", "Direct-current line", "直流线路", geometry="LineString", fields=(
    _P, Field("loss", "constant loss", "固定损耗", quantity="active_power"), Field("loss_share", "loss per transmitted power", "损耗率", quantity="ratio"),
    Field("from_voltage_setpoint", "held voltage at start", "首端电压", quantity="voltage_pu"),
    Field("to_voltage_setpoint", "held voltage at end", "末端电压", quantity="voltage_pu"),
    _SERVICE, _INDEX))

MANHOLE = Kind("power.manhole", "node", "Cable manhole", "电力井", geometry="Point", symbol=pipeline_symbol("DL", 1, 2, 2, 9), fields=(
    *point_fields(), Field("well_material", "well material", "井材质", "text"), Field("cover_size", "cover size", "井盖尺寸", "text")))

METER = Kind("power.meter", "device", "Power meter", "电力监测终端", geometry="Point", fields=(
    Field("measured", "measured quantity", "测量量", "text"), Field("side", "side of the host", "测量侧", "text"),
    Field("value", "last delivered value", "交付值", quantity="factor"), Field("deviation", "standard deviation", "标准差", quantity="factor"), _INDEX),
    signals=(
    Signal("voltage", "voltage", "电压", "voltage_pu", 900.0, PROPOSAL), Signal("current", "current", "电流", "current", 900.0, PROPOSAL),
    Signal("active_power", "active power", "有功功率", "active_power", 900.0, PROPOSAL),
    Signal("reactive_power", "reactive power", "无功功率", "reactive_power", 900.0, PROPOSAL),
    Signal("temperature", "temperature", "温度", "temperature", 900.0, PROPOSAL)))

PROFILE = Kind("power.profile", "record", "Time profile", "负荷曲线", fields=(
    Field("element", "what it scales", "作用对象", "text"), Field("start", "first instant as delivered", "起始时刻", "text"),
    Field("interval", "interval", "时间间隔", quantity="duration"), Field("steps", "number of values", "点数", "integer"), Field("values", "values", "数值", "json")))

RECORD = Kind("power.record", "record", "Record of the source model", "模型附加记录", fields=(_TABLE, _INDEX, Field("content", "content as delivered", "原始内容", "json")))



SETTINGS = (
    Setting("power.service_rule", "connected", "how scenarios judge who has electricity: connected, voltage or shed", "情景推演的供电判据",
            Source("Holdfast default", "see docs/capabilities/power_simulate_outage.md", mark="proposal")),
    Setting("power.close_ties", True, "open switches are closed to feed dead parts from another side", "合联络开关转供", Source("Holdfast default", mark="proposal")),
    Setting("power.cut_off_voltage", 0.80, "voltage below which consumers drop out", "用电设备脱扣电压", Source("Holdfast default", mark="proposal"), "voltage_pu"),
)


def _lifeline(city: Any) -> Any:
    """The power lifeline; the solver is loaded only when it is asked for."""
    from .lifeline import build

    return build(city, city.settings["power.service_rule"], float(city.settings["power.cut_off_voltage"]), with_ties=bool(city.settings["power.close_ties"]))


DOMAIN = Domain(
    "power", "Power", "电力",
    kinds=(BUS, LINE, TRANSFORMER, TRANSFORMER3, SWITCH, LOAD, GENERATOR, EXTERNAL_GRID, SUBSTATION, BATTERY, SHUNT, WARD, IMPEDANCE, DC_LINE, MANHOLE, METER,
           PROFILE, RECORD),
    networks=(Network("power", "Power network", "电网", ("power.bus",), ("power.line", "power.transformer", "power.switch", "power.impedance", "power.dc_line"),
                      "ac_power", "pi_section", "electricity", sources=("power.external_grid", "power.generator"), lifeline=_lifeline,
                      simulate="power.simulate_day"),),
    capabilities=(
        Capability("power.simulate_outage", "Simulate a power outage", "停电模拟", simulate_outage, ("1d", "1k"),
                   about="Takes equipment out of service: who is without power, what is overloaded, and what is fed from another side.",
                   about_zh="停用设备：谁失电、哪些过载、哪些可由另一侧转供。"),
        Capability("power.shed_load", "Plan load shedding", "有序限电方案", shed_load, ("1d", "1k"),
                   about="Which loads to switch off, the least important first, when capacity is missing.",
                   about_zh="供电能力不足时应切除的负荷，次要者在先。"),
        Capability("power.rank_criticality", "Rank critical power equipment", "电力关键设备排序", rank_criticality, ("1d", "1k"),
                   about="Takes every piece of equipment out once and ranks them by the people without power.",
                   about_zh="逐一停用每台设备，按失电人数排序。"),
        Capability("power.simulate_day", "Simulate a day of the power grid", "电网日运行模拟", simulate_day, ("1d", "1k"),
                   about="Voltages, loading and losses of the grid over a day.",
                   about_zh="全日电压、负载率和网损。"),
    ),
    settings=SETTINGS,
)
