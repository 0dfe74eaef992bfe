"""CJJ 61-2017 vocabulary: pipeline categories, colours, feature codes and dictionaries, and the fields built on them.

Every pipeline domain takes its fields from here so that a survey delivery reads the same for water, gas or telecom.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.model.spec import Code, Dictionary, Field, Source, Symbol

CJJ61 = Source("CJJ 61-2017", "appendix B", "2017", "found", "standards.md 5.1 (S4)")


@dataclass(frozen=True, slots=True)
class Category:
    """A major pipeline category: symbol, digit in the feature code, colour and its minor categories."""

    symbol: str
    digit: int
    title: str
    title_zh: str
    colour: tuple[int, int, int]
    minors: tuple[Code, ...]


def _minors(*rows: tuple[str, str, str]) -> tuple[Code, ...]:
    return tuple(Code(code, title, zh, (code[:2], zh)) for code, title, zh in rows)


CATEGORIES: dict[str, Category] = {
    c.symbol: c
    for c in (
        Category("JS", 1, "Water supply", "给水", (0, 255, 255), _minors(
            ("JY01", "raw water", "原水"), ("SS02", "transmission", "输水"), ("ZS03", "reclaimed water", "中水"), ("JP04", "distribution", "配水"),
            ("JZ05", "direct drinking water", "直饮水"), ("XS06", "fire water", "消防水"), ("LS07", "greening water", "绿化水"), ("JH08", "circulating water", "循环水"))),
        Category("PS", 2, "Drainage", "排水", (76, 57, 38), _minors(
            ("YS01", "storm water", "雨水"), ("WS02", "sewage", "污水"), ("HS03", "combined", "雨污合流"))),
        Category("RQ", 3, "Gas", "燃气", (255, 0, 255), _minors(
            ("MQ01", "coal gas", "煤气"), ("YH02", "liquefied gas", "液化气"), ("TR03", "natural gas", "天然气"))),
        Category("RL", 4, "Heat", "热力", (255, 128, 0), _minors(("RS01", "hot water", "热水"), ("ZQ02", "steam", "蒸汽"))),
        Category("DL", 5, "Power", "电力", (255, 0, 0), _minors(
            ("GD01", "supply", "供电"), ("LD02", "street light", "路灯"), ("XH03", "traffic signal", "交通信号"), ("DC04", "trolley", "电车"), ("GG05", "advertising", "广告"))),
        Category("TX", 6, "Telecom", "通信", (0, 255, 0), _minors(
            ("DH01", "telephone", "电话"), ("DS02", "cable television", "有线电视"), ("XX03", "information network", "信息网络"), ("GB04", "broadcast", "广播"))),
        Category("GY", 7, "Industrial", "工业", (0, 0, 0), _minors(
            ("QQ01", "hydrogen", "氢"), ("YQ02", "oxygen", "氧"), ("GQ03", "acetylene", "乙炔"), ("YX04", "ethylene", "乙烯"), ("BQ05", "benzene", "苯"),
            ("LQ06", "chlorine", "氯"), ("DQ07", "nitrogen", "氮"), ("EY08", "carbon dioxide", "二氧化碳"), ("AQ09", "ammonia", "氨"), ("JB10", "toluene", "甲苯"))),
        Category("QT", 8, "Other", "其他", (102, 0, 204), _minors(("ZH01", "utility tunnel", "综合管沟"), ("BM02", "unknown", "不明"))),
    )
}


def _dictionary(name: str, *rows: tuple[str, str, str] | tuple[str, str, str, tuple[str, ...]]) -> Dictionary:
    return Dictionary(name, tuple(Code(r[0], r[1], r[2], (r[2], *(r[3] if len(r) > 3 else ()))) for r in rows), CJJ61)


MATERIAL = _dictionary(
    "cjj61.material",
    ("ZT", "cast iron", "铸铁", ("CI", "cast iron")), ("G", "steel", "钢", ("steel",)), ("T", "concrete", "混凝土", ("砼", "concrete", "RC")),
    ("PE", "polyethylene", "聚乙烯", ("HDPE", "MDPE")), ("PVC", "polyvinyl chloride", "聚氯乙烯", ("UPVC", "PVC-U")),
    ("BLG", "glass-fibre reinforced plastic", "玻璃钢", ("GRP",)), ("QM", "ductile iron", "球墨铸铁", ("球墨", "DI", "ductile iron")),
    ("ZS", "brick and stone", "砖石"), ("Z", "brick", "砖"), ("S", "stone", "石"), ("SM", "asbestos cement", "石棉", ("AC",)),
    ("TC", "ceramic", "陶瓷", ("VC",)), ("TZ", "copper", "铜", ("Cu",)), ("VL", "steel-cored aluminium strand", "钢芯铝绞", ("ACSR",)), ("GX", "optical fibre", "光纤"),
)
LAYING = _dictionary(
    "cjj61.laying",
    ("ZM", "buried", "直埋"), ("GM", "in pipe", "管埋"), ("GK", "duct bank", "管块"), ("GG", "trench", "管沟"), ("JK", "overhead", "架空"), ("DM", "on ground", "地面"),
    ("SJ", "raised", "上架"), ("XTD", "small passage", "小通道"), ("ZH", "utility tunnel", "综合管廊"), ("RF", "civil defence", "人防"), ("JN", "inside well", "井内连线"),
    ("DG", "jacked or drilled", "顶管", ("定向钻",)), ("SX", "under water", "水下"),
)
STATUS = _dictionary("cjj61.status", ("0", "in use", "在用"), ("1", "abandoned", "废弃"), ("2", "empty", "空管"), ("3", "other", "其他"))


def category_dictionary(symbol: str) -> Dictionary:
    """The minor categories of one major category as a dictionary."""
    return Dictionary(f"cjj61.category.{symbol}", CATEGORIES[symbol].minors, CJJ61)


def feature_code(symbol: str, minor: int, shape: int, point: int = 0, sequence: int = 0) -> str:
    """The 8-digit feature code.

    symbol    major category, e.g. "JS"
    minor     1..99
    shape     1 line, 2 point, 3 area
    point     1 characteristic point, 2 attachment, 0 for lines and areas
    source    CJJ 61-2017 appendix B; raw-water pipe 51011000, distribution hydrant 51042202
    """
    return f"5{CATEGORIES[symbol].digit}{minor:02d}{shape}{point}{sequence:02d}"


def pipeline_symbol(symbol: str, minor: int, shape: int, point: int = 0, sequence: int = 0) -> Symbol:
    """Colour, category and feature code of a pipeline kind."""
    category = CATEGORIES[symbol]
    return Symbol(category.colour, category.minors[minor - 1].value if minor else symbol, feature_code(symbol, minor, shape, point, sequence), CJJ61)


def line_fields(symbol: str) -> tuple[Field, ...]:
    """Survey fields of every pipeline line (clause 3.0.2): what it is, how it lies, how deep.

    Levels and depths are at the two ends; for pressure lines they mean the top of the pipe, for gravity lines the invert.
    """
    return (
        Field("category", "minor category", "小类", "code", dictionary=category_dictionary(symbol), source=CJJ61),
        Field("feature_code", "feature code", "要素代码", "text", source=CJJ61),
        Field("material", "material", "材质", "code", dictionary=MATERIAL, required=True, source=CJJ61),
        Field("laying", "laying mode", "埋设方式", "code", dictionary=LAYING, source=CJJ61),
        Field("status", "status", "使用状态", "code", dictionary=STATUS, source=CJJ61),
        Field("build_date", "build date", "建设年代", "date", source=CJJ61),
        Field("from_elevation", "pipe level at start", "起点管高程", quantity="elevation", source=CJJ61),
        Field("to_elevation", "pipe level at end", "终点管高程", quantity="elevation", source=CJJ61),
        Field("from_depth", "depth at start", "起点埋深", quantity="depth", source=CJJ61),
        Field("to_depth", "depth at end", "终点埋深", quantity="depth", source=CJJ61),
        Field("road", "road", "所在道路", "text", source=CJJ61),
        Field("map_number", "survey line number", "图上号", "text", source=CJJ61),
    )


def point_fields() -> tuple[Field, ...]:
    """Survey fields of every pipeline point: characteristic or attachment (never both), ground level, depth."""
    return (
        Field("feature_code", "feature code", "要素代码", "text", source=CJJ61),
        Field("feature", "characteristic point", "特征", "text", source=CJJ61),
        Field("attachment", "attachment", "附属物", "text", source=CJJ61),
        Field("ground_elevation", "ground level", "地面高程", quantity="elevation", source=CJJ61),
        Field("depth", "depth", "埋深", quantity="depth", source=CJJ61),
        Field("well_bottom_depth", "depth of well bottom", "井底埋深", quantity="depth", source=CJJ61),
        Field("status", "status", "使用状态", "code", dictionary=STATUS, source=CJJ61),
        Field("road", "road", "所在道路", "text", source=CJJ61),
        Field("map_number", "map point number", "图上点号", "text", source=CJJ61),
        Field("field_number", "field point number", "外业点号", "text", source=CJJ61),
    )
