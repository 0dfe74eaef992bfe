"""The mapping file: every key known, every message naming file and key."""

from __future__ import annotations

import tomllib

import pytest

from holdfast.io import rules
from holdfast.model.errors import Invalid
from memory_city import make_catalog

CATALOG = make_catalog()
FULL = """
crs = "EPSG:4547"
encoding = "gbk"
[layer."pipes*"]
kind = "water.pipe"
where = { STATE = ["built", "planned"], ZONE = 3 }
ignore = ["OBJECTID", "SHAPE*"]
missing = ["-999"]
date_format = "%Y/%m"
swap_xy = true
x = "E"
y = "N"
delimiter = ";"
decimal = ","
skip_rows = 2
[layer."pipes*".columns]
id = ["BLOCK", "NO"]
from_id = { from = "START", kind = "water.junction" }
to_id = { from = "END", kinds = { "T" = "water.tank", "" = "water.junction" } }
diameter = { from = "DN", unit = "mm" }
material = { from = "GC", codes = { "铸铁" = "ZT" } }
length = { from = "L", factor = 2, offset = 1 }
[layer."pipes*".constants]
owner = "Water company"
[[layer.mixed]]
kind = "water.junction"
where = { T = "J" }
[[layer.mixed]]
kind_from = { from = "T", codes = { "H" = "water.hydrant", "V" = "water.isolation_valve" } }
[layer.noise]
skip = true
[dependencies]
provider = "A"
needer = "B"
"""


def test_everything_that_may_be_said() -> None:
    read = rules.parse(tomllib.loads(FULL), CATALOG, "m.toml")
    pipes, first, second, noise = read.layers
    assert (read.crs, read.encoding, read.file) == ("EPSG:4547", "gbk", "m.toml")
    assert (pipes.kind, pipes.where, pipes.swap_xy) == ("water.pipe", {"STATE": ("built", "planned"), "ZONE": ("3",)}, True)
    assert (pipes.places, pipes.delimiter, pipes.decimal, pipes.skip_rows) == ({"x": "E", "y": "N"}, ";", ",", 2)
    columns = {c.target: c for c in pipes.columns}
    assert columns["id"].sources == ("BLOCK", "NO")
    assert columns["from_id"].kinds == ("water.junction",)
    assert columns["to_id"].prefixes == {"T": "water.tank", "": "water.junction"}
    assert columns["diameter"].unit == "mm"
    assert (columns["length"].factor, columns["length"].offset) == (2.0, 1.0)
    assert columns["owner"].value == "Water company"
    assert first.kinds() == ("water.junction",)
    assert second.kinds() == ("water.hydrant", "water.isolation_valve")
    assert noise.skip
    assert read.dependencies == {"provider": "A", "needer": "B"}


def test_layers_are_found_by_exact_name_before_pattern() -> None:
    read = rules.parse({"layer": {"pipe*": {"kind": "water.pipe"}, "pipe_b": {"kind": "gas.pipe"}}}, CATALOG)
    assert read.of_layer("PIPE_A")[0].kind == "water.pipe"
    assert read.of_layer("Pipe_B")[0].kind == "gas.pipe"
    assert read.of_layer("valves") == ()
    assert rules.parse(None, CATALOG).layers == ()


@pytest.mark.parametrize(
    ("body", "key", "words"),
    [
        ("colour = 1", "top of the file.colour", "unknown key 'colour'"),
        ('[layer.a]\nkind = "water.pip"', 'layer."a".kind', "not a kind"),
        ("[layer.a]", 'layer."a".kind', "neither kind nor kind_from"),
        ('[layer.a]\nkind = "water.pipe"\nwidth = 3', 'layer."a".width', "unknown key 'width'"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\ncolour = "C"', 'layer."a".columns.colour', "not a field of water.pipe"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\ndiameter = { from = "D", unit = "kg" }', 'layer."a".columns.diameter.unit', "not a unit of diameter"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\nmaterial = { from = "D", unit = "m" }', 'layer."a".columns.material.unit', "has no unit"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\ndiameter = { unit = "m" }', 'layer."a".columns.diameter', "either from or value"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\ndiameter = { form = "m" }', 'layer."a".columns.diameter.form', "unknown key 'form'"),
        ('[layer.a]\nkind = "water.pipe"\n[layer.a.columns]\ndiameter = { from = "D", factor = "2" }', 'layer."a".columns.diameter.factor', "must be a number"),
        ('[layer.a]\nkind = "water.pipe"\nskip_rows = -1', 'layer."a".skip_rows', "whole number"),
        ('[layer.a]\nkind = "water.pipe"\nx = 5', 'layer."a".x', "must be text"),
        ('[layer.a]\nkind_from = { codes = { "J" = "water.pipe" } }', 'layer."a".kind_from.from', "names no column"),
        ('[layer.a]\nkind_from = { from = "T", codes = { "J" = "water" } }', 'layer."a".kind_from.codes.J', "not a kind"),
        ("layer = 3", "layer", "table of layers"),
        ('[layer]\na = "water.pipe"', 'layer."a"', "must be a table"),
        ('[layer.a]\nkind = "water.pipe"\nwhere = 3', 'layer."a".where', "must be a table"),
        ('[dependencies]\nfrom = "x"', "dependencies.from", "unknown key 'from'"),
    ],
)  # fmt: skip
def test_mistakes_name_file_key_and_way_out(body: str, key: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        rules.parse(tomllib.loads(body), CATALOG, "m.toml")
    assert caught.value.where == {"file": "m.toml", "key": key}
    assert caught.value.fix


def test_a_near_kind_is_offered() -> None:
    with pytest.raises(Invalid) as caught:
        rules.parse({"layer": {"a": {"kind": "water.pip"}}}, CATALOG)
    assert "water.pipe" in caught.value.fix
    assert "gas.pipe" not in caught.value.fix
