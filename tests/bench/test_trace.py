"""The trace benchmark on a small grid: it checks its own answers against SciPy."""

from bench.trace import run


def test_it_measures_against_scipy():
    result = run(side=12, turns=1)
    assert result["name"] == "trace" and result["ratio"] > 0 and result["detail"]["edges"] == 264
