"""What the roads domain declares: streets, crossings, bridges, signals, public transport, demand."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Capability, Code, Dictionary, Domain, Field, Kind, Need, Network, Signal, Source, Symbol

from . import damage
from .assess_reach import assess_reach
from .close_road import close_road
from .cost import COSTS
from .rank_criticality import rank_criticality
from .reach_incident import reach_incident
from .settings import SETTINGS
from .simulate_day import simulate_day

URBAN = Source("CJJ 37-2012", "3.1", "2016", "recalled")
OSM = Source("OpenStreetMap", "Key:highway", "", "found", "wiki.openstreetmap.org")
TNTP = Source("TNTP", "network and trips files", "", "found", "github.com/bstabler/TransportationNetworks")
GTFS = Source("GTFS Schedule", "stops.txt, routes.txt, shapes.txt", "2024", "found", "gtfs.org")
BRIDGE = Source("CJJ 99-2017", "5", "2017", "recalled")
EVACUATION = Source("GB/T 51327-2018", "evacuation roads", "2018", "recalled", "standards.md 4.4")
OWN = Source("Holdfast", "road fields", "", "proposal")
GREY, AMBER, BLUE = (110, 110, 110), (242, 179, 76), (40, 110, 190)


def _dictionary(name: str, source: Source, *rows: tuple) -> Dictionary:
    return Dictionary(name, tuple(Code(r[0], r[1], r[2], (r[2], *r[3:])) for r in rows), source)


CLASS = _dictionary(
    "roads.class", URBAN,
    ("expressway", "expressway", "快速路", "motorway", "motorway_link", "trunk", "trunk_link"),
    ("trunk", "trunk road", "主干路", "primary", "primary_link"),
    ("main", "secondary trunk road", "次干路", "secondary", "secondary_link"),
    ("branch", "branch road", "支路", "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "road"),
    ("service", "service road or estate lane", "小区道路", "service", "busway"),
    ("path", "path for walking or cycling", "步行与自行车道", "footway", "path", "cycleway", "steps", "pedestrian", "track", "bridleway", "corridor"),
    ("centroid", "zone connector", "小区连杆"),
)
CONTROL = _dictionary(
    "roads.control", OSM,
    ("none", "uncontrolled", "无控制"), ("signal", "signals", "信号灯", "traffic_signals"), ("stop", "stop sign", "停车让行", "stop"),
    ("yield", "give way", "减速让行", "give_way"), ("roundabout", "roundabout", "环岛", "mini_roundabout", "turning_circle"),
    ("crossing", "pedestrian crossing", "人行横道"),
    ("interchange", "interchange", "互通立交", "motorway_junction"),
)
SURFACE = _dictionary(
    "roads.surface", OSM,
    ("asphalt", "asphalt", "沥青", "paved"), ("concrete", "concrete", "水泥混凝土", "concrete:plates"),
    ("stone", "stone setts", "石板", "sett", "cobblestone"),
    ("blocks", "paving blocks", "铺砖", "paving_stones"), ("gravel", "gravel", "砂石", "fine_gravel", "compacted", "pebblestone"),
    ("earth", "earth", "土路", "unpaved", "ground", "dirt", "sand", "grass"), ("other", "other", "其他", "wood", "metal"),
)
MODE = _dictionary(
    "gtfs.route_type", GTFS,
    ("0", "tram", "有轨电车", "tram"), ("1", "metro", "地铁", "subway"), ("2", "rail", "铁路", "train"), ("3", "bus", "公共汽车", "bus"),
    ("4", "ferry", "轮渡", "ferry"),
    ("5", "cable tram", "缆车", "cable_tram"), ("6", "aerial lift", "索道", "aerialway"), ("7", "funicular", "缆索铁路", "funicular"),
    ("11", "trolleybus", "无轨电车", "trolleybus"),
    ("12", "monorail", "单轨", "monorail"),
)
STRUCTURE = _dictionary(
    "roads.bridge_structure", BRIDGE,
    ("beam", "beam", "梁桥", "girder"), ("arch", "arch", "拱桥"), ("cable_stayed", "cable-stayed", "斜拉桥", "cable-stayed"),
    ("suspension", "suspension", "悬索桥"),
    ("truss", "truss", "桁架桥"), ("frame", "rigid frame", "刚构桥"), ("other", "other", "其他"),
)


def _number(name: str, title: str, zh: str, quantity: str, source: Source = OWN, **more: object) -> Field:
    return Field(name, title, zh, quantity=quantity, source=source, **more)  # type: ignore[arg-type]


def _other(name: str, title: str, zh: str, type_: str = "text", source: Source = OWN, **more: object) -> Field:
    return Field(name, title, zh, type_, source=source, **more)  # type: ignore[arg-type]


JUNCTION = Kind(
    "roads.junction", "node", "Crossing or road end", "路口", geometry="Point", symbol=Symbol(GREY), provides=("road_access",),
    fields=(
        _number("ground_elevation", "ground level", "地面高程", "elevation"),
        _other("control", "control", "控制方式", "code", OSM, dictionary=CONTROL),
        _other("number", "number in the traffic model", "模型编号", source=TNTP),
    ),
)
STREET = Kind(
    "roads.street", "edge", "Street", "道路", geometry="LineString", cost=COSTS["roads.street"], damage=damage.STREET,
    symbol=Symbol(AMBER, source=URBAN), provides=("road_access",),
    fields=(
        _other("class", "class", "道路等级", "code", URBAN, dictionary=CLASS),
        _other("highway", "source's own class", "原始分类", source=OSM),
        _number("width", "width between building lines", "红线宽度", "length", URBAN, span=(2.0, 120.0)),
        _number("carriageway_width", "width of the carriageway", "车行道宽度", "length", URBAN, span=(2.0, 80.0)),
        _other("lanes", "lanes, both ways together", "车道数", "integer", URBAN, quantity="count", span=(1.0, 20.0)),
        _other("one_way", "only from start to end", "单行", "boolean", OSM),
        _number("speed_limit", "speed limit", "限速", "speed", URBAN, span=(1.0, 40.0)),
        _number("length", "length", "长度", "length", TNTP),
        _number("capacity", "capacity", "通行能力", "traffic_flow", TNTP),
        _number("free_flow_time", "travel time when empty", "自由流时间", "duration", TNTP),
        _number("delay_factor", "delay factor B", "延误系数", "factor", TNTP, meaning="time = free_flow_time (1 + B (flow / capacity)^power)"),
        _number("delay_power", "delay power", "延误指数", "factor", TNTP),
        _number("toll", "toll", "收费", "money", TNTP),
        _other("link_type", "link type of the traffic model", "路段类型", source=TNTP),
        _other("surface", "surface", "路面", "code", OSM, dictionary=SURFACE),
        _other("bridge", "on a bridge", "桥上", "boolean", OSM),
        _other("tunnel", "in a tunnel or underpass", "隧道", "boolean", OSM),
        _other("level", "level over (+) or under (-) ground", "层位", "integer", OSM, quantity="factor"),
        _number("clear_height", "clear height", "净高", "height", EVACUATION),
        _other("evacuation", "evacuation role", "疏散等级", source=EVACUATION),
        _number("from_elevation", "level at start", "起点高程", "elevation"),
        _number("to_elevation", "level at end", "终点高程", "elevation"),
        _other("build_date", "build date", "建成日期", "date", URBAN),
        _other("source_way", "id of the source's way", "原始线号", source=OSM),
    ),
)
BRIDGE_KIND = Kind(
    "roads.bridge", "area", "Bridge", "桥梁", geometry="Polygon", cost=COSTS["roads.bridge"], damage=damage.BRIDGE,
    symbol=Symbol((180, 60, 60), source=BRIDGE), provides=("road_access",),
    fields=(
        _other("street_id", "street carried", "所在道路", "id", BRIDGE),
        _other("structure", "structure", "结构形式", "code", BRIDGE, dictionary=STRUCTURE),
        _other("spans", "spans", "跨数", "integer", BRIDGE, quantity="count"),
        _number("length", "length", "桥长", "length", BRIDGE),
        _number("width", "width", "桥宽", "length", BRIDGE),
        _number("deck_elevation", "deck level", "桥面高程", "elevation", BRIDGE),
        _number("clear_height", "clearance under the deck", "桥下净空", "height", BRIDGE),
        _other("build_year", "build year", "建成年份", "integer", BRIDGE, quantity="factor", span=(1000.0, 2100.0)),
        _other("grade", "condition grade", "技术状况等级", source=BRIDGE),
        _other("crosses", "what it crosses", "跨越对象", source=BRIDGE),
        _other("solid", "full geometry", "完整几何", "json", meaning="CityJSON geometries with their own vertices [m] and coordinate system"),
    ),
    signals=(
        Signal("strain", "strain", "应变", "strain", 0.1, OWN), Signal("deflection", "deflection", "挠度", "length", 1.0, OWN),
        Signal("acceleration", "acceleration", "加速度", "acceleration", 0.02, OWN),
    ),
)
SURFACE_KIND = Kind(
    "roads.surface", "area", "Road surface", "道路面", geometry="Polygon", symbol=Symbol((200, 200, 200), source=URBAN),
    fields=(
        _other("class", "class", "道路等级", "code", URBAN, dictionary=CLASS), _other("surface", "surface", "路面", "code", OSM, dictionary=SURFACE),
        _other("street_id", "street", "所属道路", "id"), _number("area", "area", "面积", "area"),
        _other("solid", "full geometry", "完整几何", "json", meaning="CityJSON geometries with their own vertices [m] and coordinate system"),
    ),
    parent_field="street_id",
)
SIGNAL = Kind(
    "roads.signal", "node", "Traffic signal", "交通信号灯", geometry="Point", cost=COSTS["roads.signal"], symbol=Symbol((40, 150, 60)),
    needs=(Need("electricity", 0.0, "backup_hours"),),
    fields=(
        _other("junction_id", "crossing", "路口", "id"), _number("cycle", "cycle time", "周期", "duration"), _other("phases", "phases", "相位", "json"),
        Field("backup_hours", "hours on battery", "后备时间(小时)", quantity="factor", span=(0.0, 72.0), source=OWN), _other("controller", "controller",
        "信号机型号"),
    ),
    parent_field="junction_id",
)
STOP = Kind(
    "roads.stop", "node", "Public-transport stop", "公交站", geometry="Point", symbol=Symbol(BLUE, source=GTFS), needs=(Need("road_access"),),
    fields=(
        _other("mode", "mode", "交通方式", "code", GTFS, dictionary=MODE), _other("code", "number shown to riders", "站点编号", source=GTFS),
        _other("location_type", "stop, station or entrance", "站点类型", source=GTFS), _other("parent_id", "station", "所属车站", "id", GTFS),
        _other("wheelchair", "step-free", "无障碍", "boolean", GTFS), _number("departures", "departures per day", "日发车次数", "count", GTFS),
        _other("description", "description", "说明", source=GTFS),
    ),
    parent_field="parent_id",
)
TRANSIT_LINE = Kind(
    "roads.transit_line", "record", "Public-transport line", "公交线路", geometry="LineString", symbol=Symbol(BLUE, source=GTFS),
    fields=(
        _other("mode", "mode", "交通方式", "code", GTFS, dictionary=MODE, required=True), _other("number", "line number", "线路号", source=GTFS),
        _other("route", "route", "线路代码", source=GTFS), _other("direction", "direction", "方向", source=GTFS), _other("operator", "operator", "运营单位",
        source=GTFS),
        _other("colour", "colour", "颜色", source=GTFS), _number("trips", "trips in the timetable", "班次", "count", GTFS),
        _other("stops", "stops in order", "站序", "json", GTFS, meaning="list of stop ids"), _other("shape", "shape in the source", "线形代码", source=GTFS),
        _number("headway", "time between departures", "发车间隔", "duration", GTFS),
    ),
)
CENTROID = Kind(
    "roads.zone_centroid", "node", "Traffic-zone centroid", "交通小区形心", geometry="Point", symbol=Symbol((140, 80, 160), source=TNTP),
    fields=(
        _other("number", "zone number", "小区编号", source=TNTP), _other("zone_id", "zone", "小区", "id"),
        _other("population", "residents", "人口", "integer", quantity="population"), _other("through", "may be passed through", "允许通过", "boolean", TNTP),
    ),
    parent_field="zone_id",
)
DEMAND = Kind(
    "roads.demand", "record", "Travel demand", "出行需求", symbol=Symbol((140, 80, 160), source=TNTP),
    fields=(
        _other("origin_id", "from", "起点", "id", TNTP, required=True), _other("destination_id", "to", "终点", "id", TNTP, required=True),
        _number("trips", "trips in the period", "出行量", "count", TNTP, required=True), _number("period", "period", "时段", "duration", TNTP),
        _other("mode", "mode", "方式"),
    ),
)


def _lifeline(city: Any) -> Any:
    from .lifeline import build

    return build(city)


NETWORK = Network(
    "roads", "Road network", "道路网", ("roads.junction", "roads.zone_centroid"), ("roads.street",), "assignment", "bpr", "road_access", lifeline=_lifeline,
    simulate="roads.simulate_day",
)
DOMAIN = Domain(
    "roads", "Roads and transport", "道路交通", kinds=(JUNCTION, STREET, SURFACE_KIND, BRIDGE_KIND, SIGNAL, STOP, TRANSIT_LINE, CENTROID, DEMAND), networks=(NETWORK,),
    settings=SETTINGS,
    capabilities=(
        Capability("roads.simulate_day", "Simulate a day of traffic", "全日交通仿真", simulate_day, ("1k", "2f"),
                   about="Traffic on all streets hour by hour: volumes, delays and speeds.",
                   about_zh="逐时计算全部道路的流量、延误和车速。"),
        Capability("roads.close_road", "Close a road", "道路封闭影响", close_road, ("1k", "1p", "2f"),
                   about="What closing streets, bridges or crossings costs: delays, detours, who is cut off.",
                   about_zh="封闭道路、桥梁或路口的影响：延误、绕行和被隔断的片区。"),
        Capability("roads.reach_incident", "Reach an incident", "应急到达", reach_incident, ("2d", "8a"),
                   about="Which stations reach a place, how fast and by which way.",
                   about_zh="哪些站点能到达事发点、用时和路线。"),
        Capability("roads.assess_reach", "Assess the reach of stations", "消防站可达性评估", assess_reach, ("3f", "8a"),
                   about="Which streets, zones and people the fire stations reach in time, and which are cut off.",
                   about_zh="消防站能及时到达的道路、片区和人口，以及被隔断之处。"),
        Capability("roads.rank_criticality", "Rank critical streets and bridges", "关键道路桥梁排序", rank_criticality, ("1k", "1p", "7d"),
                   about="Closes streets and bridges one by one and ranks them by the delay that this causes.",
                   about_zh="逐一封闭道路和桥梁，按造成的延误排序。"),
    ),
)
