"""SWMM in workers against SWMM itself, and what each change does."""

import os
import re
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import swmm_oracle
from holdfast.engines.network.swmm import units
from holdfast.engines.network.swmm.changes import VOLUMES, Changes, Runs, Series
from holdfast.engines.network.swmm.deck import Deck
from holdfast.engines.network.swmm.pool import Pool
from holdfast.engines.network.swmm.simulate import simulate
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from swmm_models import SMALL

ALL = ("depth", "head", "flooding", "flow")


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    (tmp_path / "small.inp").write_text(SMALL, encoding="utf-8")
    return Deck.read(tmp_path / "small.inp")


def flooded_by_report(path: Path, unit: str) -> dict[str, float]:
    """Node -> m3 of the engine's own flooding summary."""
    text = path.read_text(encoding="utf-8", errors="replace")
    part = text.partition("Node Flooding Summary")[2].partition("Storage Volume Summary")[0].partition("Outfall Loading Summary")[0]
    factor = 1e6 * units.GALLON if units.length(unit) == units.FOOT else 1e3
    rows = [line.split() for line in part.splitlines() if re.match(r"^\s+\S+\s+\d+\.\d\d\s", line)]
    return {row[0]: float(row[-2]) * factor for row in rows}


@pytest.mark.parametrize(
    ("name", "hours", "balance"),
    [
        ("swmm_examples/examples/Example1.inp", None, (-0.272, 0.103)), ("swmm_examples/examples/Example2.inp", None, (0.000, -0.042)),
        ("swmm_examples/examples/Example3.inp", 6, (0.000, -0.240)), ("swmm_examples/examples/Example4.inp", None, (-0.044, 0.000)),
        ("swmm_examples/examples/Example5.inp", None, (-0.007, 0.000)), ("swmm_examples/user/user1.inp", None, (-0.411, 0.089)), ("pystorms/theta.inp", None, (-0.003, 0.000)),
        pytest.param("swmm_examples/user/user4.inp", None, (-0.073, 0.054), marks=pytest.mark.slow),
        pytest.param("pystorms/gamma.inp", None, (-0.036, -0.114), marks=pytest.mark.slow),
        pytest.param("swmm_models/Session4_40_Subs_327_Links.inp", 2, (-0.150, 50.830), marks=pytest.mark.slow),
        pytest.param("swmm_models/Session6_singapore.inp", None, (-0.289, -1.946), marks=pytest.mark.slow),
        pytest.param("swmm_models/Session9_SI_PUMP_MID.inp", 2, (0.000, -57.492), marks=pytest.mark.slow),
        pytest.param("swmm_models/Session18_GreenvilleSnowmelt.inp", 3, (0.000, -12.090), marks=pytest.mark.slow),
        pytest.param("swmm_models/Session25_Greenville_6LIDControls_All_LID_Usage.inp", None, (-0.019, 2.064), marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_an_unchanged_model_gives_exactly_what_the_engine_gives(shared_data, tmp_path: Path, name: str, hours: float | None, balance: tuple[float, float]):
    path = shared_data(f"drainage/{name}")
    if hours is not None:
        path = swmm_oracle.shortened(path, tmp_path, hours)
    theirs = swmm_oracle.run(path, tmp_path)
    deck = Deck.read(path)
    runs = simulate(deck, [Changes()], series=ALL)
    assert runs.status.tolist() == [CaseStatus.SOLVED] and runs.engine == "SWMM 5.2.4"
    assert runs.continuity[0].tolist() == theirs["balance"].tolist()
    assert np.round(runs.continuity[0, :2], 3).tolist() == list(balance)
    assert set(theirs["node"]) <= set(runs.node) and set(theirs["link"]) <= set(runs.link)
    for field, own, names, factor in (("depth", runs.node, "node", units.length), ("head", runs.node, "node", units.length), ("flooding", runs.node, "node", units.flow),
                                      ("flow", runs.link, "link", units.flow)):  # fmt: skip
        if len(theirs[names]) == 0:
            continue
        place = {n: i for i, n in enumerate(own)}
        assert np.array_equal(runs.series[field][0][:, [place[n] for n in theirs[names]]], theirs[field].astype(np.float32) * np.float32(factor(deck.unit))), field
    reported = flooded_by_report(tmp_path / f"{path.stem}.rpt", deck.unit)
    rounding = 0.51e-3 * (1e6 * units.GALLON if units.length(deck.unit) == units.FOOT else 1e3)
    for node, volume in zip(runs.node, runs.flooded_volume[0], strict=True):
        slack = rounding + 2e-4 * volume + (36.0 if node not in reported else 0.0)  # the engine's two factors for volume differ; floods under 0.01 h are not listed
        assert volume == pytest.approx(reported.get(node, 0.0), abs=slack)


def test_a_model_without_links_has_no_depths_and_the_balance_of_the_engine(tmp_path: Path):
    surface, rest = SMALL.partition("[JUNCTIONS]")[::2]
    rain = rest.partition("[TIMESERIES]")[2].partition("[FILES]")[0]
    path = tmp_path / "bare.inp"
    path.write_text(surface.replace("S1 G1 Well", "S1 G1 Sea") + f"[OUTFALLS]\nRiver 8 FREE NO\nSea 8 FIXED 8.1 YES\n[TIMESERIES]{rain}", encoding="utf-8")
    runs = simulate(Deck.read(path), [Changes()])
    assert runs.status.tolist() == [CaseStatus.SOLVED] and runs.continuity[0].tolist() == swmm_oracle.run(path, tmp_path)["balance"].tolist()
    assert runs.node == ("River", "Sea") and runs.link == () and runs.flooded_volume.tolist() == [[0.0, 0.0]] and np.isnan(runs.peak_depth).all()
    volume = dict(zip(VOLUMES, runs.volume[0], strict=True))
    assert volume["rainfall"] == pytest.approx(160 / 6 * 1e-3 * 2e4, rel=1e-6) and volume["outflow"] == pytest.approx(volume["inflow"]) and volume["outflow"] > 400


def link(runs: Runs, case: int, name: str) -> float:
    return float(runs.peak_flow[case, runs.link.index(name)])


def test_each_change_does_what_it_says(deck: Deck):
    more = Series(np.array([0.0, 1 / 6, 0.5, 1.0]), np.array([150.0, 150.0, 20.0, 0.0]) * 1e-3 / 3600)
    tide = Series(np.array([0.0, 2.0]), np.array([8.0, 12.5]))
    cases = [
        Changes(), Changes(out=("P1",)), Changes(out=("Gate", "Crest", "Pipe")), Changes(forced_open=("Gate",)), Changes(out=("Main",)), Changes(rain=more),
        Changes(stage={"River": tide}, hours=2.0), Changes(flow_limit={"Side": 0.02}), Changes(hours=1.0), Changes(out=("Side", "Main")),
    ]  # fmt: skip
    runs = simulate(deck, cases, series=("head",), pool=Pool(workers=1))
    assert runs.status.tolist() == [0] * len(cases), runs.message
    base = {name: link(runs, 0, name) for name in runs.link}
    assert base["P1"] > 0.08 and base["Main"] > 0.05 and base["Gate"] > 0.01
    assert link(runs, 1, "P1") == 0.0 and link(runs, 1, "Main") == 0.0 and link(runs, 1, "Gate") > base["Gate"]
    assert link(runs, 2, "Gate") == link(runs, 2, "Crest") == link(runs, 2, "Pipe") == link(runs, 2, "Side") == 0.0
    assert link(runs, 3, "Gate") > 2 * base["Gate"]  # the rule throttles it to a fifth
    assert link(runs, 4, "Main") <= 1.01e-6 and runs.flooded_volume[4, runs.node.index("High")] > 50
    rain = VOLUMES.index("rainfall")
    assert runs.volume[0, rain] == pytest.approx(160 / 6 * 1e-3 * 2e4, rel=1e-6)
    assert runs.volume[5, rain] == pytest.approx((150 / 2 + 20 / 2) * 1e-3 * 2e4, rel=0.02)
    assert runs.series["head"][6, -1, runs.node.index("River")] == pytest.approx(12.5, abs=0.01)
    assert link(runs, 7, "Side") == pytest.approx(0.02, rel=1e-3)
    assert np.isnan(runs.series["head"][8, 13:]).all() and not np.isnan(runs.series["head"][8, :12]).any()
    assert runs.flooded_volume[9].sum() > runs.flooded_volume[4].sum()
    assert runs.hours[0] == pytest.approx(1 / 12) and runs.hours[-1] == 2.0


def test_a_case_that_the_engine_refuses_says_why_and_the_others_go_on(deck: Deck):
    runs = simulate(deck, [Changes(), Changes(hours=-3.0), Changes()], pool=Pool(workers=1))
    assert runs.status.tolist() == [CaseStatus.SOLVED, CaseStatus.FAILED, CaseStatus.SOLVED]
    assert "ERROR" in runs.message[1] and "date" in runs.message[1].lower()
    assert np.isnan(runs.flooded_volume[1]).all() and np.array_equal(runs.flooded_volume[0], runs.flooded_volume[2])


def test_a_model_that_makes_no_sense_fails_with_the_words_of_the_engine(tmp_path: Path):
    (tmp_path / "bad.inp").write_text(SMALL.replace("Main High River", "Main High Nowhere"), encoding="utf-8")
    runs = simulate(Deck.read(tmp_path / "bad.inp"), [Changes()], series=("depth",))
    assert runs.status.tolist() == [CaseStatus.FAILED] and "Nowhere" in runs.message[0]
    assert runs.node == () and runs.flooded_volume.shape == (1, 0) and runs.series["depth"].shape == (1, 0, 0)
    with pytest.raises(Invalid, match="no series"):
        simulate(Deck.read(tmp_path / "bad.inp"), [Changes()], series=("colour",))


def hunt(pool: Pool, times: int, stop: threading.Event) -> list[int]:
    """Kill the first so many workers that show up."""
    killed: list[int] = []
    while len(killed) < times and not stop.is_set():
        for pid in pool.pids():
            if pid not in killed and len(killed) < times:
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return killed


@pytest.mark.parametrize(("times", "status", "attempts"), [(1, CaseStatus.SOLVED, 2), (2, CaseStatus.FAILED, 2)])
def test_a_killed_worker_loses_nothing(deck: Deck, times: int, status: CaseStatus, attempts: int):
    pool, stop = Pool(workers=1), threading.Event()
    hunter = threading.Thread(target=hunt, args=(pool, times, stop))
    hunter.start()
    runs = simulate(deck, [Changes(), Changes(out=("P1",))], pool=pool)
    stop.set()
    hunter.join()
    assert runs.status.tolist() == [status, CaseStatus.SOLVED] and runs.attempts.tolist() == [attempts, 1]
    assert link(runs, 1, "P1") == 0.0 and pool.pids() == []


def test_late_cases_fail_and_cancelled_ones_stop(deck: Deck):
    runs = simulate(deck, [Changes()], pool=Pool(workers=1, timeout=0.0))
    assert runs.status.tolist() == [CaseStatus.FAILED] and "longer than" in runs.message[0]
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        seen.append((done, of))
        stop.set()

    runs = simulate(deck, [Changes()] * 4, pool=Pool(workers=1), cancelled=stop, progress=progress)
    assert runs.status.tolist() == [CaseStatus.SOLVED] + [CaseStatus.CANCELLED] * 3 and seen == [(1, 4)]


def test_workers_are_renewed_and_share_the_work(deck: Deck):
    pool = Pool(workers=1, recycle=2)
    pids: list[int] = []
    simulate(deck, [Changes(hours=0.1)] * 5, pool=pool, progress=lambda *_: pids.extend(pool.pids()))
    assert len(set(pids)) == 3
    both = simulate(deck, [Changes(hours=0.1), Changes()], pool=Pool(workers=2))
    assert both.status.tolist() == [0, 0] and both.volume[0, VOLUMES.index("rainfall")] < both.volume[1, VOLUMES.index("rainfall")]
    with pytest.raises(ZeroDivisionError):
        simulate(deck, [Changes()], progress=lambda *_: 1 // 0)
