"""The way through points, sparse or dense: each is matched to lanes near it, the cheapest chain over the lanes wins."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps.changes import Leg, assemble
from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.routing import dense

CHANGE_COST_M = 15.0  # a lane change is worth this detour
HURRY_COST_M = 25.0  # more for one with less than ROOM_M of lane to make it in
ROOM_M = 12.0
OFFSET_COST = 3.0  # metres of detour per square metre beside the lane
BACK_M = 1.0  # a point may lie this little behind the one before it
BACK_BESIDE_M = 2.5  # more where the lane changes, as CARLA's planner does it
DENSE_M = 5.0  # points this close belong to one drive: no way round the block leads from one to the next
NEAR_M = 80.0  # how much farther than the gap the first, quick search looks
Points = NDArray[np.float64]
Way = tuple[float, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place on a lane that a point may mean."""

    lane: int
    s_m: float
    lateral_m: float


class State(NamedTuple):
    """Where a search stands: a lane, whether any step led onward to it, whether the last one was a lane change."""

    lane: int
    onward: bool
    sideways: bool


def _arrivals(lane: int) -> list[State]:
    return [State(lane, onward, sideways) for onward in (False, True) for sideways in (False, True)]


def route_through(lanes: Sequence[Lane], near: Callable[[Points], list[Candidate]], points_N2: Points) -> Points:
    """(M, 2) smooth points 1 m apart from the first point to the last, by way of all others.

    MapError names the point that lies on no lane, or that cannot be reached from the one before.
    """
    points = np.asarray(points_N2, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.all(np.isfinite(points)):
        raise MapError("not a row of route points", got=f"shape {points.shape}", wanted="finite (N >= 2, 2)")
    keep = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 0.5])
    points, numbers = points[keep], np.flatnonzero(keep).tolist()
    if len(points) < 2:
        raise MapError("all route points lie in one place", got=np.round(points[0], 2).tolist())
    rows = [near(p) for p in points]
    for number, point, row in zip(numbers, points, rows, strict=True):
        if not row:
            raise MapError("a route point lies on no lane", where=f"point {number}", got=np.round(point, 2).tolist(),
                           wanted="a place on a driving lane or at most 2 m beside one")
    chosen, ways = _cheapest(lanes, points, numbers, rows)
    way = assemble(lanes, _legs(lanes, chosen, ways), chosen[0].s_m, chosen[-1].s_m)
    given_m, found_m = (float(np.hypot(*np.diff(p, axis=0).T).sum()) for p in (points, way))
    if found_m < 0.5 * given_m:
        raise MapError("no way over the lanes as the route points run: they run against them", got=f"{found_m:.0f} m",
                       wanted=f"{given_m:.0f} m")
    return dense(way, None)


def _cheapest(lanes: Sequence[Lane], points_N2: Points, numbers: list[int], rows: list[list[Candidate]]) -> tuple[
        list[Candidate], list[tuple[int, ...]]]:
    """Best candidate of each point, and the lanes between one and the next (both ends included)."""
    cost = [OFFSET_COST * c.lateral_m**2 for c in rows[0]]
    trail: list[list[tuple[int, tuple[int, ...]]]] = []
    for k in range(1, len(rows)):
        gap = float(np.hypot(*(points_N2[k] - points_N2[k - 1])))
        for limit in (2.0 * gap + NEAR_M, math.inf)[: 1 if gap <= DENSE_M else 2]:
            best = _step(lanes, rows[k - 1], cost, rows[k], limit)
            if any(math.isfinite(row[0]) for row in best):
                break
        cost = [row[0] for row in best]
        if not any(math.isfinite(c) for c in cost):
            raise MapError("no way over the lanes to a route point", got=np.round(points_N2[k], 2).tolist(),
                           where=f"point {numbers[k]}")
        trail.append([(row[1], row[2]) for row in best])
    place = int(np.argmin(cost))
    chosen = [rows[-1][place]]
    ways: list[tuple[int, ...]] = []
    for k in range(len(rows) - 1, 0, -1):
        place, lanes_between = trail[k - 1][place]
        chosen.append(rows[k - 1][place])
        ways.append(lanes_between)
    return chosen[::-1], ways[::-1]


def _step(lanes: Sequence[Lane], before: list[Candidate], cost: list[float], goals: list[Candidate],
          limit_m: float) -> list[tuple[float, int, tuple[int, ...]]]:
    """For each candidate of a point: least cost to it, the candidate before, and the lanes between the two."""
    spread = [_spread(lanes, c, limit_m + lanes[c.lane].center.length_m) for c in before]
    best = []
    for goal in goals:
        options = [(cost[i] + way[0], i, way[1]) for i, start in enumerate(before)
                   if math.isfinite(cost[i]) and (way := _way(lanes, start, goal, spread[i])) is not None]
        found = min(options, default=(math.inf, 0, ()))
        best.append((found[0] + OFFSET_COST * goal.lateral_m**2, found[1], found[2]))
    return best


def _way(lanes: Sequence[Lane], start: Candidate, goal: Candidate, spread: dict[State, Way]) -> Way | None:
    """Cost and lanes from one place to another."""
    if start.lane == goal.lane and goal.s_m - start.s_m > -BACK_M:
        return max(0.0, goal.s_m - start.s_m), (start.lane,)
    options = []
    for state, (cost, path) in ((s, spread[s]) for s in _arrivals(goal.lane) if s in spread):
        if state.onward:
            hurried = state.sideways and goal.s_m < ROOM_M
            options.append((cost + goal.s_m - start.s_m + (HURRY_COST_M if hurried else 0.0), path))
        elif start.lane != goal.lane:
            ahead = goal.s_m - _beside(lanes, start.lane, start.s_m, goal.lane)
            if ahead > -BACK_BESIDE_M:
                options.append((cost + max(0.0, ahead), path))
    return min(options, default=None)


def _beside(lanes: Sequence[Lane], lane: int, s_m: float, other: int) -> float:
    """Arc length on `other` beside a place on `lane`; in a bend, neighbours differ by metres."""
    return lanes[other].center.project(lanes[lane].center.at(s_m))[0]


def _spread(lanes: Sequence[Lane], start: Candidate, limit_m: float) -> dict[State, Way]:
    """Distance from the start of a lane to the start of every lane within reach, and the lanes on the way.

    Sideways steps alone never lead backwards, and those into a lane at its very start or out of one at its very end are
    dear: hence the states.
    """
    room = lanes[start.lane].center.length_m - start.s_m
    settled: dict[State, Way] = {}
    queue: list[tuple[float, tuple[int, ...], State]] = [(0.0, (start.lane,), State(start.lane, False, False))]
    while queue:
        distance, path, here = heapq.heappop(queue)
        if here in settled:
            continue
        settled[here] = (distance, path)
        lane = lanes[here.lane]
        steps = [(lane.center.length_m, State(i, True, False)) for i in lane.next]
        if lane.junction_id < 0:
            cost = CHANGE_COST_M + (HURRY_COST_M if not here.onward and room < ROOM_M else 0.0)
            steps += [(cost, State(i, here.onward, True)) for i in (lane.left, lane.right) if i is not None]
        for step, after in steps:
            if distance + step <= limit_m and after not in settled:
                heapq.heappush(queue, (distance + step, (*path, after.lane), after))
    return settled


def _legs(lanes: Sequence[Lane], chosen: list[Candidate], ways: list[tuple[int, ...]]) -> list[Leg]:
    """The whole row of lanes; a sideways step is taken half-way between the points it lies between."""
    legs = [Leg(chosen[0].lane)]
    for (start, goal), way in zip(pairwise(chosen), ways, strict=True):
        for place, (here, after) in enumerate(pairwise(way)):
            if after not in lanes[here].next:
                low = start.s_m if place == 0 else 0.0
                last = place == len(way) - 2
                high = _beside(lanes, after, goal.s_m, here) if last else lanes[here].center.length_m
                legs[-1] = Leg(here, 0.5 * (low + high))
            legs.append(Leg(after))
    return legs
