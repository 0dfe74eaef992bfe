"""The clauses of the policy that Holdfast implements, as data: id, section and title in our own words.

Source: Opinions on promoting new urban infrastructure to build resilient cities (2024), eleven key tasks and organisation.
A capability, rule or indicator names the ids it serves; `holdfast.app.policy` traces them to tests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: id such as "1a", what it asks for, and the number of its section."""

    id: str
    title: str
    title_zh: str
    section: int


SECTIONS: dict[int, tuple[str, str]] = {
    1: ("Smart municipal infrastructure", "智能化市政基础设施"),
    2: ("Smart city infrastructure and intelligent connected vehicles", "智慧城市基础设施与智能网联汽车"),
    3: ("Smart residential areas", "智慧住区"),
    4: ("Intelligent building management", "房屋建筑智能化管理"),
    5: ("Digital homes", "数字家庭"),
    6: ("Intelligent construction", "智能建造"),
    7: ("City Information Model platform", "城市信息模型平台"),
    8: ("Urban operation management service platform", "城市运行管理服务平台"),
    9: ("Technology and talent", "科技与人才"),
    10: ("Institutional mechanisms", "体制机制"),
    11: ("Network and data security", "网络和数据安全"),
    12: ("Organisation", "组织实施"),
}


def _section(number: int, *rows: tuple[str, str, str]) -> tuple[Clause, ...]:
    return tuple(Clause(f"{number}{letter}", title, title_zh, number) for letter, title, title_zh in rows)


CLAUSES: tuple[Clause, ...] = (
    *_section(
        1,
        ("a", "Survey facilities and keep the record current", "设施普查与动态更新"),
        ("b", "Water supply", "供水"),
        ("c", "Drainage", "排水"),
        ("d", "Power supply", "供电"),
        ("e", "Gas", "燃气"),
        ("f", "Heat", "供热"),
        ("g", "Fire hydrants", "消火栓"),
        ("h", "Utility tunnels", "综合管廊"),
        ("i", "Video surveillance of public areas", "公共区域视频监控"),
        ("j", "Sensing devices built, inspected and put into use together with the main equipment", "感知设备与主体设备同步建设、验收、使用"),
        ("k", "Monitor in real time, simulate, build scenarios, assess quickly", "实时监测、模拟仿真、情景构建、快速评估"),
        ("l", "One complete and accurate map of the underground, shared securely", "地下管线一张图，完整准确、安全共享"),
        ("m", "Data platform for planning, building and operating pipelines; control in 3D", "管线规划建设运行数据平台与三维管控"),
        ("n", "Gas leak monitoring and inspection duty", "燃气泄漏监测与巡检责任"),
        ("o", "Pressurised storage, flood-proof pump rooms and water quality", "加压调蓄、泵房防淹与水质"),
        ("p", "Safety of bridges and tunnels", "桥梁隧道安全"),
        ("q", "Flood coordination of pipes, pumps, gates, rivers and sea; protect underground places", "厂网河海排涝联动与地下空间防淹防盗防断电"),
    ),
    *_section(
        2,
        ("a", "Sense roads, buildings and facilities as one", "道路、建筑、设施融合感知"),
        ("b", "5G and connected vehicles coordinated with the road", "5G 与车联网、车路协同"),
        ("c", "Logistics facilities and green distribution", "物流设施与绿色配送"),
        ("d", "Emergency logistics and transfer facilities", "应急物流与中转设施"),
        ("e", "Parking", "停车"),
        ("f", "Bring vehicle, road and building data together", "车、路、建筑数据汇聚"),
    ),
    *_section(
        3,
        ("a", "Residential facilities, security and warning", "住区设施、安防与预警"),
        ("b", "Parcel lockers and self-service terminals", "智能快件箱与自助终端"),
        ("c", "Entry and order of people and vehicles", "人车出入与秩序"),
        ("d", "Property services, on line and on site", "线上线下物业服务"),
        ("e", "Community services close by, accessible to all", "嵌入式社区服务与无障碍"),
        ("f", "Hazards: e-bike charging, fire lanes, evacuation", "电动自行车充电、消防通道、疏散隐患"),
        ("g", "Smart business districts", "智慧商圈"),
        ("h", "Many parties look after residential safety together", "住区安全多方共治"),
    ),
    *_section(
        4,
        ("a", "Safety of buildings over their whole life", "建筑全生命周期安全"),
        ("b", "Survey of hazards: lifts, earthquake, lightning, fire protection, climbing spots, routes", "电梯、抗震、防雷、消防、攀爬点、通道隐患排查"),
        ("c", "Keep building records current with construction and renewal", "随建设更新动态更新"),
        ("d", "Housing platform that closes the loop on hazards", "房屋平台与隐患闭环整治"),
    ),
    *_section(
        5,
        ("a", "Home devices that work together", "家居互联互通"),
        ("b", "Safety of electricity, fire, gas, water, environment and health at home", "居家水电气火、环境与健康安全"),
        ("c", "Unusual behaviour, emergency call, health", "异常行为、紧急呼叫与健康"),
        ("d", "Cabling, fibre and device requirements", "布线、光纤与设备要求"),
        ("e", "Privacy and personal wishes", "隐私与个人意愿"),
    ),
    *_section(
        6,
        ("a", "Building models through design, construction and operation", "BIM 贯穿设计、施工、运维"),
        ("b", "Digital design and prefabrication", "数字设计与装配生产"),
        ("c", "Machinery, robots and 3D printing", "机械、机器人与 3D 打印"),
        ("d", "Smart building sites and safety supervision", "智慧工地与安全监管"),
        ("e", "Whole industry chain, green building", "全产业链与绿色建造"),
    ),
    *_section(
        7,
        ("a", "A three-dimensional model of the whole city", "城市三维信息模型"),
        ("b", "Links to other spatial and temporal platforms", "与其他时空平台衔接"),
        ("c", "Uses in government, health, disaster and city check-up", "政务、健康、灾害、城市体检场景"),
        ("d", "Comprehensive risk assessment", "综合风险评估"),
        ("e", "Coordination above and below ground", "地上地下协同"),
        ("f", "Refuge spaces", "避难空间"),
        ("g", "Risk zones and their control", "风险区划与管控"),
    ),
    *_section(
        8,
        ("a", "Monitor, analyse, command, supervise, evaluate", "监测、分析、指挥、监督、评价"),
        ("b", "One network, unified management", "一网统管"),
        ("c", "Three levels: nation, province, city", "国家、省、市三级"),
        ("d", "Sharing between departments", "部门共享"),
        ("e", "Regular comprehensive evaluation with shared results", "常态化综合评价与结果共享"),
    ),
    *_section(
        9,
        ("a", "Process and store data of city scale", "城市级数据处理与存储"),
        ("b", "Fusion of many kinds of sensors", "多源传感融合"),
        ("c", "3D engine for building models", "BIM 三维引擎"),
        ("d", "Construction robots", "建筑机器人"),
        ("e", "System of standards", "标准体系"),
        ("f", "Talent", "人才"),
    ),
    *_section(
        10,
        ("a", "Investment and financing", "投融资"),
        ("b", "Data as a production factor: sharing, exchange, open models", "数据要素共享、交换与开放模型"),
        ("c", "Work across regions and avoid building twice", "跨区域统筹、避免重复建设"),
        ("d", "Experience that others can repeat", "可复制经验"),
    ),
    *_section(
        11,
        ("a", "Security of infrastructure, sensing devices and applications", "设施、感知设备与应用安全"),
        ("b", "Data protected by class", "数据分类分级保护"),
        ("c", "Resilience of hubs and data centres", "枢纽与数据中心韧性"),
        ("d", "Emergency response for networks and data", "网络与数据安全应急"),
        ("e", "Monitor, warn of and share security threats", "安全监测、预警与共享"),
    ),
    *_section(
        12,
        ("a", "Goals for 2027 and 2030, leadership, evidence instead of formalism", "2027 与 2030 目标、组织领导、求实效"),
        ("b", "Every clause traced to a capability and its test", "条款可追溯到能力与测试"),
    ),
)

CLAUSE_IDS: frozenset[str] = frozenset(clause.id for clause in CLAUSES)
