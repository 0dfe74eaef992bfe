"""Lines, transformers, impedances and switches of a city as branches of a power model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.power import sections
from holdfast.engines.network.power.model import BranchKind
from holdfast.engines.network.power.sections import Section

from .grid_tables import Tables

LEAST_IMPEDANCE = 1e-9  # ohm; below it a line is a joint


@dataclass(slots=True)
class Branches:
    """Columns of `PowerModel`, and the component that each branch belongs to."""

    kind: np.ndarray
    start: np.ndarray
    end: np.ndarray
    section: Section
    on_from: np.ndarray
    on_to: np.ndarray
    component: np.ndarray


def lines(tables: Tables, rated: np.ndarray) -> Branches:
    """power.line. Lines without usable impedance join their ends."""
    start, end = tables.attached("line", "from_id", "to_id")
    parallel = np.maximum(tables.number("line", "parallel", 1.0), 1.0)
    length = tables.number("line", "length")
    length = np.where(np.isnan(length), tables.number("line", "shape_length"), length)
    r, x = tables.number("line", "resistance"), tables.number("line", "reactance")
    c, g = tables.number("line", "capacitance", 0.0), tables.number("line", "conductance", 0.0)
    current = tables.number("line", "rated_current") * tables.number("line", "derating", 1.0) * tables.number("line", "max_loading", 1.0)
    unknown = np.isnan(length) | (np.isnan(r) & np.isnan(x))
    r, x, length = np.nan_to_num(r), np.nan_to_num(x), np.nan_to_num(length)
    section = sections.line(length, r, x, c, g, current, parallel, tables.frequency)
    good = (start >= 0) & (end >= 0) & tables.working("line")
    tables.refuse("line", unknown & good, "power.no_impedance", "it has no length or no impedance, so it joins its ends without loss", "resistance",
                  "Give its length, resistance and reactance", "warning")
    joint = np.abs(section.z) < LEAST_IMPEDANCE
    tables.refuse("line", joint & ~unknown & good, "power.zero_impedance", "its impedance is zero, so it joins its ends without loss", "resistance",
                  "Check its length, resistance and reactance", "warning")
    differ = good & (np.abs(rated[np.maximum(start, 0)] / rated[np.maximum(end, 0)] - 1.0) > 0.01)
    tables.refuse("line", differ, "power.voltage_mismatch", "its ends have different nominal voltages, so it is left out", "to_id", "Put a transformer between them")
    good &= ~differ
    section.z[joint] = 0.0
    kind = np.where(joint, BranchKind.COUPLER, BranchKind.LINE)
    return Branches(kind, start, end, section, good & tables.flag("line", "from_closed"), good & tables.flag("line", "to_closed"), tables.components("line"))


def transformers(tables: Tables, rated: np.ndarray) -> Branches:
    """power.transformer. Those with data that make no sense are out of service."""
    start, end = tables.attached("transformer", "from_id", "to_id")
    high, low, turn = _tapped(tables)
    power, short = tables.number("transformer", "rated_power"), tables.number("transformer", "short_circuit_voltage")
    real = tables.number("transformer", "short_circuit_resistance", 0.0)
    working = (start >= 0) & (end >= 0) & tables.working("transformer")
    wrong = ~((power > 0) & (high > 0) & (low > 0) & (np.abs(short) > 1e-6) & (np.abs(real) <= np.abs(short) + 1e-12))
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(np.log(high / low * rated[np.maximum(end, 0)] / rated[np.maximum(start, 0)])) > np.log(1.5)
    tables.refuse("transformer", (wrong | off) & working, "power.transformer_data",
                  "its rated power, voltages or short-circuit voltage make no sense, so it is out of service", "short_circuit_voltage",
                  "Correct rated power, voltages, short-circuit voltage and its resistive part")
    good = working & ~wrong & ~off
    use = np.where(good, 1.0, np.nan)
    fill = [np.where(good, column, 1.0) for column in (power, high, low)]
    loading = tables.number("transformer", "derating", 1.0) * tables.number("transformer", "max_loading", 1.0)
    section = sections.transformer(
        *fill, np.where(good, short, 0.1), np.where(good, real, 0.0), tables.number("transformer", "iron_loss", 0.0) * np.nan_to_num(use),
        tables.number("transformer", "no_load_current", 0.0) * np.nan_to_num(use), np.maximum(tables.number("transformer", "parallel", 1.0), 1.0),
        tables.number("transformer", "phase_shift", 0.0) + turn, rated[np.maximum(start, 0)], rated[np.maximum(end, 0)], loading,
        *(np.where(good, tables.number("transformer", f"{side}_voltage"), 1.0) for side in ("hv", "lv")),
    )
    return Branches(np.full(len(start), BranchKind.TRANSFORMER), start, end, section, good & tables.flag("transformer", "from_closed"),
                    good & tables.flag("transformer", "to_closed"), tables.components("transformer"))


def _tapped(tables: Tables) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rated voltages and extra phase shift with the tap changer at work; without a type of tap changer the position has no effect."""
    changer, low_side = tables.text("transformer", "tap_changer"), tables.text("transformer", "tap_side") == "lv"
    steps = tables.number("transformer", "tap_position", 0.0) - tables.number("transformer", "tap_neutral", 0.0)
    size = np.where(np.isin(changer, ("Ratio", "Symmetrical")), steps * tables.number("transformer", "tap_step", 0.0), 0.0)
    angle = tables.number("transformer", "tap_step_angle", 0.0)
    moved = 1.0 + size * np.exp(1j * np.where(np.isin(changer, ("Ratio", "Symmetrical")), angle, 0.0))
    turn = np.where(low_side, -1.0, 1.0) * (np.angle(moved) + np.where(changer == "Ideal", steps * angle, 0.0))
    high, low = tables.number("transformer", "hv_voltage"), tables.number("transformer", "lv_voltage")
    return np.where(low_side, high, high * np.abs(moved)), np.where(low_side, low * np.abs(moved), low), turn


def transformers3(tables: Tables, rated: np.ndarray, first_node: int) -> tuple[Branches, np.ndarray]:
    """power.transformer3 as three branches that meet in a node of their own; also the nominal voltages of those nodes."""
    ends = tables.attached("transformer3", "hv_bus_id", "mv_bus_id", "lv_bus_id")
    kind = "transformer3"
    volts = np.stack([tables.number(kind, f"{side}_voltage") for side in ("hv", "mv", "lv")], axis=1)
    power = np.stack([tables.number(kind, f"{side}_power") for side in ("hv", "mv", "lv")], axis=1)
    short = np.stack([tables.number(kind, f"{side}_short_circuit_voltage") for side in ("hv", "mv", "lv")], axis=1)
    real = np.stack([tables.number(kind, f"{side}_short_circuit_resistance", 0.0) for side in ("hv", "mv", "lv")], axis=1)
    working = np.all([end >= 0 for end in ends], axis=0) & tables.working(kind)
    wrong = ~((volts > 0).all(axis=1) & (power > 0).all(axis=1) & (np.abs(short) > 1e-6).all(axis=1))
    tables.refuse(kind, wrong & working, "power.transformer_data", "its rated powers, voltages or short-circuit voltages make no sense, so it is out of service",
                  "hv_short_circuit_voltage", "Correct rated powers, voltages and short-circuit voltages")
    good = working & ~wrong
    volts, power, short = (np.where(good[:, None], column, filler) for column, filler in ((volts, 1.0), (power, 1.0), (short, 0.1)))
    star = sections.star(power, short, np.where(good[:, None], real, 0.0))
    steps = (tables.number(kind, "tap_position", 0.0) - tables.number(kind, "tap_neutral", 0.0)) * tables.number(kind, "tap_step", 0.0)
    side = tables.text(kind, "tap_side")
    tapped = np.stack([volts[:, i] * (1.0 + np.where(side == name, steps, 0.0)) for i, name in enumerate(("hv", "mv", "lv"))], axis=1)
    count = len(good)
    middle, inner = first_node + np.arange(count), volts[:, 0]
    shift = np.stack([np.zeros(count), tables.number(kind, "mv_phase_shift", 0.0), tables.number(kind, "lv_phase_shift", 0.0)], axis=1)
    start = np.concatenate([ends[0], middle, middle])
    end = np.concatenate([middle, ends[1], ends[2]])
    outer = [rated[np.maximum(node, 0)] for node in ends]
    low = np.concatenate([inner, tapped[:, 1], tapped[:, 2]])
    ratio = np.concatenate([tapped[:, 0] / outer[0], outer[1] / tapped[:, 1], outer[2] / tapped[:, 2]]) * np.exp(1j * shift.T.ravel())
    iron, idle = tables.number(kind, "iron_loss", 0.0) * good, tables.number(kind, "no_load_current", 0.0) * good * power[:, 0]
    shunt = (iron - 1j * np.sqrt(np.maximum(idle**2 - iron**2, 0.0))) / inner**2
    limit = power / np.sqrt(3.0)
    z, y = sections.tee(star.T.ravel() * low**2, np.concatenate([shunt, np.zeros(2 * count)]))  # the iron sits in the high winding
    section = Section(
        z, y, ratio, np.concatenate([limit[:, 0] / tapped[:, 0], limit[:, 1] / inner, limit[:, 2] / inner]),
        np.concatenate([limit[:, 0] / inner, limit[:, 1] / tapped[:, 1], limit[:, 2] / tapped[:, 2]]),
    )
    on = np.tile(good, 3)
    return Branches(np.full(3 * count, BranchKind.WINDING), start, end, section, on.copy(), on.copy(), np.tile(tables.components(kind), 3)), inner


def impedances(tables: Tables, rated: np.ndarray) -> Branches:
    """power.impedance; different values in the two directions are averaged and said."""
    start, end = tables.attached("impedance", "from_id", "to_id")
    power = tables.number("impedance", "rated_power")
    there = tables.number("impedance", "resistance_pu", 0.0) + 1j * tables.number("impedance", "reactance_pu", 0.0)
    back = tables.number("impedance", "reverse_resistance_pu") + 1j * tables.number("impedance", "reverse_reactance_pu")
    back = np.where(np.isnan(back), there, back)
    working = (start >= 0) & (end >= 0) & tables.working("impedance")
    tables.refuse("impedance", working & (np.abs(there - back) > 1e-9), "power.one_way_impedance", "its impedance depends on the direction; the mean is used",
                  "reverse_reactance_pu", "Check the equivalent", "warning")
    z = 0.5 * (there + back) * rated[np.maximum(end, 0)] ** 2 / power
    good = working & np.isfinite(z) & (np.abs(z) > 0)
    tables.refuse("impedance", working & ~good, "power.no_impedance", "it has no impedance or no rated power, so it is out of service", "reactance_pu",
                  "Give its impedance and rated power")
    count = len(z)
    limit = np.where(power > 0, power, np.inf) / np.sqrt(3.0)
    section = Section(np.where(good, z, 1.0), np.zeros(count, complex), np.ones(count, complex), limit / rated[np.maximum(start, 0)], limit / rated[np.maximum(end, 0)])
    return Branches(np.full(count, BranchKind.IMPEDANCE), start, end, section, good, good.copy(), tables.components("impedance"))


def couplers(tables: Tables) -> tuple[Branches, np.ndarray]:
    """Switches between two buses as branches, and (switch,) which branch among them, -1 none."""
    kind, start, end = tables.text("switch", "element_type"), tables.at("switch", "from_id"), tables.at("switch", "to_id")
    between = (kind == "bus") | ((kind == "") & (end >= 0))
    lost = between & ((start < 0) | (end < 0))
    tables.refuse("switch", lost, "power.missing_bus", "it names a bus that the city does not have, so it is left out", "to_id", "Add the bus or correct the reference")
    rows = np.flatnonzero(between & ~lost)
    place = np.full(len(kind), -1)
    place[rows] = np.arange(len(rows))
    count = len(rows)
    nothing = np.zeros(count, complex)
    section = Section(nothing, nothing.copy(), np.ones(count, complex), np.full(count, np.inf), np.full(count, np.inf))
    closed = tables.flag("switch", "closed") & tables.working("switch")
    return Branches(np.full(count, BranchKind.COUPLER), start[rows], end[rows], section, closed[rows], closed[rows].copy(), tables.components("switch")[rows]), place


def on_ends(tables: Tables, parts: dict[str, tuple[int, Branches]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of lines and transformers on which switches sit.

    parts     kind -> number of its first branch, and its branches
    returns   (switch,) end, numbered branch for the first and branch + count for the second end, -1 none; and the rows that point nowhere
    """
    kind, bus = tables.text("switch", "element_type"), tables.at("switch", "from_id")
    end = np.full(len(kind), -1)
    for name in ("line", "transformer", "transformer3"):
        first, branches = parts[name]
        target = tables.at("switch", "to_id", name)
        rows = np.flatnonzero((kind == name) & (target >= 0) & (bus >= 0))
        size = tables.table[name].num_rows
        for turn in range(3 if name == "transformer3" else 1):
            branch = target[rows] + turn * size
            head, foot = branches.start[branch] == bus[rows], branches.end[branch] == bus[rows]
            hit = head | foot
            end[rows[hit]] = first + branch[hit] + np.where(head[hit], 0, count)
    lost = np.isin(kind, ("line", "transformer", "transformer3")) & (end < 0)
    tables.refuse("switch", lost, "power.switch_target", "its bus is no end of the line or transformer that it names, so it is left out", "to_id",
                  "Correct the bus or the line of the switch")
    return end, lost
