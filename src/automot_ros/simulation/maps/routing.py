"""Routes over lanes: random drives, and dense smooth points along a row of lanes with lane changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.changes import CHANGE_M, Leg, assemble
from automot_ros.simulation.maps.lanes import Lane

CHANGE_CLEAR_M = 15.0
ROUTE_STEP_M = 1.0
_SMOOTH_M = 1.0
_FINE_M = 0.25
_PAD = 40
Points = NDArray[np.float64]


def random_route(lanes: Sequence[Lane], rng: np.random.Generator, length_m: float, start_lane: int | None) -> list[int]:
    """Lane indices of a random drive, at least `length_m` long after the first lane: it may begin anywhere on that.

    Where a map is too small for this (a single road), the first lane counts, too. Lane changes appear as two neighbours
    in a row, only on lanes long enough for them. MapError when the map has no such drive.
    """
    lasting = _lasting(lanes)
    open_lanes = [lane.index for lane in lanes if lane.junction_id < 0 and lane.center.length_m > 10.0]
    longest = 0.0
    for count_first in (False, True):
        for _ in range(60):
            start = start_lane if start_lane is not None else int(rng.choice(open_lanes or range(len(lanes))))
            route, length = _walk(lanes, rng, start, length_m, lasting)
            length += lanes[start].center.length_m if count_first else 0.0
            if length >= length_m:
                return route
            longest = max(longest, length)
    raise MapError("no route of this length", got=f"{longest:.0f} m at most", wanted=f"{length_m:.0f} m")


def _walk(lanes: Sequence[Lane], rng: np.random.Generator, start: int, length_m: float, lasting: frozenset[int]) -> (
        tuple[list[int], float]):
    route, length = [start], 0.0
    while length < length_m:
        here = lanes[route[-1]]
        beside = [i for i in (here.left, here.right) if i is not None and i in lasting]
        changed = len(route) > 1 and route[-1] not in lanes[route[-2]].next
        if beside and not changed and len(route) > 1 and here.junction_id < 0 and rng.random() < 0.2 and (
                here.center.length_m > CHANGE_M + 2 * CHANGE_CLEAR_M):
            route.append(int(rng.choice(beside)))
            continue
        if not here.next:
            break
        good = [i for i in here.next if i in lasting] or list(here.next)
        route.append(int(rng.choice(good)))
        length += lanes[route[-1]].center.length_m
    return route, length


def _lasting(lanes: Sequence[Lane]) -> frozenset[int]:
    """Lanes from which one can drive for ever."""
    alive = set(range(len(lanes)))
    while True:
        dead = {i for i in alive if not any(j in alive for j in lanes[i].next)}
        if not dead:
            return frozenset(alive)
        alive -= dead


def route_points(lanes: Sequence[Lane], lane_indices: Sequence[int], start_s_m: float,
                 length_m: float | None) -> Points:
    """(N, 2) points 1 m apart along lanes from `start_s_m` on the first; None: to the end of the last lane.

    MapError when two lanes do not connect, a lane change has no room, or the lanes end before `length_m`.
    """
    if not lane_indices:
        raise MapError("a route needs at least one lane")
    legs, s = [], start_s_m
    for here, after in zip(lane_indices, [*lane_indices[1:], None], strict=True):
        sideways = after is not None and after not in lanes[here].next and after in (lanes[here].left,
                                                                                     lanes[here].right)
        length = lanes[here].center.length_m
        legs.append(Leg(here, max(s + 5.0, 0.35 * length) + 0.5 * CHANGE_M if sideways else None))
        s = 0.0
    return dense(assemble(lanes, legs, start_s_m, None), length_m)


def dense(points_N2: Points, length_m: float | None) -> Points:
    """Points 1 m apart on a smoothed copy of a path, `length_m` long when given. The ends stay where they are."""
    p = Polyline(points_N2).resampled(_FINE_M).points_N2
    if len(p) > _PAD + 1:
        mirrored = np.concatenate([2 * p[0] - p[_PAD:0:-1], p, 2 * p[-1] - p[-2 : -_PAD - 2 : -1]])
        p = gaussian_filter1d(mirrored, _SMOOTH_M / _FINE_M, axis=0)[_PAD:-_PAD]
    line = Polyline(p)
    if length_m is None:
        return line.resampled(ROUTE_STEP_M).points_N2
    if line.length_m < length_m - 0.5:
        raise MapError("the lanes end before the route does", got=f"{line.length_m:.1f} m", wanted=f"{length_m:.1f} m")
    return Polyline(line.at(np.arange(0.0, min(length_m, line.length_m) + 1e-6, ROUTE_STEP_M))).points_N2
