"""Watches one drive and scores it: completion, infractions, status. Sees the world, never the driver.

Criteria after CARLA's scenario_runner (atomic_criteria.py, MIT): done at 99 % and within 10 m of the end; a route is
given up when the ego is 30 m off it, stands for 60 s, or is out of time; one event per body in 5 s.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from automot_ros.evaluation.metrics.comfort import comfort_share
from automot_ros.evaluation.metrics.driving_score import PENALTY, driving_score, infraction_penalty
from automot_ros.evaluation.metrics.success import succeeded
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.world import EventKind, World

_NAMES = {
    EventKind.COLLISION_WALKER: "collisions_pedestrian",
    EventKind.COLLISION_VEHICLE: "collisions_vehicle",
    EventKind.COLLISION_STATIC: "collisions_layout",
    EventKind.RED_LIGHT: "red_light",
    EventKind.STOP_SIGN: "stop_infraction",
}
OFF_ROUTE_M = 30.0
BLOCKED_S = 60.0
BLOCKED_MPS = 0.1


@dataclass(frozen=True, slots=True)
class RouteResult:
    """The score of one route. Percentages 0..100; duration in simulated seconds; comfort None on a very short drive."""

    id: str
    scenario: str
    seed: int
    map: str
    status: str
    route_length_m: float
    route_completion: float
    infraction_penalty: float
    driving_score: float
    success: bool
    infractions: dict[str, int]
    outside_lanes: float
    duration_s: float
    mean_speed_mps: float
    comfort: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values for result.json; `score` repeats driving_score under the name of the interface."""
        return {**asdict(self), "score": self.driving_score}


class Examiner:
    """Call `observe` once after every step of the world; stop when `done`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._line: Polyline = world.route.line()
        self._s_m = 0.0
        self._status = ""
        self._moved_tick = world.tick
        self._first_tick = world.tick
        self._outside_m = self._driven_m = 0.0
        self._last_position = world.ego.pose_map_to_ego.position_m
        self._speed: list[float] = []
        self._yaw: list[float] = []

    @property
    def route_completion(self) -> float:
        """0..100."""
        if self._status == "Completed":
            return 100.0
        return min(100.0, 100.0 * self._s_m / self._line.length_m)

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
        position = ego.pose_map_to_ego.position_m
        s, lateral = self._line.project(position, self._s_m - 2.0, self._s_m + 10.0)
        if abs(lateral) < 5.0:
            self._s_m = max(self._s_m, s)
        step = float(np.hypot(*(position - self._last_position)))
        self._last_position = position
        self._driven_m += step
        if step > 0.0 and not bool(world.map.drivable(position[None, :])[0]):
            self._outside_m += step
        if ego.speed_mps > BLOCKED_MPS:
            self._moved_tick = world.tick
        if world.tick % 2 == 0:
            self._speed.append(ego.speed_mps)
            self._yaw.append(ego.pose_map_to_ego.yaw_rad)
        if self._s_m > 0.99 * self._line.length_m and self._line.length_m - self._s_m < 10.0:
            self._status = "Completed"
        elif abs(lateral) > OFF_ROUTE_M:
            self.give_up("Agent deviated from the route")
        elif (world.tick - self._moved_tick) * world.TICK_S > BLOCKED_S:
            self.give_up("Agent got blocked")
        elif (world.tick - self._first_tick) * world.TICK_S > world.task.time_limit_s:
            self.give_up("Agent timed out")

    @property
    def driving_score(self) -> float:
        """0..100, so far."""
        return driving_score(self.route_completion, self._penalty()[2])

    def _penalty(self) -> tuple[dict[str, int], float, float]:
        """(events by name, share of the route driven outside its lanes, factor of the score)."""
        counts = dict.fromkeys(PENALTY, 0)
        for event in self._world.events:
            counts[_NAMES[event.kind]] += 1
        outside = min(1.0, self._outside_m / max(self._line.length_m, 1.0))
        return counts, outside, infraction_penalty(counts, outside)

    def result(self) -> RouteResult:
        """The score so far."""
        world = self._world
        counts, outside, penalty = self._penalty()
        status = self._status or "Running"
        if status == "Completed" and not any(counts.values()) and outside == 0.0:
            status = "Perfect"
        duration = (world.tick - self._first_tick) * world.TICK_S
        return RouteResult(
            id=world.task.name, scenario="plain", seed=world.task.seed, map=world.task.map_name, status=status,
            route_length_m=round(self._line.length_m, 3), route_completion=round(self.route_completion, 6),
            infraction_penalty=round(penalty, 6), driving_score=driving_score(self.route_completion, penalty),
            success=succeeded(status, counts), infractions=counts, outside_lanes=round(100.0 * outside, 6),
            duration_s=round(duration, 3), mean_speed_mps=round(self._driven_m / max(duration, 1e-9), 4),
            comfort=comfort_share(np.array(self._speed), np.array(self._yaw)))
