"""What the base domain declares: terrain, zones, land use and the unit grid."""

from __future__ import annotations

from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Source, Symbol

from .assess_readiness import assess_readiness
from .assess_staleness import assess_staleness
from .assess_survey import assess_survey

GRID = Source("GB/T 30428.1", "unit grid code", "2013", "found", "standards.md 2.3 (S37)")
LAND = Source("GB 50137-2011", "table 3.3.2", "2011", "recalled")
CIM = Source("CJJ/T 315-2022", "spatial reference data", "2022", "recalled", "standards.md 3")
OWN = Source("Holdfast", "base fields", "", "proposal")


def _code(value: str, title: str, zh: str, *aliases: str) -> Code:
    return Code(value, title, zh, (zh, *aliases))


LAND_USE = Dictionary(
    "gb50137.land_use",
    (
        _code("R", "residential", "居住用地"), _code("R1", "residential, first class", "一类居住用地"), _code("R2", "residential, second class",
        "二类居住用地"),
        _code("R3", "residential, third class", "三类居住用地"), _code("A", "public services", "公共管理与公共服务用地"), _code("A1", "administration",
        "行政办公用地"),
        _code("A2", "culture", "文化设施用地"), _code("A3", "education and research", "教育科研用地"), _code("A33", "schools", "中小学用地"),
        _code("A4", "sport", "体育用地"), _code("A5", "health care", "医疗卫生用地", "医院用地"), _code("A6", "social welfare", "社会福利用地"),
        _code("B", "commerce", "商业服务业设施用地"), _code("B1", "retail and hospitality", "商业用地"), _code("B2", "offices", "商务用地"),
        _code("B4", "public utility outlets", "公用设施营业网点用地"), _code("M", "industry", "工业用地"), _code("M1", "industry, first class",
        "一类工业用地"),
        _code("M2", "industry, second class", "二类工业用地"), _code("M3", "industry, third class", "三类工业用地"), _code("W", "storage", "物流仓储用地"),
        _code("W1", "storage, first class", "一类物流仓储用地"), _code("S", "roads and transport", "道路与交通设施用地"), _code("S1", "streets",
        "城市道路用地"),
        _code("U", "utilities", "公用设施用地"), _code("U1", "supply works", "供应设施用地"), _code("U2", "waste and sewage works", "环境设施用地"),
        _code("U3", "safety works", "安全设施用地"), _code("G", "green space and squares", "绿地与广场用地"), _code("G1", "parks", "公园绿地"),
        _code("G2", "protective green", "防护绿地"), _code("G3", "squares", "广场用地"), _code("H", "other development", "建设用地"),
        _code("E", "not for development", "非建设用地"), _code("E1", "water", "水域"), _code("E2", "farm and forest", "农林用地"),
    ),
    LAND,
)


def _count(name: str, title: str, zh: str, quantity: str = "count", **more: object) -> Field:
    return Field(name, title, zh, "integer", quantity=quantity, source=OWN, **more)  # type: ignore[arg-type]


ZONE = Kind(
    "base.zone", "area", "Zone", "统计小区", geometry="Polygon", symbol=Symbol((120, 120, 120)),
    fields=(
        _count("population", "residents", "常住人口", "population", required=True),
        _count("households", "households", "户数"),
        _count("jobs", "jobs", "就业岗位"),
        _count("schools", "schools", "学校数"),
        _count("healthcare", "health-care sites", "医疗机构数"),
        Field("category", "category", "类别", "text", source=OWN),
        Field("code", "code in the source's own system", "编码", "text", source=OWN),
    ),
)
LAND_USE_KIND = Kind(
    "base.land_use", "area", "Land use", "用地", geometry="Polygon", symbol=Symbol((230, 220, 180), source=LAND),
    fields=(
        Field("code", "land-use class", "用地性质", "code", dictionary=LAND_USE, required=True, source=LAND),
        Field("floor_area_ratio", "floor area ratio", "容积率", quantity="factor", span=(0.0, 20.0), source=LAND),
        Field("area", "land area", "用地面积", quantity="area", source=LAND),
        Field("zone_id", "zone", "所在小区", "id", source=OWN),
    ),
    parent_field="zone_id",
)
GRID_CELL = Kind(
    "base.grid_cell", "area", "Unit grid cell", "单元网格", geometry="Polygon", symbol=Symbol((90, 90, 160), source=GRID),
    fields=(
        Field("code", "unit grid code", "单元网格编码", "text", required=True, meaning="15 digits: 6 division + 3 street + 3 community + 3 sequence",
        source=GRID),
        Field("admin", "administrative division", "行政区划代码", "text", meaning="6 digits of GB/T 2260", source=GRID),
        Field("street", "street office", "街道代码", "text", meaning="3 digits", source=GRID),
        Field("community", "community", "社区代码", "text", meaning="3 digits", source=GRID),
        Field("sequence", "sequence in the community", "网格顺序码", "integer", quantity="count", span=(1.0, 999.0), meaning="west to east, north to south",
        source=GRID),
        Field("area", "area", "面积", quantity="area", source=GRID),
        Field("keeper", "person in charge", "网格员", "text", source=OWN),
    ),
)
TERRAIN = Kind(
    "base.terrain", "record", "Terrain model", "地形模型", geometry="Polygon", symbol=Symbol((150, 130, 90), source=CIM),
    fields=(
        Field("file", "raster file", "栅格文件", "text", required=True, meaning="name of the GeoTIFF kept with the city", source=OWN),
        Field("resolution", "cell size", "分辨率", quantity="length", source=CIM),
        Field("columns", "columns", "列数", "integer", quantity="count", source=OWN),
        Field("rows", "rows", "行数", "integer", quantity="count", source=OWN),
        Field("min_elevation", "lowest level", "最低高程", quantity="elevation", source=CIM),
        Field("max_elevation", "highest level", "最高高程", quantity="elevation", source=CIM),
        Field("mean_elevation", "mean level", "平均高程", quantity="elevation", source=CIM),
        Field("missing_share", "share of cells without a value", "缺值比例", quantity="ratio", source=OWN),
        Field("vertical_datum", "vertical datum", "高程基准", "text", source=CIM),
        Field("raster_crs", "coordinate system of the raster", "栅格坐标系", "text", source=OWN),
    ),
)

DOMAIN = Domain(
    "base", "Base", "基础底图", kinds=(ZONE, LAND_USE_KIND, GRID_CELL, TERRAIN),
    capabilities=(
        Capability("base.assess_survey", "Check the survey", "普查数据质检", assess_survey, ("1a", "1l"),
                   about="Checks the surveyed facilities against the rules of the survey standard and lists what is wrong, with what to do about it.",
                   about_zh="按普查标准检查设施数据，列出问题和处理办法。"),
        Capability("base.assess_staleness", "Report stale surveys", "数据现势性评估", assess_staleness, ("1a", "4c"),
                   about="Which facilities were surveyed too long ago, by kind.",
                   about_zh="按类别统计测量已过期的设施。"),
        Capability("base.assess_readiness", "Report devices that hold up their host", "物联设备同步投用评估", assess_readiness, ("1j",),
                   about="Which main equipment still lacks the devices that must enter service with it.",
                   about_zh="哪些主体设施缺少应同步投用的物联设备。"),
    ),
)
