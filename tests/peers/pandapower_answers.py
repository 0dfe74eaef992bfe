"""Regenerate `pandapower_answers.json`: run with a Python that has pandapower, `python pandapower_answers.py DATA_FOLDER`.

Figures only: bus voltages in the order of the file, losses, highest loading, for the net as it is and with named lines out.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np

NETS = {
    "mv_urban": "power/simbench/1-MV-urban--0-sw.json",
    "lv_urban6": "power/simbench/1-LV-urban6--0-sw.json",
    "schutterwald": "power/pandapower/lv_schutterwald.json",
    "case33bw": "power/pandapower/case33bw.json",
    "case118": "power/pandapower/case118.json",
    "in2": "coupled/in2/power/power.json",
    "micropolis": "coupled/micropolis/power/high/power.json",
}
OUT = {"mv_urban": [3, 20, 77], "case33bw": [1, 17, 24], "case118": [7, 50, 100]}  # line labels taken out one at a time


def solve(net) -> dict:
    import pandapower

    try:
        pandapower.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True, init="auto", max_iteration=50)
    except pandapower.LoadflowNotConverged:
        return {"converged": False}
    v = net.res_bus.vm_pu.to_numpy()
    loss = float(net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum())
    loading = np.concatenate([net.res_line.loading_percent.to_numpy(), net.res_trafo.loading_percent.to_numpy()])
    return {"converged": True, "voltage": [None if np.isnan(x) else round(float(x), 8) for x in v], "loss_mw": round(loss, 9),
            "line_loss_mw": round(float(net.res_line.pl_mw.sum()), 9), "max_loading": round(float(np.nanmax(loading)), 6), "dead": int(np.isnan(v).sum())}


def charge(net) -> None:
    """Transformers with negative no-load current stand for lines with charging; pandapower 3.5 drops the sign, so the charging becomes shunts."""
    import pandapower

    for row in net.trafo[net.trafo.i0_percent < 0].itertuples():
        q = -abs(row.i0_percent) / 100 * row.sn_mva / 2
        pandapower.create_shunt(net, row.hv_bus, q_mvar=q, vn_kv=row.vn_hv_kv)
        pandapower.create_shunt(net, row.lv_bus, q_mvar=q, vn_kv=row.vn_lv_kv)
        net.trafo.loc[row.Index, "i0_percent"] = 0.0


def main(folder: Path) -> dict:
    import pandapower

    answers = {"tool": f"pandapower {pandapower.__version__}", "nets": {}, "how": "runpp, Newton-Raphson, tolerance 1e-10 MVA, "
               "transformer model t; charging of transformers with negative no-load current as shunts"}
    for name, path in NETS.items():
        net = pandapower.from_json(str(folder / path))
        charge(net)
        row = {"file": path, **solve(net), "outages": {}}
        for label in OUT.get(name, ()):
            net.line.loc[label, "in_service"] = False
            row["outages"][str(net.line.name.get(label) or label)] = {"row": label} | solve(net)
            net.line.loc[label, "in_service"] = True
        answers["nets"][name] = row
    return answers


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    target = Path(__file__).with_name("pandapower_answers.json")
    target.write_text(json.dumps(main(Path(sys.argv[1])), separators=(",", ":")) + "\n", encoding="utf-8")
