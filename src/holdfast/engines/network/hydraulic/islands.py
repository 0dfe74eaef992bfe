"""Which junctions have no open way to any fixed head."""

from __future__ import annotations

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import CLOSED


@kernel
def find_islands(network, lanes, lane, stack):
    """Mark the junctions that are cut off in one lane; True if that is another set than before.

    stack  (junction,) scratch
    """
    cut = lanes.cut
    for j in range(network.junctions):
        cut[j, lane] |= 2  # not reached yet; bit 0 keeps the former answer
    count = 0
    for a in range(len(network.fixed_link)):
        j = network.fixed_junction[a]
        if lanes.state[network.fixed_link[a], lane] > CLOSED and cut[j, lane] & 2:
            cut[j, lane] &= 1
            stack[count] = j
            count += 1
    while count:
        count -= 1
        j = stack[count]
        for a in range(network.out_start[j], network.out_start[j + 1]):
            k = network.out_link[a]
            n = network.tail[k]
            if n < network.junctions and cut[n, lane] & 2 and lanes.state[k, lane] > CLOSED:
                cut[n, lane] &= 1
                stack[count] = n
                count += 1
        for a in range(network.in_start[j], network.in_start[j + 1]):
            k = network.in_link[a]
            n = network.head[k]
            if n < network.junctions and cut[n, lane] & 2 and lanes.state[k, lane] > CLOSED:
                cut[n, lane] &= 1
                stack[count] = n
                count += 1
    changed = False
    for j in range(network.junctions):
        now = cut[j, lane] >> 1
        if now != cut[j, lane] & 1:
            changed = True
        cut[j, lane] = now
    return changed
