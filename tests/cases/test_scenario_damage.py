"""The Nepal scenario of OpenQuake from files to losses: rupture, two weighted ground motion models, fragility by points, consequences.

Reference: the engine of OpenQuake 3.26.2, run as a program on its own demo (`tests/peers/openquake_damage.py`): 100 ground motion fields by each
model, with the demo's mesh of 15 km and with one of 2 km; our rupture is the exact surface that both stand for.
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from engines.scenario.worlds import bare_world
from holdfast.engines.scenario.damage import Sampler
from holdfast.engines.scenario.damage_law import probabilities
from holdfast.hazards.quake import model
from holdfast.hazards.quake.motion import ground_motion
from holdfast.hazards.quake.rupture import distances
from holdfast.hazards.quake.rupture_file import read_rupture
from holdfast.io.fragility import read_losses, read_nrml, with_losses
from holdfast.model.crs import transformer
from holdfast.model.hazard import Sites, Strike
from holdfast.model.spec import Kind

FOLDER, CRS, G = "earthquake/openquake_scenario_damage", "EPSG:32645", 9.80665
MODELS, GROUND = ("BA08", "CY08"), {"z1": 100.0, "measured": True}
REACH = 200.0  # km, the demo's maximum_distance


class Demo:
    """Exposure, laws by taxonomy, rupture and the engine's figures; figures are (.., taxonomy, slight to complete and loss)."""

    def __init__(self, shared_data):
        with open(shared_data(f"{FOLDER}/exposure_model.csv"), newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        lon, lat, self.number, price = (np.array([float(r[name]) for r in rows]) for name in ("lon", "lat", "number", "structural"))
        self.id, self.taxonomy, self.value = np.array([r["id"] for r in rows]), np.array([r["taxonomy"] for r in rows]), self.number * price
        to_city = transformer("EPSG:4326", CRS)
        self.x, self.y = to_city(lon, lat)
        losses = read_losses(shared_data(f"{FOLDER}/consequences.csv"))
        laws = read_nrml(shared_data(f"{FOLDER}/structural_fragility_model.xml"))
        self.laws = {name: with_losses(law, losses[name]) for name, law in laws.items()}
        self.file = str(shared_data(f"{FOLDER}/fault_rupture.xml"))
        self.rupture = read_rupture(self.file, to_city)
        self.where = distances(self.rupture, self.x / 1000, self.y / 1000)
        self.near = self.where.rrup <= REACH
        with np.load(Path(__file__).with_name("openquake_damage.npz")) as stored:
            self.theirs = dict(stored)
        self.names = [str(name) for name in self.theirs["taxonomies"]]

    def shares(self, name, pga):
        """(.., 5): chance of each state from slight on, and the expected share of loss."""
        chance = probabilities(self.laws[name], pga)[..., 1:]
        return np.concatenate((chance, chance @ np.array([[c.loss] for c in self.laws[name].consequences])), axis=-1)

    def scaled(self, share, which):
        """Shares (asset, .., 5) as numbers of buildings and losses."""
        size = np.stack([*(self.number[which],) * 4, self.value[which]], axis=-1)
        return share * size.reshape(-1, *(1,) * (share.ndim - 2), 5)

    def expected(self, gmm, events):
        """Mean over the engine's own event terms of expected damage (taxonomy, 5), and its deviation by residuals within events that it drew."""
        nodes, weight = np.polynomial.legendre.leggauss(24)
        z, weight = 3.0 * nodes, 3.0 * weight * stats.truncnorm(-3.0, 3.0).pdf(3.0 * nodes)
        mean, tau, phi = ground_motion(gmm, "pga", self.rupture, self.where, np.full(len(self.x), 760.0), **GROUND)
        total, variance = np.zeros((5, 5)), np.zeros((5, 5))
        for i, name in enumerate(self.names):
            mine = np.flatnonzero(self.near & (self.taxonomy == name))
            for event in events:
                level = (mean[mine] + tau[mine] * event)[:, None] + phi[mine][:, None] * z
                share = self.shares(name, np.exp(level))
                first, second = np.tensordot(weight, share, (0, 1)), np.tensordot(weight, share**2, (0, 1))
                total[i] += self.scaled(first, mine).sum(axis=0)
                variance[i] += (self.scaled(self.scaled(second - first**2, mine), mine)).sum(axis=0)
        return total / len(events), np.sqrt(variance) / len(events)


@pytest.fixture(scope="module")
def demo(shared_data):
    return Demo(shared_data)


@pytest.mark.parametrize("branch", [0, 1])
def test_damage_and_losses_of_the_engines_own_fields(demo, branch):
    """All taxonomies and states, 190 assets at 46 sites: averages over the engine's 100 fields, exact but for its 32-bit numbers."""
    theirs = demo.theirs
    at = np.array([int(np.flatnonzero(demo.id == name)[0]) for name in theirs["asset"]])
    field = theirs["field"][theirs["rlz"] == branch].astype(float) * G
    assert set(demo.taxonomy[at]) == set(demo.names) == set(demo.laws) and len(at) == 190 and field.shape == (100, 46)
    for name in demo.names:
        mine = demo.taxonomy[at] == name
        found = demo.shares(name, field[:, theirs["asset_site"][mine]]).mean(axis=0)
        number, value, expected = demo.number[at][mine], demo.value[at][mine], theirs["damage"][mine, branch]
        assert np.abs(found[:, :4] - expected[:, 1:5] / number[:, None]).max() < 1e-6, name
        assert np.abs(1.0 - found[:, :4].sum(axis=1) - expected[:, 0] / number).max() < 1e-6, name
        assert np.abs(found[:, 4] - expected[:, 5] / value).max() < 1e-6, name


@pytest.mark.slow
@pytest.mark.parametrize("branch", [0, 1])
def test_damage_by_taxonomy_from_files_and_our_own_models(demo, branch):
    """Totals of all assets given the engine's event terms: what is left is the chance of its residuals between sites (up to 3 %)."""
    theirs = demo.theirs
    events = theirs["fine_eps"][theirs["fine_rlz"] == branch]
    ours, error = demo.expected(MODELS[branch], events)
    engine = theirs["fine_by_taxonomy"][theirs["fine_rlz"] == branch].astype(float).mean(axis=0)
    assert np.abs((ours - engine) / error).max() < 3.0
    many = [i for i, name in enumerate(demo.names) if (demo.taxonomy == name).sum() > 1000]
    off = np.abs(ours[many] / engine[many] - 1)
    assert len(many) == 4 and off[:, [0, 1, 2, 4]].max() < 0.02 and off[:, 3].max() < 0.03  # four states and the loss
    assert ours[:, 4].sum() == pytest.approx(engine[:, 4].sum(), rel=0.01)
    # the demo's own mesh of 15 km moves the surface by some kilometres
    coarse = theirs["by_taxonomy"][theirs["rlz"] == branch].astype(float).mean(axis=0)
    ours, _ = demo.expected(MODELS[branch], theirs["eps"][theirs["rlz"] == branch])
    assert ours[many] == pytest.approx(coarse[many], rel=0.055) and ours[:, 4].sum() == pytest.approx(coarse[:, 4].sum(), rel=0.03)


def test_sampled_damage_from_files_through_the_hazard_and_the_sampler(demo):
    """Rupture file, both models by weight, sampled states and losses of every building group, against the engine within both sampling errors."""
    near = np.flatnonzero(demo.near)
    kinds = tuple(Kind(f"t.{name.lower().replace('-', '_')}", "node", name, name, damage=(demo.laws[name],)) for name in demo.names)
    kind = np.array([demo.names.index(name) for name in demo.taxonomy[near]])
    xyz = np.column_stack((demo.x[near], demo.y[near], np.zeros(len(near))))
    sites = Sites(pa.array(demo.id[near]), kind, kinds, xyz, CRS, np.zeros(len(near)), {})
    city = SimpleNamespace(settings={"quake.site_class": "II"})
    hazard = model(city, sites, rupture_file=demo.file, gmm={"BA08": 0.75, "CY08": 0.25}, vs30=760.0, measured=True, sediments=100.0, correlation="none", truncation=3.0,
                   liquefaction="none", measures="pga")  # fmt: skip
    assert hazard.magnitude == 7.0 and hazard.motions == ("pga",)
    cases = np.arange(400)
    strike = hazard.strike(cases, 11)
    damage = Sampler(bare_world(kinds, kind, ids=list(demo.id[near]), xyz=xyz)).sample(strike, cases, 11)
    ours = np.zeros((len(cases), 5, 5))
    for i in range(5):
        mine = kind == i
        for state in range(1, 5):
            ours[:, i, state - 1] = (damage.state[:, mine] == state) @ demo.number[near][mine]
        ours[:, i, 4] = damage.loss[:, mine] @ demo.value[near][mine]
    theirs, rlz = demo.theirs["fine_by_taxonomy"].astype(float), demo.theirs["fine_rlz"]
    branch = np.array(strike.label.to_pylist())
    for number, name in enumerate(MODELS):
        mine, engine = ours[branch == name], theirs[rlz == number]
        error = np.sqrt(mine.var(axis=0, ddof=1) / len(mine) + engine.var(axis=0, ddof=1) / len(engine))
        assert (np.abs(mine.mean(axis=0) - engine.mean(axis=0)) < 3.5 * error).all(), name
    engine = 0.75 * theirs[rlz == 0].mean(axis=0) + 0.25 * theirs[rlz == 1].mean(axis=0)
    assert ours.mean(axis=0).sum(axis=0) == pytest.approx(engine.sum(axis=0), rel=0.12)  # one event term for a whole case: 3 % and more by either side


def test_sampled_states_are_those_of_the_tables(demo):
    """Each taxonomy at one intensity below and one above the first level, 400,000 draws each: within 4.5 standard errors."""
    for name, law in demo.laws.items():
        for pga in (0.06 * G, 0.33 * G):
            world = bare_world([Kind("t.house", "node", "house", "屋", damage=(law,))], np.zeros(400))
            state = Sampler(world).sample(Strike({"pga": np.full((1000, 400), pga, np.float32)}), np.arange(1000), 1).state
            chance = probabilities(law, np.array(pga))
            assert np.abs(np.bincount(state.ravel(), minlength=5) / state.size - chance).max() < 4.5 * np.sqrt(0.25 / state.size), name
