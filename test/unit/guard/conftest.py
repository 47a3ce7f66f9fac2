"""A plan, odometry and points that are in order, for tests to break one thing of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.plan import Trajectory
from automot_ros.scene.sensing import EgoState, PointCloud

LIDAR = (0.0, 0.0, 2.4)
TIMES = np.arange(31) * 0.1


@pytest.fixture
def make_plan() -> Callable[..., Trajectory]:
    """(stamp_ns, x, speed, acceleration, **replaced fields): straight along x."""

    def make(stamp_ns: int = 0, x: float = 0.0, speed: float = 5.0, acceleration: float = 0.0,
             **fields: object) -> Trajectory:
        speeds = np.maximum(0.0, speed + acceleration * TIMES)
        along = x + np.concatenate([[0.0], np.cumsum(0.05 * (speeds[1:] + speeds[:-1]))])
        path = np.stack([x + np.arange(0.0, 26.0), np.zeros(26)], 1)
        values: dict[str, object] = {
            "stamp_ns": stamp_ns, "times_s": TIMES, "xy_N2": np.stack([along, np.zeros(31)], 1),
            "yaw_rad_N": np.zeros(31), "speed_mps_N": speeds, "curvature_N": np.zeros(31), "path_K2": path,
            "acceleration_mps2_N": np.append(np.diff(speeds) / 0.1, 0.0), **fields,
        }
        return Trajectory(**values)  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_ego() -> Callable[..., EgoState]:
    return lambda stamp_ns=0, x=0.0, y=0.0, yaw=0.0, speed=5.0: EgoState(stamp_ns, Pose2(x, y, yaw), speed)


@pytest.fixture
def make_points() -> Callable[..., PointCloud]:
    """(stamp_ns, (N, 3) points in the ego frame) as a half sweep in the LiDAR frame."""

    def make(stamp_ns: int = 0, points_ego: object = ((50.0, 0.0, 1.0),)) -> PointCloud:
        p = np.asarray(points_ego, dtype=np.float64).reshape(-1, 3) - np.array(LIDAR)
        return PointCloud(stamp_ns, np.column_stack([p, np.zeros(len(p))]).astype(np.float32))

    return make
