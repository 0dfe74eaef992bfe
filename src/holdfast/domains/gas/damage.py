"""Damage laws of the gas network: HAZUS chapter 8.4; stations and regulators as anchored compressor stations."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import effects, hazus, pipes, shaking

_STATION = effects(1, (0.9, 3.1, 13.5, 35.0), (0.08, 0.38, 0.80, 1.0))
_CABINET = effects(2, (0.1, 0.3, 1.0, 3.0), (0.08, 0.38, 0.80, 1.0))
_COMPRESSOR = hazus("8.4 NGC1, compressor station, anchored")

PIPE = pipes(leak_hole=0.01, source=hazus("8.4.8 gas pipelines as 8.1.8; crew times of table 8.1.b"))
STATION = (shaking((0.15, 0.36, 0.77, 1.50), (0.75, 0.65, 0.65, 0.80), _STATION, _COMPRESSOR),)
COMPRESSOR = STATION
REGULATOR = (
    shaking((0.15, 0.36, 0.77, 1.50), (0.75, 0.65, 0.65, 0.80), _CABINET,
            hazus("8.4 NGC1", "proposal", "a regulator cabinet as a small station; repair times of one cabinet: proposal")),
)
