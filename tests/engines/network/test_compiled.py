"""Kernels kept on disk are compiled anew when code they contain has changed."""

from holdfast.engines.network import compiled
from holdfast.engines.network.sparse import eliminate


def test_the_stamp_covers_the_files_whose_code_is_inlined():
    names = {entry[0] for entry in compiled._stamp_of(eliminate.py_func)}
    assert {"lanes.py", "sparse.py", "pack.py"} <= names
    from holdfast.engines.network.hydraulic.run import run

    names = {entry[0] for entry in compiled._stamp_of(run.py_func)}
    assert {"lanes.py", "sparse.py", "hydraulic/run.py", "hydraulic/law.py"} <= names
    assert not any(name.startswith("roads/") for name in names)


def test_a_kernel_is_compiled_and_kept():
    assert eliminate.targetoptions["nogil"]
    assert "lanes.py" in str(eliminate._cache._cache_file._source_stamp)
