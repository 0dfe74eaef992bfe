"""Design storms: the intensity formula of Chinese cities and the Chicago hyetograph that goes with it.

source: standards notes 8.4: i = A (1 + C lg P) / (t + b)^n in mm/min with t in minutes, the same as q = 167 i in L/s/ha
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid


@dataclass(frozen=True, slots=True)
class Formula:
    """Numbers of a city's storm formula. a [mm/min], c, b [min], n"""

    a: float
    c: float
    b: float
    n: float

    @classmethod
    def of(cls, city: Any) -> Formula:
        """The formula in a city's settings. raises Invalid for numbers that make no rain"""
        found = cls(*(float(city.settings[f"drainage.storm_{name}"]) for name in "acbn"))
        if not (found.a > 0 and found.b >= 0 and 0 < found.n <= 2):
            raise Invalid("the numbers of the storm formula make no sense", fix="A above 0, b from 0, n between 0 and 2", field="drainage.storm_a")
        return found

    def rate(self, years: float) -> float:
        """A (1 + C lg P) in mm/min. raises Invalid where the formula gives no rain"""
        value = self.a * (1 + self.c * np.log10(years)) if years > 0 else 0.0
        if not value > 0:
            raise Invalid(f"the storm formula gives no rain for a return period of {years:g} years", fix="Give a longer return period", field="return_period")
        return float(value)

    def intensity(self, years: float, seconds: np.ndarray | float) -> np.ndarray:
        """Mean intensity [m/s] of the heaviest rain of that duration [s]."""
        return self.rate(years) / (np.asarray(seconds, np.float64) / 60 + self.b) ** self.n / 60e3

    def chicago(self, years: float, duration: float, peak: float, step: float) -> tuple[np.ndarray, np.ndarray]:
        """A storm that holds the heaviest rain of every duration around its peak, each step integrated rather than sampled.

        duration, step  [s]
        peak            share of the duration before the peak, between 0 and 1
        returns         (n + 1,) times [h] and (n + 1,) intensities [m/s], the last 0
        raises          Invalid for durations or shares that make no storm
        """
        if not (duration > 0 and step > 0 and 0 < peak < 1):
            raise Invalid("a storm needs a duration and a step above 0, and a peak between 0 and 1", fix="Usual are 7200 s, 300 s and 0.4", field="duration")
        minutes, top = duration / 60, peak * duration / 60
        edges = np.append(np.arange(0, minutes - 1e-9, step / 60), minutes)

        def fallen(before: np.ndarray, share: float) -> np.ndarray:
            """Rain [mm] within so many minutes of the peak on one side of it, which has that share of the storm."""
            return self.rate(years) * before / (before / share + self.b) ** self.n

        total = fallen(np.array([top]), peak) - fallen(np.clip(top - edges, 0, None), peak) + fallen(np.clip(edges - top, 0, None), 1 - peak)
        return edges / 60, np.append(np.diff(total) / np.diff(edges) / 60e3, 0.0)


__all__ = ["Formula"]
