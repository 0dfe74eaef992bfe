"""The kinds of the drainage domain: fields, signals, needs and what they provide."""

from __future__ import annotations

from holdfast.engines.survey.cjj61 import CATEGORIES, CJJ61, line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Field, Kind, Need, Signal, Source, Symbol

from . import damage
from .cost import COSTS
from .dictionaries import (
    CURVE_TYPE,
    DIVIDER_TYPE,
    GATE_TYPE,
    GB50014,
    INFILTRATION,
    ORIFICE_TYPE,
    OUTFALL_TYPE,
    OUTLET_TYPE,
    PUMP_STATUS,
    RAIN_FORMAT,
    ROUTE_TO,
    SAMPLING,
    SERIES_USE,
    SEWAGE,
    SHAPE,
    STORAGE_SHAPE,
    STORM,
    SWMM,
    SYSTEM,
    WEIR_TYPE,
)


def _f(name: str, title: str, zh: str, quantity: str, meaning: str = "", source: Source = SWMM, **more: object) -> Field:
    return Field(name, title, zh, quantity=quantity, meaning=meaning, source=source, **more)  # type: ignore[arg-type]


def _text(name: str, title: str, zh: str, type_: str = "text", meaning: str = "", source: Source = SWMM, **more: object) -> Field:
    return Field(name, title, zh, type_, meaning=meaning, source=source, **more)  # type: ignore[arg-type]


_NOTES = (_text("tag", "tag", "标签"), _text("comment", "comment", "备注"), _text("position", "row in the model file", "模型文件行序", "integer"))
_INFLOW = (
    _text("system", "storm, sewage or combined", "系统", "code", dictionary=SYSTEM, source=CJJ61),
    _f("dry_weather_flow", "average dry-weather flow", "旱季平均流量", "discharge"),
    _text("dry_weather_patterns", "dry-weather patterns", "旱季模式", "json", "list of up to four pattern ids"),
    _text("inflow_series", "inflow series", "入流序列", "id"),
    _f("inflow_scale", "scale of the inflow series", "入流比例", "factor"),
    _f("inflow_baseline", "constant inflow", "基流", "discharge"),
    _text("inflow_pattern", "pattern of the constant inflow", "基流模式", "id"),
)
_NODE = (*point_fields(), _f("elevation", "invert level", "底标高", "elevation", required=True))


def _section(required: bool = True) -> tuple[Field, ...]:
    return (
        _text("shape", "section shape", "断面形状", "code", dictionary=SHAPE),
        _f("diameter", "diameter or height of the section", "管径或断面高", "diameter", required=required),
        _f("width", "width of the section", "断面宽", "diameter"),
        _text("section_parameters", "third and fourth section parameter", "断面参数", "json", "as in the file's units"),
        _text("section_curve", "transect, street or shape curve", "断面曲线"),
        Field("barrels", "number of barrels", "孔数", "integer", quantity="count", source=SWMM),
        _text("culvert", "culvert code", "涵洞代码"),
    )


_CROWN = (
    _f("from_offset", "height above the start node", "起点偏移", "height"),
    _f("to_offset", "height above the end node", "终点偏移", "height"),
)
_FLAP = _text("flap_gate", "has a flap gate", "带拍门", "boolean")
_DEVICE = Symbol(CATEGORIES["PS"].colour, "PS", source=CJJ61)

MANHOLE = Kind(
    "drainage.manhole", "node", "Manhole or junction", "检查井", geometry="Point", cost=COSTS["drainage.manhole"],
    provides=("drainage",), symbol=pipeline_symbol("PS", STORM, 2, 2, 1),
    fields=(
        *_NODE,
        _f("maximum_depth", "depth from invert to ground", "最大水深", "depth"),
        _f("initial_depth", "initial water depth", "初始水深", "depth"),
        _f("surcharge_depth", "further depth before flooding", "超载深度", "depth"),
        _f("ponded_area", "area that ponds", "积水面积", "area"),
        *_INFLOW, *_NOTES,
    ),
)
OUTFALL = Kind(
    "drainage.outfall", "node", "Outfall", "排放口", geometry="Point", cost=COSTS["drainage.outfall"], symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *_NODE,
        _text("type", "boundary condition", "边界条件", "code", dictionary=OUTFALL_TYPE),
        _f("stage", "fixed stage", "固定水位", "elevation"),
        _text("stage_curve", "tide curve or stage series", "潮位曲线或水位序列", "id"),
        _FLAP,
        _text("route_to", "subcatchment that receives the outflow", "受纳汇水区", "id"),
        *_INFLOW, *_NOTES,
    ),
)
STORAGE = Kind(
    "drainage.storage", "node", "Storage unit or wet well", "调蓄池或集水池", geometry="Point", cost=COSTS["drainage.storage"], symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *_NODE,
        _f("maximum_depth", "maximum depth", "最大水深", "depth"),
        _f("initial_depth", "initial depth", "初始水深", "depth"),
        _text("shape", "shape", "形状", "code", dictionary=STORAGE_SHAPE),
        _text("area_curve", "area curve", "面积曲线", "id"),
        _text("shape_parameters", "shape parameters", "形状参数", "json", "three numbers, as in the file's units"),
        _f("area", "plan area where it is constant", "恒定面积", "area"),
        _f("surcharge_depth", "further depth before flooding", "超载深度", "depth"),
        _f("evaporation_share", "share of potential evaporation", "蒸发比例", "ratio"),
        _text("seepage", "seepage parameters", "渗透参数", "json", "as in the file's units"),
        *_INFLOW, *_NOTES,
    ),
)
DIVIDER = Kind(
    "drainage.divider", "node", "Flow divider", "分流井", geometry="Point", symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *_NODE,
        _text("diverted_link", "link that takes the diverted flow", "分流管", "text"),
        _text("type", "type", "类型", "code", dictionary=DIVIDER_TYPE),
        _f("cutoff_flow", "flow at which it starts to divert", "截流流量", "discharge"),
        _text("curve", "diversion curve", "分流曲线", "id"),
        _f("weir_height", "depth at which the weir is full", "堰高", "depth"),
        _f("weir_coefficient", "weir coefficient", "堰系数", "factor"),
        _f("maximum_depth", "maximum depth", "最大水深", "depth"),
        _f("initial_depth", "initial depth", "初始水深", "depth"),
        _f("surcharge_depth", "further depth before flooding", "超载深度", "depth"),
        _f("ponded_area", "area that ponds", "积水面积", "area"),
        *_INFLOW, *_NOTES,
    ),
)
CONDUIT = Kind(
    "drainage.conduit", "edge", "Sewer or channel", "排水管渠", geometry="LineString", cost=COSTS["drainage.conduit"], damage=damage.CONDUIT,
    symbol=pipeline_symbol("PS", STORM, 1),
    fields=(
        *line_fields("PS"), *_section(), *_CROWN,
        _f("length", "hydraulic length", "水力长度", "length"),
        _f("manning_n", "Manning coefficient", "曼宁系数", "manning_n"),
        _f("initial_flow", "initial flow", "初始流量", "discharge"),
        _f("maximum_flow", "largest flow allowed", "最大流量", "discharge"),
        _f("entry_loss", "entry loss coefficient", "进口损失系数", "loss_coefficient"),
        _f("exit_loss", "exit loss coefficient", "出口损失系数", "loss_coefficient"),
        _f("average_loss", "average loss coefficient", "平均损失系数", "loss_coefficient"),
        _f("seepage_rate", "seepage rate", "渗漏速率", "rainfall_rate"),
        _FLAP, *_NOTES,
    ),
)
PUMP = Kind(
    "drainage.pump", "edge", "Drainage pump", "排水泵", geometry="LineString", cost=COSTS["drainage.pump"],
    needs=(Need("electricity"),), symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        _text("curve", "pump curve", "水泵曲线", "id"),
        _text("initial_status", "initial status", "初始状态", "code", dictionary=PUMP_STATUS),
        _f("startup_depth", "depth at which it starts", "启泵水深", "depth"),
        _f("shutoff_depth", "depth at which it stops", "停泵水深", "depth"),
        _f("rated_flow", "rated flow", "额定流量", "discharge", source=CJJ61),
        _text("station", "pump station", "所属泵站", "id", source=CJJ61),
        *_NOTES,
    ),
)
ORIFICE = Kind(
    "drainage.orifice", "edge", "Orifice", "孔口", geometry="LineString", symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *_section(False),
        _text("type", "type", "类型", "code", dictionary=ORIFICE_TYPE),
        _f("from_offset", "height above the start node", "起点偏移", "height"),
        _f("from_elevation", "level of the opening", "孔口标高", "elevation"),
        _f("discharge_coefficient", "discharge coefficient", "流量系数", "factor"),
        _FLAP,
        _f("closing_time", "time to open or close", "启闭时间", "duration"),
        *_NOTES,
    ),
)
WEIR = Kind(
    "drainage.weir", "edge", "Weir", "堰", geometry="LineString", symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *_section(False),
        _text("type", "type", "类型", "code", dictionary=WEIR_TYPE),
        _f("from_offset", "height of the crest above the start node", "堰顶偏移", "height"),
        _f("from_elevation", "level of the crest", "堰顶标高", "elevation"),
        _f("discharge_coefficient", "discharge coefficient", "流量系数", "factor", "in m and s"),
        _FLAP,
        _text("model_row", "further columns of the model file", "其余参数", "json", "as in the file's units"),
        *_NOTES,
    ),
)
OUTLET = Kind(
    "drainage.outlet", "edge", "Rated outlet", "泄流口", geometry="LineString", symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        _text("type", "type", "类型", "code", dictionary=OUTLET_TYPE),
        _f("from_offset", "height above the start node", "起点偏移", "height"),
        _f("from_elevation", "level of the outlet", "出口标高", "elevation"),
        _text("curve", "rating curve", "流量关系曲线", "id"),
        _text("coefficients", "coefficient and exponent", "系数与指数", "json", "flow = a * depth ** b, in m and m3/s"),
        _FLAP, *_NOTES,
    ),
)
GATE = Kind(
    "drainage.gate", "edge", "Sluice or flap gate", "排水闸门", geometry="LineString", cost=COSTS["drainage.gate"],
    needs=(Need("electricity"),), symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        _text("type", "type", "类型", "code", dictionary=GATE_TYPE, source=CJJ61),
        _f("width", "width of the opening", "孔宽", "diameter", source=CJJ61),
        _f("height", "height of the opening", "孔高", "diameter", source=CJJ61),
        _f("from_offset", "height of the sill above the start node", "闸底偏移", "height", source=CJJ61),
        _f("opening", "share open", "开度", "ratio", source=CJJ61),
        _f("discharge_coefficient", "discharge coefficient", "流量系数", "factor", source=CJJ61),
        *_NOTES,
    ),
    signals=(Signal("opening", "opening", "开度", "ratio", 300.0, SAMPLING),),
)
PUMP_STATION = Kind(
    "drainage.pump_station", "node", "Drainage pump station", "排水泵站", geometry="Point", cost=COSTS["drainage.pump_station"],
    needs=(Need("electricity"), Need("telecom", 24.0, vital=False), Need("road_access", 72.0)),
    requires_devices=("drainage.level_gauge",), damage=damage.PUMP_STATION, symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *point_fields(),
        _text("system", "storm, sewage or combined", "系统", "code", dictionary=SYSTEM, source=CJJ61),
        _text("node_id", "wet well", "集水池", "id", source=CJJ61),
        _f("capacity", "capacity", "排水能力", "discharge", source=CJJ61),
        _f("pump_count", "number of pumps", "水泵台数", "count", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
INLET = Kind(
    "drainage.inlet", "node", "Gully inlet", "雨水口", geometry="Point", symbol=pipeline_symbol("PS", STORM, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "manhole it drains to", "接入检查井", "id", source=CJJ61),
        _f("diameter", "connector diameter", "连接管管径", "diameter", "at least 200 mm", GB50014),
        _f("width", "grate width", "箅宽", "length", source=CJJ61),
        _f("length", "grate length", "箅长", "length", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
SUBCATCHMENT = Kind(
    "drainage.subcatchment", "area", "Subcatchment", "汇水区", geometry="MultiPolygon",
    fields=(
        _text("rain_gauge", "rain gauge", "雨量计", "id"),
        _text("outlet", "node or subcatchment that it drains to", "出口", "id"),
        _f("area", "area", "面积", "area", required=True),
        _f("impervious_share", "impervious share", "不透水率", "ratio"),
        _f("width", "flow width", "漫流宽度", "length"),
        _f("slope", "slope", "坡度", "slope"),
        _f("curb_length", "kerb length", "路缘长度", "length"),
        _text("snow_pack", "snow pack", "积雪参数", "text"),
        _f("impervious_n", "Manning n, impervious", "不透水曼宁系数", "manning_n"),
        _f("pervious_n", "Manning n, pervious", "透水曼宁系数", "manning_n"),
        _f("impervious_storage", "depression storage, impervious", "不透水洼蓄", "rainfall_depth"),
        _f("pervious_storage", "depression storage, pervious", "透水洼蓄", "rainfall_depth"),
        _f("zero_storage_share", "impervious share without storage", "无洼蓄不透水率", "ratio"),
        _text("route_to", "internal routing", "内部汇流", "code", dictionary=ROUTE_TO),
        _f("routed_share", "share routed", "汇流比例", "ratio"),
        _text("infiltration", "infiltration method", "下渗方法", "code", dictionary=INFILTRATION),
        _text("infiltration_parameters", "infiltration parameters", "下渗参数", "json", "in order, as in the file's units"),
        *_NOTES,
    ),
)
RIVER = Kind(
    "drainage.river", "area", "River", "河道", geometry="Polygon", symbol=Symbol((84, 156, 214)),
    fields=(
        _f("width", "width", "河宽", "length", source=CJJ61),
        _f("bed_elevation", "bed level", "河底高程", "elevation", source=CJJ61),
        _f("normal_level", "normal water level", "常水位", "elevation", source=CJJ61),
        _f("design_flood_level", "design flood level", "设计洪水位", "elevation", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
RESERVOIR = Kind(
    "drainage.reservoir", "area", "Reservoir or lake", "水库或湖泊", geometry="Polygon", symbol=Symbol((84, 156, 214)),
    fields=(
        _f("normal_level", "normal water level", "正常蓄水位", "elevation", source=CJJ61),
        _f("crest_level", "crest level", "坝顶高程", "elevation", source=CJJ61),
        _f("volume", "storage volume", "库容", "volume", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
TREATMENT_PLANT = Kind(
    "drainage.treatment_plant", "node", "Sewage treatment plant", "污水处理厂", geometry="Point", cost=COSTS["drainage.treatment_plant"],
    needs=(Need("electricity", 2.0), Need("telecom", 24.0, vital=False), Need("water", 24.0), Need("road_access", 72.0), Need("supplies", 168.0)),
    requires_devices=("drainage.level_gauge",), damage=damage.TREATMENT_PLANT, symbol=pipeline_symbol("PS", SEWAGE, 2, 2),
    fields=(
        *point_fields(),
        _text("node_id", "network node at its inlet", "进水节点", "id", source=CJJ61),
        _f("capacity", "capacity", "处理能力", "discharge", source=CJJ61),
        _text("comment", "comment", "备注"),
    ),
)
LEVEL_GAUGE = Kind(
    "drainage.level_gauge", "device", "Water level gauge", "水位计", geometry="Point", symbol=_DEVICE,
    fields=(_text("node_id", "network node measured", "测点节点", "id", source=SAMPLING), _f("zero_elevation", "level of gauge zero", "零点高程", "elevation", source=SAMPLING)),
    signals=(Signal("level", "water level", "水位", "depth", 300.0, SAMPLING),),
)
RAIN_GAUGE = Kind(
    "drainage.rain_gauge", "device", "Rain gauge", "雨量计", geometry="Point", symbol=_DEVICE,
    fields=(
        _text("format", "how rain is recorded", "记录方式", "code", dictionary=RAIN_FORMAT),
        _text("interval", "recording interval", "记录间隔"),
        _f("snow_factor", "snow catch factor", "雪量系数", "factor"),
        _text("series", "rain series", "雨量序列", "id"),
        _text("file", "rain file", "雨量文件"),
        _text("station", "station in the rain file", "测站"),
        _text("rain_unit", "depth unit of the rain file", "文件雨量单位"),
        _text("start_date", "first date used from the rain file", "起始日期"),
        *_NOTES,
    ),
    signals=(Signal("rain", "rain", "降雨", "rainfall_rate", 60.0, SAMPLING),),
)
SERIES = Kind(
    "drainage.series", "record", "Model time series", "模型时间序列",
    fields=(
        _text("use", "what it gives", "用途", "code", dictionary=SERIES_USE),
        _text("times", "times as in the file", "时刻", "json"),
        _text("values", "values", "数值", "json", "SI, except use OTHER"),
        _text("file", "external file", "外部文件"),
        *_NOTES,
    ),
)
PATTERN = Kind(
    "drainage.pattern", "record", "Dry-weather pattern", "旱季模式",
    fields=(_text("type", "type", "类型"), _text("multipliers", "multipliers", "系数序列", "json"), *_NOTES),
)
CURVE = Kind(
    "drainage.curve", "record", "Curve", "特性曲线",
    fields=(
        _text("type", "type", "类型", "code", dictionary=CURVE_TYPE),
        _text("x", "abscissa", "横坐标", "json", "SI"),
        _text("y", "ordinate", "纵坐标", "json", "SI"),
        *_NOTES,
    ),
)
FILE = Kind(
    "drainage.file", "record", "File used by the model", "模型外部文件",
    fields=(
        _text("reference", "how the model names it", "引用名"),
        _text("content", "content", "内容"),
        _text("encoding", "utf-8 text or base64", "编码"),
        _text("comment", "comment", "备注"),
    ),
)
SECTION = Kind(
    "drainage.section", "record", "Line of a model section", "模型文件行",
    fields=(
        _text("section", "section", "文件段"),
        _text("text", "line as in the file, in the file's units", "原文"),
        _text("comment", "comment above the line", "备注"),
        _text("position", "row in the model file", "模型文件行序", "integer"),
    ),
)

KINDS = (
    MANHOLE, OUTFALL, STORAGE, DIVIDER, CONDUIT, PUMP, ORIFICE, WEIR, OUTLET, GATE, PUMP_STATION, INLET, SUBCATCHMENT, RIVER, RESERVOIR,
    TREATMENT_PLANT, LEVEL_GAUGE, RAIN_GAUGE, SERIES, PATTERN, CURVE, FILE, SECTION,
)
