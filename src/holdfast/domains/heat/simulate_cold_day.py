"""Simulate a cold day: supply temperature by outdoor temperature, heat that reaches buildings, rooms that cool when a plant fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

if TYPE_CHECKING:
    from .cold_day import Course, Plan


def simulate_cold_day(
    city: City,
    hours: Annotated[float, Param("hours to simulate", "模拟小时数")] = 48.0,
    outdoor: Annotated[float | None, Param("coldest outdoor temperature", "最低室外温度", "temperature")] = None,
    swing: Annotated[float, Param("from the coldest to the warmest hour of a day", "日温差", "temperature_difference")] = 6.0,
    plants: Annotated[list[str] | None, Param("plants that fail", "停运热源", assets=("heat.plant",))] = None,
    fails_at: Annotated[float, Param("hour at which they fail", "停运时刻")] = 6.0,
    lasts: Annotated[float, Param("hours until they work again", "停运时长(小时)")] = 24.0,
    pumps_run: Annotated[bool, Param("their pumps go on running", "循环泵继续运行")] = False,
) -> Answer:
    """Follow a heat network and the rooms behind it through cold hours.

    hours      1 to 2400                 outdoor  [K]; by default the design temperature; it is coldest at 6 and warmest at 18
    plants     ids of heat plants that give no heat for a while; none by default
    pumps_run  with True water that nobody warms goes on circulating, otherwise it stands still
    returns    tables `hours` (outdoor and supply temperature [K], heat wanted and delivered [W], coldest and mean room, people below 18 and 16 degC),
               `buildings` (for every consumer the lowest room temperature, when, hours below 18 and 16 degC, people, delay of the water) and `plants`
               (by hour what each is called on for, what it gives, its capacity [W]); a plant at its capacity gives colder water, and a finding says so
               where consumers get over 1 % less than they want, findings say which limit binds: a plant's capacity, supply temperature at its design
               value in hours colder than the design, flow, delay of the water, no water, or warming up after an outage; an outage that is asked for is none
    raises     NotFound without a heat network or for an unknown plant, Invalid for times and temperatures that make no sense
    source     supply curve of quality control with radiator exponent 0.3 [recalled]; room temperature follows its heat balance with the time constant
               heat.time_constant (RC decay, hazards.md 1.3 [recalled]); 18 degC: heat.least_room_temperature
    """
    from .capacity import report_capacity
    from .cold_day import people_of, prepare, run, tables
    from .shortfall import report

    if not 1.0 <= hours <= 2400.0:
        raise Invalid(f"{hours} hours cannot be simulated", fix="Give 1 to 2400 hours", field="hours")
    if outdoor is not None and not 203.0 <= outdoor <= 303.0:
        raise Invalid(f"an outdoor temperature of {outdoor} K makes no sense", fix="Give 203 to 303 K; -12 degC is 261.15 K", field="outdoor")
    if not 0.0 <= swing <= 40.0:
        raise Invalid(f"a daily swing of {swing} K makes no sense", fix="Give 0 to 40 K", field="swing")
    if fails_at < 0 or lasts < 0:
        raise Invalid("an outage cannot begin or last less than nothing", fix="Give hours of 0 and more", field="fails_at" if fails_at < 0 else "lasts")
    plan = prepare(city, hours, outdoor, swing)
    if plan is None:
        raise NotFound("the city has no heat network", fix="Import one first")
    known = plan.network.table["heat.plant"].id.to_pylist()
    missing = [name for name in plants or [] if name not in known]
    if missing:
        raise NotFound(f"there is no heat plant {missing[0]!r}", fix=f"Plants are: {', '.join(known[:20])}", field="plants")
    course = run(plan, [known.index(name) for name in plants or []], fails_at, lasts, pumps_run)
    report(plan.network.findings, course.limit, course.heat, course.wanted, plan.network.table["heat.consumer"].id)
    full = report_capacity(plan.network.findings, plan.outlets, course.called, course.given)
    found = tables(plan, course, people_of(city, plan.network))
    summary = _summary(plan, course, found, hours, plants or []) | {"hours_at_capacity": {known[h]: int(full[h]) for h in full.nonzero()[0]}}
    return Answer(summary, found, plan.network.findings, status="diverged" if course.status.any() else "done", plots=(
        Plot("Rooms", "室温", "hours", "hour", ("coldest_room", "mean_room", "outdoor"), x_label="h", y_label="K"),
        Plot("Heat wanted and delivered", "热负荷与供热量", "hours", "hour", ("wanted", "delivered"), x_label="h", y_label="W"),
        Plot("People in cold rooms", "低温室内人数", "hours", "hour", ("people_below_18", "people_below_16"), kind="step", x_label="h", y_label="people")))


def _summary(plan: Plan, course: Course, found: dict, hours: float, plants: list[str]) -> dict[str, object]:  # type: ignore[type-arg]
    import pyarrow.compute as pc

    from holdfast.engines.network.heat.solve import ENGINE

    table, buildings = found["hours"], found["buildings"]
    return {
        "hours": hours, "unsolved": int((course.status != 0).sum()), "engine": ENGINE, "plants_out": plants, "consumers": buildings.num_rows,
        "coldest_outdoor_k": round(float(plan.outdoor.min()), 2), "coldest_room_k": round(float(course.room.min()), 2) if course.room.size else None,
        "people": int(pc.sum(buildings["people"]).as_py() or 0), "most_people_below_18": int(pc.max(table["people_below_18"]).as_py()),
        "most_people_below_16": int(pc.max(table["people_below_16"]).as_py()), "heat_wanted_j": float(pc.sum(table["wanted"]).as_py() * 3600.0),
        "heat_delivered_j": float(pc.sum(table["delivered"]).as_py() * 3600.0), "longest_delay_minutes": pc.max(buildings["delay_minutes"]).as_py(),
        "rooms_that_freeze": int(pc.sum(pc.less(buildings["lowest_room"], 273.15)).as_py() or 0), "findings": plan.network.findings.counts(),
    }
