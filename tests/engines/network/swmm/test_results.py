"""Output files that are no output files."""

import struct
from pathlib import Path

import pytest

from holdfast.engines.network.swmm import units
from holdfast.engines.network.swmm.results import read
from holdfast.model.errors import Invalid


@pytest.mark.parametrize("tail", [(28, 28, 28, 0, 0, 1), (28, 28, 28, 3, 0, 516114522), (28, 28, 28, 0, 303, 516114522)])
def test_an_incomplete_file_is_refused(tmp_path: Path, tail: tuple[int, ...]):
    path = tmp_path / "m.out"
    path.write_bytes(struct.pack("<7i", 516114522, 52004, 0, 0, 0, 0, 0) + bytes(40) + struct.pack("<6i", *tail))
    with pytest.raises(Invalid, match="no complete output"):
        read(path)


def test_units_of_models():
    assert units.flow("LPS") == 1e-3 and units.flow("cfs") == pytest.approx(0.028316847, rel=1e-6) and units.flow("ODD") == units.flow("CFS")
    assert units.length("CMS") == 1.0 and units.length("MGD") == 0.3048 and units.length("ODD") == 0.3048
    assert units.rain_depth("LPS") == 1e-3 and units.plan_area("CMS") == 1e4 and units.plan_area("CFS") == pytest.approx(4046.86, rel=1e-5)
