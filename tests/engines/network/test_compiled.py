"""Kernels kept on disk are compiled anew when code they contain has changed."""

import importlib.util
import sys

import numpy as np
import pytest

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


INNER = "from holdfast.engines.network.compiled import kernel\n{numbers}\n@kernel(inline='always')\ndef inner(x):\n    return x + {add}\n"
OUTER = "from holdfast.engines.network.compiled import kernel\nfrom {inner} import FACTOR, inner\n\n@kernel\ndef outer(x):\n    return FACTOR * inner(x)\n"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """written(**values) writes two modules, of which one inlines the other and takes a number from it, and loads them anew."""
    names = "holdfast.kept_inner", "holdfast.kept_outer"

    def load(add, numbers):
        compiled._of_file.cache_clear()
        texts = INNER.format(add=add, numbers=numbers), OUTER.format(inner=names[0])
        for name, text in zip(names, texts, strict=True):
            path = tmp_path / f"{name.partition('.')[2]}.py"
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(text, str(path), "exec"), vars(module))
        return sys.modules[names[1]].outer

    yield load
    compiled._of_file.cache_clear()


def test_what_is_inlined_from_another_module_is_noticed(written):
    first = written(add=1, numbers="FACTOR = 1")
    assert first(10) == 11 and first.stats.cache_misses
    again = written(add=1, numbers="FACTOR = 1")
    assert again(10) == 11 and again.stats.cache_hits and not again.stats.cache_misses
    assert written(add=100, numbers="FACTOR = 1")(10) == 110
    assert written(add=100, numbers="FACTOR = 3")(10) == 330


def test_kernels_elsewhere_are_compiled_anew_with_the_modules_they_draw_on_and_no_others():
    from holdfast.engines.scenario.damage_kernel import sample_block
    from holdfast.engines.scenario.timeline_kernel import credit

    names = {entry[0].removeprefix("holdfast.engines.scenario.") for entry in compiled._stamp_of(sample_block.py_func)}
    assert {"damage_kernel", "damage_chance", "random"} <= names and not {"cascade_kernel", "repair_kernel", "timeline"} & names
    assert "SLACK" in vars(sys.modules[credit.__module__]) and compiled._numbers({"SLACK": 1e-6}) != compiled._numbers({"SLACK": 2e-6})
    assert compiled._numbers({"table": np.arange(3)}) != compiled._numbers({"table": np.arange(1, 4)})
