"""Dependency tables: who needs whom, for which service, and how long it lasts without.

Columns: provider, needer, service, backup_hours, relation; or the pair form of two columns `<domain>_id`, in which pumps
stand beside the motors that drive them and generators beside the reservoirs that feed them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.delivery import LINK_PLACE, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.spec import SERVICES
from holdfast.model.tables import LINK, RELATIONS

from . import values
from .delimited import Table, open_table
from .layers import split_heading
from .rules import parse

_COLUMNS = {
    "provider": ("provider", "provider_id", "supplier", "from", "from_id", "source", "source_id", "提供方", "供方", "供给方", "上游", "来源"),
    "needer": ("needer", "needer_id", "consumer", "consumer_id", "dependent", "dependent_id", "to", "to_id", "target", "target_id", "需方", "依赖方", "需求方", "下游"),
    "service": ("service", "services", "服务", "服务类型", "依赖类型"),
    "backup_hours": ("backup_hours", "backup", "backup_time", "备用时长", "备用小时", "备用时间", "后备时长"),
    "relation": ("relation", "关系"),
}
_SERVICE_WORDS = {
    "electricity": ("电", "电力", "供电", "power", "electric"), "water": ("水", "给水", "供水", "自来水"), "gas": ("燃气", "天然气", "供气"),
    "heat": ("热", "热力", "供热", "heating"), "telecom": ("通信", "电信", "网络", "communication", "communications"), "drainage": ("排水", "污水", "sewage"),
    "road_access": ("道路", "交通", "通行", "road", "transport", "access"), "fire_flow": ("消防", "消防用水"), "shelter": ("避难",), "care": ("医疗",),
    "supplies": ("物资", "fuel", "燃料"),
}  # fmt: skip
_UNITS = {"h": 1.0, "min": 1 / 60, "d": 24.0, "s": 1 / 3600, "小时": 1.0, "分钟": 1 / 60, "天": 24.0}
_PAIR = {"water_id": ("W_", "water"), "power_id": ("P_", "electricity")}


def read(path: Path, request: ReadRequest) -> Delivery:
    """The links of a dependency table. Ids without a kind in front are left as delivered, for the import to find."""
    rules = parse(request.mapping, request.catalog)
    table = open_table(path, encoding=request.encoding or rules.encoding)
    delivery = Delivery("dependencies", ())
    named = dict(rules.dependencies or {})
    found = columns_of(table.columns, named)
    pair = _pair_of(table.columns)
    if not {"provider", "needer"} <= set(found) and pair is None:
        raise Invalid(
            "the table does not say who provides and who needs", file=str(path), columns=", ".join(table.columns[:20]),
            fix="Name the columns provider and needer, or name yours under [dependencies] in a mapping",
        )  # fmt: skip
    pieces = list(table.pieces(delivery.findings))
    if pieces:
        whole = pa.concat_tables([piece for piece, _ in pieces])
        rows = np.concatenate([numbers for _, numbers in pieces])
        links = _pair(whole, pair) if pair is not None and "provider" not in found else _general(whole, table, found, named, delivery, rows)
        links = _sound(_placed(links, rows, pair if "provider" not in found else None, found), path, delivery)
        delivery.links.append(links)
        delivery.facts["links"] = links.num_rows
    return delivery


def columns_of(headings: list[str], named: dict[str, str]) -> dict[str, str]:
    """The heading of each part of a dependency: those a mapping names, else those with a usual name."""
    lower = {_plain(heading): heading for heading in reversed(headings)}
    found = {}
    for part, names in _COLUMNS.items():
        wanted = (named[part],) if part in named else names
        heading = next((lower[_plain(name)] for name in wanted if _plain(name) in lower), None)
        if heading is not None:
            found[part] = heading
    return found


def _plain(heading: str) -> str:
    name = split_heading(heading)[0]
    return name.partition("(")[0].partition("（")[0].strip().casefold().replace(" ", "_")


def _pair_of(headings: list[str]) -> tuple[str, str] | None:
    lower = {heading.strip().casefold(): heading for heading in headings}
    return (lower["water_id"], lower["power_id"]) if {"water_id", "power_id"} <= set(lower) else None


def _pair(table: pa.Table, pair: tuple[str, str]) -> pa.Table:
    """Pumps need the electricity of their motor; generators (P_G) need the water of their reservoir."""
    water, power = (pc.utf8_trim_whitespace(table[column]) for column in pair)
    generator = pc.fill_null(pc.starts_with(power, "P_G"), False)
    return pa.table({
        "from_id": pc.if_else(generator, water, power), "to_id": pc.if_else(generator, power, water), "relation": pa.repeat("depends", table.num_rows),
        "service": pc.if_else(generator, "water", "electricity"), "backup_hours": pa.nulls(table.num_rows, pa.float64()),
    })  # fmt: skip


def _placed(links: pa.Table, rows: np.ndarray, pair: tuple[str, str] | None, found: dict[str, str]) -> pa.Table:
    """The links with where each end stands in the file: row, from_field, to_field."""
    if pair is None:
        provider, needer = (pa.repeat(found[part], links.num_rows) for part in ("provider", "needer"))
    else:
        from_water = pc.equal(links["service"], "water")
        provider, needer = pc.if_else(from_water, *pair), pc.if_else(from_water, *reversed(pair))
    return links.append_column("row", pa.array(rows)).append_column("from_field", provider).append_column("to_field", needer)


def _general(table: pa.Table, opened: Table, found: dict[str, str], named: dict[str, str], delivery: Delivery, rows: np.ndarray) -> pa.Table:
    count, file = table.num_rows, opened.path.name
    columns = {}
    for part, target in (("provider", "from_id"), ("needer", "to_id")):
        ids = pc.utf8_trim_whitespace(table[found[part]])
        kind = named.get(f"{part}_kind")
        if kind is not None:
            whole = pc.fill_null(pc.match_substring_regex(ids, r"^[a-z_0-9]+\.[a-z_0-9]+:"), False)
            ids = pc.if_else(whole, ids, pc.binary_join_element_wise(f"{kind}:", ids, ""))
        columns[target] = ids
    columns["relation"] = _relation(table, found, named, delivery, rows, file)
    columns["service"] = _service(table, found, named, delivery, rows, file)
    columns["backup_hours"] = pa.nulls(count, pa.float64())
    if "backup_hours" in found:
        heading = found["backup_hours"]
        numbers = values.to_number(table[heading])
        if numbers.bad is not None:
            at = np.flatnonzero(numbers.bad)
            delivery.findings.add_rows(
                "import.not_a_number", "warning", "the backup time is not a number", kind="link", ids=[None] * len(at), column=heading, file=file,
                rows=rows[at], values=table[heading].take(pa.array(at)).to_pylist(), fix="Give hours as a number",
            )  # fmt: skip
        columns["backup_hours"] = pc.multiply(numbers.column, _unit(heading, named, opened))
    return pa.table(columns)


def _unit(heading: str, named: dict[str, str], opened: Table) -> float:
    """Hours per unit of the backup column, from the mapping, or `[unit]` or `(unit)` in the heading."""
    unit = named.get("backup_unit") or split_heading(heading)[1]
    if unit is None:
        inner = heading.replace("（", "(").replace("）", ")").partition("(")[2].rstrip(")").strip()
        unit = inner or "h"
    if unit not in _UNITS:
        raise Invalid(f"{unit!r} is no unit of time here", fix=f"Use one of: {', '.join(_UNITS)}", file=str(opened.path), field=heading)
    return _UNITS[unit]


def _service(table: pa.Table, found: dict[str, str], named: dict[str, str], delivery: Delivery, rows: np.ndarray, file: str) -> pa.ChunkedArray:
    if "service" not in found:
        constant = named.get("service")
        if constant is not None and constant not in SERVICES:
            raise Invalid(f"{constant!r} is neither a column nor a service", fix=f"Services are: {', '.join(SERVICES)}", file=file, key="dependencies.service")
        return pa.chunked_array([pa.repeat(pa.scalar(constant, pa.string()), table.num_rows)])
    words = {word: service for service, others in _SERVICE_WORDS.items() for word in others} | {service: service for service in SERVICES}
    coded = values.to_code(pc.utf8_lower(table[found["service"]]), None, words).column
    unknown = pc.fill_null(pc.invert(pc.is_in(coded, pa.array(SERVICES))), False).to_numpy() & coded.is_valid().to_numpy()
    at = np.flatnonzero(unknown)
    if len(at):
        delivery.findings.add_rows(
            "import.unknown_service", "error", "there is no such service; the link was left out", kind="link", ids=[None] * len(at), column=found["service"],
            file=file, rows=rows[at], values=coded.take(pa.array(at)).to_pylist(), fix=f"Services are: {', '.join(SERVICES)}",
        )  # fmt: skip
        coded = pc.if_else(pa.array(unknown), "?", coded)
    return coded


def _relation(table: pa.Table, found: dict[str, str], named: dict[str, str], delivery: Delivery, rows: np.ndarray, file: str) -> pa.ChunkedArray:
    default = named.get("relation", "depends")
    if "relation" not in found:
        if default not in RELATIONS:
            raise Invalid(f"{default!r} is neither a column nor a relation", fix=f"Relations are: {', '.join(RELATIONS)}", file=file, key="dependencies.relation")
        return pa.chunked_array([pa.repeat(default, table.num_rows)])
    given = pc.fill_null(pc.utf8_lower(pc.utf8_trim_whitespace(table[found["relation"]])), "depends")
    at = np.flatnonzero(pc.invert(pc.is_in(given, pa.array(RELATIONS))).to_numpy())
    if len(at):
        delivery.findings.add_rows(
            "import.unknown_relation", "warning", "there is no such relation; it was taken as depends", kind="link", ids=[None] * len(at),
            column=found["relation"], file=file, rows=rows[at], values=given.take(pa.array(at)).to_pylist(), fix=f"Relations are: {', '.join(RELATIONS)}",
        )  # fmt: skip
    return pc.if_else(pc.is_in(given, pa.array(RELATIONS)), given, "depends")


def _sound(links: pa.Table, path: Path, delivery: Delivery) -> pa.Table:
    """Links that have both ends, each once; the others as findings."""
    rows = links["row"].to_numpy()

    def say(rule: str, message: str, mask: np.ndarray, fix: str) -> None:
        at = np.flatnonzero(mask)
        delivery.findings.add_rows(rule, "error", message, kind="link", ids=[None] * len(at), file=path.name, rows=rows[at], fix=fix)

    def empty(column: str) -> np.ndarray:
        return pc.fill_null(pc.equal(links[column], ""), True).to_numpy()

    lacking = empty("from_id") | empty("to_id")
    say("import.incomplete_link", "provider or needer is missing; the link was left out", lacking, "Give both")
    itself = pc.fill_null(pc.equal(links["from_id"], links["to_id"]), False).to_numpy() & ~lacking
    say("import.self_link", "an asset cannot depend on itself; the link was left out", itself, "Name another provider")
    unknown = pc.fill_null(pc.equal(links["service"], "?"), False).to_numpy()
    key = pc.binary_join_element_wise(*[pc.fill_null(links[c], "") for c in ("from_id", "to_id", "relation", "service")], "\x1f")
    _, index = np.unique(np.asarray(key.to_pylist(), object).astype(str), return_index=True)
    again = np.ones(links.num_rows, bool)
    again[index] = False
    again &= ~(lacking | itself | unknown)
    say("import.duplicate_link", "the link was given in an earlier row", again, "Remove the row")
    kept = links.filter(pa.array(~(lacking | itself | unknown | again)))
    schema = pa.schema([f.with_nullable(True) for f in (*LINK, *LINK_PLACE)])
    return kept.append_column("source", pa.repeat(path.name, kept.num_rows)).select(schema.names).cast(schema)


def sniff(path: Path, head: bytes) -> float:
    """A heading with provider and needer, or with water_id and power_id."""
    if path.is_dir() or not head.strip():
        return 0.0
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").partition(b"\n")[0][:2000]
    for codec in ("utf-8", "gb18030"):
        try:
            line = first.decode(codec)
            break
        except UnicodeDecodeError:
            continue
    else:
        return 0.0
    headings = [cell.strip().strip('"') for separator in (",", "\t", ";") if separator in line for cell in line.split(separator)]
    if len(headings) > 12:
        return 0.0
    if _pair_of(headings):
        return 0.95
    found = columns_of(headings, {})
    plain = {_plain(h) for h in headings}
    sure = {"provider", "needer", "provider_id", "needer_id", "提供方", "供方", "供给方", "依赖方", "需方", "需求方"} & plain
    return 0.9 if {"provider", "needer"} <= set(found) and sure else 0.0


FORMATS: tuple[Format, ...] = (Format("dependencies", "dependency table", "依赖关系表", (".csv", ".tsv"), sniff, read),)
