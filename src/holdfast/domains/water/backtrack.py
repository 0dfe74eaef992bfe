"""Travel of water through a network whose flows change with time, followed backward."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType

_STILL = 1e-9  # m3/s


@dataclass(frozen=True, slots=True)
class Travel:
    """Flows by time step, and where each link's water comes from.

    time    (step,) [s] start of each step; flow (step, link) [m3/s]
    volume  (link,) [m3]: of pipes; pumps and valves hold nothing
    ends    (node,) list of links that touch it
    """

    time: np.ndarray
    flow: np.ndarray
    volume: np.ndarray
    link_from: np.ndarray
    link_to: np.ndarray
    ends: list[list[int]]

    @classmethod
    def of(cls, model: HydraulicModel, time: np.ndarray, flow: np.ndarray) -> Travel:
        """From a simulated period. time (step,) [s], flow (step, link) [m3/s]"""
        pipe = model.link_type <= LinkType.PIPE
        volume = np.where(pipe, np.nan_to_num(model.length) * np.pi / 4 * np.nan_to_num(model.diameter) ** 2, 0.0)
        ends: list[list[int]] = [[] for _ in range(model.nodes)]
        for link, (a, b) in enumerate(zip(model.link_from.tolist(), model.link_to.tolist(), strict=True)):
            ends[a].append(link)
            ends[b].append(link)
        return cls(time, flow, volume, model.link_from, model.link_to, ends)

    def entered(self, link: int, node: int, until: float) -> float:
        """Latest time [s] at which water that has come out of `link` at `node` by `until` went in at the other end; -inf if none did.

        Plug flow: going back in time, what passed towards `node` adds up until it fills the pipe; what passed the other way is taken off.
        """
        sign = 1.0 if self.link_to[link] == node else -1.0
        last = int(np.searchsorted(self.time, until, side="right")) - 1
        need, moment = float(self.volume[link]), until
        left = need
        for step in range(last, -1, -1):
            begin = float(self.time[step])
            rate = sign * float(self.flow[step, link])
            if rate > _STILL:
                take = left / rate
                if take <= moment - begin:
                    return moment - take
                left -= rate * (moment - begin)
            elif left < need:  # pushed back: it must come this way once more
                left = min(need, left - rate * (moment - begin))
            moment = begin
        return -np.inf


def latest_departures(travel: Travel, node: int, until: float) -> np.ndarray:
    """(node,) latest time [s] at which water at each node can have set out to be at `node` by `until`; -inf where none can have.

    Dijkstra from the end: a node's time is settled when no other way leaves later.
    """
    out = np.full(len(travel.ends), -np.inf)
    out[node] = until
    queue = [(-until, node)]
    done = np.zeros(len(out), bool)
    while queue:
        when, at = heapq.heappop(queue)
        if done[at]:
            continue
        done[at] = True
        for link in travel.ends[at]:
            other = int(travel.link_from[link] + travel.link_to[link] - at)
            if done[other]:
                continue
            moment = travel.entered(link, at, -when)
            if moment >= 0 and moment > out[other]:
                out[other] = moment
                heapq.heappush(queue, (-moment, other))
    return out
