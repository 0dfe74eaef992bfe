"""Makes tests/cases/openquake_damage.npz: ground motion fields, damage and losses of the Nepal demo by the engine of OpenQuake.

Run with the interpreter of an environment that has openquake.engine 3.26.2 (AGPL, used as a program only) and pandas below 3, whose tables it
writes into: `OQ_DISTRIBUTE=no OQ_DATADIR=/tmp/oq python tests/peers/openquake_damage.py FOLDER_OF_THE_DEMO`. Once before, make the engine's
database with `oq engine --upgrade-db`: without it every run waits for ever for a database server.

The demo runs as it is (mesh of 15 km) and with a mesh of 2 km; damage is told event by event and taxonomy by taxonomy besides.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from openquake.calculators.base import run_calc

OUT = Path(__file__).parents[1] / "cases" / "openquake_damage.npz"
STATES = ("no_damage", "slight", "moderate", "extreme", "complete", "losses")
SITES = 40  # whose fields are kept


def run(folder: Path, spacing: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Arrays of the hazard and of the risk calculation."""
    hazard, risk = folder / "job_hazard.ini", folder / "job_risk.ini"
    hazard.write_text(hazard.read_text().replace("rupture_mesh_spacing = 15", f"rupture_mesh_spacing = {spacing}"))
    if "aggregate_by" not in risk.read_text():
        risk.write_text(risk.read_text().replace("[general]", "[general]\naggregate_by = taxonomy", 1))
    first = run_calc(str(hazard)).datastore
    return arrays(first, run_calc(str(risk), hazard_calculation_id=first.calc_id).datastore)


def arrays(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What is wanted of both stores of results."""
    read = {name: first[name][:] for name in ("gmf_data/PGA", "gmf_data/eid", "gmf_data/sid", "gmf_data/sigma_epsilon", "events", "sitecol/lon",
                                              "assetcol/array", "assetcol/tagcol/taxonomy")}  # fmt: skip
    by_event = {name: second[f"risk_by_event/{name}"][:] for name in ("event_id", "agg_id", *(f"dmg_{i}" for i in range(1, 5)), "losses")}
    return read, by_event | {"assets": second["damages-rlzs"][:]}


def by_taxonomy(read: dict[str, np.ndarray], risk: dict[str, np.ndarray]) -> np.ndarray:
    """(event, taxonomy, slight to complete and loss); taxonomies in the order of their tags."""
    out = np.zeros((len(read["events"]), 5, 5))
    for i, name in enumerate((*(f"dmg_{i}" for i in range(1, 5)), "losses")):
        inside = risk["agg_id"] < 5
        out[risk["event_id"][inside], risk["agg_id"][inside], i] = risk[name][inside]
    return out


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(shutil.copytree(sys.argv[1], Path(work) / "demo"))
        for path in folder.iterdir():
            path.chmod(0o644)
        coarse, risk = run(folder, 15)
        shutil.copy(Path(sys.argv[1]) / "job_hazard.ini", folder / "job_hazard.ini")
        (folder / "job_hazard.ini").chmod(0o644)
        fine, fine_risk = run(folder, 2)
    write(coarse, risk, fine, fine_risk)


def write(coarse: dict[str, np.ndarray], risk: dict[str, np.ndarray], fine: dict[str, np.ndarray], fine_risk: dict[str, np.ndarray]) -> None:
    """Keep the fields of a few sites, spread from strong to weak shaking, some with the rarest taxonomy; and totals of all."""
    assets = coarse["assetcol/array"]
    field = np.zeros((len(coarse["events"]), len(coarse["sitecol/lon"])), np.float32)
    field[coarse["gmf_data/eid"], coarse["gmf_data/sid"]] = coarse["gmf_data/PGA"]
    strong = np.argsort(-field.mean(axis=0))
    rare = assets["site_id"][assets["taxonomy"] == np.argmin(np.bincount(assets["taxonomy"])[1:]) + 1]
    kept = np.unique(np.concatenate((strong[:: len(strong) // SITES][:SITES], rare[:6])))
    mine = np.isin(assets["site_id"], kept)
    np.savez_compressed(
        OUT, taxonomies=np.array([t.decode() for t in coarse["assetcol/tagcol/taxonomy"][1:]]), rlz=coarse["events"]["rlz_id"].astype(np.int8),
        eps=coarse["gmf_data/sigma_epsilon"]["eps_inter_PGA"].astype(np.float64),
        site=kept, field=field[:, kept], asset=assets["id"][mine].astype("U8"), asset_site=np.searchsorted(kept, assets["site_id"][mine]),
        damage=np.stack([risk["assets"][f"structural-{s}"][mine] for s in STATES], axis=-1), by_taxonomy=by_taxonomy(coarse, risk).astype(np.float32),
        fine_by_taxonomy=by_taxonomy(fine, fine_risk).astype(np.float32), fine_eps=fine["gmf_data/sigma_epsilon"]["eps_inter_PGA"].astype(np.float64),
        fine_rlz=fine["events"]["rlz_id"].astype(np.int8),
    )  # fmt: skip


if __name__ == "__main__":
    main()
