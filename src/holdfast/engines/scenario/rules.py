"""The scenario engine's editable numbers as one value, read from a city's settings or left at their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.model.errors import Invalid

from .settings import SETTINGS

_DEFAULT = {s.key: s.default for s in SETTINGS}

PRIORITIES = ("importance", "shortest", "nearest", "random")
"""Rules by which crews choose what to mend next, see `repair.priorities`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the engine judges, repairs and weighs.

    served_from          level (0 to 1) from which an asset counts as served
    missing_provider     "outside": a need without any provider, or whose network does not serve it even undisturbed, counts as met; "nobody": as unmet
    max_rounds           rounds between lifelines before a case of load shedding counts as diverged
    cache                bytes of network solutions kept
    follow_day           lifelines are solved for the hour of the event instead of the mean demand; solutions are then not shared between hours
    crews                domain -> crews for every 100,000 people        minimum_crews  that each domain has at least
    mobilisation_hours, shift_hours   domain or "default" -> h, h a day
    isolation_hours      service -> h on the site until a leak is shut off; 0 at once, not named never
    isolate_leaking      services that are shut off also where the asset still does its job
    repair_rate_scale, repair_hours_scale  factors on repair rates of buried lines and on repair times
    crew_speed           m/s                  detour   road distance as a multiple of the straight line
    indirect_loss        service -> CNY per person-hour
    service_weight       service -> weight of a person-hour       critical_weight   person-hours per facility hour
    """

    served_from: float = _DEFAULT["scenario.served_from"]
    missing_provider: str = _DEFAULT["scenario.missing_provider"]
    max_rounds: int = _DEFAULT["scenario.max_rounds"]
    cache: int = _DEFAULT["scenario.cache"]
    follow_day: bool = False
    crews: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.crews"]))
    minimum_crews: int = _DEFAULT["scenario.minimum_crews"]
    mobilisation_hours: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.mobilisation_hours"]))
    shift_hours: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.shift_hours"]))
    isolation_hours: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.isolation_hours"]))
    isolate_leaking: Sequence[str] = field(default_factory=lambda: list(_DEFAULT["scenario.isolate_leaking"]))
    repair_rate_scale: float = _DEFAULT["scenario.repair_rate_scale"]
    repair_hours_scale: float = _DEFAULT["scenario.repair_hours_scale"]
    crew_speed: float = _DEFAULT["scenario.crew_speed"]
    detour: float = _DEFAULT["scenario.detour"]
    indirect_loss: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.indirect_loss"]))
    service_weight: Mapping[str, float] = field(default_factory=lambda: dict(_DEFAULT["scenario.service_weight"]))
    critical_weight: float = _DEFAULT["scenario.critical_weight"]

    def __post_init__(self) -> None:
        if self.missing_provider not in ("outside", "nobody"):
            raise Invalid(f"{self.missing_provider!r} cannot serve", fix="Use outside or nobody", field="scenario.missing_provider")
        if not 0.0 < self.served_from <= 1.0:
            raise Invalid("the level from which an asset is served lies between 0 and 1", fix="Give a share such as 0.5", field="scenario.served_from")
        if any(not 0.0 < hours <= 24.0 for hours in self.shift_hours.values()):
            raise Invalid("crews work more than 0 and at most 24 hours a day", fix="Give hours a day", field="scenario.shift_hours")

        if any(not hours >= 0.0 for hours in self.isolation_hours.values()):
            raise Invalid("nobody shuts a leak off before it is there", fix="Give hours of 0 or more, or leave the service out", field="scenario.isolation_hours")

    @classmethod
    def read(cls, settings: Any) -> Rules:
        """The rules of a city. settings: anything with `settings["scenario.served_from"]` and so on, such as `city.settings`"""
        return cls(**{key.partition(".")[2]: settings[key] for key in _DEFAULT if key.partition(".")[2] in cls.__slots__})

    def mobilisation(self, domain: str) -> float:
        """Hours until the first crew of a domain leaves."""
        return float(self.mobilisation_hours.get(domain, self.mobilisation_hours.get("default", 0.0)))

    def shift(self, domain: str) -> float:
        """Hours a day in which a domain's crews work."""
        return float(self.shift_hours.get(domain, self.shift_hours.get("default", 24.0)))
