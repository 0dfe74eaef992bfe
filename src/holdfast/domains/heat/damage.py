"""Damage laws of district heat. HAZUS has none: plants as small power plants, pumps as small pumping plants, pipes as pipelines."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import effects, hazus, pipes, shaking

_AS = "used in place of a table for district heat"
PIPE = pipes(leak_hole=0.02, source=hazus("8.1.8 pipelines", "proposal", _AS))
PLANT = (shaking((0.10, 0.21, 0.48, 0.78), (0.55, 0.55, 0.50, 0.50), effects(1, (0.5, 3.6, 22.0, 65.0), (0.08, 0.35, 0.72, 1.0)),
                 hazus("8.5 EPP1, small plant, anchored", "proposal", _AS)),)
PUMP = (shaking((0.15, 0.36, 0.66, 1.50), (0.70, 0.65, 0.65, 0.80), effects(2, (0.9, 3.1, 13.5, 35.0), (0.08, 0.38, 0.80, 1.0)),
                hazus("8.1 PPP1, small pumping plant", "proposal", _AS), (("plant_id", ""),)),)
