"""The way through sparse points: each point is matched to lanes near it, the cheapest chain over the lanes wins."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.routing import Leg, assemble, dense

CHANGE_COST_M = 15.0
HURRY_COST_M = 25.0
OFFSET_COST = 3.0
BACK_M = 1.0
_ROOM_M = 8.0
Points = NDArray[np.float64]
Way = tuple[float, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place on a lane that a point may mean."""

    lane: int
    s_m: float
    lateral_m: float


def route_through(lanes: Sequence[Lane], near: Callable[[Points], list[Candidate]], points_N2: Points) -> Points:
    """(M, 2) smooth points 1 m apart from the first point to the last, by way of all others.

    MapError names the point that lies on no lane, or that cannot be reached from the one before.
    """
    points = np.asarray(points_N2, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.all(np.isfinite(points)):
        raise MapError("not a row of route points", got=f"shape {points.shape}", wanted="finite (N >= 2, 2)")
    keep = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 0.5])
    points = points[keep]
    rows = [near(p) for p in points]
    for point, row in zip(points, rows, strict=True):
        if not row:
            raise MapError("a route point lies on no lane", got=np.round(point, 2).tolist())
    chosen, ways = _cheapest(lanes, points, rows)
    return dense(assemble(lanes, _legs(lanes, chosen, ways), chosen[0].s_m, chosen[-1].s_m), None)


def _cheapest(lanes: Sequence[Lane], points_N2: Points, rows: list[list[Candidate]]) -> tuple[
        list[Candidate], list[tuple[int, ...]]]:
    """Best candidate of each point, and the lanes between one and the next (both ends included)."""
    cost = [OFFSET_COST * c.lateral_m**2 for c in rows[0]]
    trail: list[list[tuple[int, tuple[int, ...]]]] = []
    for k in range(1, len(rows)):
        gap = float(np.hypot(*(points_N2[k] - points_N2[k - 1])))
        limit = 4.0 * gap + 400.0
        spread = {c.lane: _spread(lanes, c.lane, limit + lanes[c.lane].center.length_m) for c in rows[k - 1]}
        best: list[tuple[float, int, tuple[int, ...]]] = []
        for goal in rows[k]:
            options = [(cost[i] + way[0], i, way[1]) for i, start in enumerate(rows[k - 1])
                       if math.isfinite(cost[i]) and (way := _way(start, goal, spread[start.lane])) is not None]
            found = min(options, default=(math.inf, 0, ()))
            best.append((found[0] + OFFSET_COST * goal.lateral_m**2, found[1], found[2]))
        cost = [row[0] for row in best]
        if not any(math.isfinite(c) for c in cost):
            raise MapError("no way over the lanes to a route point", got=np.round(points_N2[k], 2).tolist(),
                           where=f"point {k}")
        trail.append([(row[1], row[2]) for row in best])
    place = int(np.argmin(cost))
    chosen = [rows[-1][place]]
    ways: list[tuple[int, ...]] = []
    for k in range(len(rows) - 1, 0, -1):
        place, lanes_between = trail[k - 1][place]
        chosen.append(rows[k - 1][place])
        ways.append(lanes_between)
    return chosen[::-1], ways[::-1]


def _way(start: Candidate, goal: Candidate, spread: dict[int, Way]) -> Way | None:
    """Cost and lanes from one place to another."""
    ahead = goal.s_m - start.s_m
    if start.lane == goal.lane and ahead > -BACK_M:
        return max(0.0, ahead), (start.lane,)
    found = spread.get(goal.lane)
    if found is None:
        return None
    cost = found[0] + ahead
    if cost < _ROOM_M and len(found[1]) == 2:
        cost = max(cost, 0.0) + HURRY_COST_M
    return (cost, found[1]) if cost >= 0.0 else None


def _spread(lanes: Sequence[Lane], source: int, limit_m: float) -> dict[int, Way]:
    """Distance from the start of a lane to the start of every lane within reach, and the lanes on the way.

    The source itself appears with the length of the loop that leads back to it.
    """
    settled: dict[int, Way] = {}
    queue: list[tuple[float, tuple[int, ...]]] = [(0.0, (source,))]
    while queue:
        distance, path = heapq.heappop(queue)
        here = path[-1]
        if len(path) > 1:
            if here in settled:
                continue
            settled[here] = (distance, path)
        lane = lanes[here]
        steps = [(lane.center.length_m, i) for i in lane.next]
        if lane.junction_id < 0:
            steps += [(CHANGE_COST_M, i) for i in (lane.left, lane.right) if i is not None]
        for step, after in steps:
            if distance + step <= limit_m and after not in settled:
                heapq.heappush(queue, (distance + step, (*path, after)))
    return settled


def _legs(lanes: Sequence[Lane], chosen: list[Candidate], ways: list[tuple[int, ...]]) -> list[Leg]:
    """The whole row of lanes; a sideways step is taken half-way between the points it lies between."""
    legs = [Leg(chosen[0].lane)]
    for (start, goal), way in zip(pairwise(chosen), ways, strict=True):
        for place, (here, after) in enumerate(pairwise(way)):
            if after not in lanes[here].next:
                low = start.s_m if place == 0 else 0.0
                high = goal.s_m if place == len(way) - 2 else lanes[here].center.length_m
                legs[-1] = Leg(here, 0.5 * (low + high))
            legs.append(Leg(after))
    return legs
