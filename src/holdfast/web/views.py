"""What the page needs to know about the installation and about one asset, as JSON-able values."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from holdfast.app.running import hazard_parameters
from holdfast.app.words import UNITS, WORDS
from holdfast.engines.survey.declared import CHECKS
from holdfast.model.city import City
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import Catalog, Field, Kind, Signal

from .layers import rows, to_geojson
from .places import Places


def catalog_view(catalog: Catalog) -> dict[str, Any]:
    """Domains, kinds, networks, hazards, formats and survey rules as declared; words: Chinese of names and values in results; units at their ends."""
    return {
        "domains": [{"name": d.name, "title": d.title, "title_zh": d.title_zh} for d in catalog.domains],
        "kinds": [kind_view(kind, catalog) for kind in catalog.kinds.values()],
        "networks": [
            {"name": n.name, "title": n.title, "title_zh": n.title_zh, "nodes": n.node_kinds, "edges": n.edge_kinds, "service": n.service, "gravity": n.gravity}
            for n in catalog.networks.values()
        ],
        "rules": {c.name: {"title": c.title, "title_zh": c.title_zh, "fix": c.fix, "source": f"{c.source.standard} {c.source.clause}".strip()} for c in CHECKS.values()},
        "hazards": [{"name": h.name, "title": h.title, "title_zh": h.title_zh, "measures": dict(h.measures),
                     "parameters": [p.as_json() for p in hazard_parameters(h)]} for h in catalog.hazards],
        "quantities": {q.name: {"unit": q.display[0].symbol, "factor": q.display[0].factor, "offset": q.display[0].offset} for q in QUANTITIES.values()},
        "words": WORDS,
        "units": UNITS,
        "formats": [
            {"name": f.name, "title": f.title, "title_zh": f.title_zh, "suffixes": f.suffixes, "reads": f.read is not None, "writes": f.write is not None}
            for f in catalog.formats
        ],
    }


def kind_view(kind: Kind, catalog: Catalog) -> dict[str, Any]:
    """One kind with its fields; numbers carry their display unit: shown = (SI - offset) / factor."""
    symbol = kind.symbol
    network = next((n.name for n in catalog.networks.values() if kind.name in n.node_kinds + n.edge_kinds), None)
    return {
        "name": kind.name,
        "domain": kind.domain,
        "trait": kind.trait,
        "geometry": kind.geometry,
        "title": kind.title,
        "title_zh": kind.title_zh,
        "colour": None if symbol is None else symbol.colour,
        "category": "" if symbol is None else symbol.category,
        "feature_code": "" if symbol is None else symbol.feature_code,
        "network": network,
        "shuts": kind.shuts is not None,
        "provides": kind.provides,
        "needs": [{"service": need.service, "backup_hours": need.backup_hours} for need in kind.needs],
        "fields": [_field(field) for field in kind.fields],
        "signals": [_signal(signal) for signal in kind.signals],
    }


def history_view(city: City, places: Places, asset_id: str) -> dict[str, Any]:
    """Every version of one asset, oldest record first, with its geometry in longitude and latitude."""
    versions = city.history(asset_id)
    shapes = to_geojson(versions["geometry"], places)
    times = ("valid_from", "valid_to", "recorded_at", "superseded_at")
    listed = []
    for row, shape in zip(rows(versions.drop_columns("geometry")), shapes, strict=True):
        extra = row.pop("extra", None) or {}
        values = {name: value for name, value in row.items() if name not in times} | extra
        listed.append({name: row[name] for name in times} | {"values": values, "geometry": json.loads(shape)})
    return {"id": asset_id, "kind": city.kind_of(asset_id).name, "versions": listed}


def links_view(city: City, asset_id: str) -> dict[str, Any]:
    """Links from and to one asset."""
    both = pa.concat_tables([city.links(from_ids=[asset_id]), city.links(to_ids=[asset_id])])
    return {"id": asset_id, "links": rows(both)}


def findings_view(table: pa.Table, places: Places) -> list[dict[str, Any]]:
    """Findings with longitude and latitude beside the city coordinates."""
    lon, lat = places.lonlat(table["x"].to_numpy(), table["y"].to_numpy()) if table.num_rows else ([], [])
    placed = table.append_column("lon", pa.array(lon, pa.float64())).append_column("lat", pa.array(lat, pa.float64()))
    return rows(placed)


def _field(field: Field) -> dict[str, Any]:
    unit = QUANTITIES[field.quantity].display[0] if field.quantity in QUANTITIES else None
    codes = None if field.dictionary is None else {c.value: {"title": c.title, "title_zh": c.title_zh} for c in field.dictionary.codes}
    return {
        "name": field.name,
        "title": field.title,
        "title_zh": field.title_zh,
        "type": field.type,
        "quantity": field.quantity,
        "unit": "" if unit is None else unit.symbol,
        "factor": 1.0 if unit is None else unit.factor,
        "offset": 0.0 if unit is None else unit.offset,
        "required": field.required,
        "dictionary": None if field.dictionary is None else field.dictionary.name,
        "codes": codes,
    }


def _signal(signal: Signal) -> dict[str, Any]:
    return {"name": signal.name, "title": signal.title, "title_zh": signal.title_zh, "quantity": signal.quantity, "period": signal.period}
