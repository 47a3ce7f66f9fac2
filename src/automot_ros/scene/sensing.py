"""What the car senses: ego state, camera frame, point cloud, and where the sensors sit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class EgoState:
    """Odometry: `pose_map_to_ego` is the pose of the ego's box centre on the ground, seen from the map."""

    stamp_ns: int
    pose_map_to_ego: Pose2
    speed_mps: float
    yaw_rate_radps: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A pinhole camera without distortion, fixed on the ego. Yaw left positive, pitch up positive."""

    name: str = "rgb_front"
    width_px: int = 512
    height_px: int = 256
    horizontal_fov_rad: float = math.pi / 2.0
    position_ego_m: tuple[float, float, float] = (1.3, 0.0, 1.9)
    yaw_rad: float = 0.0
    pitch_rad: float = 0.0

    @property
    def focal_px(self) -> float:
        """Focal length, equal on both axes; the principal point is the image centre."""
        return self.width_px / (2.0 * math.tan(self.horizontal_fov_rad / 2.0))

    def project(self, points_ego_N3: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(N, 3) ego points to (N, 2) pixels (u right, v down) and (N,) whether they lie before the camera."""
        p = np.asarray(points_ego_N3, dtype=np.float64) - np.array(self.position_ego_m)
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        x, y, z = c * p[:, 0] + s * p[:, 1], -s * p[:, 0] + c * p[:, 1], p[:, 2]
        c, s = math.cos(self.pitch_rad), math.sin(self.pitch_rad)
        x, z = c * x + s * z, -s * x + c * z
        ahead = x > 0.1
        depth = np.where(ahead, x, 1.0)
        u = self.width_px / 2.0 - self.focal_px * y / depth
        v = self.height_px / 2.0 - self.focal_px * z / depth
        return np.stack([u, v], axis=1), ahead


@dataclass(frozen=True, slots=True)
class LidarModel:
    """A spinning LiDAR: a full turn in two half sweeps, one a tick, as CARLA's at 10 Hz in a 20 Hz world."""

    name: str = "lidar"
    position_ego_m: tuple[float, float, float] = (0.0, 0.0, 2.4)
    channels: int = 32
    azimuths_per_half_sweep: int = 450
    lowest_rad: float = math.radians(-25.0)
    highest_rad: float = math.radians(3.0)
    range_m: float = 64.0


@dataclass(frozen=True, slots=True)
class Rig:
    """Where the sensors sit on the ego."""

    cameras: tuple[CameraModel, ...] = (CameraModel(),)
    lidar: LidarModel = field(default_factory=LidarModel)


SIDE_CAMERAS = (
    CameraModel(name="rgb_left", yaw_rad=math.radians(60.0)),
    CameraModel(name="rgb_right", yaw_rad=math.radians(-60.0)),
)


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """(H, W, 3) uint8 RGB, read-only."""

    stamp_ns: int
    camera: str
    image_HW3: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PointCloud:
    """(N, 4) float32: x, y, z in metres in the LiDAR's own frame (x forward, y left), intensity 0..1. Never NaN."""

    stamp_ns: int
    points_N4: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SensorTick:
    """All that one tick of the world, or of a car, gives: one stamp."""

    stamp_ns: int
    ego: EgoState
    cameras: tuple[CameraFrame, ...]
    points: PointCloud

    @staticmethod
    def odometry_only(ego: EgoState) -> SensorTick:
        """For a driver that reads no sensor."""
        return SensorTick(ego.stamp_ns, ego, (), PointCloud(ego.stamp_ns, np.zeros((0, 4), np.float32)))
