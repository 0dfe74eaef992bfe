"""Import: files into a city in one transaction, with every problem as a row.

All files of one call are taken or none. Rows that cannot be stored are left out and reported; `strict` refuses the whole
import when there is an error among the findings.
"""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast import __version__
from holdfast.catalog import format_named
from holdfast.engines.survey.attribute import check_batch
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.crs import parse_crs, transformer
from holdfast.model.crs_diagnosis import area_bounds, diagnose
from holdfast.model.delivery import Delivery, Format, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.repository import Writer
from holdfast.model.spec import Catalog
from holdfast.model.time import now, parse_instant

from .id_set import IdSet
from .import_links import settle_links
from .import_rows import RowContext, prepare
from .update import Update, apply_delivery

Progress = Callable[[str, int], None]  # file name, rows done
Confirm = Callable[["ImportReport"], bool]


@dataclass(slots=True)
class ImportOptions:
    """What a person may say about an import.

    format      name of a format, or None to detect
    crs         of the files, "EPSG:n" or "local[:m|:ft|:us-ft]"; wins over what a file says
    mapping     path of a TOML mapping, or the mapping itself
    kind        the kind of all rows, for files that do not say
    fit         CSV of control points that tie the file's coordinates to the city's
    dry_run     do everything but keep nothing
    update      compare with what the city has: append, close and replace
    close       what an update is complete for, and so closes by leaving out: all of its kinds, its area, its source, nothing
    match       how an update recognises assets: by id, by geometry, or by id first
    strict      refuse everything if any finding is an error
    valid_from  when the delivered facts began to hold; default now
    """

    format: str | None = None
    crs: str | None = None
    mapping: Path | Mapping[str, Any] | None = None
    kind: str | None = None
    encoding: str | None = None
    fit: Path | None = None
    dry_run: bool = False
    update: bool = False
    close: Literal["kind", "area", "source", "nothing"] = "kind"
    match: Literal["auto", "id", "geometry"] = "auto"
    strict: bool = False
    valid_from: str | None = None
    actor: str = "import"
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ImportReport:
    """What an import did, or with `dry_run` would have done."""

    run: str
    dry_run: bool
    files: list[dict[str, Any]] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    links: int = 0
    changes: pa.Table | None = None
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """The report as one JSON-able object."""
        return {
            "run": self.run,
            "dry_run": self.dry_run,
            "files": self.files,
            "kinds": dict(sorted(self.kinds.items())),
            "assets": sum(self.kinds.values()),
            "links": self.links,
            "changes": None if self.changes is None else change_counts(self.changes),
            "findings": self.findings.counts(),
            "rules": self.findings.by_rule(),
            "findings_not_listed": self.findings.dropped(),
            "seconds": round(self.seconds, 3),
        }


class _Undo(Exception):
    """Leaves the transaction of a dry run."""


def import_files(
    city: City, paths: Sequence[str | Path], options: ImportOptions | None = None, progress: Progress | None = None, confirm: Confirm | None = None
) -> ImportReport:
    """Import files into a city.

    confirm   asked with the report before anything is kept; False leaves the city as it was, like a dry run
    raises    NotFound for a missing file; Invalid for an unreadable one, an unknown CRS or, with `strict`, bad rows;
              Conflict when somebody else is writing. The city is unchanged after any of them.
    """
    options = options or ImportOptions()
    started, clock = now(), perf_counter()
    report = ImportReport(run=f"import-{np.datetime_as_string(started, unit='ms').replace(':', '').replace('.', '')}Z", dry_run=options.dry_run)
    work = [(Path(p), _choose_format(city.catalog, Path(p), options)) for p in paths]
    parameters = {**options.parameters, **({"kind": city.kind(options.kind).name} if options.kind else {})}
    request = ReadRequest(city.catalog, options.crs, _read_mapping(options.mapping), options.encoding, parameters=parameters)
    seen: dict[str, IdSet] = {}
    try:
        with city.repository.write() as writer:
            valid_from = writer.stamp if options.valid_from is None else parse_instant(options.valid_from, field="valid_from")
            update = Update(match=options.match, close=options.close) if options.update else None
            for path, chosen in work:
                _import_one(city, writer, path, chosen, request, valid_from, options, report, progress, seen, update)
            if update is not None:
                kinds, report.changes = apply_delivery(city, writer, update, valid_from, report.findings)
                _add(report.kinds, kinds)
            if options.strict and report.findings.counts()["error"]:
                raise Invalid(f"{report.findings.counts()['error']} findings are errors, nothing was imported", fix="Correct them, or import without --strict")
            if not options.dry_run and confirm is not None and not confirm(report):
                report.dry_run = True
            if report.dry_run:
                raise _Undo
            report.seconds = perf_counter() - clock
            _record(city, writer, report, work, options, started)
    except _Undo:
        pass
    report.seconds = perf_counter() - clock
    return report


def guess_mapping(city: City, path: str | Path, encoding: str | None = None) -> tuple[dict[str, Any], str]:
    """A proposed mapping for a file: as a value, and as TOML text with the reasons, to be edited and given back with `--map`.

    raises    NotFound for a missing file; Invalid for one that has no columns to map
    """
    from holdfast.io.mapping import guess

    if not Path(path).exists():
        raise NotFound("there is no such file", fix="Check the path", file=str(path))
    return guess(Path(path), city.catalog, encoding=encoding)


def _import_one(
    city: City, writer: Writer, path: Path, chosen: Format, request: ReadRequest, valid_from: Any, options: ImportOptions,
    report: ImportReport, progress: Progress | None, seen: dict[str, IdSet], update: Update | None,
) -> None:
    """Read one file and append its rows; for an update, only gather them."""
    assert chosen.read is not None
    delivery = chosen.read(path, request)
    context = RowContext(file=path.name, stem=path.stem, findings=delivery.findings, transform=None, seen=seen)
    kinds: dict[str, int] = {}
    for kind_name, table in _rows(city, delivery, context, options, progress):
        kinds[kind_name] = kinds.get(kind_name, 0) + table.num_rows
        if update is None:
            writer.append(city.kind(kind_name), table, valid_from)
        else:
            update.pieces.append((kind_name, table))
    linked = [settle_links(city, table, seen, delivery.findings, path.name) for table in delivery.links]
    if update is None:
        for table in linked:
            writer.append_links(table, valid_from)
        _add(report.kinds, kinds)
    else:
        update.links += linked
    links = sum(table.num_rows for table in linked)
    for raster in delivery.rasters:
        writer.put_file(f"rasters/{raster.name}", raster.read_bytes())
    report.links += links
    report.findings.extend(delivery.findings)
    report.files.append({"file": path.name, "format": chosen.name, "crs": options.crs or delivery.crs, "assets": sum(kinds.values()), "links": links,
                         "facts": delivery.facts})


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def _rows(city: City, delivery: Delivery, context: RowContext, options: ImportOptions, progress: Progress | None) -> Iterator[tuple[str, pa.Table]]:
    """Checked rows of a delivery, kind by kind as they come."""
    settings = city.settings.values()
    ready = False
    for batch in delivery.batches:
        kind = city.kind(batch.kind)
        if batch.table.num_rows == 0:
            continue
        if not ready and kind.geometry is not None and "geometry" in batch.table.column_names and batch.table["geometry"].null_count < batch.table.num_rows:
            _settle_crs(city, delivery, batch.table["geometry"], context, options)
            ready = True
        if kind.name not in context.stored:
            context.stored[kind.name] = IdSet() if options.update else _open_ids(city, kind.name)
        table, rows = prepare(kind, batch.table.append_column("source", pa.repeat(context.file, batch.table.num_rows))
                              if "source" not in batch.table.column_names else batch.table, batch.rows, context)
        check_batch(kind, table, context.findings, context.file, rows, settings)
        if progress is not None:
            progress(context.file, batch.table.num_rows)
        if table.num_rows:
            yield kind.name, table


def _open_ids(city: City, kind: str) -> IdSet:
    found = IdSet()
    for piece in city.batches(kind, columns=["id"], rows=1_000_000):
        found.add(piece["id"].combine_chunks())
    return found


def _settle_crs(city: City, delivery: Delivery, wkb: pa.ChunkedArray, context: RowContext, options: ImportOptions) -> None:
    """Choose the way from the file's coordinates to the city's, by the first geometries."""
    stated = options.crs or delivery.crs
    if options.fit is not None:
        from holdfast.model.control import fit, read_control_points

        source, target, names = read_control_points(options.fit)
        context.transform = fit(source, target, max_residual=city.settings["survey.control_point_residual"], names=names)
        return
    if stated is None:
        raise Invalid(
            "the file does not say in which coordinate system its coordinates are",
            fix="State it with --crs EPSG:n, or --crs local:m (local:ft) for a local grid, or tie it with --fit FILE.csv",
            file=context.file,
        )
    if options.crs and delivery.crs and parse_crs(options.crs) != parse_crs(delivery.crs):
        delivery.findings.add(
            "import.crs_overruled", "warning", f"the file says {delivery.crs}, it was read as {options.crs}", file=context.file, fix="Leave --crs out if the file is right"
        )
    try:
        way = transformer(stated, city.crs)
    except HoldfastError as error:
        error.where.setdefault("file", context.file)
        raise
    xy = geometry.centre(wkb)
    xy = xy[np.isfinite(xy).all(axis=1)]
    wrong = diagnose(stated, xy[:, 0], xy[:, 1], city.crs)
    if wrong is not None:
        raise Invalid(wrong.message, fix=wrong.fix, file=context.file, crs=stated)
    if hasattr(way, "settle"):
        way.settle(xy[:, 0], xy[:, 1])
    for note in way.notes:
        delivery.findings.add("import.crs_note", "info", note, file=context.file)
    context.transform, context.height = way, way.height
    context.area = area_bounds(stated)


def _choose_format(catalog: Catalog, path: Path, options: ImportOptions) -> Format:
    if not path.exists():
        raise NotFound("there is no such file", fix="Check the path", file=str(path))
    if options.format:
        chosen = format_named(catalog, options.format)
        if chosen.read is None:
            raise Invalid(f"the format {chosen.name} can only be written", fix="Choose another format", file=path.name)
        return chosen
    head = b""
    if path.is_file():
        try:
            with path.open("rb") as file:
                head = file.read(65536)
        except OSError as error:
            raise Invalid(f"the file cannot be read: {error.strerror}", fix="Check its permissions", file=str(path)) from error
        if not head:
            raise Invalid("the file is empty", fix="Deliver it again", file=path.name)
    readable = [f for f in catalog.formats if f.read is not None]
    name = path.name.lower()
    fitting = [f for f in readable if name.endswith(f.suffixes)] or readable
    scores = sorted(((f.sniff(path, head), f.name, f) for f in fitting), key=lambda s: (-s[0], s[1]))
    if not scores or scores[0][0] <= 0:
        raise Invalid("the format of the file is not known", fix=f"Name it with --as; formats are {', '.join(sorted(f.name for f in readable))}", file=path.name)
    return scores[0][2]


def _read_mapping(mapping: Path | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if mapping is None or isinstance(mapping, Mapping):
        return mapping
    try:
        return tomllib.loads(Path(mapping).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound("there is no such mapping file", fix="Check the path", file=str(mapping)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the mapping is no TOML: {error}", fix="Correct it, or make one with --guess", file=str(mapping)) from error


def _record(city: City, writer: Writer, report: ImportReport, work: list[tuple[Path, Format]], options: ImportOptions, started: Any) -> None:
    """Keep the run, its findings and the event."""
    if len(report.findings):
        writer.put_file(f"results/{report.run}/findings.parquet", _parquet(report.findings.table()))
    if report.changes is not None:
        writer.put_file(f"results/{report.run}/changes.parquet", _parquet(report.changes))
    digest = hashlib.sha256()
    for path, _ in work:
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    parameters = {k: str(v) for k in ("format", "crs", "mapping", "kind", "fit", "update", "strict", "valid_from") if (v := getattr(options, k))}
    writer.append_run({
        "id": report.run, "capability": "import", "code_version": __version__, "input_digest": digest.hexdigest(), "parameters": json.dumps(parameters),
        "status": "done", "actor": options.actor, "started_at": started, "ended_at": now(), "summary": json.dumps(report.summary(), ensure_ascii=False),
    })
    writer.append_event({"type": "import", "subject": ", ".join(p.name for p, _ in work)[:200], "actor": options.actor, "cause": report.run,
                         "payload": {"kinds": report.kinds, "links": report.links, "findings": report.findings.counts()}})


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def change_counts(changes: pa.Table) -> dict[str, int]:
    """Number of assets by what happened to them."""
    counted = pc.value_counts(changes.group_by(["id", "change"]).aggregate([])["change"])
    return {row["values"]: row["counts"] for row in counted.to_pylist()}


__all__ = ["ImportOptions", "ImportReport", "change_counts", "guess_mapping", "import_files"]
