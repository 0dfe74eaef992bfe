"""The mapping that an export leaves beside a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.io.sidecar import find_sidecar, sidecar_path, write_sidecar
from holdfast.model.errors import Invalid
from memory_city import make_catalog

CATALOG = make_catalog()


def test_it_belongs_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    written = write_sidecar(path, {"layer": {"a": {"kind": "water.pipe"}}})
    assert written == sidecar_path(path) == tmp_path / "a.shp.mapping.toml"
    found = find_sidecar(path, CATALOG)
    assert found is not None
    assert found.layers[0].kind == "water.pipe"
    assert find_sidecar(tmp_path / "a.csv", CATALOG) is None


@pytest.mark.parametrize("body", ["= broken", "[layer.a]\nkind = 'nothing'"])
def test_a_wrong_one_is_refused_and_named(body: str, tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    sidecar_path(path).write_text(body)
    with pytest.raises(Invalid) as caught:
        find_sidecar(path, CATALOG)
    assert caught.value.where["file"] == str(sidecar_path(path))
