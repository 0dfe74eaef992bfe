"""Rehearsing a disaster: from a definition to damage, cascade, repair, impact and the best order of repairs, kept as a run."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast import __version__
from holdfast.model.city import City
from holdfast.model.delivery import Answer
from holdfast.model.errors import Conflict, Invalid
from holdfast.model.file import write_whole
from holdfast.model.time import now

from . import report
from .definition import Definition, define
from .outputs import results_folder
from .progress import Progress, Teller, Watch
from .results import titles
from .running import input_digest, keep_run, run_id
from .scenario_answer import answer_of
from .scenario_depots import places
from .scenario_fragility import with_fragility

CAPABILITY = "scenario"
_BLOCKS, _ASKED = "blocks", "asked.json"
SAMPLES, BLOCK = 1000, 64
_FULL = "Make room and run again with --resume: no case is computed twice"
_LAYOUT = 2  # of the blocks; those of another layout are another run's


@dataclass(frozen=True, slots=True)
class Finished:
    """A scenario that has been run.

    run      id of the kept run             status  done, or cancelled with what was finished
    answer   summary, tables and plots      folder  blocks and tables          report  the HTML report in it
    progress as it was told last
    """

    run: str
    status: str
    answer: Answer
    folder: Path
    report: Path
    progress: Progress


def run_scenario(
    city: City, scenario: str | Mapping[str, Any] | Definition, *, samples: int | None = None, seed: int | None = None, workers: int | None = None,
    cluster: str | None = None, crews: dict[str, int] | None = None, order: str | None = None, out: Path | None = None, resume: bool = False,
    watch: Watch | None = None, actor: str = "",
) -> Finished:  # fmt: skip
    """Run a scenario and keep what it answers.

    scenario  a preset, a TOML file, or a mapping with its fields; see `definition.define`
    samples, seed, crews, order  instead of the definition's
    workers   processes; default the processors     cluster        address of a Dask scheduler, instead
    out       folder of the results; default a folder of the city's       resume  go on with what the folder holds
    watch     is told `Progress` and answers False to cancel; what is finished is kept and reported
    raises    NotFound, Invalid for a wrong definition; Conflict, Unavailable as `engines.scenario.ensemble.run`. What can be wrong with `out`, `resume`,
              `workers` and `cluster` is said before anything is computed
    """
    from holdfast.engines.scenario.ensemble import check_request

    definition = define(city.catalog, scenario, samples=samples, seed=seed, crews=crews, order=order)
    workers = (os.cpu_count() or 1) if workers is None else workers
    if out is None:
        check_request(Path(), workers=workers, cluster=cluster, resume=True)
        return _run(city, definition, None, workers, cluster, resume, watch, actor)
    with results_folder(out):
        check_request(out / _BLOCKS, workers=workers, cluster=cluster, resume=resume)
        if resume:
            _check_asked(definition, out / _BLOCKS)
        return _run(city, definition, out, workers, cluster, resume, watch, actor)


def _run(city: City, definition: Definition, out: Path | None, workers: int, cluster: str | None, resume: bool, watch: Watch | None, actor: str) -> Finished:
    from holdfast.engines.scenario import case_block, ensemble

    started, seconds = now(), {}
    teller, clock = Teller(watch), perf_counter()
    teller.enter("gather")
    task, findings, cases = prepare(city, definition)
    seconds["gather"] = perf_counter() - clock
    folder = out or default_folder(city, definition, task.key)
    if out is None and not resume:
        _clear(folder)
    job = ensemble.Job(case_block.evaluate, task, cases, task.key, BLOCK)
    teller.enter("prepare", total=cases)
    clock = perf_counter()
    if cluster is None:
        case_block.evaluate(task, np.zeros(1, np.int64))  # compiles here, once, what every worker would compile for itself
    seconds["prepare"], clock = perf_counter() - clock, perf_counter()
    blocks = folder / _BLOCKS
    _keep_asked(definition, task.model, cases, blocks, resume)
    outcome = ensemble.run(job, blocks, workers=workers, cluster=cluster, resume=resume, watch=teller.follow(task, cases, blocks))
    seconds["ensemble"] = perf_counter() - clock
    teller.enter("order", done=outcome.done, resumed=outcome.resumed)
    run = run_id(f"{CAPABILITY}-{definition.name}", started)
    answer = answer_of(definition, task, outcome, findings, seconds, run)
    teller.enter("keep")
    meta = {"city": city.name, "run": run, "time": str(started)[:19] + "Z", "input": input_digest(city)[:12], "seed": definition.seed}
    _write(city, definition, folder, answer, meta)
    asked = {**definition.as_json(), "title": definition.title, "samples": cases}
    keep_run(city, run, CAPABILITY, answer, arguments=asked, digest=input_digest(city), started=started, actor=actor)
    teller.enter("ended")
    return Finished(run, outcome.status, answer, folder, folder / "report.html", teller.now)


def prepare(city: City, definition: Definition) -> tuple[Any, Any, int]:
    """The task of a scenario on a city, findings about the city, and the number of cases."""
    from holdfast.engines.scenario.case_block import Task
    from holdfast.engines.scenario.gather import gather
    from holdfast.engines.scenario.rules import Rules
    from holdfast.model.hazard import Sites

    depots = places(city, definition.depots, **definition.where)
    world, findings = gather(city)
    if world.assets == 0:
        raise Invalid("the city has nothing that a disaster could hit", fix="Import networks or buildings first", city=city.name)
    if definition.fragility:
        world = replace(world, kinds=with_fragility(world.kinds, definition.fragility))
    sites = Sites(world.asset_id, world.asset_kind, world.kinds, world.xyz, world.crs, world.people, world.tables)
    model = definition.model(city.catalog, city, sites)
    cases = _cases(definition, model.cases)
    identity = _identity(definition, cases)
    rules = Rules.read(city.settings)
    state = pickle.dumps((world, model, rules, depots), protocol=pickle.HIGHEST_PROTOCOL)  # what the cases are made of, whatever else was recorded in the city since
    key = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode() + state).hexdigest()
    return Task(key, world, model, rules, definition.hours, definition.crews, definition.seed, definition.order, depots), findings, cases


def _cases(definition: Definition, different: int | None) -> int:
    """Number of cases. different: how many a hazard has, None for as many as wanted"""
    return min(definition.samples or different or SAMPLES, different or 10**9)


def _identity(definition: Definition, cases: int) -> dict[str, Any]:
    """What determines the cases, the city apart."""
    return {**definition.as_json(), "samples": cases, "restoration": 0, "version": __version__, "layout": _LAYOUT}


def _keep_asked(definition: Definition, model: Any, cases: int, blocks: Path, resume: bool) -> None:
    """Note beside the blocks what was asked for; going on leaves the note of the beginning."""
    if not resume or (not (blocks / _ASKED).exists() and not any(blocks.glob("*.parquet"))):
        with results_folder(blocks):
            asked = {"different": model.cases, **_identity(definition, cases)}
            write_whole(blocks / _ASKED, json.dumps(asked, ensure_ascii=False, default=str).encode(), fix=_FULL)


def _check_asked(definition: Definition, blocks: Path) -> None:
    """Whether the blocks are of this definition, as far as can be said without the city. raises Conflict"""
    from holdfast.engines.scenario.ensemble import ANOTHER, ANOTHER_FIX

    if (blocks / _ASKED).exists():
        asked = json.loads((blocks / _ASKED).read_text(encoding="utf-8"))
        wanted = _identity(definition, _cases(definition, asked.pop("different")))
        if asked != json.loads(json.dumps(wanted, default=str)):
            raise Conflict(ANOTHER, fix=ANOTHER_FIX, folder=blocks)


def default_folder(city: City, definition: Definition, key: str) -> Path:
    """Where results go when nobody says: beside an embedded city's store, else below the present folder."""
    home = Path(city.repository.url)
    return (home if home.is_dir() else Path.cwd()) / "scenarios" / f"{definition.name}-{key[:10]}"


def _clear(folder: Path) -> None:
    """Forget the blocks of an earlier run of the same scenario; only files that such a run writes are touched."""
    for path in (folder / _BLOCKS).glob("*"):
        if path.suffix in (".parquet", ".part", ".json", ".pickle"):
            path.unlink()


def _write(city: City, definition: Definition, folder: Path, answer: Answer, meta: dict[str, Any]) -> None:
    for name, table in answer.tables.items():
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_whole(folder / f"{name}.parquet", sink.getvalue(), fix=_FULL)
    write_whole(folder / "summary.json", json.dumps(answer.summary, ensure_ascii=False, indent=1, default=str).encode(), fix=_FULL)
    page = report.as_html(*titles(city, CAPABILITY, definition.hazard, definition.title or definition.name), answer, meta, report.names_of(city))
    write_whole(folder / "report.html", page.encode(), fix=_FULL)
