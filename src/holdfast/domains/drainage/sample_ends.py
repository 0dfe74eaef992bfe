"""Where the reference city's sewers end: gated outfalls at the river, and the sewage works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.rows import always, asset_ids, texts
from holdfast.model import geometry
from holdfast.model.delivery import Batch

from . import sample_design as design
from .sample_design import SPOTS, Design
from .sample_tables import BEHIND, CODE, conduit_table, manhole_table, pieces_of

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

GATE_LENGTH, SILL = 4.0, 0.05


@dataclass(frozen=True, slots=True)
class Ends:
    """Rows of everything behind the last crossings."""

    manholes: pa.Table
    conduits: pa.Table
    gates: pa.Table
    outfalls: pa.Table
    gauges: pa.Table
    works: pa.Table


def ends(plan: CityPlan, made: Design, both: list[Any]) -> Ends:
    """Lay the outfall sewers: crossing, chamber on the bank, gate, outfall; and the last sewer to the works."""
    storm = made.storm
    root = storm.roots
    bank = design.bank_points(plan, root)
    spots = np.column_stack([plan.junction_x[root], plan.junction_y[root]]) + np.array(SPOTS[0]) + _behind(storm.lift[root])
    toward = bank - spots
    reach = np.maximum(np.hypot(*toward.T), 1e-6)
    chamber = spots + toward * np.clip(1 - GATE_LENGTH / reach, 0.3, 1.0)[:, None]
    length = np.maximum(np.hypot(*(chamber - spots).T), 2.0)
    size, top = storm.size[root], storm.start[root]
    bottom = np.floor((top - np.maximum(design.least_slope(size), design.END_SLOPE) * length) * 1000) / 1000
    bank_level = design.bank_ground(plan, root)
    stage = np.round(bank_level - design.NORMAL_LEVEL, 3)
    ground = np.round(plan.ground(*chamber.T), 3)
    bottom = np.minimum(bottom, np.floor((ground - design.COVER - size) * 1000) / 1000)
    zero = np.full(len(root), -1)
    course = np.stack([spots, (spots + chamber) / 2, chamber], axis=1)
    every, none, whole = np.arange(len(root)), np.zeros(len(root)), np.ones(len(root))
    shapes = pieces_of(course, every, none, whole, top, bottom)
    storm_conduits = conduit_table(plan, asset_ids("drainage.conduit", "RO", root), both[0].start(root), asset_ids("drainage.manhole", "RG", root), shapes, CODE[0],
                                   size, length, top, bottom, none, zero)  # fmt: skip
    chambers = manhole_table(asset_ids("drainage.manhole", "RG", root), chamber, bottom, ground, CODE[0], none)
    foul = _foul(plan, made, both[1])
    outfalls = pa.concat_tables([_outfalls(root, bank, bottom - SILL, bank_level, stage), foul[1]])
    return Ends(chambers, pa.concat_tables([storm_conduits, foul[0]]), _gates(root, chamber, bank, bottom, size), outfalls,
                pa.concat_tables([_gauges(root, bank, stage), foul[3]]), foul[2])  # fmt: skip


def _behind(lift: np.ndarray) -> np.ndarray:
    """(n, 2) way from a wet well to the manhole behind its pumps, zero where there is no lift."""
    return np.where(lift[:, None], np.array(BEHIND), 0.0)


def _outfalls(root: np.ndarray, bank: np.ndarray, level: np.ndarray, ground: np.ndarray, stage: np.ndarray) -> pa.Table:
    count = len(root)
    return pa.table({
        "id": asset_ids("drainage.outfall", "R", root), "geometry": geometry.points(np.round(bank[:, 0], 3), np.round(bank[:, 1], 3), np.round(level, 3)),
        "lifecycle": always("in_service", count), "ground_elevation": np.round(ground, 3), "elevation": np.round(level, 3), "type": always("FIXED", count),
        "stage": pa.array(np.maximum(stage, np.round(level, 3))), "flap_gate": always(False, count), "system": always(CODE[0], count), "status": always("0", count),
    })  # fmt: skip


def _gates(root: np.ndarray, chamber: np.ndarray, bank: np.ndarray, level: np.ndarray, size: np.ndarray) -> pa.Table:
    count = len(root)
    course = np.stack([np.column_stack([chamber, level]), np.column_stack([bank, level - SILL])], axis=1)
    return pa.table({
        "id": asset_ids("drainage.gate", "R", root), "from_id": asset_ids("drainage.manhole", "RG", root), "to_id": asset_ids("drainage.outfall", "R", root),
        "geometry": geometry.lines(np.round(course, 3)), "lifecycle": always("in_service", count), "type": always("FLAP", count), "width": size * 1.1,
        "height": size, "from_offset": np.zeros(count), "opening": np.ones(count), "discharge_coefficient": np.full(count, 0.8),
    })  # fmt: skip


def _gauges(root: np.ndarray, bank: np.ndarray, stage: np.ndarray) -> pa.Table:
    count = len(root)
    return pa.table({
        "id": asset_ids("drainage.level_gauge", "G", root), "geometry": geometry.points(np.round(bank[:, 0], 3), np.round(bank[:, 1], 3), stage),
        "lifecycle": always("in_service", count), "host_id": asset_ids("drainage.gate", "R", root), "node_id": asset_ids("drainage.outfall", "R", root),
        "zero_elevation": stage - 2.0,
    })  # fmt: skip


def _foul(plan: CityPlan, made: Design, laid: Any) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """The last sewer to the works, its end, the works and their gauge."""
    foul, site = made.sewage, plan.facilities["sewage_works"][:1]
    root = foul.roots
    if len(root) == 0:
        root = np.array([design.sewage_root(plan)])
    at = np.column_stack([plan.building_x[site], plan.building_y[site]]) + np.array([9.0, 4.0])
    spots = np.column_stack([plan.junction_x[root], plan.junction_y[root]]) + np.array(SPOTS[1]) + _behind(foul.lift[root])
    length = np.maximum(np.hypot(*(at - spots).T), 5.0)
    size, top = foul.size[root], foul.start[root]
    bottom = np.floor((top - np.maximum(design.least_slope(size), design.END_SLOPE) * length) * 1000) / 1000
    bottom = np.minimum(bottom, np.floor((plan.ground(*at.T) - design.COVER - size) * 1000) / 1000)
    shapes = pieces_of(np.stack([spots, (spots + at) / 2, at], axis=1), np.zeros(1, int), np.zeros(1), np.ones(1), top, bottom)
    last = conduit_table(plan, asset_ids("drainage.conduit", "FO", np.zeros(1)), laid.start(root), asset_ids("drainage.outfall", "F", np.zeros(1)), shapes, CODE[1],
                         size, length, top, bottom, np.zeros(1), np.full(1, -1))  # fmt: skip
    ground = np.round(plan.building_z[site], 3)
    outfall = pa.table({
        "id": asset_ids("drainage.outfall", "F", np.zeros(1)), "geometry": geometry.points(at[:, 0], at[:, 1], bottom), "lifecycle": always("in_service", 1),
        "ground_elevation": np.round(plan.ground(*at.T), 3), "elevation": bottom, "type": always("FREE", 1), "stage": pa.nulls(1, pa.float64()), "flap_gate": always(False, 1),
        "system": always(CODE[1], 1), "status": always("0", 1),
    })  # fmt: skip
    works = pa.table({
        "id": asset_ids("drainage.treatment_plant", "", np.zeros(1)), "geometry": geometry.points(plan.building_x[site], plan.building_y[site], ground),
        "name": texts(["第一污水处理厂"]), "lifecycle": always("in_service", 1), "ground_elevation": ground, "node_id": asset_ids("drainage.outfall", "F", np.zeros(1)),
        "capacity": np.round(made.sewage_mean.sum() * np.array([1.3]), 4), "status": always("0", 1),
    })  # fmt: skip
    gauge = pa.table({
        "id": asset_ids("drainage.level_gauge", "W", np.zeros(1)), "geometry": geometry.points(at[:, 0], at[:, 1], bottom), "lifecycle": always("in_service", 1),
        "host_id": asset_ids("drainage.treatment_plant", "", np.zeros(1)), "node_id": asset_ids("drainage.outfall", "F", np.zeros(1)), "zero_elevation": bottom,
    })  # fmt: skip
    return last, outfall, works, gauge


def end_rows(made: Ends) -> list[Batch]:
    """Kinds that only occur at the ends; manholes and conduits are joined to the others."""
    return [Batch("drainage.gate", made.gates), Batch("drainage.outfall", made.outfalls), Batch("drainage.level_gauge", made.gauges),
            Batch("drainage.treatment_plant", made.works)]  # fmt: skip
