"""Who is counted where: people by set of providers and zone, and the critical facilities of a world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from .cascade import Cascade
from .wiring import Wiring


@dataclass(frozen=True, slots=True)
class Population:
    """People as the timeline counts them; consumers that nobody in the city serves even undisturbed are not counted.

    feed_people  (feed,)                          total       (service,) people with a modelled provider; NaN for none
    zone_ptr, zone, zone_people   people of each feed by zone, compressed rows
    zone_total   (zone, service) NaN for none      critical    (c,) positions of critical facilities
    """

    wiring: Wiring
    feed_people: np.ndarray
    total: np.ndarray
    zone_ptr: np.ndarray
    zone: np.ndarray
    zone_people: np.ndarray
    zone_total: np.ndarray
    critical: np.ndarray

    def zone_matrix(self) -> csr_array:
        """(feed, zone) people."""
        return csr_array((self.zone_people, self.zone, self.zone_ptr), shape=(len(self.feed_people), self.zone_total.shape[0]))

    def by_asset(self, feed_value: np.ndarray) -> np.ndarray:
        """(asset, service) float32 from a value (feed,); 0 where nobody in the city gives the service, NaN where it is not used."""
        wiring = self.wiring
        out = np.full(wiring.outside.shape, np.nan, np.float32)
        out[wiring.outside] = 0.0
        out[wiring.graph.slot_asset, wiring.slot_service] = feed_value[wiring.slot_feed]
        return out


def population(cascade: Cascade) -> Population:
    """Count the people of a world by feed and zone."""
    world, wiring, graph = cascade.world, cascade.wiring, cascade.graph
    services, zones, feeds = len(world.services), len(world.zone_id), wiring.feeds
    people = world.people[graph.slot_asset] * (graph.threshold[wiring.slot_feed] > 0.0)
    feed_people = np.bincount(wiring.slot_feed, people, minlength=feeds)
    total = np.bincount(wiring.feed_service, feed_people, minlength=services)
    zone = world.zone[graph.slot_asset]
    placed = (zone >= 0) & (people > 0.0)
    matrix = csr_array((people[placed], (wiring.slot_feed[placed], zone[placed])), shape=(feeds, zones))
    matrix.sum_duplicates()
    zone_total = np.zeros((zones, services))
    np.add.at(zone_total, (zone[placed], wiring.slot_service[placed]), people[placed])
    return Population(
        wiring, feed_people, np.where(total > 0.0, total, np.nan), matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64),
        matrix.data.astype(np.float64), np.where(zone_total > 0.0, zone_total, np.nan), np.flatnonzero(world.critical),
    )  # fmt: skip
