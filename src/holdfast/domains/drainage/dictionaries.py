"""Sources and closed lists of codes of the drainage domain."""

from __future__ import annotations

from holdfast.engines.survey.cjj61 import CATEGORIES, CJJ61
from holdfast.model.spec import Code, Dictionary, Source

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
