"""Where a leak is, from a few pressures: what a leak at each node would do to every sensor, against what the sensors say.

For each node a leak of known size is solved at each hour of the readings; its effect on the sensors is taken to grow with its size. The size that fits the readings
best gives each node a likelihood under normal errors, pipes take the mean of their ends, longer pipes are likelier to leak, and shares sum to one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.model import LinkType

from .solving import Engine

_BLOCK = 256
_REFINED, _ROUNDS = 100, 3


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Pressures without a leak and what a leak changes.

    base   (hour, sensor) head without a leak [m]
    drop   (hour, node, sensor) fall of the head per m3/s that leaks; NaN rows where the case was not solved
    node   (node,) positions of the nodes
    sensors  (sensor,) positions of the sensors' nodes
    hours  (hour,) [h]
    engines  names of what answered
    """

    base: np.ndarray
    drop: np.ndarray
    node: np.ndarray
    sensors: np.ndarray
    hours: np.ndarray
    engines: frozenset[str]


def sensitivity(engine: Engine, sensors: np.ndarray, hours: np.ndarray, nodes: np.ndarray, size: float | np.ndarray) -> Sensitivity:
    """Solve a leak at every node of `nodes` and every hour of `hours`; size: one or (node,) [m3/s]; sensors are node positions."""
    sizes = np.broadcast_to(np.asarray(size, np.float64), (len(nodes),))
    model = engine.model  # type: ignore[attr-defined]
    calm = [engine.snapshot(None, float(hour)) for hour in hours]
    names = {found.engine for found in calm}
    base = np.stack([found.head[0, sensors] for found in calm])
    drop = np.full((len(hours), len(nodes), len(sensors)), np.nan)
    for row, hour in enumerate(hours.tolist()):
        for start in range(0, len(nodes), _BLOCK):
            part = nodes[start : start + _BLOCK]
            demand = np.zeros((len(part), model.nodes))
            demand[np.arange(len(part)), part] = sizes[start : start + _BLOCK]
            found = engine.snapshot(Cases(len(part), demand=demand), float(hour), warm=True)
            names.add(found.engine)
            fall = (base[row] - found.head[:, sensors]) / sizes[start : start + _BLOCK, None]
            drop[row, start : start + len(part)] = np.where(found.solved[:, None], fall, np.nan)
    return Sensitivity(base, drop, nodes, sensors, hours, frozenset(names))


def refined(engine: Engine, known: Sensitivity, measured: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, frozenset[str]]:
    """As `node_scores`, and the names of what answered; the likeliest nodes are solved again with the size found there, because a fall grows faster than the leak."""
    score, size = node_scores(known, measured, noise)
    best = np.argsort(-score, kind="stable")[:_REFINED]
    best = best[np.isfinite(score[best])]
    names = known.engines
    for _ in range(_ROUNDS if len(best) else 0):
        again = sensitivity(engine, known.sensors, known.hours, known.node[best], np.maximum(size[best], 1e-5))
        score[best], size[best] = node_scores(again, measured, noise)
        names |= again.engines
    return score, size, names


def node_scores(known: Sensitivity, measured: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood of a leak at each node, and its size there [m3/s].

    measured  (hour, sensor) heads [m], NaN where a sensor said nothing
    noise     standard deviation of an error of readings and model together [m]
    """
    fall = known.base - measured  # (hour, sensor)
    use = np.isfinite(fall)
    fall = np.where(use, fall, 0.0)
    drop = np.where(use[:, None, :] & np.isfinite(known.drop), known.drop, 0.0)
    top = (drop * fall[:, None, :]).sum(axis=(0, 2))
    bottom = (drop**2).sum(axis=(0, 2))
    size = np.where(bottom > 0, np.maximum(top, 0.0) / np.where(bottom > 0, bottom, 1.0), 0.0)
    misfit = ((fall[:, None, :] - size[None, :, None] * drop) ** 2).sum(axis=(0, 2))
    score = -0.5 * misfit / noise**2
    solved = np.isfinite(known.drop).all(axis=(0, 2)) & (size > 0)
    return np.where(solved, score, -np.inf), size


def pipe_shares(engine: Engine, known: Sensitivity, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pipes (positions) and the probability of each, by its ends and its length."""
    model = engine.model  # type: ignore[attr-defined]
    at_node = np.full(model.nodes, -np.inf)
    at_node[known.node] = score
    pipes = np.flatnonzero(model.link_type <= LinkType.PIPE)
    ends = np.stack([at_node[model.link_from[pipes]], at_node[model.link_to[pipes]]])
    best = ends.max(initial=-np.inf)
    if not np.isfinite(best):
        return pipes, np.zeros(len(pipes))
    # an end that is a source has no score of its own: the pipe is judged by the other
    likely = np.where(np.isfinite(ends).all(axis=0), np.exp(ends - best).mean(axis=0), np.exp(np.where(np.isfinite(ends), ends, -np.inf) - best).max(axis=0))
    weight = likely * np.maximum(model.length[pipes], 0.1)
    return pipes, weight / weight.sum()


def search_centre(pipes: np.ndarray, share: np.ndarray, middle: np.ndarray, radius: float, count: int = 15) -> tuple[int, float]:
    """Of the `count` likeliest pipes the one with the most probability within `radius` [m] of it, and that probability: where to send the crew first.

    middle  (link, 2) middles of all links
    """
    best, most = int(pipes[np.argmax(share)]), -1.0
    for pipe in pipes[np.argsort(-share, kind="stable")[:count]].tolist():
        near = float(share[np.hypot(*(middle[pipes] - middle[pipe]).T) <= radius].sum())
        if near > most + 1e-12:
            best, most = int(pipe), near
    return best, most
