"""Writing pipelines as point and line tables (点表, 线表), one pair per category, with Chinese headings."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.errors import Conflict, NotSupported
from holdfast.model.geometry import centre

from .geofile_write import tables_of
from .layers import GEOMETRY
from .survey_categories import Categories

_POINT_HEADINGS = (
    ("field_number", "外业点号"), ("map_number", "图上点号"), ("category", "管线类别"), ("feature_code", "要素代码"), ("feature", "特征"), ("attachment", "附属物"),
    ("x", "X"), ("y", "Y"), ("ground_elevation", "地面高程(m)"), ("depth", "埋深(m)"), ("well_bottom_depth", "井底埋深(m)"), ("status", "使用状态"),
    ("road", "所在道路"), ("owner", "权属单位"), ("survey_date", "探测日期"), ("comment", "备注"),
)  # fmt: skip
_LINE_HEADINGS = (
    ("map_number", "线号"), ("start", "起点号"), ("end", "终点号"), ("category", "管线类别"), ("feature_code", "要素代码"), ("from_depth", "起点埋深(m)"),
    ("to_depth", "终点埋深(m)"), ("from_elevation", "起点管高程(m)"), ("to_elevation", "终点管高程(m)"), ("section", "管径或断面尺寸(mm)"), ("material", "材质"),
    ("laying", "埋设方式"), ("pressure_class", "压力等级"), ("nominal_voltage", "电压值(kV)"), ("ducts", "总孔数"), ("ducts_used", "已用孔数"), ("build_date", "建设年代"),
    ("status", "使用状态"), ("road", "所在道路"), ("owner", "权属单位"), ("survey_date", "探测日期"), ("comment", "备注"),
)  # fmt: skip


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """A new folder with a point table and a line table per category; X is north and Y is east.

    raises    NotSupported when none of the kinds is a pipeline; Conflict when the folder exists
    """
    from pyarrow import csv as arrow_csv

    categories = Categories(city.catalog)
    points: dict[str, list[pa.Table]] = {}
    lines: dict[str, list[pa.Table]] = {}
    counts, left_out = {}, []
    domains = {line.domain: major for major, line in categories.lines.items()}
    for name, facts in tables_of(city, kinds, as_of):
        kind = city.catalog.kinds[name]
        major = domains.get(kind.domain)
        if major is not None and kind is categories.lines[major] and GEOMETRY in facts.column_names:
            lines.setdefault(major, []).append(_line_rows(facts, major))
        elif major is not None and kind.trait == "node" and kind.field("attachment") is not None and GEOMETRY in facts.column_names:
            points.setdefault(major, []).append(_point_rows(facts, kind.title_zh, major, kind is categories.points.get(major)))
        else:
            left_out.append(name)
            continue
        counts[name] = facts.num_rows
    if not counts:
        raise NotSupported("survey tables hold pipelines and their points only", fix="Choose kinds such as water.pipe and water.junction")
    if path.exists():
        raise Conflict("the folder exists already", fix="Name a new folder", file=str(path))
    folder = Path(tempfile.mkdtemp(prefix=".holdfast-", dir=path.parent))
    try:
        for suffix, tables in (("点表", points), ("线表", lines)):
            for major, parts in tables.items():
                with (folder / f"{major}{suffix}.csv").open("wb") as sink:
                    sink.write(b"\xef\xbb\xbf")
                    arrow_csv.write_csv(pa.concat_tables(parts), sink)
        folder.chmod(0o755)
        folder.rename(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"kinds": counts, "left_out": left_out, "files": sorted(p.name for p in path.iterdir())}


def _bare(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids without the kind in front."""
    return pc.replace_substring_regex(ids, r"^[a-z_0-9]+\.[a-z_0-9]+:", "")


def _text(facts: pa.Table, name: str) -> pa.ChunkedArray:
    from .values import to_text

    if name in facts.column_names:
        return to_text(facts[name])
    return pa.chunked_array([pa.nulls(facts.num_rows, pa.string())])


def _point_rows(facts: pa.Table, title: str, major: str, plain: bool) -> pa.Table:
    place = centre(facts[GEOMETRY])
    number = _bare(facts["id"])
    special = {
        "field_number": number, "map_number": pc.coalesce(_text(facts, "map_number"), number), "category": pc.fill_null(_text(facts, "category"), major),
        "x": _number(place[:, 1]), "y": _number(place[:, 0]),
        "attachment": _text(facts, "attachment") if plain else pc.fill_null(_text(facts, "attachment"), title),
    }  # fmt: skip
    return pa.table({heading: special.get(name, _text(facts, name)) for name, heading in _POINT_HEADINGS})


def _number(values: np.ndarray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.float64(), from_pandas=True).cast(pa.string())])


def _line_rows(facts: pa.Table, major: str) -> pa.Table:
    special = {
        "map_number": _bare(facts["id"]), "start": _bare(_text(facts, "from_id")), "end": _bare(_text(facts, "to_id")),
        "category": pc.fill_null(_text(facts, "category"), major), "section": _section(facts), "nominal_voltage": _scaled(facts, "nominal_voltage", 1e-3),
    }  # fmt: skip
    return pa.table({heading: special.get(name, _text(facts, name)) for name, heading in _LINE_HEADINGS})


def _scaled(facts: pa.Table, name: str, factor: float) -> pa.ChunkedArray:
    if name not in facts.column_names:
        return _text(facts, name)
    from .values import to_text

    # twelve digits so that 0.3 m is 300 mm and not 299.99999999999994
    numbers = facts[name].to_numpy() * factor
    return to_text(pa.array(np.array([float(f"{v:.12g}") for v in numbers]), pa.float64(), from_pandas=True))


def _section(facts: pa.Table) -> pa.ChunkedArray:
    """Diameter, or width by height, in millimetres."""
    size = _scaled(facts, "diameter", 1e3)
    if "width" not in facts.column_names:
        return size
    height = _scaled(facts, "height", 1e3) if "height" in facts.column_names else size
    box = pc.binary_join_element_wise(_scaled(facts, "width", 1e3), height, "X")
    return pc.coalesce(box, size)
