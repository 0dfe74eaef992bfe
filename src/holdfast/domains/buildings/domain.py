"""What the buildings domain declares: buildings, their parts, critical facilities, garages and detectors."""

from __future__ import annotations

from holdfast.model.spec import Code, Dictionary, Domain, Field, Kind, Need, Signal, Source, Symbol

from . import damage
from .cost import COSTS

SURVEY = Source("National survey of buildings as bearers of disaster", "field list", "2020", "recalled", "standards.md 9.2 (S92)")
DANGER = Source("JGJ 125-2016", "grades", "2016", "found", "standards.md 9.1 (S89)")
SHELTER_TYPES = Source("GB 51143-2015", "types", "2015", "found", "standards.md 4.3 (S54)")
SHELTER_LEVELS = Source("GB/T 44013-2024", "levels and attributes", "2024", "found", "standards.md 4.3 (S59)")
SHELTER_AREA = Source("GB 51143-2015", "effective area per person", "2015", "recalled", "standards.md 4.3")
GARAGE_FLOOD = Source("Fujian underground flood rules", "entrances and pumps", "2006", "found", "standards.md 8.5 (S88)")
FIRE_STATIONS = Source("Jianbiao 152-2017", "classes", "2017", "recalled")
HOSPITALS = Source("Hospital grading rules", "grades", "1989", "recalled")
CITYJSON = Source("CityJSON", "geometry", "2.0", "found", "cityjson.org")
BACKUP = Source("GB 51039-2014", "emergency power of hospitals", "2014", "recalled-low")
OWN = Source("Holdfast", "building fields", "", "proposal")
RED, BROWN = (200, 60, 60), (170, 150, 130)


def _dictionary(name: str, source: Source, *rows: tuple) -> Dictionary:
    return Dictionary(name, tuple(Code(r[0], r[1], r[2], (r[2], *r[3:])) for r in rows), source)


USE = _dictionary(
    "buildings.use", OWN,
    ("residential", "residential", "住宅", "apartments", "house", "dormitory", "terrace", "detached", "woonfunctie", "RES1", "RES3"),
    ("commercial", "shops and catering", "商业", "retail", "shop", "supermarket", "winkelfunctie", "COM1"),
    ("office", "offices", "办公", "kantoorfunctie", "offices", "COM4"), ("hotel", "hotel", "旅馆", "logiesfunctie"),
    ("public", "public administration and culture", "公共", "civic", "government"),
    ("school", "school", "学校", "university", "college", "kindergarten", "onderwijsfunctie"), ("hospital", "hospital", "医院", "gezondheidszorgfunctie"),
    ("clinic", "clinic", "卫生服务", "doctors"), ("industrial", "industry", "工业", "manufacture", "industriefunctie"),
    ("warehouse", "warehouse", "仓储", "storage", "depot"),
    ("utility", "utility works", "市政公用", "service", "transformer_tower"), ("telecom", "telecom exchange", "通信机房"),
    ("data_centre", "data centre", "数据中心"),
    ("fire_station", "fire station", "消防站"), ("police", "police station", "派出所"),
    ("sport", "sports and assembly", "体育与集会", "sportfunctie", "bijeenkomstfunctie"),
    ("religious", "religious", "宗教", "church", "mosque", "temple", "chapel"),
    ("transport", "transport", "交通", "train_station", "garage", "garages", "parking"),
    ("agricultural", "agricultural", "农业", "farm", "barn", "greenhouse"), ("mixed", "mixed", "综合"),
    ("other", "other", "其他", "yes", "overige gebruiksfunctie"),
)
STRUCTURE = _dictionary(
    "buildings.structure", SURVEY,
    ("masonry", "brick masonry", "砌体", "砖混"), ("bottom_frame", "masonry on a frame", "底框"), ("frame", "reinforced-concrete frame", "框架", "钢混"),
    ("shear_wall", "reinforced-concrete shear wall", "剪力墙"), ("frame_wall", "frame and shear wall", "框剪"), ("steel", "steel", "钢结构", "钢"),
    ("timber", "timber", "木结构", "木"),
    ("mixed", "mixed", "混合"), ("adobe", "earth and timber", "土木"), ("other", "other", "其他"),
)
GRADE = _dictionary("jgj125.grade", DANGER, ("A", "safe", "A级"), ("B", "a few dangerous components", "B级"), ("C", "locally dangerous", "C级"),
("D", "dangerous as a whole", "D级"))
HOSPITAL_LEVEL = _dictionary(
    "buildings.hospital_level", HOSPITALS,
    ("3", "third level", "三级"), ("2", "second level", "二级"), ("1", "first level", "一级"), ("0", "clinic or health centre", "诊所或卫生中心", "clinic"),
)
SCHOOL_LEVEL = _dictionary(
    "buildings.school_level", OWN,
    ("kindergarten", "kindergarten", "幼儿园"), ("primary", "primary school", "小学"), ("middle", "middle school", "中学", "secondary"),
    ("nine_year", "nine-year school", "九年一贯制"), ("college", "college or university", "高校", "university"), ("special", "special school", "特殊教育"),
)
SHELTER_TYPE = _dictionary(
    "gb51143.shelter_type", SHELTER_TYPES,
    ("emergency", "emergency", "紧急避难场所"), ("short", "fixed, short term", "短期固定避难场所"), ("medium", "fixed, medium term", "中期固定避难场所"),
    ("long", "fixed, long term", "长期固定避难场所"), ("central", "central", "中心避难场所"),
)
SHELTER_LEVEL = _dictionary(
    "gbt44013.level", SHELTER_LEVELS,
    ("province", "province", "省级"), ("city", "city", "市级"), ("county", "county", "县级"), ("township", "township", "乡镇级"),
    ("village", "village", "村级"),
)
STATION_CLASS = _dictionary(
    "buildings.fire_station_class", FIRE_STATIONS,
    ("first", "ordinary, first class", "一级普通消防站"), ("second", "ordinary, second class", "二级普通消防站"), ("small", "small", "小型消防站"),
    ("special", "special service", "特勤消防站"), ("mini", "miniature", "微型消防站"),
)


def _number(name: str, title: str, zh: str, quantity: str, source: Source = SURVEY, **more: object) -> Field:
    return Field(name, title, zh, quantity=quantity, source=source, **more)  # type: ignore[arg-type]


def _other(name: str, title: str, zh: str, type_: str = "text", source: Source = SURVEY, **more: object) -> Field:
    return Field(name, title, zh, type_, source=source, **more)  # type: ignore[arg-type]


def _count(name: str, title: str, zh: str, source: Source = OWN, quantity: str = "count", **more: object) -> Field:
    return Field(name, title, zh, "integer", quantity=quantity, source=source, **more)  # type: ignore[arg-type]


_SOLID = _other("solid", "full geometry", "完整几何", "json", CITYJSON, meaning="CityJSON geometries with their own vertices [m] and coordinate system")
_IN_BUILDING = _other("building_id", "building", "所在建筑", "id", OWN)
_BACKUP = Field("backup_hours", "hours on own power", "自备电源时间(小时)", quantity="factor", span=(0.0, 240.0), source=BACKUP)
_ADDRESS = _other("address", "address", "地址")

BUILDING = Kind(
    "buildings.building", "area", "Building", "建筑", geometry="Polygon", cost=COSTS["buildings.building"], damage=damage.BUILDING, symbol=Symbol(BROWN),
    needs=(Need("electricity"), Need("water"), Need("drainage"), Need("road_access"),
           Need("gas", vital=False), Need("heat", vital=False), Need("telecom", vital=False)),
    fields=(
        _other("use", "use", "用途", "code", dictionary=USE, required=True),
        _count("storeys", "storeys above ground", "地上层数", SURVEY, span=(0.0, 200.0)),
        _count("underground_storeys", "storeys below ground", "地下层数", SURVEY, span=(0.0, 10.0)),
        _number("height", "height above ground", "建筑高度", "height", span=(0.0, 900.0)),
        _number("ground_elevation", "ground level", "地面高程", "elevation", OWN),
        _number("footprint_area", "footprint area", "基底面积", "area"),
        _number("floor_area", "floor area", "建筑面积", "area"),
        _count("population", "people", "人数", OWN, "population", meaning="residents, or staff and visitors where nobody lives"),
        _count("households", "households", "户数", SURVEY),
        _count("build_year", "build year", "建成年份", SURVEY, "factor", span=(1000.0, 2100.0)),
        _other("structure", "structure", "结构类型", "code", dictionary=STRUCTURE),
        _other("danger_grade", "danger grade", "危险性等级", "code", DANGER, dictionary=GRADE),
        _other("retrofitted", "seismic retrofit", "抗震加固", "boolean"),
        _other("curtain_wall", "glass curtain wall", "玻璃幕墙", "boolean"),
        _other("self_built_business", "self-built house in business use", "经营性自建房", "boolean"),
        _other("number", "building number", "房屋编号"), _ADDRESS, _other("estate", "estate or unit", "小区或单位名称"),
        _other("street_id", "street of its entrance", "所临道路", "id", OWN), _other("zone_id", "zone", "所在小区", "id", OWN),
        _other("osm_type", "source's own type", "原始类型", source=OWN), _SOLID,
        _other("cityjson_type", "CityJSON object type", "CityJSON 类型", source=CITYJSON),
    ),
    parent_field="zone_id",
)
PART = Kind(
    "buildings.part", "area", "Building part", "建筑部分", geometry="Polygon", symbol=Symbol(BROWN), parent_field="building_id",
    fields=(
        _other("building_id", "building", "所属建筑", "id", CITYJSON, required=True), _count("storeys", "storeys above ground", "地上层数", SURVEY),
        _number("height", "height above ground", "高度", "height"), _number("ground_elevation", "ground level", "地面高程", "elevation", OWN),
        _number("footprint_area", "footprint area", "基底面积", "area"), _SOLID, _other("cityjson_type", "CityJSON object type", "CityJSON 类型",
        source=CITYJSON),
    ),
)
HOSPITAL = Kind(
    "buildings.hospital", "node", "Hospital", "医院", geometry="Point", damage=damage.ESSENTIAL, symbol=Symbol(RED), provides=("care",), parent_field="building_id",
    needs=(Need("electricity", 24.0, "backup_hours"), Need("water", 12.0), Need("gas"), Need("heat"), Need("telecom", 4.0), Need("road_access"),
    Need("supplies", 72.0)),
    fields=(
        _IN_BUILDING, _other("level", "level", "等级", "code", HOSPITALS, dictionary=HOSPITAL_LEVEL), _count("beds", "beds", "床位数"),
        _other("emergency", "has an emergency department", "设急诊", "boolean", OWN), _BACKUP, _ADDRESS,
    ),
)
SCHOOL = Kind(
    "buildings.school", "node", "School", "学校", geometry="Point", damage=damage.ORDINARY, symbol=Symbol((210, 160, 40)), parent_field="building_id",
    needs=(Need("electricity"), Need("water"), Need("road_access")),
    fields=(_IN_BUILDING, _other("level", "level", "学段", "code", OWN, dictionary=SCHOOL_LEVEL), _count("pupils", "pupils", "学生数",
    quantity="population"), _ADDRESS),
)
SHELTER = Kind(
    "buildings.shelter", "node", "Shelter", "避难场所", geometry="Point", damage=damage.INDOOR, symbol=Symbol((40, 150, 90), source=SHELTER_TYPES), provides=("shelter",),
    parent_field="building_id",
    needs=(Need("water", 24.0), Need("electricity", 8.0, "backup_hours"), Need("road_access"), Need("supplies", 24.0)),
    fields=(
        _IN_BUILDING, _other("type", "type", "类型", "code", SHELTER_TYPES, dictionary=SHELTER_TYPE, required=True),
        _other("level", "level", "级别", "code", SHELTER_LEVELS, dictionary=SHELTER_LEVEL), _number("effective_area", "effective area", "有效避难面积",
        "area", SHELTER_AREA),
        _count("capacity", "capacity", "容量(人)", SHELTER_AREA, "population"), _number("radius", "service radius", "服务半径", "length", SHELTER_TYPES),
        _other("indoor", "indoor", "室内", "boolean", SHELTER_LEVELS), _count("entrances", "entrances", "出入口数", SHELTER_TYPES),
        _other("hazards", "hazards it serves for", "适用灾种", source=SHELTER_LEVELS), _BACKUP, _ADDRESS,
    ),
)
GARAGE = Kind(
    "buildings.garage", "node", "Underground garage", "地下车库", geometry="Point", symbol=Symbol((90, 90, 120), source=GARAGE_FLOOD),
    parent_field="building_id",
    needs=(Need("electricity"), Need("drainage")), requires_devices=("buildings.water_gauge",),
    fields=(
        _IN_BUILDING, _count("underground_storeys", "storeys below ground", "地下层数"), _count("spaces", "parking spaces", "停车位"), _number("area",
        "floor area", "面积", "area", OWN),
        _number("floor_elevation", "lowest floor level", "最低地坪标高", "elevation", OWN), _number("entrance_elevation", "entrance crest level",
        "出入口坡顶标高", "elevation", GARAGE_FLOOD),
        _count("entrances", "entrances", "出入口数"), _number("barrier_height", "height of water-stop boards", "挡水板高度", "height", GARAGE_FLOOD),
        _number("pump_capacity", "capacity of sump pumps", "排水泵能力", "discharge", GARAGE_FLOOD), _count("chargers", "vehicle chargers", "充电桩数"),
    ),
)
FIRE_STATION = Kind(
    "buildings.fire_station", "node", "Fire station", "消防站", geometry="Point", damage=damage.ESSENTIAL, symbol=Symbol((220, 40, 30), source=FIRE_STATIONS),
    parent_field="building_id",
    needs=(Need("electricity", 24.0, "backup_hours"), Need("water"), Need("telecom", 8.0), Need("road_access"), Need("fire_flow")),
    fields=(
        _IN_BUILDING, _other("class", "class", "等级", "code", FIRE_STATIONS, dictionary=STATION_CLASS), _count("vehicles", "fire engines", "消防车数"),
        _count("crew", "crew", "人员数", quantity="population"), _BACKUP, _ADDRESS,
    ),
)
POLICE = Kind(
    "buildings.police", "node", "Police station", "派出所", geometry="Point", damage=damage.ORDINARY, symbol=Symbol((40, 70, 160)), parent_field="building_id",
    needs=(Need("electricity", 8.0, "backup_hours"), Need("telecom", 8.0), Need("road_access")),
    fields=(_IN_BUILDING, _count("crew", "staff", "人员数", quantity="population"), _BACKUP, _ADDRESS),
)
WAREHOUSE = Kind(
    "buildings.warehouse", "node", "Supplies depot", "应急物资库", geometry="Point", damage=damage.ORDINARY, symbol=Symbol((150, 110, 60)), provides=("supplies",),
    parent_field="building_id",
    needs=(Need("electricity", 4.0, "backup_hours"), Need("road_access")),
    fields=(_IN_BUILDING, _number("area", "floor area", "面积", "area", OWN), _count("persons", "persons it can supply for three days", "保障人数(3天)",
    quantity="population"), _BACKUP, _ADDRESS),
)
SMOKE_DETECTOR = Kind(
    "buildings.smoke_detector", "device", "Smoke detector", "烟感探测器", geometry="Point", symbol=Symbol((230, 120, 30)),
    fields=(_count("storey", "storey", "楼层"), _other("model", "model", "型号", source=OWN)),
    signals=(Signal("alarm", "alarm", "报警", "ratio", 60.0, OWN), Signal("temperature", "temperature", "温度", "temperature", 300.0, OWN)),
)
WATER_GAUGE = Kind(
    "buildings.water_gauge", "device", "Water gauge in a garage", "车库水位计", geometry="Point", symbol=Symbol((30, 120, 200), source=GARAGE_FLOOD),
    fields=(_number("elevation", "level of zero", "零点高程", "elevation", OWN), _other("model", "model", "型号", source=OWN)),
    signals=(Signal("depth", "water depth", "水深", "depth", 60.0, OWN),),
)

DOMAIN = Domain(
    "buildings", "Buildings and facilities", "建筑与设施",
    kinds=(BUILDING, PART, HOSPITAL, SCHOOL, SHELTER, GARAGE, FIRE_STATION, POLICE, WAREHOUSE, SMOKE_DETECTOR, WATER_GAUGE),
)
