"""What the water capabilities share: the model of a city, where its assets are in it, and who is served where."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.hydraulic.model import NodeType
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.people import people_at

from .hydraulic_tables import WaterTables, places
from .hydraulics import hydraulic_model
from .solving import mean_demand


class Study:
    """One city's water model with its findings.

    model     `HydraulicModel`
    tables    the water tables that exist
    findings  what is wrong with them
    """

    def __init__(self, city: Any) -> None:
        self.city = city
        self.findings = Findings()
        self.model = hydraulic_model(city, findings=self.findings)
        self.tables = WaterTables(city, Findings())
        self.junction = self.model.node_type == NodeType.JUNCTION

    def links(self, names: Sequence[str] | str, field: str) -> np.ndarray:
        """Positions of links named by id, or by what follows the colon. raises NotFound, Invalid when nothing is named"""
        return self._positions(names, self.model.link_id, field, "pipe, pump or valve")

    def nodes(self, names: Sequence[str] | str, field: str) -> np.ndarray:
        """Positions of nodes; as `links`."""
        return self._positions(names, self.model.node_id, field, "node of the water network")

    def _positions(self, names: Sequence[str] | str, ids: pa.Array, field: str, what: str) -> np.ndarray:
        wanted = [names] if isinstance(names, str) else list(names)
        if not wanted:
            raise Invalid(f"no {what} is named", fix="Give at least one id", field=field)
        known = ids.to_pylist()
        index = {name: at for at, name in reversed(list(enumerate(known)))}
        short = {name.partition(":")[2]: at for name, at in reversed(list(index.items()))}
        found = []
        for name in wanted:
            at = index.get(name, short.get(name))
            if at is None:
                near = difflib.get_close_matches(name, [*known, *short], 3, 0.6)
                raise NotFound(f"{name!r} is no {what}", fix=f"Did you mean {' or '.join(near)}?" if near else "Check the id", id=name, field=field)
            found.append(at)
        return np.array(found, np.int64)

    def people(self) -> np.ndarray:
        """(node,) people who draw from each node: those of the buildings that it serves, counted as `holdfast.model.people` says, else those its row names.

        Whoever hangs on several nodes counts at each with an equal share; nobody is counted at hydrants. Without any of these zero everywhere.
        """
        out = np.zeros(self.model.nodes)
        served = self.customers()
        served = served.filter(pc.and_(pc.is_valid(served["people"]), pc.invert(pc.starts_with(served["from_id"], "water.hydrant:"))))
        if served.num_rows:
            which = pc.dictionary_encode(served["id"].combine_chunks()).indices.to_numpy(zero_copy_only=False)
            np.add.at(out, served["node"].to_numpy(), served["people"].to_numpy() / np.bincount(which)[which])
        if out.sum() == 0:
            stated = np.nan_to_num(self.tables.numbers("water.junction", "population", 0.0))
            out[: len(stated)] = stated
        return out

    def customers(self) -> pa.Table:
        """Assets that a water node, secondary supply or hydrant serves: id, kind, node (position), people (null where none are counted), from_id."""
        empty = {"id": pa.string(), "kind": pa.string(), "node": pa.int64(), "people": pa.float64(), "from_id": pa.string()}
        links = getattr(self.city, "links", None)
        if links is None:
            return pa.table({name: pa.array([], kind) for name, kind in empty.items()})
        table = links(relation="serves")
        node_of = self.outlet_nodes()
        rows = [(to, node_of[source], source) for source, to, service in zip(*(table[n].to_pylist() for n in ("from_id", "to_id", "service")), strict=True)
                if source in node_of and service in (None, "water", "fire_flow")]  # fmt: skip
        ids = pa.array([r[0] for r in rows], pa.string())
        return pa.table({"id": ids, "kind": pa.array([r[0].partition(":")[0] for r in rows], pa.string()), "node": pa.array([r[1] for r in rows], pa.int64()),
                         "people": nullable(people_at(self.city, ids)), "from_id": pa.array([r[2] for r in rows], pa.string())})  # fmt: skip

    def outlet_nodes(self) -> dict[str, int]:
        """Node position of every water node, of every hydrant by its `node_id`, and of every secondary supply where its pumps lift to, else its `node_id`."""
        out = {name: at for at, name in enumerate(self.model.node_id.to_pylist())}
        for kind in ("water.secondary_supply", "water.hydrant"):
            at = places(self.tables.texts(kind, "node_id"), self.model.node_id)
            out |= {name: int(node) for name, node in zip(self.tables.ids(kind).to_pylist(), at, strict=True) if node >= 0}
        pump = places(self.tables.ids("water.pump"), self.model.link_id)
        for link, owner in zip(pump.tolist(), self.tables.texts("water.pump", "station"), strict=True):
            if link >= 0 and owner in out and owner.startswith("water.secondary_supply:"):
                out[owner] = int(self.model.link_to[link])
        return out

    def demand(self) -> np.ndarray:
        """(node,) mean demand [m3/s], never negative."""
        return np.maximum(mean_demand(self.model), 0.0)


def node_table(study: Study, at: np.ndarray, **columns: Any) -> pa.Table:
    """Rows of nodes with their ids and places, and further columns."""
    model = study.model
    return pa.table({"id": model.node_id.take(pa.array(at)), **{name: nullable(values) for name, values in columns.items()},
                     "x": nullable(model.node_xy[at, 0]), "y": nullable(model.node_xy[at, 1])})  # fmt: skip


def link_table(study: Study, at: np.ndarray, **columns: Any) -> pa.Table:
    """Rows of links with their ids and the places of their middles, and further columns."""
    model = study.model
    middle = (model.node_xy[model.link_from[at]] + model.node_xy[model.link_to[at]]) / 2
    return pa.table({"id": model.link_id.take(pa.array(at)), **{name: nullable(values) for name, values in columns.items()},
                     "x": nullable(middle[:, 0]), "y": nullable(middle[:, 1])})  # fmt: skip


def nullable(values: Any) -> Any:
    """An array with nulls for NaN; what is no float array as it is."""
    return pa.array(values, from_pandas=True) if isinstance(values, np.ndarray) and values.dtype.kind == "f" else values
