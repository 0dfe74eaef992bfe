"""A process that reads files for the fuzzer, so that a crash in native code is seen and not suffered.

Reads one JSON line per task from standard input, {"format", "path"}; answers one line: "ok ROWS", "refused ERROR" or
"failed TRACEBACK" (as JSON).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
import warnings
from pathlib import Path

MEMORY = 6 << 30


def attempt(formats: dict, catalog: object, task: dict) -> tuple[str, str]:
    """Read one file to its end and check what comes out of it."""
    from holdfast.model.delivery import ReadRequest
    from holdfast.model.errors import SEVEN_ERRORS

    path = Path(task["path"])
    form = formats[task["format"]]
    request = ReadRequest(catalog, parameters={"kind": "water.pipe"} if task["format"] in {"csv", "geojson"} else {})  # type: ignore[arg-type]
    try:
        if path.is_file():
            score = form.sniff(path, path.read_bytes()[:65536])
            assert 0.0 <= score <= 1.0, f"sniff gave {score}"
        delivery = form.read(path, request)
        rows = 0
        for batch in delivery.batches:
            assert batch.kind in catalog.kinds, batch.kind  # type: ignore[attr-defined]
            batch.table.validate(full=True)
            assert batch.rows is None or len(batch.rows) == batch.table.num_rows
            rows += batch.table.num_rows
        for table in delivery.links:
            table.validate(full=True)
        delivery.findings.table().validate(full=True)
        json.dumps(delivery.facts, default=str)
    except SEVEN_ERRORS as error:
        return "refused", f"{type(error).__name__}: {error}"
    except BaseException:
        return "failed", traceback.format_exc()
    return "ok", str(rows)


def main() -> None:
    """Serve tasks until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    warnings.simplefilter("ignore")
    from holdfast import catalog

    loaded = catalog.load()
    formats = {f.name: f for f in loaded.formats}
    for line in sys.stdin:
        verdict, detail = attempt(formats, loaded, json.loads(line))
        answers.write(json.dumps([verdict, detail]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
