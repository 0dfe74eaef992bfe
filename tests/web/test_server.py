"""The HTTP API of a city, asked as a browser would ask."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from holdfast import catalog
from holdfast.app.cities import create_city
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.errors import SEVEN_ERRORS, Unavailable
from holdfast.web import server

CHECK = "base.assess_survey"


def town(folder: Path) -> City:
    """Two junctions and a pipe of the installed water domain."""
    city = create_city(str(folder), crs="EPSG:4547", name="Small town 小镇")
    x, y = np.array([500_000.0, 500_100.0]), np.array([3_300_000.0, 3_300_000.0])
    nodes = {"id": ["water.junction:1", "water.junction:2/b"], "geometry": geometry.points(x, y), "elevation": [10.0, 11.0]}
    city.append("water.junction", pa.table(nodes), valid_from="2020-01-01")
    line = geometry.lines(np.array([[[500_000.0, 3_300_000.0], [500_100.0, 3_300_000.0]]]))
    pipe = {"id": ["water.pipe:1"], "geometry": line, "from_id": ["water.junction:1"], "to_id": ["water.junction:2/b"], "diameter": [0.3], "material": ["PE"]}
    city.append("water.pipe", pa.table(pipe), valid_from="2020-01-01")
    return city


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with town(tmp_path_factory.mktemp("web") / "town") as city:
        yield TestClient(server.create_app(city), raise_server_exceptions=False)


def get(client: TestClient, path: str, status: int = 200) -> dict:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_summary_says_what_and_where(client: TestClient) -> None:
    found = get(client, "/api/summary")
    assert found["name"] == "Small town 小镇" and found["assets"] == 3
    assert found["kinds"] == {"water.junction": 2, "water.pipe": 1}
    west, south, east, north = found["place"]["bounds"]
    assert 113.99 < west <= east < 114.01 and 29.7 < south <= north < 29.9
    assert found["place"]["georeferenced"] is True


def test_catalog_is_the_installed_one(client: TestClient) -> None:
    found = get(client, "/api/catalog")
    installed = catalog.load()
    assert [k["name"] for k in found["kinds"]] == list(installed.kinds)
    pipe = next(k for k in found["kinds"] if k["name"] == "water.pipe")
    assert pipe["colour"] == [0, 255, 255] and pipe["network"] == "water" and len(pipe["feature_code"]) == 8
    diameter = next(f for f in pipe["fields"] if f["name"] == "diameter")
    assert (diameter["unit"], diameter["factor"]) == ("mm", 0.001)
    material = next(f for f in pipe["fields"] if f["name"] == "material")
    assert material["codes"]["PE"] == {"title": "polyethylene", "title_zh": "聚乙烯"}
    assert all(item["title"] and item["title_zh"] for item in found["kinds"] + found["domains"])


def test_kinds_are_counts(client: TestClient) -> None:
    assert get(client, "/api/kinds") == {"water.junction": 2, "water.pipe": 1}


def test_assets_as_geojson_by_longitude_and_latitude(client: TestClient) -> None:
    found = get(client, "/api/assets/water.junction?f=geojson&bbox=113.9999,29.5,114.0005,30.1")
    assert [f["id"] for f in found["features"]] == ["water.junction:1"]
    assert found["features"][0]["geometry"]["coordinates"][0] == pytest.approx(114.0, abs=1e-6)
    assert client.get("/api/assets/water.junction?f=geojson").headers["content-type"] == "application/geo+json"


def test_assets_as_rows_by_city_coordinates(client: TestClient) -> None:
    found = get(client, "/api/assets/water.junction?bbox=499999,3299999,500001,3300001&columns=id,elevation")
    assert found["rows"] == [{"id": "water.junction:1", "elevation": 10.0}] and found["numberMatched"] == 1
    assert get(client, "/api/assets/water.pipe?as_of=2019-01-01")["rows"] == []


def test_history_and_links_take_ids_with_a_slash(client: TestClient) -> None:
    found = get(client, "/api/history/water.junction:2%2Fb")
    assert found["kind"] == "water.junction" and len(found["versions"]) == 1
    version = found["versions"][0]
    assert version["values"]["elevation"] == 11.0 and version["geometry"]["type"] == "Point" and version["valid_to"] is None
    assert get(client, "/api/links/water.junction:2%2Fb")["links"] == []


def test_capabilities_show_their_parameters(client: TestClient) -> None:
    found = {c["name"]: c for c in client.get("/api/capabilities").json()}
    assert CHECK in found and {p["name"] for p in found[CHECK]["parameters"]} >= {"kinds"}
    assert found[CHECK]["parameters"][0]["kinds"] is True


def test_every_capability_says_what_it_tells_and_what_its_parameters_take(client: TestClient) -> None:
    kinds = set(catalog.load().kinds)
    for capability in client.get("/api/capabilities").json():
        name = capability["name"]
        assert capability["about"].endswith(".") and capability["about_zh"].endswith("。"), name
        for parameter in capability["parameters"]:
            assert parameter["title"] and parameter["title_zh"], f"{name} {parameter['name']}"
            assert set(parameter["assets"]) <= kinds | {"*"}, f"{name} {parameter['name']}"
            assert parameter["assets"] == [] or parameter["type"] == "str"
            values = [choice["value"] for choice in parameter["choices"] or []]
            assert parameter["choices"] is None or parameter["many"] or parameter["default"] in values
            assert all(choice["title"] and choice["title_zh"] for choice in parameter["choices"] or [])
    broken = {c["name"]: {p["name"]: p for p in c["parameters"]} for c in client.get("/api/capabilities").json()}["water.isolate_break"]["pipe"]
    assert broken["assets"] == ["water.pipe"] and broken["required"] and broken["choices"] is None


def test_names_in_results_have_chinese_and_units(client: TestClient) -> None:
    found = get(client, "/api/catalog")
    assert found["words"]["valves_to_close"] == "应关阀门数" and found["units"]["m3s"] == "m³/s"


def test_a_capability_runs_and_its_findings_are_listed(client: TestClient) -> None:
    assert get(client, "/api/findings")["from"] == "import"
    ran = client.post(f"/api/run/{CHECK}", json={"kinds": ["water.pipe", "water.junction"]})
    assert ran.status_code == 200, ran.text
    counts = ran.json()["findings"]
    found = get(client, "/api/findings")
    assert found["from"] == "check" and found["assessed_at"] and found["counts"] == counts and found["total"] == sum(counts.values()) > 0
    severities = [f["severity"] for f in found["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    located = next(f for f in found["findings"] if f["lon"] is not None)
    assert 113.9 < located["lon"] < 114.1
    only = get(client, "/api/findings?severity=warning&limit=1")
    assert only["total"] == counts["warning"] and len(only["findings"]) <= 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/assets/water.pipes", 404),
        ("/api/assets/water.pipe?bbox=1,2,3", 422),
        ("/api/assets/water.pipe?bbox=3,2,1,4", 422),
        ("/api/assets/water.pipe?bbox=a,b,c,d", 422),
        ("/api/assets/water.pipe?f=xml", 422),
        ("/api/assets/water.pipe?limit=many", 422),
        ("/api/assets/water.pipe?limit=0", 422),
        ("/api/assets/water.pipe?columns=weight", 422),
        ("/api/assets/water.pipe?as_of=yesterday", 422),
        ("/api/history/water.pipe:99", 404),
        ("/api/findings?severity=fatal", 422),
        ("/api/findings?limit=0", 422),
        ("/api/nothing", 404),
    ],
)
def test_what_is_wrong_is_a_problem_with_a_fix(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["title"] and problem["detail"] and problem["fix"]
    assert problem["type"].startswith("urn:holdfast:error:")


def test_running_wrongly_is_a_problem(client: TestClient) -> None:
    assert client.post("/api/run/base.assess_nothing").status_code == 404
    answer = client.post(f"/api/run/{CHECK}", json={"colour": "red"})
    assert answer.status_code == 422 and answer.json()["field"] == "colour"


@pytest.mark.parametrize("error", SEVEN_ERRORS)
def test_each_of_the_seven_errors_has_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type) -> None:
    def fail(_: object) -> None:
        raise error("it went wrong", fix="Do this", file="a.csv")

    monkeypatch.setattr(server, "summarise", fail)
    with create_city(str(tmp_path / "city")) as city:
        answer = TestClient(server.create_app(city), raise_server_exceptions=False).get("/api/summary")
    assert answer.status_code == error.http_status and answer.json()["detail"] == "it went wrong" and answer.json()["file"] == "a.csv"


def test_no_route_is_about_one_domain() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(server.__file__).parent.glob("*.py"))
    assert [d.name for d in catalog.load().domains if f'"{d.name}.' in text or f"/{d.name}" in text] == []


def test_answers_forbid_anything_from_elsewhere(client: TestClient) -> None:
    policy = client.get("/api/kinds").headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy


def test_an_empty_city_is_served(tmp_path: Path) -> None:
    with create_city(str(tmp_path / "city")) as city:
        client = TestClient(server.create_app(city))
        found = get(client, "/api/summary")
        assert found["assets"] == 0 and found["place"]["bounds"] is None
        assert get(client, "/api/assets/water.pipe?f=geojson")["features"] == []


def test_a_missing_page_says_how_to_build_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PAGE", tmp_path)
    with create_city(str(tmp_path / "city")) as city:
        answer = TestClient(server.create_app(city), raise_server_exceptions=False).get("/")
    assert answer.status_code == 404 and "make setup" in answer.json()["fix"]


def test_a_taken_port_is_an_error_with_a_fix(tmp_path: Path) -> None:
    with socket.socket() as taken, create_city(str(tmp_path / "city")) as city:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="cannot be listened on") as caught:
            server.serve(city, port=taken.getsockname()[1])
    assert "--port" in caught.value.fix


def test_serving_answers_and_stops_when_interrupted(tmp_path: Path) -> None:
    create_city(str(tmp_path / "city"), name="Town").close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from holdfast.cli import main; main()", "serve", str(tmp_path / "city"), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert f"Town: http://127.0.0.1:{port}" in process.stderr.readline()
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/kinds", timeout=5) as answer:
                    assert answer.read() == b"{}"
                break
            except (ConnectionError, urllib.error.URLError):
                time.sleep(0.1)
        else:
            pytest.fail("the server never answered")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)
    finally:
        process.kill()
        process.communicate()
