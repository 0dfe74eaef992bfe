"""CONTRIBUTING.md keeps its word: a domain written from its text, installed beside Holdfast, works everywhere at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.source_tree import ROOT

GEOJSON = {
    "type": "FeatureCollection",
    "name": "lighting_pole",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
    "features": [
        {"type": "Feature", "properties": {"id": f"lighting.pole:{i}", "height": height, "lamp": lamp},
         "geometry": {"type": "Point", "coordinates": [500_000 + 30 * i, 3_300_000]}}
        for i, (height, lamp) in enumerate([(8.0, "LED"), (9.0, "HPS"), (400.0, "LED"), (8.0, "candle"), (None, "LED")])
    ],
}
CAPABILITY = '''
from typing import Annotated

from holdfast.model.delivery import Answer
from holdfast.model.spec import Param


def rank_poles(city, limit: Annotated[int, Param("how many", "数量")] = 2) -> Answer:
    """The highest poles."""
    table = city.table("lighting.pole", columns=["id", "height"]).sort_by([("height", "descending")]).slice(0, limit)
    return Answer({"highest": table["id"].to_pylist()}, {"poles": table})
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that CONTRIBUTING.md describes, as a package of its own with its entry point."""
    steps = re.findall(r"^    ```(?:python|text)\n(.*?)^    ```$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    init, declaration = (re.sub(r"^    ", "", text, flags=re.MULTILINE) for text in steps)
    root = tmp_path_factory.mktemp("site")
    (root / "lighting").mkdir()
    (root / "lighting" / "__init__.py").write_text(init, encoding="utf-8")
    extended = declaration.replace("from holdfast.model.spec import ", "from holdfast.model.spec import Capability, ")
    extended = extended.replace(
        "networks=(NETWORK,))", 'networks=(NETWORK,), capabilities=(Capability("lighting.rank_poles", "Rank poles", "灯杆排序", rank_poles, ("2a",)),))'
    )
    (root / "lighting" / "domain.py").write_text("from .rank_poles import rank_poles\n" + extended, encoding="utf-8")
    (root / "lighting" / "rank_poles.py").write_text(CAPABILITY, encoding="utf-8")
    info = root / "city_lighting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: city-lighting\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[holdfast.domains]\nlighting = lighting\n", encoding="utf-8")
    (root / "lighting_pole.geojson").write_text(json.dumps(GEOJSON), encoding="utf-8")
    return root


def holdfast(package: Path, *arguments: str, code: int = 0) -> dict:
    """Run a command with the new package on the path; its JSON answer."""
    command = [sys.executable, "-c", "from holdfast.cli import main; main()", *arguments, "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(ROOT / "src")))}
    done = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def city(package: Path) -> Path:
    """A city with five poles, one of them too high, one with a lamp that is in no dictionary, one without a height."""
    holdfast(package, "init", "town", "--crs", "EPSG:4547")
    report = holdfast(package, "import", "town", "lighting_pole.geojson")
    assert report["kinds"] == {"lighting.pole": 5}
    assert {"survey.implausible", "survey.unknown_code", "survey.missing_value"} <= set(report["rules"])
    return package / "town"


def test_the_catalog_finds_it_sound(package: Path) -> None:
    found = holdfast(package, "doctor")
    assert not [row for row in found["checks"] if row["status"] == "fail"]
    listed = holdfast(package, "run", "town")
    assert "lighting.rank_poles" in {c["name"] for c in listed["capabilities"]}


def test_summary_counts_it_and_its_unmet_needs(package: Path, city: Path) -> None:
    found = holdfast(package, "summary", "town")
    assert found["kinds"] == {"lighting.pole": 5}
    needs = [row for row in found["unmet_needs"] if row["kind"] == "lighting.pole"]
    assert len(needs) == 1 and needs[0]["service"] == "electricity"


def test_checks_judge_it_and_history_keeps_it(package: Path, city: Path) -> None:
    found = holdfast(package, "check", "town", "--kind", "lighting.pole", "--fail-on", "never")
    assert {row["rule"] for row in found["rules"] if row["kind"] == "lighting.pole"} >= {"survey.implausible", "survey.unknown_code"}
    assert len(holdfast(package, "history", "town", "lighting.pole:0")["versions"]) == 1


def test_its_capability_is_a_command_and_in_the_policy_trace(package: Path, city: Path) -> None:
    answer = holdfast(package, "run", "town", "lighting.rank_poles", "--limit", "1")
    assert answer["summary"] == {"highest": ["lighting.pole:2"]}
    trace = {row["clause"]: row for row in holdfast(package, "policy")["clauses"]}
    assert "lighting.rank_poles" in trace["2a"]["capabilities"]


def test_the_map_and_the_network_have_it(package: Path, city: Path) -> None:
    code = (
        "import holdfast, json\n"
        "from fastapi.testclient import TestClient\n"
        "from holdfast.web.server import create_app\n"
        "city = holdfast.open('town')\n"
        "client = TestClient(create_app(city))\n"
        "kind = next(k for k in client.get('/api/catalog').json()['kinds'] if k['name'] == 'lighting.pole')\n"
        "drawn = client.get('/api/assets/lighting.pole?f=geojson').json()\n"
        "print(json.dumps([kind['colour'], drawn['numberReturned'], city.network('lighting').nodes]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(ROOT / "src")))}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=package, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[255, 200, 0], 5, 5]


def test_nothing_else_in_holdfast_knows_it() -> None:
    named = [p for p in (ROOT / "src").rglob("*.py") if "lighting.pole" in p.read_text(encoding="utf-8")]
    assert named == []
