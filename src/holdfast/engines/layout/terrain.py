"""The ground of the reference city: a meandering river in a valley, hills around, and the bend that the streets follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .random import stream

ROUNDNESS = 0.7  # 0 keeps the outline square, 1 makes it a circle
CENTRE = (512_000.0, 3_560_000.0)  # easting, northing of the city centre [m]


@dataclass(frozen=True, slots=True)
class Terrain:
    """Analytic relief and street-bending map of one city.

    radius        half side of the city before bending [m]
    river_width   water width [m]
    relief        rise from the river bank to the edge of the city [m]
    meander       (2, 3) amplitude [m], wave number [1/m], phase of the river's two bends
    whirl         (n, 4) x, y, reach [m], angle [rad] of districts turned against the general grid
    hills         (m, 4) wave numbers kx, ky [1/m], phase, weight of the hills
    """

    radius: float
    river_width: float
    relief: float
    meander: np.ndarray
    whirl: np.ndarray
    hills: np.ndarray

    def river_offset(self, x: np.ndarray) -> np.ndarray:
        """Northing of the river axis relative to the city centre at relative easting x [m]."""
        x = np.asarray(x, float)
        return sum(a * np.sin(k * x + p) for a, k, p in self.meander)

    def bend(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map plan positions before bending to true positions, both relative to the centre [m]; one to one."""
        near = 1.0 - np.exp(-((y / (0.16 * self.radius)) ** 2))  # the river axis y = 0 stays itself
        for cx, cy, reach, angle in self.whirl:
            dx, dy = x - cx, y - cy
            turn = angle * np.exp(-(dx**2 + dy**2) / reach**2) * near
            c, s = np.cos(turn), np.sin(turn)
            x, y = cx + c * dx - s * dy, cy + s * dx + c * dy
        u, v = x / self.radius, y / self.radius
        x = x * np.sqrt(1.0 - ROUNDNESS * np.clip(v * v, 0, 1.2) / 2.0)
        y = y * np.sqrt(1.0 - ROUNDNESS * np.clip(u * u, 0, 1.2) / 2.0)
        wave = 2.0 * np.pi / (0.42 * self.radius)
        amplitude = 0.007 * self.radius
        shift_x = amplitude * np.sin(wave * y + 1.1) * np.cos(0.7 * wave * x + 0.4)
        shift_y = amplitude * np.sin(wave * x + 2.3) * np.cos(0.6 * wave * y + 1.9) * near
        old = np.exp(-((x - 0.02 * self.radius) ** 2 + (y - 0.17 * self.radius) ** 2) / (0.16 * self.radius) ** 2) * near
        fine = 2.0 * np.pi / 210.0  # winding lanes of the old town
        shift_x = shift_x + 9.0 * old * np.sin(fine * y + 0.6 * np.sin(fine * x * 0.31))
        shift_y = shift_y + 9.0 * old * np.sin(fine * x + 1.3 + 0.7 * np.sin(fine * y * 0.37))
        x, y = x + shift_x, y + shift_y
        return x, y + self.river_offset(x)

    def ground(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Ground level [m above sea] at city coordinates, vectorised; the river bed lies 4.5 m under the banks."""
        x, y = np.asarray(x, float) - CENTRE[0], np.asarray(y, float) - CENTRE[1]
        away = np.abs(y - self.river_offset(x))
        part = away / self.radius
        slope = self.relief * part / (0.35 + 0.65 * part)  # steep by the river, gentle further out
        rolling = sum(w * np.sin(kx * x + ky * y + p) for kx, ky, p, w in self.hills)
        far = np.hypot(x, y) / self.radius
        outskirts = 2.4 * self.relief * np.clip(far - 1.02, 0.0, None) ** 1.5
        level = 26.0 + slope * (1.0 + 0.35 * rolling * np.clip(part / 0.3, 0, 1)) + outskirts * (1.2 + 0.5 * rolling)
        level -= 0.12 * self.relief * x / self.radius  # the river runs east
        bed = np.clip((self.river_width / 2.0 - away) / (0.12 * self.river_width), 0.0, 1.0)
        return level - 4.5 * bed

    def river(self) -> shapely.LineString:
        """River axis from west (upstream) to east across the whole extent."""
        x = np.linspace(-1.12 * self.radius, 1.12 * self.radius, 161)
        line = np.column_stack([x + CENTRE[0], self.river_offset(x) + CENTRE[1]])
        return shapely.linestrings(np.round(line, 3))


def make_terrain(radius: float, seed: int) -> Terrain:
    """Draw the terrain of a city of that half side [m]."""
    rng = stream(seed, "layout.terrain")
    width = float(np.clip(0.036 * radius, 24.0, 260.0))
    relief = float(np.clip(0.0062 * radius, 7.0, 26.0))
    phase = rng.uniform(0, 2 * np.pi, 2)
    meander = np.array([[0.11 * radius, 2.5 / radius, phase[0]], [0.03 * radius, 6.5 / radius, phase[1]]])
    count = 7
    angle = np.arange(count) / count * 2 * np.pi + rng.uniform(0, 0.8)
    far = rng.uniform(0.42, 0.72, count) * radius
    turn = rng.uniform(0.22, 0.5, count) * np.where(rng.random(count) < 0.5, -1.0, 1.0)
    whirl = np.column_stack([far * np.cos(angle), far * np.sin(angle), rng.uniform(0.26, 0.36, count) * radius, turn])
    number = 6
    heading = rng.uniform(0, np.pi, number)
    wave = rng.uniform(2.2, 7.0, number) / radius
    hills = np.column_stack([wave * np.cos(heading), wave * np.sin(heading), rng.uniform(0, 2 * np.pi, number), np.full(number, 1.0 / number**0.5)])
    return Terrain(radius, width, relief, meander, whirl, hills)
