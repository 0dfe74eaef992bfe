"""Editable numbers of the roads domain, each with its source."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Setting, Source

from .tntp_write import LANE_CAPACITY, SPEED

OWN = Source("Holdfast default", mark="proposal")
DESIGN = Source("CJJ 37-2012", "3.2", "2016", "recalled", "design speeds of urban roads")
LANES = Source("CJJ 37-2012 and practice", "capacity of a lane with signals", "", "recalled-low")
BPR = Source("Traffic Assignment Manual, Bureau of Public Roads", "0.15 and 4", "1964", "recalled")
STATIONS = Source("Jianbiao 152-2017", "layout: at the edge of the district 5 min after the call", "2017", "recalled")
TURNOUT = Source("Jianbiao 152-2017", "call and turnout take 1 min of the 5", "2017", "recalled-low")
TRAFFIC_LAW = Source("Road Traffic Safety Law", "article 53", "2021", "recalled", "vehicles on emergency duty are not bound by direction, speed or signals")
SURVEYS = Source("urban household travel surveys", "trips per person and day, share of cars, peak hour", "", "recalled-low")
GRAVITY = Source("NCHRP Report 716", "gravity model with exponential impedance", "2012", "recalled-low")

_HOURS = (0.006, 0.004, 0.003, 0.003, 0.006, 0.015, 0.035, 0.085, 0.090, 0.060, 0.050, 0.050, 0.050, 0.050, 0.050, 0.055, 0.065, 0.095, 0.080, 0.050, 0.035, 0.028, 0.020, 0.015)


def _setting(key: str, default: Any, title: str, title_zh: str, source: Source = OWN, quantity: str | None = None) -> Setting:
    return Setting(f"roads.{key}", default, title, title_zh, source, quantity)


SETTINGS: tuple[Setting, ...] = (
    _setting("speed", {k: round(v / 3.6, 4) for k, v in SPEED.items()} | {"path": 1.4}, "speed of streets without a limit, by class", "缺省车速", DESIGN, "speed"),
    _setting("lane_capacity", {k: round(v / 3600.0, 6) for k, v in LANE_CAPACITY.items()}, "capacity of one lane, by class", "单车道通行能力", LANES, "traffic_flow"),
    _setting("delay_factor", 0.15, "delay factor of streets without one", "缺省延误系数", BPR, "factor"),
    _setting("delay_power", 4.0, "delay power of streets without one", "缺省延误指数", BPR, "factor"),
    _setting("reach_time", 300.0, "time in which the first fire engine must arrive", "消防到场时限", STATIONS, "duration"),
    _setting("turnout_time", 60.0, "time from the call to leaving the station", "接警出动时间", TURNOUT, "duration"),
    _setting("emergency_speed_share", 0.7, "speed of emergency vehicles with stops at crossings, as a share of the street's speed", "应急车辆速度比例", quantity="ratio"),
    _setting("against_one_way", True, "emergency vehicles may drive against one-way streets", "应急车辆可逆行", TRAFFIC_LAW),
    _setting("dark_signal_delay", 20.0, "delay at a crossing whose signals are out", "信号灯失电延误", quantity="duration"),
    _setting("dark_signal_capacity", 0.7, "capacity of streets into a crossing whose signals are out, as a share", "信号灯失电通行能力比例", quantity="ratio"),
    _setting("facility_kinds", ["buildings.fire_station"], "kinds from which help comes", "救援出发点类别"),
    _setting("refuge_kinds", ["buildings.hospital"], "kinds to which a way must be open, with the ways out of the city", "必须可达的设施类别"),
    _setting("entries", [], "crossings at which roads leave the city; none: found at its edge", "城市出入口路口"),
    _setting("trip_rate", 2.2, "trips per person and day", "人均日出行次数", SURVEYS, "count"),
    _setting("car_share", 0.25, "share of trips made by car", "小汽车出行比例", SURVEYS, "ratio"),
    _setting("car_occupancy", 1.3, "people in a car", "车均载客", SURVEYS, "count"),
    _setting("jobs_per_resident", 0.5, "jobs per resident of zones without a number of jobs", "职住比", SURVEYS, "ratio"),
    _setting("gravity_time", 900.0, "travel time over which attraction falls to 1/e", "重力模型时间参数", GRAVITY, "duration"),
    _setting("hour_shares", list(_HOURS), "share of a day's car trips in each hour from midnight", "小时出行比例", SURVEYS, "ratio"),
)
