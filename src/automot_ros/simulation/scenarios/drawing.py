"""Scenario drives on generated maps: draw maps and routes from a seed until a class finds a place for its incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.conditions import drawn_conditions
from automot_ros.simulation.junctions import Junctions, Passage
from automot_ros.simulation.maps.generate import generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.surroundings import Surroundings
from automot_ros.simulation.tasks import DriveTask, ScenarioSpec, TrafficConfig, load_map, time_limit_s

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.scenario import Scenario

ROUTE_M = 420.0
PULL_OUT_M = 8.5
_MAPS, _ROUTES = 14, 24
_END_CLEAR_M = 14.0
_LEAST_BEFORE_M, _BEFORE_STOP_M = 25.0, 10.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a scenario class wants to happen on a route, and with which parameters (by tag, as a route file has them).

    begin_m, end_m: where the drive begins and ends, where the class's usual distances do not fit.
    begin_right_m: how far right of the route the drive begins (parked); it is back on the route after PULL_OUT_M.
    """

    trigger_s_m: float
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    begin_m: float | None = None
    end_m: float | None = None
    begin_right_m: float = 0.0


class RouteView:
    """A random route as a scenario class looks at it for a place."""

    def __init__(self, road_map: RoadMap, junctions: Junctions, points_N2: np.ndarray[tuple[int, ...], np.dtype[
            np.float64]], lanes: list[int]) -> None:
        self.map = road_map
        self.lanes = lanes
        self.line = Polyline(points_N2)
        self.passages: tuple[Passage, ...] = junctions.on_route(self.line)
        self.around = Surroundings(road_map, junctions, self.line, self.passages)

    def turn(self, way: Passage) -> str:
        """left, right or straight: what the route does in a junction."""
        bend = wrap_angle(self.line.yaw_at(way.end_m) - self.line.yaw_at(way.begin_m))
        return "left" if bend > 0.6 else "right" if bend < -0.6 else "straight"

    def control(self, way: Passage) -> str:
        """light, stop, yield or none: what rules the route's own way through a junction."""
        return "none" if way.signal is None else way.signal.kind

    def blocks(self, least_m: float) -> list[tuple[float, float]]:
        """Stretches of the route without a junction, at least so long: (from, to) arc lengths."""
        ends = [0.0, *(v for p in self.passages for v in (p.begin_m, p.end_m)), self.line.length_m]
        return [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a >= least_m]

    def is_straight(self, from_m: float, to_m: float, within_rad: float = 0.2) -> bool:
        """Whether the route bends little between two arc lengths."""
        yaw = [self.line.yaw_at(float(s)) for s in np.arange(from_m, to_m, 4.0)]
        return max(yaw) - min(yaw) < within_rad

    def end_near(self, wanted_m: float) -> float:
        """Where to end a drive: at or shortly behind a wanted arc length, in no junction and in no queue before one."""
        return _good_end(self, wanted_m)

    def everywhere(self, from_m: float, to_m: float, has: Callable[[float], object], step_m: float = 8.0) -> bool:
        """Whether `has(s)` gives something other than None all along a stretch."""
        return all(has(float(s)) is not None for s in np.arange(from_m, to_m + 0.1, step_m))


def scenario_task(cls: type[Scenario], seed: int) -> DriveTask:
    """A drive with one incident of a class; MapError where no place is found in all draws."""
    rng = stream(seed, "scenario route", cls.__name__)
    for _ in range(_MAPS):
        kind = cls.map_kinds[int(rng.integers(len(cls.map_kinds)))]
        map_seed = int(rng.integers(0, 2**31 - 1))
        xodr = generated_xodr(kind, map_seed)
        road_map = load_map(f"{kind}-{map_seed}", xodr)
        junctions = Junctions(road_map)
        for _ in range(_ROUTES):
            view = cls.route(road_map, junctions, rng)
            if view is None:
                continue
            wish = cls.place(view, rng)
            if wish is not None:
                return _task(cls, seed, view, xodr, wish, rng)
    raise MapError("no place for this scenario", where=cls.__name__, got=f"{_MAPS} maps tried, seed {seed}")


def random_view(road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
    """A random route of ROUTE_M that keeps its lanes; None where the draw failed."""
    starts = [lane for lane in road_map.lanes if lane.junction_id < 0 and lane.next and lane.center.length_m > 25.0]
    lane = starts[int(rng.integers(len(starts)))]
    try:
        lanes = road_map.random_route(rng, ROUTE_M, lane.index)
        if any(b not in road_map.lanes[a].next for a, b in pairwise(lanes)):
            return None
        points = road_map.route_points(lanes, float(rng.uniform(2.0, 12.0)), ROUTE_M)
        return RouteView(road_map, junctions, points, lanes)
    except MapError:
        return None


def _task(cls: type[Scenario], seed: int, view: RouteView, xodr: str, wish: Wish,
          rng: np.random.Generator) -> DriveTask:
    begin = (_good_begin(view, wish.trigger_s_m - rng.uniform(*cls.before_m), wish.trigger_s_m) if wish.begin_m is None
             else wish.begin_m)
    end = wish.end_m if wish.end_m is not None else _good_end(view, wish.trigger_s_m + cls.after_m)
    route = _pulled_out(view.line, np.arange(begin, end + 1e-6, 1.0), wish.begin_right_m)
    x, y = view.line.at(wish.trigger_s_m)
    trigger = Pose2(float(x), float(y), view.line.yaw_at(wish.trigger_s_m))
    name = cls.__name__
    traffic = TrafficConfig(vehicles=int(rng.integers(8, 21)), parked=int(rng.integers(10, 30)),
                            walkers=int(rng.integers(4, 12)))
    return DriveTask(f"{name}-{seed}", seed, view.map.name, xodr, route, traffic, time_limit_s(route),
                     (ScenarioSpec(f"{name}_1", name, trigger, wish.parameters),), drawn_conditions(seed))


def _pulled_out(line: Polyline, s_N: np.ndarray[tuple[int, ...], np.dtype[np.float64]], right_m: float) -> (
        np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
    """Points of a route that begins `right_m` beside its line and moves over to it within the first PULL_OUT_M."""
    points = line.at(s_N)
    if right_m == 0.0:
        return points
    u = np.clip((s_N - s_N[0]) / PULL_OUT_M, 0.0, 1.0)
    yaw = np.array([line.yaw_at(float(s)) for s in s_N])
    aside = right_m * (1.0 - u * u * (3.0 - 2.0 * u))
    moved: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = points + aside[:, None] * np.stack(
        [np.sin(yaw), -np.cos(yaw)], axis=1)
    return moved


def _good_begin(view: RouteView, wanted_m: float, trigger_m: float) -> float:
    """The place to start: not in a junction; before one, where the trigger would be too near behind it."""
    begin = max(0.0, wanted_m)
    for way in view.passages:
        if way.stop_m - 6.0 < begin < way.end_m + 1.0:
            near = trigger_m - way.end_m < _LEAST_BEFORE_M and way.stop_m > _BEFORE_STOP_M
            begin = way.stop_m - _BEFORE_STOP_M if near else way.end_m + 1.0
    return begin


def _good_end(view: RouteView, wanted_m: float) -> float:
    """The first place from the wanted one on that is neither in a junction nor just before or behind one."""
    end = min(wanted_m, view.line.length_m)
    for way in view.passages:
        if way.stop_m - _END_CLEAR_M < end < way.end_m + _END_CLEAR_M:
            beyond = way.end_m + _END_CLEAR_M
            end = beyond if beyond <= view.line.length_m else way.stop_m - _END_CLEAR_M
    return end
