"""Assess readiness: which main equipment still lacks the devices that must enter service with it."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param


def assess_readiness(city: City, kinds: Annotated[list[str] | None, Param("kinds of main equipment", "主体设施类别", kinds=True)] = None) -> Answer:
    """List hosts whose required devices are missing or not accepted, and those that are in service all the same.

    kinds     names of kinds that require devices, or none for all
    returns   tables `readiness` (a row per host and required device kind), `device_kinds` (how many hosts need each kind of device, and have it) and
              `exceptions` (decisions that let hosts go ahead); findings: an error for a host in service without accepted devices and without a
              decision that still holds, a warning where a decision still holds
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from holdfast.engines.survey.readiness import open_exceptions, readiness
    from holdfast.model.finding import Findings

    table, exceptions = readiness(city, kinds or None), open_exceptions(city)
    findings = Findings()
    excused = exceptions.filter(pc.invert(exceptions["expired"]))["asset"]
    wrong = table.filter(table["in_violation"])
    held = np.asarray(pc.is_in(wrong["id"], value_set=excused.combine_chunks()).to_numpy(), bool) if wrong.num_rows else np.zeros(0, bool)
    for name in pc.unique(wrong["kind"]).to_pylist():
        mine = np.asarray(pc.equal(wrong["kind"], name).to_numpy(), bool)
        for rule, severity, mask, said, fix in (
            ("readiness.no_accepted_device", "error", mine & ~held, "it is in service without an accepted device of a required kind",
             "Have the device inspected and accepted, take the host out of service, or record a decision"),
            ("readiness.exception", "warning", mine & held, "it is in service without an accepted device, by a decision that still holds",
             "Have the device accepted before the decision ends"),
        ):
            rows = wrong.filter(pa.array(mask))
            findings.add_rows(rule, severity, said, kind=name, ids=rows["id"].to_pylist(), column="lifecycle", values=rows["device_kind"].to_pylist(), fix=fix)
    hosts = table.group_by(["id"]).aggregate([("ready", "all"), ("in_violation", "any")])
    ready = int(pc.sum(hosts["ready_all"]).as_py() or 0)
    going = int(pc.sum(hosts["in_violation_any"]).as_py() or 0)
    summary = {"hosts": hosts.num_rows, "ready": ready, "not_ready": hosts.num_rows - ready, "in_service_without_devices": going, "exceptions": len(excused),
               "findings": findings.counts()}
    needed = table.group_by(["device_kind"]).aggregate([("id", "count"), ("ready", "sum"), ("in_violation", "sum")])
    needed = needed.rename_columns(["device_kind", "hosts", "ready", "in_violation"])
    plots = (Plot("Hosts that need each kind of device, and have it", "各类必备设备的主体数与齐备数", "device_kinds", "device_kind", ("hosts", "ready"), "barh", x_label="hosts"),)
    return Answer(summary, {"readiness": table, "device_kinds": needed, "exceptions": exceptions}, findings, plots=plots)
