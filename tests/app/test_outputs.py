"""Places for results: refused before the work, and nothing empty left behind."""

from __future__ import annotations

import pytest

from holdfast.app.outputs import check_file, results_folder
from holdfast.model.errors import Invalid, Unavailable


def test_files(tmp_path):
    check_file(tmp_path / "a.parquet", (".parquet",), "results are Parquet")
    with pytest.raises(Invalid, match="results are Parquet"):
        check_file(tmp_path / "a.pq", (".parquet",), "results are Parquet")
    with pytest.raises(Unavailable, match="folder does not exist"):
        check_file(tmp_path / "missing" / "a.parquet", (".parquet",), "results are Parquet")
    (tmp_path / "b.parquet").mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        check_file(tmp_path / "b.parquet", (".parquet",), "results are Parquet")


def test_a_folder_is_made_and_kept(tmp_path):
    with results_folder(tmp_path / "a" / "b"):
        pass
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_in_which_nothing_came_about_is_taken_away(tmp_path):
    with pytest.raises(ZeroDivisionError), results_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "blocks").mkdir()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_or_that_was_there_stays(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(ZeroDivisionError), results_folder(tmp_path / "old"):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), results_folder(tmp_path / "new"):
        (tmp_path / "new" / "file").write_text("kept")
        raise ZeroDivisionError
    assert (tmp_path / "old").is_dir() and (tmp_path / "new" / "file").read_text() == "kept"


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="no folder"), results_folder(tmp_path / "file"):
        pass
    with pytest.raises(Unavailable, match="cannot be written there"), results_folder(tmp_path / "file" / "x"):
        pass
