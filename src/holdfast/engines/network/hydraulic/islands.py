"""Which junctions have no open way to any fixed head.

Few links can open or close while a case runs: devices, check valves, links at tanks, and what controls and rules act on. Junctions that the
other links join stay together, so they are gathered into zones once per case, and after a solution only the few links are followed from zone to zone.
"""

from __future__ import annotations

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import CLOSED

_ALWAYS, _NOW, _BEFORE = 1, 2, 4  # bits of `Lanes.fed`: by links that never move; by open links; so it was when last looked at


@kernel
def _join(network, schedule, lanes, lane, zone, stack):
    """Give a zone's number to all junctions that open links which do not move join to the one on the stack."""
    count = 1
    while count:
        count -= 1
        j = stack[count]
        for a in range(network.out_start[j], network.out_start[j + 1]):
            k = network.out_link[a]
            n = network.tail[k]
            if n < network.junctions and lanes.zone[n, lane] < 0 and lanes.state[k, lane] > CLOSED and not schedule.moves[k]:
                lanes.zone[n, lane] = zone
                stack[count] = n
                count += 1
        for a in range(network.in_start[j], network.in_start[j + 1]):
            k = network.in_link[a]
            n = network.head[k]
            if n < network.junctions and lanes.zone[n, lane] < 0 and lanes.state[k, lane] > CLOSED and not schedule.moves[k]:
                lanes.zone[n, lane] = zone
                stack[count] = n
                count += 1


@kernel
def find_zones(network, schedule, lanes, lane, stack):
    """Number the zones of one lane, and mark those that always have a way to a fixed head; how many there are.

    stack  (junction,) scratch
    """
    for j in range(network.junctions):
        lanes.zone[j, lane] = -1
    zones = 0
    for j in range(network.junctions):
        if lanes.zone[j, lane] < 0:
            lanes.zone[j, lane] = zones
            lanes.fed[zones, lane] = 0
            stack[0] = j
            _join(network, schedule, lanes, lane, zones, stack)
            zones += 1
    for a in range(len(network.fixed_link)):
        k = network.fixed_link[a]
        if lanes.state[k, lane] > CLOSED and not schedule.moves[k]:
            lanes.fed[lanes.zone[network.fixed_junction[a], lane], lane] = _ALWAYS
    return zones


@kernel
def _feeds(network, lanes, lane, n):
    """Whether a node is a fixed head or has a way to one, as far as known."""
    return n >= network.junctions or lanes.fed[lanes.zone[n, lane], lane] & _NOW != 0


@kernel
def _follow(network, schedule, lanes, lane, zones):
    """Bring `fed` up to date; True if a zone has lost or won its way."""
    for z in range(zones):
        now = lanes.fed[z, lane]
        lanes.fed[z, lane] = (now & _ALWAYS) * (_ALWAYS | _NOW) | (now & _NOW) * (_BEFORE // _NOW)
    found = True
    while found:
        found = False
        for k in schedule.movable:
            if lanes.state[k, lane] > CLOSED:
                i, j = network.head[k], network.tail[k]
                fed = _feeds(network, lanes, lane, i)
                if fed != _feeds(network, lanes, lane, j):
                    lanes.fed[lanes.zone[j if fed else i, lane], lane] |= _NOW
                    found = True
    changed = False
    for z in range(zones):
        changed |= (lanes.fed[z, lane] & _NOW != 0) != (lanes.fed[z, lane] & _BEFORE != 0)
    return changed


@kernel
def find_islands(network, schedule, lanes, lane, zones, stack):
    """Mark the junctions that are cut off in one lane; True if that is another set than before.

    zones  (8,) number of zones of each lane, 0 where a new case has come
    stack  (junction,) scratch
    """
    new = zones[lane] == 0
    if new:
        zones[lane] = find_zones(network, schedule, lanes, lane, stack)
    if not _follow(network, schedule, lanes, lane, zones[lane]) and not new:
        return False
    cut = lanes.cut
    changed = False
    for j in range(network.junctions):
        now = 0 if lanes.fed[lanes.zone[j, lane], lane] & _NOW else 1
        changed |= now != cut[j, lane]
        cut[j, lane] = now
    return changed


@kernel
def forget_islands(network, lanes, lane, zones):
    """Take every junction of one lane for fed until islands are looked for again, except those that no link at all joins to a fixed head.

    zones  number of zones of the lane
    """
    lost = False
    for z in range(zones):
        lost |= lanes.fed[z, lane] & _NOW == 0
        lanes.fed[z, lane] |= _NOW
    if lost:
        for j in range(network.junctions):
            lanes.cut[j, lane] = 0
        for j in network.stranded:
            lanes.cut[j, lane] = 1
