import numpy as np
import pyarrow as pa
import pytest

from holdfast.domains.base.grid_code import malformed, reading_order, split_codes, unit_grid_codes
from holdfast.model.errors import Invalid


def test_cells_are_numbered_west_to_east_in_rows_from_north_to_south():
    x, y = (v.ravel() for v in np.meshgrid([10.0, 20.0, 30.0], [300.0, 200.0, 100.0]))
    shuffled = np.array([4, 0, 8, 2, 6, 1, 5, 3, 7])
    order = reading_order(np.zeros(9), x[shuffled], y[shuffled])
    assert np.array_equal(order[np.argsort(shuffled)], np.arange(1, 10))


def test_numbering_starts_again_in_every_community():
    codes = unit_grid_codes("110101", [1, 1, 1, 2], [1, 1, 2, 1], [0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0])
    assert codes.tolist() == ["110101001001001", "110101001001002", "110101001002001", "110101002001001"]


def test_codes_split_into_their_parts_and_back():
    parts = split_codes(np.array(["110101012034056"]))
    assert {k: v.tolist() for k, v in parts.items()} == {"admin": ["110101"], "street": ["012"], "community": ["034"], "sequence": [56]}


@pytest.mark.parametrize(
    ("admin", "street", "community", "field"), [("1101", 1, 1, "admin"), ("110101", 0, 1, "street"), ("110101", 1, 1000, "community")]
)
def test_numbers_that_do_not_fit_are_refused(admin, street, community, field):
    with pytest.raises(Invalid) as caught:
        unit_grid_codes(admin, [street], [community], [0.0], [0.0])
    assert caught.value.where["field"] == field


def test_a_thousand_cells_do_not_fit_one_community():
    with pytest.raises(Invalid, match="sequence"):
        unit_grid_codes("110101", np.ones(1000), np.ones(1000), np.arange(1000.0), np.zeros(1000))


def test_malformed_codes_are_found():
    codes = pa.array(["110101001001001", "11010100100100", "110101000001001", "11010100100100A", None, "000101001001001"])
    assert malformed(codes).tolist() == [False, True, True, True, True, True]
