"""EPANET with its matrix in quadruple precision: what EPANET would answer without round-off in its linear equations.

    python bench/peers/epanet_quad.py SOURCE BUILD

SOURCE  the folder `EPANET` of the owa-epanet source distribution (or of OWA's repository, version 2.3), which stays as it is
BUILD   a new folder for the changed copy and what is compiled; needs gcc with libquadmath, and cmake

Prints the folder of the library. With LD_LIBRARY_PATH set to it, the toolkit of the environment uses this library, in the tests as in the benchmark.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path


def _edit(path: Path, changes: list[tuple[str, str]]) -> None:
    """Regular expressions and their replacements; each must be found."""
    text = path.read_text(encoding="latin-1")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        if not count:
            raise SystemExit(f"{path.name}: nothing matches {pattern!r}; this is another version of EPANET")
    path.write_text(text, encoding="latin-1")


def build(source: Path, target: Path) -> Path:
    """Copy, widen the matrix, compile; the folder of the library."""
    copy = target / "EPANET"
    shutil.copytree(source, copy)
    code = copy / "src"
    _edit(code / "types.h", [(r"double(\s+\*Aii,)", r"__float128\1")])
    _edit(code / "hydcoeffs.c", [(r"memset\(sm->(Aii|Aij|F), 0, (.+?) \* sizeof\(double\)\)", r"memset(sm->\1, 0, \2 * sizeof(__float128))")])
    _edit(code / "smatrix.c", [
        (r"sm->(Aij|Aii|F|temp)(\s*)= \(double \*\)\s*calloc\((.+?), sizeof\(double\)\)", r"sm->\1\2= calloc(\3, sizeof(__float128))"),
        (r"double \*(Aii|Aij|B|temp)(\s*)= sm", r"__float128 *\1\2= sm"), (r"double bj, diagj, ljk", "__float128 bj, diagj, ljk"),
        (r"memset\(temp,  0, \(n \+ 1\) \* sizeof\(double\)\)", "memset(temp, 0, (n + 1) * sizeof(__float128))"), (r"= sqrt\(diagj\)", "= sqrtq(diagj)"),
        (r"#include <math.h>", "#include <math.h>\n#include <quadmath.h>"),
    ])
    compiled = target / "compiled"
    subprocess.run(["cmake", "-S", str(copy), "-B", str(compiled), "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_STANDARD_LIBRARIES=-lquadmath"], check=True)
    subprocess.run(["cmake", "--build", str(compiled), "--target", "epanet2"], check=True)
    return compiled / "lib"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    print(build(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
