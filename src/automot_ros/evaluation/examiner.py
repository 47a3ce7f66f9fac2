"""Watches one drive and scores it: completion, infractions, status. Sees the world, never the driver.

Every criterion stands in evaluation/metrics/, one file each with its source. The world notes collisions, lights, stop
signs, scenario time-outs and emergency vehicles; the rest is watched here. What ends a drive: its end, deviation from
the route, a minute of standing, the route's time.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automot_ros.evaluation.metrics import infractions as names
from automot_ros.evaluation.metrics import outside_lanes as lanes
from automot_ros.evaluation.metrics.ability import junction_completion
from automot_ros.evaluation.metrics.blocked import Blocked
from automot_ros.evaluation.metrics.comfort import comfort_as_published, comfort_corrected, jerk
from automot_ros.evaluation.metrics.driving_score import bench2drive_penalty, driving_score, leaderboard_2_1_penalty
from automot_ros.evaluation.metrics.in_route import InRoute
from automot_ros.evaluation.metrics.infractions import Infraction, at_place, counts_of, infraction_of
from automot_ros.evaluation.metrics.min_speed import BENCH2DRIVE_CHECKPOINTS, LEADERBOARD_CHECKPOINTS, MinimumSpeed
from automot_ros.evaluation.metrics.route_completion import RouteCompletion
from automot_ros.evaluation.metrics.route_progress import RoutePoints, RouteProgress
from automot_ros.evaluation.metrics.route_timeout import RouteTimeout
from automot_ros.evaluation.metrics.success import succeeded
from automot_ros.simulation.maps.lanes import DEFAULT_SPEED_MPS
from automot_ros.simulation.tasks import DriveTask
from automot_ros.simulation.world import START_NS, World

_TRAFFIC_EVERY_TICKS = 4  # means over a stretch of road are as good at 5 Hz
_LOOK_EVERY_M = 1.0  # or at a route point passed: only there the lanes decide anything
_PARKING_REACH_M = 8.0


@dataclass(frozen=True, slots=True)
class RouteResult:
    """The score of one route. Percentages 0..100; durations in simulated seconds; comfort and jerk (m/s3, root mean
    square along the ego) None on a very short drive.

    scenario: class of the first scenario, or plain; scenarios: kind, name and state of each; not_run: scenarios of the
    task that this program does not know. driving_score is Bench2Drive's, driving_score_2_1 the leaderboard 2.1's.
    outside_lanes: per cent of the driven route. min_speed_percent: ego's speed at each of 20 checkpoints in per cent of
    the traffic's. junction_completion: share (0..1) of the route at which its first junction is passed. events: every
    infraction in order of time (see `Infraction`).
    """

    id: str
    scenario: str
    seed: int
    map: str
    status: str
    route_length_m: float
    route_completion: float
    infraction_penalty: float
    driving_score: float
    driving_score_2_1: float
    success: bool
    infractions: dict[str, int]
    outside_lanes: float
    duration_s: float
    mean_speed_mps: float
    comfort: float | None
    comfort_corrected: float | None
    jerk_mps3: float | None
    junction_completion: float | None
    min_speed_percent: list[float] = field(default_factory=list)
    scenarios: list[dict[str, str]] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def nothing(cls, *, id: str, scenario: str, seed: int, map: str, status: str, route_length_m: float,  # noqa: A002
                duration_s: float) -> RouteResult:
        """A route that gave no score: zeros, as the leaderboard has it."""
        return cls(id=id, scenario=scenario, seed=seed, map=map, status=status, route_length_m=route_length_m,
                   route_completion=0.0, infraction_penalty=0.0, driving_score=0.0, driving_score_2_1=0.0,
                   success=False, infractions=counts_of(()), outside_lanes=0.0, duration_s=duration_s,
                   mean_speed_mps=0.0, comfort=None, comfort_corrected=None, jerk_mps3=None,
                   junction_completion=None)

    def as_json(self) -> dict[str, Any]:
        """Plain values for result.json; `score` repeats driving_score under the name of the interface."""
        return {**asdict(self), "score": self.driving_score}


class Examiner:
    """Call `observe` once after every step of the world; stop when `done`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._points = points = RoutePoints(world.route_line)
        self._completion = RouteCompletion(points)
        self._progress = RouteProgress(points, lanes.WINDOW)
        self._in_route = InRoute(points)
        self._blocked = Blocked()
        self._timeout = RouteTimeout()
        self._min_speed = MinimumSpeed(points.length_m, BENCH2DRIVE_CHECKPOINTS)
        self._min_speed_2_1 = MinimumSpeed(points.length_m, LEADERBOARD_CHECKPOINTS)
        self._outside = lanes.OutsideShare()
        self._wrong_way = lanes.WrongWay()
        self._switch = lanes.WrongWaySwitch()
        self._parking: lanes.ParkingLanes | None = None
        self._off_road = False
        self._limit_mps = DEFAULT_SPEED_MPS
        self._status = ""
        self._own: list[Infraction] = []
        self._first_tick = world.tick
        self._driven_m = self._looked_m = 0.0
        self._last_xy = (world.ego.pose_map_to_ego.x_m, world.ego.pose_map_to_ego.y_m)
        self._speed: list[float] = []
        self._yaw: list[float] = []
        self._yaw_rate: list[float] = []
        self._look_at_lane(world.ego.pose_map_to_ego.position_m, world.ego.pose_map_to_ego.yaw_rad)

    @property
    def route_completion(self) -> float:
        """0..100."""
        return self._completion.percent

    @property
    def done(self) -> bool:
        """True once the route is completed or given up."""
        return bool(self._status)

    def give_up(self, why: str) -> None:
        """End the route from outside, e.g. because the driver died."""
        self._status = self._status or f"Failed - {why}"

    def observe(self) -> None:
        """Look at the world after a step."""
        world, ego = self._world, self._world.ego
        pose, speed = ego.pose_map_to_ego, ego.speed_mps
        x, y = pose.x_m, pose.y_m
        time_s = (world.stamp_ns - START_NS) / 1e9
        for i, scenario in enumerate(world.scenarios):
            self._switch.observe(i, scenario.spec.kind, scenario.state)
        self._driven_m += math.hypot(x - self._last_xy[0], y - self._last_xy[1])
        self._last_xy = (x, y)
        self._completion.observe(x, y)
        newly_m = self._progress.advance(x, y)
        if newly_m > 0.0 or self._driven_m - self._looked_m > _LOOK_EVERY_M:
            self._looked_m = self._driven_m
            self._look_at_lane(pose.position_m, pose.yaw_rad)
        self._see_outside(newly_m, time_s, x, y)
        for min_speed in (self._min_speed, self._min_speed_2_1):
            min_speed.pass_to(self._completion.passed_m)
        if world.tick % _TRAFFIC_EVERY_TICKS == 0:
            agents = world.agents
            traffic = sum(agent.speed_mps for agent in agents) / len(agents) if agents else None
            self._min_speed.sample(speed, traffic)
            self._min_speed_2_1.sample(speed, traffic)
        self._speed.append(speed)
        self._yaw.append(pose.yaw_rad)
        self._yaw_rate.append(ego.yaw_rate_radps)
        self._in_route.observe(x, y)
        self._blocked.observe(time_s, speed)
        self._timeout.observe(time_s, newly_m, self._limit_mps)
        if not self._status:
            self._decide(time_s, x, y)

    def _look_at_lane(self, position_2: NDArray[np.float64], yaw_rad: float) -> None:
        """Is the ego off the road, and does it drive against its lane?"""
        road_map = self._world.map
        found = road_map.lane_at(position_2)
        if found is not None:
            lane = road_map.lanes[found[0]]
            self._limit_mps = lane.speed_limit_mps
            self._wrong_way.observe(lane, found[1], yaw_rad)
            self._off_road = lanes.is_off_road(abs(found[2]), lane.width_m)
            if not self._off_road:
                return
        if self._parking is None:
            self._parking = lanes.ParkingLanes(road_map)
        place = self._parking.nearest(position_2, abs(found[2]) if found is not None else _PARKING_REACH_M)
        self._off_road = place is None or lanes.is_off_road(*place)

    def _see_outside(self, newly_m: float, time_s: float, x_m: float, y_m: float) -> None:
        """Count the metres outside; the first of them make an infraction."""
        before = self._outside.outside_m
        self._outside.observe(newly_m, self._off_road or (self._switch.on and self._wrong_way.active))
        if before == 0.0 and self._outside.outside_m > 0.0:
            self._note(names.OUTSIDE_LANES, time_s, x_m, y_m, "")

    def _note(self, kind: str, time_s: float, x_m: float, y_m: float, text: str) -> None:
        self._own.append(Infraction(kind, round(time_s, 3), round(x_m, 3), round(y_m, 3), None, text))

    def _decide(self, time_s: float, x_m: float, y_m: float) -> None:
        """End the drive where a criterion says so."""
        if self._completion.done:
            self._status = "Completed"
        elif self._in_route.deviated:
            self._note(names.DEVIATION, time_s, x_m, y_m, f"Agent deviated from the route {at_place(x_m, y_m)}")
            self.give_up("Agent deviated from the route")
        elif self._blocked.blocked:
            self._note(names.BLOCKED, time_s, x_m, y_m, f"Agent got blocked {at_place(x_m, y_m)}")
            self.give_up("Agent got blocked")
        elif self._timeout.timed_out:
            self._note(names.TIMEOUT, time_s, x_m, y_m, "Route timeout.")
            self.give_up("Agent timed out")

    def _infractions(self) -> list[Infraction]:
        """Everything that went wrong so far, in order of time."""
        return sorted([*map(infraction_of, self._world.events), *self._own], key=lambda infraction: infraction.time_s)

    @property
    def driving_score(self) -> float:
        """0..100 by Bench2Drive, so far."""
        counts = counts_of(self._infractions())
        return driving_score(self.route_completion, bench2drive_penalty(counts, self._outside.percent))

    def result(self) -> RouteResult:
        """The score so far."""
        world, outside = self._world, self._outside
        infractions = self._infractions()
        counts = counts_of(infractions)
        penalty = bench2drive_penalty(counts, outside.percent)
        penalty_2_1 = leaderboard_2_1_penalty(counts, outside.percent, self._min_speed_2_1.values())
        status = self._status or "Running"
        # Bench2Drive lists every minimum-speed value as an infraction, so that nothing is ever perfect; not here.
        if status == "Completed" and not any(counts.values()):
            status = "Perfect"
        duration = (world.tick - self._first_tick) * world.TICK_S
        motion = (np.array(self._speed), np.array(self._yaw), np.array(self._yaw_rate))
        jerk_mps3 = jerk(*motion[:2])
        junction = next((junction_completion(int(np.ceil(p.begin_m)), len(self._points)) for p in world.passages), None)
        return RouteResult(
            id=world.task.name, scenario=_scenario(world.task), seed=world.task.seed, map=world.task.map_name,
            status=status, route_length_m=round(self._points.length_m, 3),
            route_completion=round(self.route_completion, 6), infraction_penalty=round(penalty, 6),
            driving_score=driving_score(self.route_completion, penalty),
            driving_score_2_1=driving_score(self.route_completion, penalty_2_1),
            success=succeeded(status, counts), infractions=counts, outside_lanes=round(outside.percent, 6),
            duration_s=round(duration, 3), mean_speed_mps=round(self._driven_m / max(duration, 1e-9), 4),
            comfort=comfort_as_published(*motion), comfort_corrected=comfort_corrected(*motion),
            jerk_mps3=None if jerk_mps3 is None else round(jerk_mps3, 4),
            junction_completion=None if junction is None else round(junction, 6),
            min_speed_percent=self._min_speed.values(),
            scenarios=[{"kind": s.spec.kind, "name": s.spec.name, "state": s.state} for s in world.scenarios],
            not_run=list(world.not_run), events=[self._worded(infraction) for infraction in infractions])

    def _worded(self, infraction: Infraction) -> dict[str, Any]:
        """An infraction as plain values. How far the ego was outside is known only in the end."""
        row = asdict(infraction)
        if infraction.kind == names.OUTSIDE_LANES:
            row["text"] = (f"Agent went outside its route lanes for about {round(self._outside.outside_m, 3)} meters "
                           f"({round(self._outside.percent, 2)}% of the completed route)")
        return row


def _scenario(task: DriveTask) -> str:
    return task.scenarios[0].kind if task.scenarios else "plain"

