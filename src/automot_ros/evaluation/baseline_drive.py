"""The baselines on one world: who follows its route, and what little each of them sees of the others."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ConfigError
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.schedule import Telemetry
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.geometry.polyline import Polyline
from automot_ros.guard.config import GuardConfig
from automot_ros.policy.baselines import Cruise, Leader, PlanNoise
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.plan import WAYPOINTS
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import LidarModel, SensorTick
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.world import World

SEEN_M = 60.0
_VEHICLES = (BodyKind.CAR, BodyKind.TRUCK, BodyKind.EMERGENCY, BodyKind.BICYCLE)
_LANE_SAMPLE_M = 4
_NARROWEST_LANE_M = 2.5


class BaselineDrive:
    """A baseline under the controller; with `guard` its corridor check reads the LiDAR, without it nothing is read.

    name: stand-still, blind, idm; expert-lidar: the privileged expert, with the LiDAR that a guard needs; noisy: the
    same with its plans spoiled.
    """

    def __init__(self, world: World, name: str, guard: GuardConfig) -> None:
        self._world, self._name = world, name
        limits, self._half_lane_N = _lanes_along(world)
        self._cruise = Cruise(world.route.points_map_N2, limits)
        self._expert = Expert(world) if name in ("expert-lidar", "noisy") else None
        self._noise = PlanNoise(world.task.seed) if name == "noisy" else None
        self._standing = world.static_boxes.select(np.isin(world.static_boxes.kinds_N, _VEHICLES))
        self._controller = ControllerCore(ControllerConfig(), guard, world.vehicle, LidarModel().position_ego_m)

    def observe_route(self, route: Route) -> None:
        """The world's route is known. The guard is not told where it ends: the car drives on, as the expert does."""

    def step(self, tick: SensorTick) -> Telemetry:
        """The command for a tick; cameras are not looked at, points only by the guard."""
        waypoints, route = self._plan(tick)
        trajectory = trajectory_from(tick.ego, waypoints, route)
        self._controller.observe_ego(tick.ego, tick.stamp_ns)
        self._controller.observe_points(tick.points, tick.stamp_ns)
        self._controller.observe_trajectory(trajectory, tick.stamp_ns)
        done = self._controller.step(tick.stamp_ns)
        if done is None:
            raise ConfigError("the baseline's controller waits", where="BaselineDrive", wanted="real-time stepping")
        return Telemetry(done[0], done[1], None, trajectory, None)

    def _plan(self, tick: SensorTick) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._expert is not None:
            plan = self._expert.plan()
            if self._noise is None:
                return plan.waypoints_62, plan.route_202
            return self._noise.spoil(plan.waypoints_62, plan.route_202, tick.ego.speed_mps, tick.stamp_ns)
        waypoints, route = self._cruise.plan(tick.ego, self.leader() if self._name == "idm" else None)
        return (np.zeros((WAYPOINTS, 2), np.float32) if self._name == "stand-still" else waypoints), route

    def leader(self) -> Leader | None:
        """The nearest vehicle ahead in the lane of the route, standing or driving along it, never a crossing one."""
        world = self._world
        s = self._cruise.locate(world.ego)
        boxes = world.moving_boxes()
        boxes = Boxes.join(boxes.select(np.isin(boxes.kinds_N, _VEHICLES)), self._standing)
        here = world.ego.pose_map_to_ego.position_m
        near = np.hypot(*(boxes.xy_N2 - here).T) < SEEN_M + 10.0
        half_lane = float(self._half_lane_N[min(int(s), len(self._half_lane_N) - 1)])
        return nearest_leader(boxes.select(near), self._cruise.line, s, 0.5 * world.vehicle.length_m, half_lane)


def nearest_leader(boxes: Boxes, line: Polyline, s_m: float, front_m: float, half_lane_m: float) -> Leader | None:
    """The nearest of `boxes` whose centre lies within `half_lane_m` of `line`, ahead of arc length `s_m` by up to 60 m.

    front_m: from the ego's centre to its bumper. Only what stands or drives within 45 degrees of the line's direction,
    either way; who comes the other way counts as standing.
    """
    best: Leader | None = None
    for i in range(len(boxes)):
        at, aside = line.project(boxes.xy_N2[i], s_m, s_m + SEEN_M)
        turned = float(boxes.yaw_N[i]) - line.yaw_at(at)
        if at <= s_m or at >= s_m + SEEN_M or abs(aside) > half_lane_m or abs(math.cos(turned)) < math.sqrt(0.5):
            continue
        half = 0.5 * (abs(math.cos(turned)) * boxes.sizes_N3[i, 0] + abs(math.sin(turned)) * boxes.sizes_N3[i, 1])
        gap = max(0.0, at - float(half) - s_m - front_m)
        if best is None or gap < best.gap_m:
            best = Leader(gap, max(0.0, float(boxes.speed_N[i]) * math.cos(turned)))
    return best


def _lanes_along(world: World) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) speed limit and half the lane's width at each point of the route; between lanes, those of the last one."""
    points = world.route.points_map_N2
    line = Polyline(points)
    places = np.append(np.arange(0, len(points) - 1, _LANE_SAMPLE_M), len(points) - 1)
    limits: list[float] = []
    halves: list[float] = []
    for i in places:
        found = world.map.lane_along(points[i], line.yaw_at(float(line.s_N[min(i, len(line.s_N) - 1)])))
        lane = None if found is None else world.map.lanes[found[0]]
        limits.append(lane.speed_limit_mps if lane is not None else limits[-1] if limits else math.inf)
        halves.append(0.5 * max(_NARROWEST_LANE_M, lane.width_m) if lane is not None
                      else halves[-1] if halves else 0.5 * _NARROWEST_LANE_M)
    step = np.searchsorted(places, np.arange(len(points)), side="right") - 1
    return np.minimum(np.array(limits)[step], 1e3), np.array(halves)[step]
