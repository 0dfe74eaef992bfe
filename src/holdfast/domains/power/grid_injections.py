"""Loads, generators, batteries, shunts, wards and external grids of a city as injections and sources of a power model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.power.model import Law

from .grid_tables import Tables

FIRM = ("diesel", "gas", "coal", "hydro", "nuclear", "biomass")
"""Fuels with which a generator can carry an island of its own [proposal]."""


@dataclass(slots=True)
class Injections:
    """Columns of `PowerModel`, and the component of each."""

    node: np.ndarray
    s: np.ndarray
    law: np.ndarray
    component: np.ndarray


@dataclass(slots=True)
class Sources:
    """External grids first, then units that can carry an island; held are voltage-controlled generators."""

    node: np.ndarray
    v: np.ndarray
    on: np.ndarray
    component: np.ndarray
    held_node: np.ndarray
    held_v: np.ndarray
    held_p: np.ndarray
    held_on: np.ndarray
    held_component: np.ndarray
    forming_source: np.ndarray
    forming_power: np.ndarray
    forming_component: np.ndarray


def injections(tables: Tables) -> Injections:
    """All fixed powers, loads first; loads with shares of constant current or impedance are several injections."""
    parts = [*_loads(tables), *_generators(tables), *_shunts(tables), *_direct(tables)]
    node, s, law, component = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = (node >= 0) & (s != 0)
    return Injections(node[kept].astype(np.int32), s[kept], law[kept].astype(np.int8), component[kept])


Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _part(tables: Tables, kind: str, node: np.ndarray, s: np.ndarray, law: Law) -> Part:
    return node, s, np.full(len(node), law), tables.components(kind)


def _power(tables: Tables, kind: str) -> np.ndarray:
    """(row,) complex p + jq times scaling; 0 where out of service."""
    scaling = tables.number(kind, "scaling", 1.0) * tables.working(kind)
    return (tables.number(kind, "p", 0.0) + 1j * tables.number(kind, "q", 0.0)) * scaling


def _loads(tables: Tables) -> list[Part]:
    (node,) = tables.attached("load", "bus_id")
    s = _power(tables, "load")
    shares = {law: (tables.number("load", f"{name}_share_p", 0.0), tables.number("load", f"{name}_share_q", 0.0))
              for law, name in ((Law.IMPEDANCE, "impedance"), (Law.CURRENT, "current"))}
    rest = tuple(1.0 - shares[Law.IMPEDANCE][i] - shares[Law.CURRENT][i] for i in range(2))
    return [_part(tables, "load", node, s.real * p + 1j * s.imag * q, law) for law, (p, q) in ({Law.POWER: rest} | shares).items()]


def _generators(tables: Tables) -> list[Part]:
    (node,) = tables.attached("generator", "bus_id")
    fixed = (tables.text("generator", "model") != "gen") & ~tables.flag("generator", "backup", False)
    (store,) = tables.attached("battery", "bus_id")
    grid = ~tables.flag("battery", "backup", False)
    return [_part(tables, "generator", node, -_power(tables, "generator") * fixed, Law.POWER), _part(tables, "battery", store, _power(tables, "battery") * grid, Law.POWER)]


def _shunts(tables: Tables) -> list[Part]:
    (node,), (ward,) = tables.attached("shunt", "bus_id"), tables.attached("ward", "bus_id")
    rated = tables.number("bus", "nominal_voltage")
    volts = tables.number("shunt", "nominal_voltage")
    scale = np.nan_to_num((rated[np.maximum(node, 0)] / volts) ** 2 if len(rated) else volts, nan=1.0) * tables.number("shunt", "step", 1.0) * tables.working("shunt")
    power = tables.number("shunt", "p", 0.0) + 1j * tables.number("shunt", "q", 0.0)
    on = tables.working("ward")
    tables.refuse("ward", on & (tables.number("ward", "inner_reactance", 0.0) > 0), "power.inner_voltage", "its inner voltage source is not modelled, only its powers",
                  "inner_reactance", "Model the neighbouring network as an external grid", "warning")
    s = tables.number("ward", "p", 0.0) + 1j * tables.number("ward", "q", 0.0)
    z = tables.number("ward", "p_impedance", 0.0) + 1j * tables.number("ward", "q_impedance", 0.0)
    return [_part(tables, "shunt", node, power * scale, Law.IMPEDANCE), _part(tables, "ward", ward, s * on, Law.POWER), _part(tables, "ward", ward, z * on, Law.IMPEDANCE)]


def _direct(tables: Tables) -> list[Part]:
    """Direct-current lines take power at one end and give it at the other, less the losses."""
    start, end = tables.attached("dc_line", "from_id", "to_id")
    power = tables.number("dc_line", "p", 0.0) * tables.working("dc_line") * (start >= 0) * (end >= 0)
    given = np.where(power > 0, (power - tables.number("dc_line", "loss", 0.0)) * (1.0 - tables.number("dc_line", "loss_share", 0.0)), power)
    return [_part(tables, "dc_line", start, power.astype(complex), Law.POWER), _part(tables, "dc_line", end, -given.astype(complex), Law.POWER)]


def sources(tables: Tables) -> Sources:
    """External grids, balancing generators, voltage-controlled generators, and units that can carry an island."""
    (grid,), (node,), (store,) = (tables.attached(kind, "bus_id") for kind in ("external_grid", "generator", "battery"))
    held_v = np.where(tables.number("external_grid", "voltage_setpoint", 1.0) > 0, tables.number("external_grid", "voltage_setpoint", 1.0), 1.0)
    outer = held_v * np.exp(1j * tables.number("external_grid", "voltage_angle", 0.0))
    running = tables.working("generator") & (node >= 0) & ~tables.flag("generator", "backup", False)
    controlled = running & (tables.text("generator", "model") == "gen")
    balancing = controlled & tables.flag("generator", "slack", False)
    setpoint = tables.number("generator", "voltage_setpoint", 1.0)
    held = np.flatnonzero(controlled & ~balancing)
    fuel = tables.text("generator", "fuel")
    capacity = np.fmax(np.fmax(tables.number("generator", "max_p"), tables.number("generator", "rated_power")), tables.number("generator", "p", 0.0))
    able = np.flatnonzero(running & ~balancing & (controlled | np.isin(fuel, FIRM)) & (capacity > 0))
    battery = tables.number("battery", "rated_power", 0.0)
    full = np.flatnonzero(tables.working("battery") & (store >= 0) & ~tables.flag("battery", "backup", False) & (battery > 0)
                          & (tables.number("battery", "max_energy", 0.0) * tables.number("battery", "state_of_charge", 1.0) > tables.number("battery", "min_energy", 0.0)))
    slack, outside = np.flatnonzero(balancing), np.flatnonzero(grid >= 0)
    firm = len(outside) + len(slack)
    own = np.concatenate([tables.components("generator")[able], tables.components("battery")[full]])
    return Sources(
        np.concatenate([grid[outside], node[slack], node[able], store[full]]).astype(np.int32),
        np.concatenate([outer[outside], setpoint[slack], setpoint[able], np.ones(len(full))]).astype(complex),
        np.concatenate([tables.working("external_grid")[outside], np.ones(len(slack), bool), np.zeros(len(own), bool)]),
        np.concatenate([tables.components("external_grid")[outside], tables.components("generator")[slack], own]),
        node[held].astype(np.int32), setpoint[held], (tables.number("generator", "p", 0.0) * tables.number("generator", "scaling", 1.0))[held], np.ones(len(held), bool),
        tables.components("generator")[held], firm + np.arange(len(own)), np.concatenate([capacity[able], battery[full]]), own,
    )
