"""The closed vocabulary of quantities: SI unit, display units, plausible span, and how values aggregate.

Code speaks quantities; units appear only at the edges (`io`, `formats`, `web`, `cli`). A value v in display unit u is
v * factor + offset in SI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import Invalid

Aggregate = Literal["sum", "mean", "max", "min", "last"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A display unit: SI value = value * factor + offset."""

    symbol: str
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measurable quantity.

    unit       SI unit in which it is stored
    span       plausible (low, high) in SI; outside is a finding, not an error
    aggregate  how several values combine over time or assets
    display    units accepted at the edges; the first is the one shown by default
    """

    name: str
    unit: str
    span: tuple[float, float]
    aggregate: Aggregate
    display: tuple[Unit, ...]

    def to_si(self, value, unit: str):  # type: ignore[no-untyped-def]
        """Convert a number or array from `unit` to SI. raises Invalid if the unit is not one of this quantity."""
        chosen = self.find_unit(unit)
        return value * chosen.factor + chosen.offset

    def from_si(self, value, unit: str | None = None):  # type: ignore[no-untyped-def]
        """Convert a number or array from SI to `unit` (default: the first display unit)."""
        chosen = self.display[0] if unit is None else self.find_unit(unit)
        return (value - chosen.offset) / chosen.factor

    def find_unit(self, symbol: str) -> Unit:
        """The unit with this symbol, SI included. raises Invalid if there is none."""
        for candidate in self.display:
            if candidate.symbol == symbol:
                return candidate
        if symbol == self.unit:
            return Unit(symbol)
        known = ", ".join(dict.fromkeys([*(u.symbol for u in self.display), self.unit]))
        raise Invalid(f"unit {symbol!r} is not a unit of {self.name}", fix=f"Use one of: {known}")


_FOOT, _US_FOOT, _INCH, _GALLON, _ATM = 0.3048, 1200.0 / 3937.0, 0.0254, 0.003785411784, 101325.0
_GRAVITY_WATER = 9806.65  # Pa per metre of water at 4 C, the convention of pressure heads


def _q(name: str, unit: str, span: tuple[float, float], aggregate: Aggregate, *display: tuple[str, float] | tuple[str, float, float]) -> Quantity:
    return Quantity(name, unit, span, aggregate, tuple(Unit(*item) for item in display) or (Unit(unit),))


_LENGTHS: tuple[tuple[str, float], ...] = (("km", 1e3), ("cm", 1e-2), ("mm", 1e-3), ("ft", _FOOT), ("us-ft", _US_FOOT), ("in", _INCH), ("mi", 1609.344))

QUANTITIES: dict[str, Quantity] = {
    q.name: q
    for q in (
        # geometry
        _q("length", "m", (0.0, 1e5), "sum", ("m", 1.0), *_LENGTHS),
        _q("height", "m", (0.0, 1000.0), "max", ("m", 1.0), *_LENGTHS),
        _q("diameter", "m", (0.005, 20.0), "mean", ("mm", 1e-3), ("m", 1.0), ("cm", 1e-2), ("in", _INCH), ("ft", _FOOT)),
        _q("thickness", "m", (0.0, 5.0), "mean", ("mm", 1e-3), ("m", 1.0), ("cm", 1e-2), ("in", _INCH)),
        _q("roughness", "m", (0.0, 0.05), "mean", ("mm", 1e-3), ("m", 1.0), ("1e-3ft", _FOOT * 1e-3)),
        _q("elevation", "m", (-500.0, 9000.0), "mean", ("m", 1.0), ("cm", 1e-2), ("mm", 1e-3), ("ft", _FOOT), ("us-ft", _US_FOOT)),
        _q("depth", "m", (0.0, 60.0), "max", ("m", 1.0), ("cm", 1e-2), ("mm", 1e-3), ("ft", _FOOT), ("in", _INCH)),
        _q("area", "m2", (0.0, 1e12), "sum", ("m2", 1.0), ("ha", 1e4), ("km2", 1e6), ("mm2", 1e-6), ("ft2", _FOOT**2), ("ac", 4046.8564224)),
        _q("volume", "m3", (0.0, 1e12), "sum", ("m3", 1.0), ("L", 1e-3), ("ft3", _FOOT**3), ("gal", _GALLON)),
        _q("angle", "rad", (-6.3, 6.3), "mean", ("deg", 0.017453292519943295), ("rad", 1.0)),
        _q("slope", "1", (-1.0, 1.0), "mean", ("1", 1.0), ("%", 1e-2), ("permille", 1e-3)),
        # hydraulics
        _q("discharge", "m3/s", (-1e5, 1e5), "sum", ("L/s", 1e-3), ("m3/s", 1.0), ("m3/h", 1 / 3600), ("m3/d", 1 / 86400), ("L/min", 1e-3 / 60),
           ("ML/d", 1e3 / 86400), ("ft3/s", _FOOT**3), ("gal/min", _GALLON / 60), ("Mgal/d", _GALLON * 1e6 / 86400)),
        _q("velocity", "m/s", (-50.0, 50.0), "mean", ("m/s", 1.0), ("ft/s", _FOOT), ("km/h", 1 / 3.6)),
        _q("head", "m", (-500.0, 9000.0), "mean", ("m", 1.0), ("ft", _FOOT)),
        _q("pressure", "Pa", (-1.1e5, 3e7), "mean", ("kPa", 1e3), ("Pa", 1.0), ("MPa", 1e6), ("bar", 1e5), ("mH2O", _GRAVITY_WATER),
           ("psi", 6894.757293168), ("atm", _ATM)),
        _q("hazen_williams_c", "1", (20.0, 180.0), "mean"),
        _q("manning_n", "s/m^(1/3)", (0.005, 1.0), "mean"),
        _q("loss_coefficient", "1", (0.0, 1e6), "sum"),
        _q("rainfall_rate", "m/s", (0.0, 1e-3), "mean", ("mm/h", 1e-3 / 3600), ("m/s", 1.0), ("in/h", _INCH / 3600)),
        _q("rainfall_depth", "m", (0.0, 5.0), "sum", ("mm", 1e-3), ("m", 1.0), ("in", _INCH)),
        # electricity
        _q("voltage", "V", (0.0, 1.2e6), "mean", ("kV", 1e3), ("V", 1.0)),
        _q("voltage_pu", "1", (0.0, 2.0), "mean"),
        _q("current", "A", (0.0, 1e6), "mean", ("A", 1.0), ("kA", 1e3)),
        _q("active_power", "W", (-1e11, 1e11), "sum", ("kW", 1e3), ("W", 1.0), ("MW", 1e6)),
        _q("reactive_power", "var", (-1e11, 1e11), "sum", ("kvar", 1e3), ("var", 1.0), ("Mvar", 1e6)),
        _q("apparent_power", "VA", (0.0, 1e11), "sum", ("kVA", 1e3), ("VA", 1.0), ("MVA", 1e6)),
        _q("resistance", "ohm", (0.0, 1e9), "sum", ("ohm", 1.0)),
        _q("resistance_per_length", "ohm/m", (0.0, 1.0), "mean", ("ohm/km", 1e-3), ("ohm/m", 1.0)),
        _q("capacitance_per_length", "F/m", (0.0, 1e-6), "mean", ("nF/km", 1e-12), ("F/m", 1.0)),
        _q("conductance_per_length", "S/m", (0.0, 1e-6), "mean", ("uS/km", 1e-9), ("S/m", 1.0)),
        _q("energy", "J", (0.0, 1e18), "sum", ("kWh", 3.6e6), ("MWh", 3.6e9), ("J", 1.0), ("MJ", 1e6)),
        _q("frequency", "Hz", (0.0, 1e12), "mean", ("Hz", 1.0), ("MHz", 1e6), ("GHz", 1e9)),
        # gas and heat
        _q("temperature", "K", (200.0, 2000.0), "mean", ("degC", 1.0, 273.15), ("K", 1.0), ("degF", 5 / 9, 459.67 * 5 / 9)),
        _q("temperature_difference", "K", (-500.0, 500.0), "mean", ("K", 1.0)),
        _q("mass_flow", "kg/s", (-1e5, 1e5), "sum", ("kg/s", 1.0), ("t/h", 1 / 3.6)),
        _q("heat_flow", "W", (-1e11, 1e11), "sum", ("kW", 1e3), ("W", 1.0), ("MW", 1e6)),
        _q("heat_transfer_coefficient", "W/m2/K", (0.0, 1e4), "mean", ("W/m2/K", 1.0)),
        _q("gas_fraction", "1", (0.0, 1.0), "max", ("%vol", 1e-2), ("%LEL", 5e-4), ("ppm", 1e-6)),
        _q("concentration", "kg/m3", (0.0, 1e3), "mean", ("mg/L", 1e-3), ("kg/m3", 1.0), ("mg/m3", 1e-6), ("ug/L", 1e-6)),
        _q("reaction_rate", "1/s", (-1.0, 1.0), "mean", ("1/d", 1 / 86400), ("1/s", 1.0)),
        _q("turbidity", "NTU", (0.0, 1e4), "mean"),
        _q("ph", "1", (0.0, 14.0), "mean"),
        # movement
        _q("speed", "m/s", (0.0, 120.0), "mean", ("km/h", 1 / 3.6), ("m/s", 1.0), ("mi/h", 0.44704)),
        _q("traffic_flow", "1/s", (0.0, 100.0), "sum", ("veh/h", 1 / 3600), ("1/s", 1.0)),
        _q("duration", "s", (0.0, 1e10), "sum", ("h", 3600.0), ("s", 1.0), ("min", 60.0), ("d", 86400.0), ("a", 31557600.0)),
        _q("acceleration", "m/s2", (-100.0, 100.0), "max", ("g", 9.80665), ("m/s2", 1.0), ("gal", 1e-2)),
        _q("strain", "1", (-0.1, 0.1), "max", ("microstrain", 1e-6), ("1", 1.0)),
        # counts and shares
        _q("population", "1", (0.0, 2e9), "sum", ("persons", 1.0)),
        _q("count", "1", (0.0, 1e12), "sum"),
        _q("ratio", "1", (0.0, 1.0), "mean", ("%", 1e-2), ("1", 1.0)),
        _q("factor", "1", (-1e12, 1e12), "mean"),
        _q("money", "CNY", (0.0, 1e14), "sum", ("CNY", 1.0), ("10kCNY", 1e4)),
        _q("data_rate", "bit/s", (0.0, 1e15), "sum", ("Mbit/s", 1e6), ("Gbit/s", 1e9), ("bit/s", 1.0)),
    )
}


def quantity(name: str) -> Quantity:
    """The quantity of that name. raises Invalid naming the closed vocabulary if there is none."""
    try:
        return QUANTITIES[name]
    except KeyError:
        raise Invalid(f"{name!r} is not a known quantity", fix=f"Use one of: {', '.join(sorted(QUANTITIES))}") from None
