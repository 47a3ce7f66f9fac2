"""What stands in the way: raw LiDAR points, no learned model, in the space the body will sweep along the path."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec
from automot_ros.vehicle.sweep import Values, free_way, swept_poses

TRACK_S, TRACK_MIN, TRACK_JUMP_M, STANDS_S, STANDS_MPS, LEAST_ROOM_M = 0.5, 4, 1.5, 0.4, 0.5, 0.3


def points_in_map(config: GuardConfig, points_N4: NDArray[np.float32], lidar_position_ego_m: tuple[float, float, float],
                  pose_map_to_ego: Pose2) -> Values:
    """(M, 2) map positions of the points a car could hit: above the ground, below its roof, within range."""
    points = np.asarray(points_N4, dtype=np.float64)[:, :3] + np.asarray(lidar_position_ego_m)
    distance = np.hypot(points[:, 0], points[:, 1])
    lowest = config.ground_clear_m + config.ground_slope * distance
    # Not a number compares false, so a broken point never is an obstacle and never hides one.
    keep = (points[:, 2] > lowest) & (points[:, 2] < config.overhead_m) & (distance < config.corridor_range_m + 10.0)
    return pose_map_to_ego.apply(points[keep, :2])


class Corridor:
    """Keeps the last two half sweeps and the obstacle's track; says what is ahead, and whether it `stands`."""

    def __init__(self, config: GuardConfig, vehicle: VehicleSpec) -> None:
        self._config, self._vehicle = config, vehicle
        self._sweeps: deque[Values] = deque(maxlen=2)
        self._track: deque[tuple[float, float, float]] = deque()
        self.stands = False

    def add_sweep(self, points_map_M2: Values) -> None:
        """Take the next half sweep, already in the map frame."""
        self._sweeps.append(points_map_M2)

    def ahead(self, path_K2: Values, ego: EgoState) -> tuple[float, float]:
        """(m, m/s): free way before the bumper on a path of the map, or infinite; speed along it of what ends it."""
        c, to_ego = self._config, ego.pose_map_to_ego.inverse_apply
        points = to_ego(np.concatenate([np.zeros((0, 2)), *self._sweeps]))
        poses = swept_poses(self._vehicle, to_ego(path_K2), ego.speed_mps, c.corridor_range_m)
        self.stands = False
        free_m = free_way(self._vehicle, poses, points, near_m=c.corridor_margin_m, far_m=c.corridor_margin_far_m,
                          agreeing=c.corridor_points)
        if math.isfinite(free_m):
            return free_m, self._speed(free_m, ego)
        self._track.clear()
        return free_m, 0.0

    def wanted_gap_m(self, gap_m: float, speed_mps: float, obstacle_mps: float) -> float:
        """Free way at which firm braking, after the reaction, rests `gap_m` off an obstacle that may brake hard."""
        c = self._config
        own = speed_mps * c.reaction_s + speed_mps**2 / (2.0 * c.obstacle_deceleration_mps2)
        return gap_m + max(0.0, own - obstacle_mps**2 / (2.0 * c.leader_deceleration_mps2))

    def deceleration_to(self, gap_m: float, free_m: float, speed_mps: float, obstacle_mps: float) -> float:
        """Deceleration (m/s^2) that keeps off an obstacle: firm, or for a wide gap what just rests so far off."""
        c = self._config
        room = free_m - 0.5 * c.stop_gap_m + obstacle_mps**2 / (2.0 * c.leader_deceleration_mps2)
        wide = speed_mps**2 / (2.0 * max(LEAST_ROOM_M, free_m - gap_m)) if gap_m > c.stop_gap_m else math.inf
        return max(min(c.obstacle_deceleration_mps2, wide), speed_mps**2 / (2.0 * max(LEAST_ROOM_M, room)))

    def _speed(self, free_m: float, ego: EgoState) -> float:
        """Speed of the obstacle, never negative: the car's own and the slope of the distance. Unknown yet: 0."""
        now_s, track = ego.stamp_ns / SECOND_NS, self._track
        if track and abs(free_m - track[-1][1] + ego.speed_mps * (now_s - track[-1][0])) > TRACK_JUMP_M:
            track.clear()
        if not track or now_s > track[-1][0]:
            track.append((now_s, free_m, ego.speed_mps))
        while now_s - track[0][0] > TRACK_S:
            track.popleft()
        if len(track) < TRACK_MIN:
            return 0.0
        times, ways, speeds = np.array(track).T
        times = times - times.mean()
        speed = float(max(0.0, speeds.mean() + times @ ways / (times @ times)))
        self.stands = speed < STANDS_MPS and now_s - track[0][0] > STANDS_S
        return speed
