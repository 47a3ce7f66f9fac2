"""What stands in the way: LiDAR points inside the space the body will sweep along the planned path.

The body is swept as a car moves: its centre along the path, its heading dragged behind by the rear axle. Points beside
the lane, in the next lane of a bend, or beyond the end of the path are then simply not inside. N points, P poses.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec

Values = NDArray[np.float64]
POSE_STEP_M = 0.5
FAR_M = 20.0
RETURN_MIN_M, RETURN_S = 4.0, 1.0
TRACK_S = 0.5
TRACK_MIN = 4
TRACK_JUMP_M = 1.5


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The nearest thing in the corridor: free way before the bumper, its speed along the path (never negative)."""

    free_m: float
    speed_mps: float = 0.0


def points_in_map(config: GuardConfig, points_N4: NDArray[np.float32], lidar_position_ego_m: tuple[float, float, float],
                  pose_map_to_ego: Pose2) -> Values:
    """(M, 2) map positions of the points a car could hit: above the ground, below its roof, within range."""
    points = np.asarray(points_N4, dtype=np.float64)[:, :3] + np.asarray(lidar_position_ego_m)
    distance = np.hypot(points[:, 0], points[:, 1])
    lowest = config.ground_clear_m + config.ground_slope * distance
    # Not a number compares false, so a broken point never is an obstacle and never hides one.
    keep = (points[:, 2] > lowest) & (points[:, 2] < config.overhead_m) & (distance < config.corridor_range_m + 10.0)
    return pose_map_to_ego.apply(points[keep, :2])


def swept_poses(vehicle: VehicleSpec, path_K2: Values, ego: EgoState, range_m: float) -> Values:
    """(P, 3) x, y, heading of the body every half metre along the path from where the car is now, in the ego frame.

    A car beside its path returns to it gently. Nothing is assumed beyond the end of the path.
    """
    line = Polyline(ego.pose_map_to_ego.inverse_apply(path_K2))
    start_m, aside_m = line.project(np.zeros(2))
    ahead = np.arange(0.0, min(range_m, line.length_m - start_m) + 1e-9, POSE_STEP_M)
    points = line.at(start_m + ahead)
    if len(points) < 2:
        return np.zeros((1, 3))
    back = np.clip(1.0 - ahead / max(RETURN_MIN_M, RETURN_S * ego.speed_mps), 0.0, 1.0)
    back = back * back * (3.0 - 2.0 * back)
    steps = np.gradient(points, axis=0)
    left = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / np.maximum(1e-6, np.hypot(*steps.T))[:, None]
    points = points + (aside_m * back)[:, None] * left
    # A path that starts ahead of the car is reached straight from where the car stands.
    points = points - points[0] * back[:, None]
    courses = np.arctan2(np.diff(points[:, 1]), np.diff(points[:, 0]))
    lengths = np.hypot(*np.diff(points, axis=0).T)
    headings, heading = [0.0], 0.0
    for course, length in zip(courses.tolist(), lengths.tolist(), strict=True):
        heading += length / vehicle.rear_axle_m * math.sin(course - heading)
        headings.append(heading)
    return np.concatenate([points, np.array(headings)[:, None]], axis=1)


def free_way(config: GuardConfig, vehicle: VehicleSpec, poses_P3: Values, points_ego_N2: Values) -> float:
    """Metres the car may drive along its poses before the bumper meets an obstacle; infinite when there is none.

    `corridor_points` points must agree: a stray point does not count.
    """
    half_length, half_width = vehicle.length_m / 2.0, vehicle.width_m / 2.0
    x, y = points_ego_N2[:, 0], points_ego_N2[:, 1]
    inside_now = (np.abs(x) < half_length) & (np.abs(y) < half_width)
    reach = half_length + half_width + config.corridor_margin_m + 0.5
    low, high = poses_P3[:, :2].min(axis=0) - reach, poses_P3[:, :2].max(axis=0) + reach
    near = np.all((points_ego_N2 > low) & (points_ego_N2 < high), axis=1) & ~inside_now
    x, y = x[near], y[near]
    if len(x) < config.corridor_points:
        return math.inf
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(poses_P3[:, :2], axis=0).T))])
    cos, sin = np.cos(poses_P3[:, 2])[:, None], np.sin(poses_P3[:, 2])[:, None]
    dx, dy = x[None] - poses_P3[:, :1], y[None] - poses_P3[:, 1:2]
    forward_PN, left_PN = cos * dx + sin * dy, np.abs(cos * dy - sin * dx)
    share = np.clip(along / FAR_M, 0.0, 1.0)
    margin_P = config.corridor_margin_m + share * (config.corridor_margin_far_m - config.corridor_margin_m)
    # What is already beside the body must not stop it: only the bare body counts there.
    beside_N = (np.abs(x) < half_length) & (np.abs(y) < half_width + config.corridor_margin_m)
    margin_PN = np.where(beside_N[None], 0.0, margin_P[:, None])
    hit_PN = (np.abs(forward_PN) < half_length) & (left_PN < half_width + margin_PN)
    first_N = hit_PN.argmax(axis=0)
    met_N = hit_PN.any(axis=0)
    # The pose that contains the point is up to a step too far: take back how deep the point sits behind the bumper.
    depth_N = np.clip(half_length - forward_PN[first_N, np.arange(len(x))], 0.0, POSE_STEP_M)
    free = np.sort(np.maximum(0.0, along[first_N] - depth_N)[met_N])
    return float(free[config.corridor_points - 1]) if len(free) >= config.corridor_points else math.inf


class Corridor:
    """Keeps the last two half sweeps and the obstacle's track; says what is ahead."""

    def __init__(self, config: GuardConfig, vehicle: VehicleSpec) -> None:
        self._config = config
        self._vehicle = vehicle
        self._sweeps: deque[Values] = deque(maxlen=2)
        self._track: deque[tuple[float, float]] = deque()
        self._driven_m = 0.0
        self._last_ns: int | None = None

    def add_sweep(self, points_map_M2: Values) -> None:
        """Take the next half sweep, already in the map frame."""
        self._sweeps.append(points_map_M2)

    def ahead(self, path_K2: Values, ego: EgoState) -> Obstacle | None:
        """The nearest obstacle on the path, None when the way is free or there is no path."""
        if not self._sweeps:
            return None
        try:
            poses = swept_poses(self._vehicle, path_K2, ego, self._config.corridor_range_m)
        except AutomotError:
            return None
        points = ego.pose_map_to_ego.inverse_apply(np.concatenate(list(self._sweeps)))
        free_m = free_way(self._config, self._vehicle, poses, points)
        speed = self._follow(free_m, ego)
        return Obstacle(free_m, speed) if math.isfinite(free_m) else None

    def wanted_gap_m(self, obstacle: Obstacle, speed_mps: float) -> float:
        """Free way at which braking must begin: the obstacle may brake hard, the car brakes firmly after it reacted."""
        c = self._config
        own = speed_mps * c.reaction_s + speed_mps**2 / (2.0 * c.obstacle_deceleration_mps2)
        return c.stop_gap_m + max(0.0, own - obstacle.speed_mps**2 / (2.0 * c.leader_deceleration_mps2))

    def deceleration_to(self, obstacle: Obstacle, speed_mps: float) -> float:
        """Deceleration (m/s^2) that keeps the car off the obstacle from now on, at least the firm one."""
        c = self._config
        room = max(0.3, obstacle.free_m - 0.5 * c.stop_gap_m
                   + obstacle.speed_mps**2 / (2.0 * c.leader_deceleration_mps2))
        return max(c.obstacle_deceleration_mps2, speed_mps**2 / (2.0 * room))

    def _follow(self, free_m: float, ego: EgoState) -> float:
        """Speed of the obstacle along the path: slope of where it was over the last half second.

        Taken as standing until it was seen often enough; a jump of the distance is another obstacle.
        """
        now_s = ego.stamp_ns / SECOND_NS
        if self._last_ns is not None:
            self._driven_m += ego.speed_mps * (ego.stamp_ns - self._last_ns) / SECOND_NS
        self._last_ns = ego.stamp_ns
        if not math.isfinite(free_m):
            self._track.clear()
            return 0.0
        place = self._driven_m + free_m
        if self._track and (self._track[-1][0] > now_s or abs(place - self._track[-1][1]) > TRACK_JUMP_M):
            self._track.clear()
        if not self._track or now_s > self._track[-1][0]:
            self._track.append((now_s, place))
        while now_s - self._track[0][0] > TRACK_S:
            self._track.popleft()
        if len(self._track) < TRACK_MIN:
            return 0.0
        times, places = np.array(self._track).T
        times = times - times.mean()
        return float(max(0.0, times @ places / (times @ times)))
