"""What is to be driven: a map, a route on it, how much traffic, how much time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.conditions import Conditions, drawn_conditions
from automot_ros.simulation.junctions import Junctions, Passage
from automot_ros.simulation.maps.generate import MAP_KINDS, generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap

SHORTEST_M, LONGEST_M = 300.0, 420.0
_AWAY_FROM_JUNCTION_M = 14.0
_TURN_RAD = 0.9
_DRAWS = 40
_QUEUE_M = 45.0
_LOOK_BEYOND_M = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficConfig:
    """How many others there are; fewer where the map has no room."""

    vehicles: int = quantity(22, "", "Moving vehicles near the route.", low=0, high=200)
    parked: int = quantity(24, "", "Cars on parking lanes near the route.", low=0, high=400)
    walkers: int = quantity(10, "", "People on the sidewalks near the route.", low=0, high=200)

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True, slots=True)
class ScenarioSpec:
    """One scenario of a route, as a leaderboard route file has it.

    name: unique on the route; kind: the scenario class; trigger_map: where it is triggered (right-handed, metres,
    radians); parameters: attributes of each child element by its tag, as text and in CARLA's own left-handed frame.
    """

    name: str
    kind: str
    trigger_map: Pose2
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DriveTask:
    """One drive, complete: the same task and the same commands give the same world to the bit.

    xodr: the OpenDRIVE text; route_map_N2: (N, 2) map points 1 m apart; time_limit_s in simulated seconds.
    """

    name: str
    seed: int
    map_name: str
    xodr: str = field(repr=False)
    route_map_N2: NDArray[np.float64] = field(repr=False)
    traffic: TrafficConfig
    time_limit_s: float
    scenarios: tuple[ScenarioSpec, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)


@lru_cache(maxsize=4)
def load_map(name: str, xodr: str) -> RoadMap:
    """The map of a task. Maps are never written to, so worlds share them."""
    return RoadMap(name, xodr)


def time_limit_s(route_map_N2: NDArray[np.float64]) -> float:
    """Time for a route: 2 m/s on average and two minutes for lights."""
    return Polyline(route_map_N2).length_m / 2.0 + 120.0


def plain_task(seed: int) -> DriveTask:
    """A drive without incidents on a generated map: lanes, turns, lights, other cars."""
    kind = MAP_KINDS[seed % len(MAP_KINDS)]
    map_seed = int(stream(seed, "map").integers(0, 2**31 - 1))
    map_name = f"{kind}-{map_seed}"
    task = _task(f"plain-{seed}", map_name, generated_xodr(kind, map_seed), None, seed)
    return replace(task, conditions=drawn_conditions(seed))


def task_on_map(name: str, map_name: str, xodr: str, route_map_N2: NDArray[np.float64] | None, seed: int) -> DriveTask:
    """A drive on any map: along the given dense route, or along a random one."""
    return _task(name, map_name, xodr, route_map_N2, seed)


def _task(name: str, map_name: str, xodr: str, route_map_N2: NDArray[np.float64] | None, seed: int) -> DriveTask:
    route = _random_route(load_map(map_name, xodr), seed) if route_map_N2 is None else np.asarray(route_map_N2, float)
    rng = stream(seed, "amount")
    traffic = TrafficConfig(vehicles=int(rng.integers(14, 27)), parked=int(rng.integers(12, 36)),
                            walkers=int(rng.integers(6, 15)))
    return DriveTask(name, seed, map_name, xodr, route, traffic, time_limit_s(route))


def _random_route(road_map: RoadMap, seed: int) -> NDArray[np.float64]:
    """300-420 m that begin away from junctions, with a turn wherever the map has one to offer; shorter on small maps.

    Plain driving has no stop signs (whether one has stopped is memory, which the plain driver does not have) and keeps
    its lane: changing it needs a look behind, and belongs to the scenarios.
    """
    rng = stream(seed, "route")
    wanted_m = float(np.floor(rng.uniform(SHORTEST_M, LONGEST_M)))
    starts = [lane for lane in road_map.lanes if lane.junction_id < 0 and lane.next
              and lane.center.length_m > 2.0 * _AWAY_FROM_JUNCTION_M]
    if not starts:
        raise MapError("no lane long enough to start on", where=road_map.name, wanted=f"{2 * _AWAY_FROM_JUNCTION_M} m")
    junctions = Junctions(road_map)
    stops = {lane for signal in road_map.signals if signal.kind == "stop" for lane in signal.lanes}
    has_turns = any(lane.junction_id >= 0 and _bend(lane.center) > _TURN_RAD for lane in road_map.lanes)
    for length_m, shortest_m in ((LONGEST_M, SHORTEST_M), (SHORTEST_M, SHORTEST_M), (150.0, 100.0), (60.0, 40.0)):
        best: NDArray[np.float64] | None = None
        for _ in range(_DRAWS):
            lane = starts[int(rng.integers(len(starts)))]
            start_s = float(rng.uniform(2.0, lane.center.length_m - _AWAY_FROM_JUNCTION_M))
            try:
                lanes = road_map.random_route(rng, length_m + _LOOK_BEYOND_M, lane.index)
                points = road_map.route_points(lanes, start_s, length_m + _LOOK_BEYOND_M)
            except MapError:
                continue
            changes_lane = any(b not in road_map.lanes[a].next for a, b in pairwise(lanes))
            if changes_lane or stops.intersection(lanes):
                continue
            line = Polyline(points)
            passages = junctions.on_route(line)
            end_m = _good_end(passages, shortest_m, min(wanted_m, length_m), length_m)
            if end_m is None:
                continue
            route = points[: int(np.searchsorted(line.s_N, end_m)) + 1]
            turns = any(p.end_m < end_m and abs(line.yaw_at(p.end_m) - line.yaw_at(p.begin_m)) > _TURN_RAD
                        for p in passages)
            if turns or not has_turns:
                return route
            best = route if best is None else best
        if best is not None:
            return best
    raise MapError("no route on this map", where=road_map.name, wanted="40 m or more")


def _good_end(passages: tuple[Passage, ...], low_m: float, wanted_m: float, high_m: float) -> float | None:
    """The end nearest to the wanted one that lies in no junction and in no queue before one."""
    ends = np.arange(low_m, high_m + 0.5)
    good = np.ones(len(ends), dtype=np.bool_)
    for way in passages:
        queue = _QUEUE_M if way.signal is not None else _AWAY_FROM_JUNCTION_M
        good &= (ends < way.stop_m - queue) | (ends > way.end_m + _AWAY_FROM_JUNCTION_M)
    if not good.any():
        return None
    return float(ends[good][np.argmin(np.abs(ends[good] - wanted_m))])


def _bend(line: Polyline) -> float:
    return abs(line.yaw_at(line.length_m) - line.yaw_at(0.0))
