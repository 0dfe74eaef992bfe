"""Hour by hour through a cold spell: the network steady in every hour, the water's delay, and rooms that store warmth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.heat.solve import HeatCases, HeatResult, HeatSolver
from holdfast.engines.network.heat.water import heat_capacity
from holdfast.model.lifeline import CaseStatus
from holdfast.model.people import people_at, people_served

from .capacity import Outlets, outlets, within_capacity
from .network import SPARE, HeatNetwork, load
from .shortfall import limits

RADIATOR = 0.3  # exponent of radiators [recalled]
PER_CUSTOMER = 2.62  # people, census of 2020 [recalled]
RECOVERY = 3.0  # hours in which the heating tries to bring a room back to its temperature [proposal]
COLD, COLDER = 291.15, 289.15  # 18 and 16 degC


@dataclass(slots=True)
class Plan:
    """What does not change with the hour.

    outdoor   (hour,) [K]            supply  (hour, feeder) temperature that plants aim at [K], NaN where a feeder holds none
    loss      (consumer,) heat that a building loses for each kelvin [W/K]      constant  (consumer,) time constant [h]
    room, design  room temperature and outdoor temperature of the design [K]
    outlets   where plants warm the water, and what they can give
    """

    network: HeatNetwork
    solver: HeatSolver
    outdoor: np.ndarray
    supply: np.ndarray
    loss: np.ndarray
    constant: np.ndarray
    room: float
    design: float
    outlets: Outlets


@dataclass(slots=True)
class Course:
    """What happens: room (hour, consumer) temperature at the end of the hour [K], wanted and heat (hour, consumer) [W], supply (hour,) [K], delay (consumer,) [s].

    limit  (hour, consumer) int8 what kept a consumer from the heat it wanted, see `holdfast.domains.heat.shortfall`
    called, given  (hour, plant) heat that plants would give at the temperature they aim at, and that they give within their capacity [W]
    """

    room: np.ndarray
    wanted: np.ndarray
    heat: np.ndarray
    supply: np.ndarray
    delay: np.ndarray
    status: np.ndarray
    limit: np.ndarray
    called: np.ndarray
    given: np.ndarray


def prepare(city: Any, hours: float, outdoor: float | None, swing: float) -> Plan | None:
    """The network and its weather; None without a network."""
    network = load(city)
    if network is None:
        return None
    design = float(city.settings["heat.design_outdoor_temperature"])
    room = float(city.settings["heat.room_temperature"])
    clock = np.arange(int(np.ceil(hours)))
    weather = (design if outdoor is None else outdoor) + swing * (1.0 - np.cos(2 * np.pi * (clock - 6) / 24)) / 2
    back = float(city.settings["heat.return_temperature"])
    supply = np.stack([supply_curve(t, weather, design, room, min(back, t)) for t in network.feeder_temperature], axis=1) if len(network.feeder) else np.empty((len(clock), 0))
    loss = network.wanted / max(room - design, 1.0)
    constant = np.full(len(loss), float(city.settings["heat.time_constant"]))
    return Plan(network, HeatSolver(network.model), weather, supply, loss, constant, room, design, outlets(network, back))


def supply_curve(supply: float, outdoor: np.ndarray, design: float, room: float, back: float) -> np.ndarray:
    """Supply temperature that gives the heat an outdoor temperature calls for, at constant flow [K].

    supply, back  design supply and return temperature at the outdoor temperature `design`
    source        quality control of radiator heating: mean excess temperature grows with load ** (1 / 1.3) [recalled]
    """
    load = np.clip((room - outdoor) / (room - design), 0.0, 1.0)
    return room + ((supply + back) / 2 - room) * load ** (1 / (1 + RADIATOR)) + (supply - back) * load / 2


def room_after(room: np.ndarray, outdoor: float, heat: np.ndarray, loss: np.ndarray, constant: np.ndarray, hours: float = 1.0) -> np.ndarray:
    """Room temperature after some hours at constant heat: exact solution of the heat balance of one storage.

    source   T = To + (T0 - To) exp(-t / tau) without heat, hazards.md 1.3
    """
    balance = outdoor + heat / np.maximum(loss, 1e-9)
    return balance + (room - balance) * np.exp(-hours / constant)


def run(plan: Plan, out: list[int], fails_at: float, lasts: float, pumps_run: bool) -> Course:
    """Follow the hours. out: positions of plants without heat from `fails_at` for `lasts` hours"""
    network, model, at = plan.network, plan.network.model, plan.outlets
    hours, rows = len(plan.outdoor), network.link_rows("heat.consumer")
    shape, plants = (hours, len(rows)), (hours, len(at.capacity))
    course = Course(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.full(hours, np.nan), np.zeros(len(rows)), np.zeros(hours, np.int8), np.zeros(shape, np.int8),
                    np.zeros(plants), np.zeros(plants))  # fmt: skip
    pump = network.table["heat.pump"].works()
    room, history, back = np.full(len(rows), plan.room), np.empty_like(plan.supply), np.nan
    full = np.zeros(hours, bool)  # a plant was at its capacity
    for hour in range(hours):
        dead = np.isin(network.feeder[:, 2], out) & (fails_at <= hour < fails_at + lasts)
        history[hour] = np.where(dead, np.fmin(plan.supply[hour], back if np.isfinite(back) else plan.room), plan.supply[hour])
        pumps = pump.copy()
        if not pumps_run:
            pumps[network.feeder[dead & (network.feeder[:, 1] >= 0), 1]] = False
        wanted = np.clip(plan.loss * (plan.room - plan.outdoor[hour]) + plan.loss * plan.constant * (plan.room - room) / RECOVERY, 0.0, SPARE * network.wanted)
        found = within_capacity(at, history[hour], dead, partial(_solve, plan, pumps, wanted, room))
        result, history[hour], full[hour] = found.result, found.temperature, (found.temperature < history[hour] - 1e-6).any()
        course.called[hour], course.given[hour] = found.called, found.given
        course.status[hour] = result.status[0] if found.ended else CaseStatus.DIVERGED
        age = result.age[0, model.link_from[rows]]
        arriving = _delayed(plan, history, hour, age, result.temperature[0, model.link_from[rows]])
        flow = np.abs(result.flow[0, rows])
        limit = np.where(np.isfinite(model.effect[rows]), model.effect[rows], np.inf) * heat_capacity(arriving) * flow * np.maximum(arriving - room, 0.0)
        got = np.where(flow > 1e-5, np.minimum(wanted, np.nan_to_num(limit, nan=0.0)), 0.0)
        steady = plan.loss * (plan.room - plan.outdoor[hour])
        left = np.clip(hour - np.nan_to_num(age, posinf=0.0) / 3600.0, 0, hour).astype(int)
        course.limit[hour] = limits(got, wanted, steady, flow / np.maximum(model.most[rows] / SPARE, 1e-9), bool(dead.any()), plan.outdoor[hour] < plan.design - 1e-6,
                                    full[left] | full[hour])  # fmt: skip
        room = room_after(room, plan.outdoor[hour], got, plan.loss, plan.constant)
        course.room[hour], course.wanted[hour], course.heat[hour] = room, wanted, got
        running = history[hour][~dead | pumps_run]
        course.supply[hour] = np.nanmean(running) if np.isfinite(running).any() else np.nan
        course.delay = np.where(np.isfinite(age), np.maximum(course.delay, age), course.delay)
        back = float((flow * (arriving - got / np.maximum(heat_capacity(arriving) * flow, 1e-9))).sum() / flow.sum()) if flow.sum() > 1e-5 else back
    return course


def _solve(plan: Plan, pumps: np.ndarray, wanted: np.ndarray, room: np.ndarray, temperature: np.ndarray) -> HeatResult:
    """The network steady with (pump,) that run, (consumer,) heat wanted [W] and temperature of rooms, and (feeder,) temperatures that plants hold [K]."""
    network = plan.network
    held, supplied = network.held(pumps[None, :], network.table["heat.plant"].works()[None, :])
    _set_supply(network, supplied, temperature)
    heat, rooms = np.zeros((1, network.model.links)), np.full((1, network.model.links), plan.room)
    heat[0, network.link_rows("heat.consumer")], rooms[0, network.link_rows("heat.consumer")] = wanted, room
    return plan.solver.solve(HeatCases(1, held=held, supplied=supplied, heat=heat, room=rooms))


def _set_supply(network: HeatNetwork, supplied: np.ndarray, temperature: np.ndarray) -> None:
    """Put this hour's temperatures where plants hold one."""
    for row, node in enumerate(network.feeder[:, 0]):
        if np.isfinite(temperature[row]) and np.isfinite(supplied[0, node]):
            supplied[0, node] = temperature[row]


def _delayed(plan: Plan, history: np.ndarray, hour: int, age: np.ndarray, steady: np.ndarray) -> np.ndarray:
    """(consumer,) temperature that arrives: the plants' of as long ago as the water took, cooled on its way as in the steady state."""
    mean = np.nanmean(history[: hour + 1], axis=1) if history.shape[1] else np.full(hour + 1, plan.room)
    then = np.interp(hour - np.nan_to_num(age, posinf=0.0) / 3600.0, np.arange(hour + 1), mean)
    ground = plan.network.model.stagnant
    kept = np.maximum((steady - ground) / max(mean[-1] - ground, 1.0), 0.0)  # above 1 where one's own plant is warmer than the mean of all
    warmest = np.nanmax(history[: hour + 1]) if np.isfinite(history[: hour + 1]).any() else plan.room
    return np.where(np.isfinite(age), np.minimum(ground + kept * (then - ground), max(warmest, ground)), ground)


def people_of(city: Any, network: HeatNetwork) -> np.ndarray:
    """(consumer,) people behind each consumer: those of the buildings that `serves` links hang on it, counted as `holdfast.model.people` says.

    Without such links those of the building it names, else 2.62 for each customer (census of 2020 [recalled]).
    """
    consumer = network.table["heat.consumer"]
    linked = people_served(city, "heat", consumer.id)
    if linked is not None:
        return np.rint(linked).astype(np.int64)
    named = people_at(city, consumer.texts("building_id"))
    people = np.where(np.isfinite(named), named, np.nan_to_num(consumer.numbers("customers")) * PER_CUSTOMER)
    return np.rint(people).astype(np.int64)


def tables(plan: Plan, course: Course, people: np.ndarray) -> dict[str, pa.Table]:
    """The answer's tables."""
    rows = range(len(course.room))
    cold, colder = course.room < COLD - 1e-6, course.room < COLDER - 1e-6
    some = course.room.shape[1] > 0
    hours = pa.table({
        "hour": np.arange(len(course.room), dtype=float), "outdoor": plan.outdoor, "supply": pa.array(course.supply, from_pandas=True), "wanted": course.wanted.sum(axis=1),
        "delivered": course.heat.sum(axis=1), "coldest_room": course.room.min(axis=1) if some else pa.nulls(len(rows), pa.float64()),
        "mean_room": course.room.mean(axis=1) if some else pa.nulls(len(rows), pa.float64()), "people_below_18": (cold * people).sum(axis=1),
        "people_below_16": (colder * people).sum(axis=1), "status": course.status.astype(np.int64)})
    consumer, plant = plan.network.table["heat.consumer"], plan.network.table["heat.plant"]
    lowest = course.room.min(axis=0)
    order = np.argsort(lowest, kind="stable")
    buildings = pa.table({
        "id": consumer.id, "building": consumer.texts("building_id"), "people": people, "lowest_room": lowest, "at_hour": course.room.argmin(axis=0).astype(float),
        "hours_below_18": cold.sum(axis=0), "hours_below_16": colder.sum(axis=0), "delay_minutes": np.round(course.delay / 60.0, 1)}).take(pa.array(order))
    count, capacity = course.called.shape[1], plan.outlets.capacity
    plants = pa.table({
        "hour": np.repeat(np.arange(len(course.room), dtype=float), count), "id": plant.id.take(pa.array(np.tile(np.arange(count), len(course.room)))),
        "wanted": course.called.reshape(-1), "given": course.given.reshape(-1),
        "capacity": pa.array(np.tile(np.where(np.isfinite(capacity), capacity, np.nan), len(course.room)), from_pandas=True)})
    return {"hours": hours, "buildings": buildings, "plants": plants}
