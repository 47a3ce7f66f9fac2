"""The controller node's core: follow the newest sane plan, under the guard."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automot_ros.control.config import ControlConfig
from automot_ros.control.follow import follow
from automot_ros.driving.clock import GAP_NS, DriveStart, TimingConfig
from automot_ros.driving.progress import RouteProgress
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.guard import Guard
from automot_ros.scene.plan import DriveCommand, GuardReport, Trajectory
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.specification import VehicleSpec

FINISH_M = 1.0


def with_room_to_finish(route: Route) -> Route:
    """The route and a metre straight on: its last point has to be passed, not only reached, to count as driven."""
    points = route.points_map_N2
    ahead = points[-1] - points[-2]
    last = points[-1] + FINISH_M * ahead / max(float(np.hypot(*ahead)), 1e-9)
    return Route(route.stamp_ns, np.concatenate([points, last[None]]))


@dataclass(frozen=True, kw_only=True)
class ControllerConfig(ControlConfig, TimingConfig):
    """Tracking and clock of the controller; the guard's limits are in GuardConfig."""

    def __post_init__(self) -> None:
        ControlConfig.__post_init__(self)


class ControllerCore:
    """observe_*, then `step`: the command and the guard's report. Times are of the clock that stamps the inputs."""

    def __init__(self, config: ControllerConfig, guard_config: GuardConfig, vehicle: VehicleSpec,
                 lidar_position_ego_m: tuple[float, float, float]) -> None:
        self._config = config
        self._vehicle = vehicle
        self.guard = Guard(guard_config, vehicle, lidar_position_ego_m)
        self._start = DriveStart()
        self._route: RouteProgress | None = None
        self._newest_ns: int | None = None
        self._points_stamp_ns = -1
        self._trajectory_stamp_ns = -1
        self._done_stamp_ns = -1

    def observe_ego(self, ego: EgoState, now_ns: int) -> None:
        """Take odometry that arrived at `now_ns`."""
        if self._start.observe(ego.stamp_ns):
            self._done_stamp_ns = -1
        self.guard.observe_ego(ego, self._arrival(ego.stamp_ns, now_ns))

    def observe_points(self, points: PointCloud, now_ns: int) -> None:
        """Take a half sweep, LiDAR frame."""
        self._points_stamp_ns = points.stamp_ns
        self.guard.observe_points(points, self._arrival(points.stamp_ns, now_ns))

    def observe_route(self, route: Route) -> None:
        """Take the route: the car stops just behind its end. The same route again keeps the progress on it."""
        longer = with_room_to_finish(route)
        if self._route is None or not self._route.is_of(longer):
            self._route = RouteProgress(longer)

    def observe_trajectory(self, trajectory: Trajectory, now_ns: int) -> None:
        """Take a plan."""
        self._trajectory_stamp_ns = trajectory.stamp_ns
        self.guard.observe_trajectory(trajectory, trajectory.stamp_ns if self._config.lockstep else now_ns)

    def step(self, now_ns: int) -> tuple[DriveCommand, GuardReport] | None:
        """The command for now. Lockstep: None until all inputs of one stamp are here, then once for that stamp."""
        if self._config.lockstep:
            ego = self.guard.ego
            if ego is None or not self._complete(ego.stamp_ns):
                return None
            self._done_stamp_ns = now_ns = ego.stamp_ns
        self.guard.goal_m = self._goal_m()
        verdict = self.guard.judge(now_ns)
        ego, trajectory = self.guard.ego, self.guard.trajectory
        planned = None
        if ego is not None and trajectory is not None:
            planned = follow(self._config, self._vehicle, trajectory, ego, now_ns)
        return self.guard.apply(verdict, planned, now_ns)

    def _arrival(self, stamp_ns: int, now_ns: int) -> int:
        # In lockstep the time is the stamp: who was how late on this machine must not change the drive. A jump of the
        # stamps is the next drive then, no fault of a clock: whichever input shows it first, all begin anew.
        if not self._config.lockstep:
            return now_ns
        if self._newest_ns is not None and abs(stamp_ns - self._newest_ns) > GAP_NS:
            self.guard.start_over()
        self._newest_ns = stamp_ns
        return stamp_ns

    def _goal_m(self) -> float:
        ego = self.guard.ego
        if self._route is None or ego is None:
            return math.inf
        return self._route.line.length_m - self._route.advance(ego.pose_map_to_ego)

    def _complete(self, stamp_ns: int) -> bool:
        if stamp_ns == self._done_stamp_ns or self._points_stamp_ns != stamp_ns:
            return False
        # Before the first context is due no plan can come: brake without waiting for one.
        return self._trajectory_stamp_ns == stamp_ns or self._start.due(stamp_ns, self._config) is None
