"""What the drainage domain declares: kinds, dictionaries, services and the network."""

from __future__ import annotations

from typing import Any

from holdfast.engines.survey.cjj61 import CATEGORIES, CJJ61, line_fields, pipeline_symbol, point_fields
from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Signal, Source, Symbol

from . import damage
from .cost import COSTS
from .rank_criticality import rank_criticality
from .settings import SETTINGS
from .simulate_storm import simulate_storm

SWMM = Source("SWMM 5.2 User's Manual", "appendix D", "2022", "found", "input file sections")
GB50014 = Source("GB 50014-2021", "5.3", "2021", "found", "standards.md 5.4 (S2)")
SAMPLING = Source("Holdfast", "sampling periods", "", "proposal", "standards.md 1.5")
BACKUP = Source("Holdfast", "backup hours", "", "proposal")

STORM, SEWAGE, COMBINED = 1, 2, 3  # minor categories of PS


def _codes(name: str, *rows: tuple[str, str, str]) -> Dictionary:
    return Dictionary(f"swmm.{name}", tuple(Code(code, title, zh, (code.lower(), code.capitalize())) for code, title, zh in rows), SWMM)


SYSTEM = Dictionary("cjj61.category.PS", CATEGORIES["PS"].minors, CJJ61)
OUTFALL_TYPE = _codes(
    "outfall_type",
    ("FREE", "free", "自由出流"), ("NORMAL", "normal depth", "正常水深"), ("FIXED", "fixed stage", "固定水位"),
    ("TIDAL", "tide curve", "潮位曲线"), ("TIMESERIES", "stage series", "水位序列"),
)
STORAGE_SHAPE = _codes(
    "storage_shape",
    ("TABULAR", "area curve", "面积曲线"), ("FUNCTIONAL", "area function", "面积函数"), ("CYLINDRICAL", "cylinder", "圆柱"), ("CONICAL", "cone", "圆锥"),
    ("PARABOLOID", "paraboloid", "抛物面"), ("PARABOLIC", "paraboloid", "抛物面"), ("PYRAMIDAL", "pyramid", "棱台"),
)
DIVIDER_TYPE = _codes("divider_type", ("OVERFLOW", "overflow", "溢流"), ("CUTOFF", "cut-off", "截流"), ("TABULAR", "curve", "曲线"), ("WEIR", "weir", "堰"))
SHAPE = _codes(
    "section_shape",
    ("CIRCULAR", "circular", "圆形"), ("FORCE_MAIN", "force main", "压力管"), ("FILLED_CIRCULAR", "silted circular", "淤积圆形"), ("RECT_CLOSED", "box", "矩形暗渠"),
    ("RECT_OPEN", "open rectangle", "矩形明渠"), ("TRAPEZOIDAL", "trapezoid", "梯形"), ("TRIANGULAR", "triangle", "三角形"), ("HORIZ_ELLIPSE", "lying ellipse", "横椭圆"),
    ("VERT_ELLIPSE", "standing ellipse", "竖椭圆"), ("ARCH", "arch pipe", "拱管"), ("PARABOLIC", "parabola", "抛物线"), ("POWER", "power", "幂函数"),
    ("RECT_TRIANGULAR", "rectangle over triangle", "矩形三角底"), ("RECT_ROUND", "rectangle over round", "矩形圆底"), ("MODBASKETHANDLE", "modified basket handle", "改良篮柄"),
    ("MOD_BASKET", "modified basket handle", "改良篮柄"), ("EGG", "egg", "蛋形"), ("HORSESHOE", "horseshoe", "马蹄形"), ("GOTHIC", "gothic", "哥特式"),
    ("CATENARY", "catenary", "悬链线"), ("SEMIELLIPTICAL", "semi-ellipse", "半椭圆"), ("BASKETHANDLE", "basket handle", "篮柄"),
    ("SEMICIRCULAR", "semicircle", "半圆"), ("IRREGULAR", "natural channel", "天然断面"), ("CUSTOM", "user-defined", "自定义"), ("STREET", "street", "街道"),
    ("DUMMY", "none", "虚拟"),
)
ORIFICE_TYPE = _codes("orifice_type", ("SIDE", "side", "侧孔"), ("BOTTOM", "bottom", "底孔"))
WEIR_TYPE = _codes(
    "weir_type",
    ("TRANSVERSE", "transverse", "正堰"), ("SIDEFLOW", "side flow", "侧堰"), ("V-NOTCH", "V notch", "三角堰"),
    ("TRAPEZOIDAL", "trapezoidal", "梯形堰"), ("ROADWAY", "roadway", "路堤"),
)
OUTLET_TYPE = _codes(
    "outlet_type",
    ("TABULAR/DEPTH", "curve of depth", "水深曲线"), ("TABULAR/HEAD", "curve of head", "水头曲线"), ("FUNCTIONAL/DEPTH", "function of depth", "水深函数"),
    ("FUNCTIONAL/HEAD", "function of head", "水头函数"), ("TABULAR", "curve", "曲线"), ("FUNCTIONAL", "function", "函数"),
)
PUMP_STATUS = _codes("pump_status", ("ON", "on", "开"), ("OFF", "off", "关"))
ROUTE_TO = _codes("route_to", ("OUTLET", "outlet", "出口"), ("IMPERVIOUS", "impervious part", "不透水区"), ("PERVIOUS", "pervious part", "透水区"))
INFILTRATION = _codes(
    "infiltration",
    ("HORTON", "Horton", "霍顿"), ("MODIFIED_HORTON", "modified Horton", "修正霍顿"), ("GREEN_AMPT", "Green-Ampt", "格林-安普特"),
    ("MODIFIED_GREEN_AMPT", "modified Green-Ampt", "修正格林-安普特"), ("CURVE_NUMBER", "curve number", "曲线数"),
)
RAIN_FORMAT = _codes("rain_format", ("INTENSITY", "intensity", "雨强"), ("VOLUME", "depth per interval", "时段雨量"), ("CUMULATIVE", "running total", "累计雨量"))
CURVE_TYPE = _codes(
    "curve_type",
    ("STORAGE", "storage area", "蓄水面积"), ("SHAPE", "section shape", "断面形状"), ("DIVERSION", "diversion", "分流"), ("TIDAL", "tide", "潮位"),
    ("PUMP1", "pump, volume", "水泵(容积)"), ("PUMP2", "pump, depth step", "水泵(水深分级)"), ("PUMP3", "pump, head", "水泵(扬程)"), ("PUMP4", "pump, depth", "水泵(水深)"),
    ("PUMP5", "pump, variable speed", "变速水泵"), ("RATING", "rating", "流量关系"), ("CONTROL", "control", "控制"), ("WEIR", "weir coefficient", "堰系数"),
)
SERIES_USE = _codes(
    "series_use",
    ("INTENSITY", "rain intensity", "雨强"), ("VOLUME", "rain depth", "雨量"), ("CUMULATIVE", "cumulative rain", "累计雨量"), ("INFLOW", "inflow", "入流"),
    ("STAGE", "water level", "水位"), ("OTHER", "other, in the file's units", "其他(原文件单位)"),
)
GATE_TYPE = Dictionary(
    "drainage.gate_type",
    (Code("SLUICE", "sluice gate", "闸门", ("闸门",)), Code("FLAP", "flap gate", "拍门", ("拍门",))),
    Source("Holdfast", "gate types", "", "proposal"),
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
    needs=(Need("electricity"), Need("telecom", 24.0), Need("road_access", 72.0)),
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
    needs=(Need("electricity", 2.0), Need("telecom", 24.0), Need("water", 24.0), Need("road_access", 72.0), Need("supplies", 168.0)),
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


def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


DOMAIN = Domain(
    name="drainage",
    title="Drainage",
    title_zh="排水",
    kinds=(
        MANHOLE, OUTFALL, STORAGE, DIVIDER, CONDUIT, PUMP, ORIFICE, WEIR, OUTLET, GATE, PUMP_STATION, INLET, SUBCATCHMENT, RIVER, RESERVOIR,
        TREATMENT_PLANT, LEVEL_GAUGE, RAIN_GAUGE, SERIES, PATTERN, CURVE, FILE, SECTION,
    ),
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
        Capability("drainage.simulate_storm", "Simulate a storm", "暴雨排水模拟", simulate_storm, ("1c", "1k", "1q")),
        Capability("drainage.rank_criticality", "Rank critical pumps and sewers", "排水关键设施排序", rank_criticality, ("1c", "1k", "7d")),
    ),
)
