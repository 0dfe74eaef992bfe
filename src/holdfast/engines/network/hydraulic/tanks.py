"""Water in tanks: volumes against heads, how long until full or empty, and levels after a step. One lane at a time, feet and cubic feet."""

from __future__ import annotations

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import CLOSED, NO_FLOW


@kernel
def interpolate(start, stop, x, y, at):
    """Value of a curve; constant beyond its ends."""
    if at <= x[start]:
        return y[start]
    for high in range(start + 1, stop):
        if at <= x[high]:
            width = x[high] - x[high - 1]
            return y[high] if width == 0.0 else y[high] - (x[high] - at) * (y[high] - y[high - 1]) / width
    return y[stop - 1]


@kernel
def volume_at(fixed, f, head):
    """Volume of tank f at a head."""
    start, stop = fixed.curve_start[f], fixed.curve_start[f + 1]
    if stop == start:
        return fixed.least[f] + (head - fixed.lowest[f]) * fixed.area[f]
    return interpolate(start, stop, fixed.curve_level, fixed.curve_volume, head - fixed.bottom[f])


@kernel
def head_at(fixed, f, volume):
    """Head of tank f at a volume."""
    start, stop = fixed.curve_start[f], fixed.curve_start[f + 1]
    if stop == start:
        return fixed.lowest[f] + (volume - fixed.least[f]) / fixed.area[f]
    return fixed.bottom[f] + interpolate(start, stop, fixed.curve_volume, fixed.curve_level, volume)


@kernel
def net_inflow(network, lanes, lane):
    """Flow into every fixed-head node through links that are not closed."""
    for f in range(network.nodes - network.junctions):
        total = 0.0
        for a in range(network.end_start[f], network.end_start[f + 1]):
            k = network.end_link[a]
            if lanes.state[k, lane] > CLOSED:
                total += network.end_sign[a] * end_flow(network, lanes, k, network.end_sign[a], lane)
        lanes.inflow[f, lane] = total


@kernel
def end_flow(network, lanes, k, sign, lane):
    """Flow at one end of a link: at the start (sign -1) or at the end; they differ where the pipe leaks on its way."""
    if sign > 0:
        for slot in range(lanes.broken.shape[0]):
            if lanes.broken[slot, lane] == k:
                return lanes.part[slot, 3, lane]
    return lanes.flow[k, lane]


@kernel
def time_to_event(network, fixed, lanes, lane, step):
    """The step [s], shortened to the moment at which a tank is full or empty."""
    for f in range(len(fixed.tank)):
        q = lanes.inflow[f, lane]
        if not fixed.tank[f] or abs(q) <= NO_FLOW:
            continue
        h = lanes.head[network.junctions + f, lane]
        if q > 0.0 and h < fixed.highest[f]:
            v = fixed.most[f] - lanes.volume[f, lane]
        elif q < 0.0 and h > fixed.lowest[f]:
            v = fixed.least[f] - lanes.volume[f, lane]
        else:
            continue
        wait = v / q
        if abs(wait) > step + 1:
            continue
        wait = int(wait + 0.5) if wait >= 0.0 else int(wait - 0.5)
        if 0 < wait < step:
            step = wait
    return step


@kernel
def fill(network, fixed, lanes, lane, step):
    """Levels after `step` seconds of the present inflow; full or empty is reached when less than a second is missing. Next to no inflow changes nothing."""
    for f in range(len(fixed.tank)):
        if not fixed.tank[f]:
            continue
        q = lanes.inflow[f, lane]
        if abs(q) <= NO_FLOW:
            continue
        volume = lanes.volume[f, lane] + q * step
        if volume + q >= fixed.most[f]:
            volume = fixed.most[f]
        elif volume - q <= fixed.least[f]:
            volume = fixed.least[f]
        lanes.volume[f, lane] = volume
        lanes.head[network.junctions + f, lane] = head_at(fixed, f, volume)
