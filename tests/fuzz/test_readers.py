"""Every reader meets damaged files: it delivers what is left with findings, or refuses with one of the seven errors, and never crashes or hangs.

Files that once found something are kept in `corpus/<format>/` and read in every run. A longer hunt:
`HOLDFAST_FUZZ=2000 pytest tests/fuzz`.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz_seeds import as_bytes, seeds
from holdfast import catalog

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
EXAMPLES = int(os.environ.get("HOLDFAST_FUZZ", "16"))
PATIENCE = 30.0  # seconds for one small file
WORDS = (
    b"NaN", b"-1", b"1e400", b"null", b"[]", b"{}", b'"', b"'", b"<", b">", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"999999999999999999999", b"\xe5\x8c", b";", b",",
    b"\n", b"\r\n", b"\t", b"\xb8\xf8\xcb\xae", b"0", b"-0.0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"$", b"%s", b"../",
)  # fmt: skip
NAMES = sorted(seeds())
EDITS = st.lists(st.tuples(st.sampled_from("ffffcciiidt"), st.floats(0, 1), st.integers(0, 2**16)), min_size=1, max_size=5)


class Worker:
    """A reading process that is started again after a crash or a hang."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def ask(self, form: str, path: Path) -> tuple[str, str]:
        """The verdict on one file: ok, refused, failed, crashed or hung; and the details."""
        if self.process is None or self.process.poll() is not None:
            self.process = self._start()
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"format": form, "path": str(path)}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        if not ready:
            self.close()
            return "hung", f"no answer in {PATIENCE} s"
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.close()
            return "crashed", f"the process ended with {code}"
        verdict, detail = json.loads(line)
        return verdict, detail

    def _start(self) -> subprocess.Popen[str]:
        paths = [str(HERE.parents[1] / "src"), str(HERE.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1"}
        return subprocess.Popen([sys.executable, str(HERE / "worker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                env=environment)  # fmt: skip

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()
            self.process = None


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    running = Worker()
    yield running
    running.close()


@cache
def seed_files(form: str) -> list[tuple[str, dict[str, bytes]]]:
    with tempfile.TemporaryDirectory() as folder:
        return [(name, as_bytes(make, name, Path(folder) / "seed")) for name, make in seeds()[form]]


def damage(data: bytes, edits: list[tuple[str, float, int]]) -> bytes:
    """Bytes with edits: f a byte changed, c a piece cut out, i a word put in, d a piece doubled, t the rest cut off."""
    for what, where, value in edits:
        at = int(where * len(data))
        if what == "f" and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << value % 8) if value % 3 else value % 256]) + data[at + 1 :]
        elif what == "c":
            data = data[:at] + data[at + 1 + value % 64 :]
        elif what == "i":
            data = data[:at] + WORDS[value % len(WORDS)] + data[at:]
        elif what == "d":
            data = data[:at] + data[at : at + 1 + value % 200] * 2 + data[at + 1 + value % 200 :]
        elif what == "t":
            data = data[:at]
    return data


def judge(worker: Worker, form: str, path: Path) -> None:
    verdict, detail = worker.ask(form, path)
    assert verdict in {"ok", "refused"}, f"{form} {path.name} {verdict}: {detail}"


def test_every_readable_format_has_a_seed() -> None:
    readable = {f.name for f in catalog.load().formats if f.read is not None}
    assert readable == set(NAMES), "add a small valid file to fuzz_seeds.py"


@pytest.mark.parametrize("form", NAMES)
def test_seeds_are_valid(form: str, worker: Worker, tmp_path: Path) -> None:
    for name, make in seeds()[form]:
        folder = tmp_path / name
        folder.mkdir()
        make(folder / name)
        verdict, detail = worker.ask(form, folder / name)
        assert verdict == "ok", detail
        assert int(detail) > 0 or form in {"dependencies", "geotiff"}


@pytest.mark.slow
@pytest.mark.parametrize("form", NAMES)
def test_damaged_files_are_read_around_or_refused(form: str, worker: Worker) -> None:
    files = [(name, parts, target) for name, parts in seed_files(form) for target in parts]

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(which=st.integers(0, len(files) - 1), edits=EDITS)
    def run(which: int, edits: list[tuple[str, float, int]]) -> None:
        name, parts, target = files[which]
        with tempfile.TemporaryDirectory() as folder:
            for part, data in parts.items():
                path = Path(folder) / part
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(damage(data, edits) if part == target else data)
            judge(worker, form, Path(folder) / name)

    run()


def corpus() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*/*") if not path.name.startswith("."))


@pytest.mark.parametrize("path", corpus(), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_what_once_found_something_stays_found(path: Path, worker: Worker) -> None:
    if path.is_dir() and path.suffix != ".survey":
        path = next(p for p in sorted(path.iterdir()) if p.suffix in {".shp", ".csv"})
        judge(worker, path.parent.parent.name, path)
    else:
        judge(worker, path.parent.name, path)
