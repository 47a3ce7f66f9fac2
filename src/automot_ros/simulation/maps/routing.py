"""Routes over lanes: random drives, and dense smooth points along a row of lanes with lane changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.lanes import Lane

CHANGE_M = 32.0
CHANGE_LEAST_M = 8.0
CHANGE_CLEAR_M = 15.0
ROUTE_STEP_M = 1.0
_SMOOTH_M = 1.0
_FINE_M = 0.25
_PAD = 40
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leg:
    """A lane of a route. Where the next leg's lane is reached sideways, `change_at_m` is the middle of that move."""

    lane: int
    change_at_m: float | None = None


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


def assemble(lanes: Sequence[Lane], legs: Sequence[Leg], start_s_m: float, end_s_m: float | None) -> Points:
    """Centre-line points of a row of legs, lane changes blended; not yet evenly spaced."""
    pieces: list[Points] = []
    s = start_s_m
    for leg, after in zip(legs, [*legs[1:], None], strict=True):
        line = lanes[leg.lane].center
        if after is None:
            last = line.length_m if end_s_m is None else end_s_m
            pieces.append(_cut(line, min(s, last), last))
        elif leg.change_at_m is None and after.lane in lanes[leg.lane].next:
            pieces.append(_cut(line, s, line.length_m))
            s = 0.0
        elif leg.change_at_m is not None and after.lane in (lanes[leg.lane].left, lanes[leg.lane].right):
            room = line.length_m
            if end_s_m is not None and after is legs[-1]:
                room = line.project(lanes[after.lane].center.at(end_s_m))[0]
            leave, reach = _window(room, s, leg.change_at_m, leg.lane)
            pieces.append(_cut(line, s, leave))
            part, s = change(line, lanes[after.lane].center, leave, reach)
            pieces.append(part)
        else:
            raise MapError("lanes of a route do not connect", where=f"lanes {leg.lane} -> {after.lane}")
    return np.concatenate(pieces)


def _window(room_m: float, s_m: float, middle_m: float, lane: int) -> tuple[float, float]:
    """From where to where a lane is changed: about the wanted place, as gently as the room (to `room_m`) allows."""
    if room_m - s_m < CHANGE_LEAST_M:
        raise MapError("no room to change lanes", where=f"lane {lane}", got=f"{room_m - s_m:.1f} m",
                       wanted=f">= {CHANGE_LEAST_M} m")
    half_least = 0.5 * CHANGE_LEAST_M
    middle = min(max(middle_m, s_m + half_least), room_m - half_least)
    half = min(0.5 * CHANGE_M, middle - s_m, room_m - middle)
    return middle - half, middle + half


def change(a: Polyline, b: Polyline, leave_m: float, reach_m: float) -> tuple[Points, float]:
    """Points of a lane change from `a` (between two arc lengths) onto `b`, and the arc length on `b` where it ends."""
    w = np.linspace(0.0, 1.0, max(3, int(reach_m - leave_m) + 1))
    begin, end = b.project(a.at(leave_m))[0], b.project(a.at(reach_m))[0]
    blend = (w * w * w * (10.0 - 15.0 * w + 6.0 * w * w))[:, None]
    return (1.0 - blend) * a.at(leave_m + w * (reach_m - leave_m)) + blend * b.at(begin + w * (end - begin)), end


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


def _cut(line: Polyline, s0_m: float, s1_m: float) -> Points:
    """The points of a polyline between two arc lengths, both ends included."""
    inside = (line.s_N > s0_m + 1e-3) & (line.s_N < s1_m - 1e-3)
    return np.concatenate([line.at(s0_m)[None], line.points_N2[inside], line.at(s1_m)[None]])
