"""Editable numbers of the scenario engine."""

from __future__ import annotations

from holdfast.model.spec import Setting, Source

_OWN = Source("Holdfast default", mark="proposal")

SETTINGS: tuple[Setting, ...] = (
    Setting("scenario.critical_services", ["care", "shelter", "supplies"], "kinds that provide one of these are critical facilities", "提供这些服务的设施为关键设施", _OWN),
    Setting("scenario.critical_kinds", [], "further kinds that count as critical facilities", "其他关键设施类别", _OWN),
    Setting("scenario.unit_cost", {}, "replacement cost by kind where it differs from the declared one", "各类资产重置单价(覆盖默认值)", _OWN, "money"),
    Setting("scenario.served_from", 0.5, "share of the wanted service from which an asset counts as served", "视为得到服务的最小供给比例", _OWN),
    Setting(
        "scenario.missing_provider", "outside", "who serves a need that no provider in the city meets: outside (always served) or nobody (never served)",
        "城内无供给者的需求由谁满足:outside(城外,始终满足)或nobody(始终不满足)", _OWN,
    ),
    Setting("scenario.max_rounds", 30, "rounds between the lifelines before a case counts as diverged, where load is shed", "系统间迭代轮数上限(存在切负荷时)", _OWN),
    Setting("scenario.cache", 256_000_000, "bytes of network solutions kept for states that come again", "可重复利用的管网解缓存字节数", _OWN),
    Setting(
        "scenario.crews", {"water": 12, "drainage": 6, "power": 16, "gas": 8, "heat": 6, "telecom": 10, "roads": 10, "buildings": 20},
        "repair crews for every 100,000 people by domain, help from neighbouring cities included", "每十万人抢修队数量(按领域,含邻市支援)", _OWN, "count",
    ),
    Setting("scenario.minimum_crews", 3, "crews of each domain that even the smallest place gets", "每领域最少抢修队数量(含邻市支援)", _OWN, "count"),
    Setting("scenario.mobilisation_hours", {"default": 2.0, "buildings": 24.0}, "hours until the first crews of a domain leave their depot", "抢修队集结时间(小时)", _OWN),
    Setting(
        "scenario.shift_hours", {"default": 24.0, "buildings": 10.0},
        "hours a day in which a domain's crews work; 24 is in relays, as restoration times of facilities are given", "抢修队每日作业小时数", _OWN,
    ),
    Setting(
        "scenario.isolation_hours", {"water": 2.0, "heat": 2.0, "gas": 0.0},
        "hours that a pair of valve hands needs on the site to shut off a break, by service; 0 is at once and from afar; a service not named leaks until the repair",
        "按服务的破损隔离(关阀)作业小时数;0为远程立即切断;未列出者漏至修复", _OWN,
    ),
    Setting("scenario.isolate_leaking", ["gas"], "services whose pipes are shut off also where they leak but still carry", "渗漏但仍可输送的管段也予以切断的服务", _OWN),
    Setting("scenario.repair_rate_scale", 1.0, "factor on all repair rates of buried lines, where the city's own pipes are better or worse", "地下管线震害率修正系数", _OWN),
    Setting("scenario.repair_hours_scale", 1.0, "factor on all repair times", "修复时间修正系数", _OWN),
    Setting("scenario.crew_speed", 30.0 / 3.6, "travel speed of crews where no road travel times are given", "抢修队行驶速度", _OWN, "velocity"),
    Setting("scenario.detour", 1.4, "road distance as a multiple of the straight line where no road travel times are given", "绕行系数", _OWN),
    Setting(
        "scenario.indirect_loss", {"electricity": 10.0, "water": 7.0, "drainage": 3.0, "gas": 2.0, "heat": 3.0, "telecom": 3.0, "road_access": 4.0},
        "CNY lost for every hour that a person is without a service", "每人每小时服务中断的间接损失(元)",
        Source("Holdfast default", "10 CNY of product per person-hour, times shares of income like FEMA benefit-cost values (from memory)", mark="proposal"),
    ),
    Setting(
        "scenario.service_weight", {"electricity": 1.0, "water": 1.0, "drainage": 0.4, "gas": 0.4, "heat": 0.6, "telecom": 0.5, "road_access": 0.5},
        "weight of a person-hour without each service when repairs are ordered; 0.3 for services not named", "抢修排序时各服务人时权重(未列出者0.3)", _OWN,
    ),
    Setting("scenario.critical_weight", 500.0, "person-hours that an hour of a critical facility's outage weighs when repairs are ordered", "关键设施停运一小时折算人时", _OWN),
)
