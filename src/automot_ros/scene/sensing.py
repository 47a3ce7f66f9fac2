"""What the car senses: ego state, camera frame, point cloud, and where the sensors sit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import check_bounds, choice, quantity
from automot_ros.geometry.se2 import Pose2

DISTORTIONS = ("pinhole", "plumb_bob", "rational_polynomial", "equidistant")
# Which coefficients a model of distortion has, in the order of `d` in CameraInfo.
COEFFICIENTS = {"pinhole": (), "plumb_bob": ("k1", "k2", "p1", "p2", "k3"),
                "rational_polynomial": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
                "equidistant": ("k1", "k2", "k3", "k4")}
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class EgoState:
    """Odometry: `pose_map_to_ego` is the pose of the ego's box centre on the ground, seen from the map."""

    stamp_ns: int
    pose_map_to_ego: Pose2
    speed_mps: float
    yaw_rate_radps: float = 0.0


def mounting(roll_rad: float, pitch_rad: float, yaw_rad: float) -> NDArray[np.float64]:
    """(3, 3) that turns a vector of a sensor's axes (x forward, y left, z up) into the ego's.

    Roll with the left side up, pitch up and yaw to the left are positive; roll first, then pitch, then yaw.
    """
    (cr, sr), (cp, sp), (cy, sy) = ((math.cos(a), math.sin(a)) for a in (roll_rad, -pitch_rad, yaw_rad))
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
    about_y = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
    about_z = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(about_z @ about_y @ about_x)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lens:
    """A real camera as it was calibrated, and how it is turned on the car. Pixel centres are whole numbers."""

    width_px: int = quantity(512, "px", "Width of its images.", low=16, high=8192)
    height_px: int = quantity(256, "px", "Height of its images.", low=16, high=8192)
    fx_px: float = quantity(256.0, "px", "Focal length across.", low=8.0, high=20000.0)
    fy_px: float = quantity(256.0, "px", "Focal length down.", low=8.0, high=20000.0)
    cx_px: float = quantity(255.5, "px", "Principal point from the left.", low=-8192.0, high=16384.0)
    cy_px: float = quantity(127.5, "px", "Principal point from the top.", low=-8192.0, high=16384.0)
    roll_rad: float = quantity(0.0, "rad", "Left side up is positive.", low=-3.2, high=3.2)
    pitch_rad: float = quantity(0.0, "rad", "Up is positive.", low=-1.6, high=1.6)
    yaw_rad: float = quantity(0.0, "rad", "To the left is positive.", low=-3.2, high=3.2)
    distortion: str = choice("pinhole", DISTORTIONS, "Model of distortion, as in CameraInfo.")
    k1: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)
    k2: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)
    p1: float = quantity(0.0, "", "Tangential coefficient.", low=-1000.0, high=1000.0)
    p2: float = quantity(0.0, "", "Tangential coefficient.", low=-1000.0, high=1000.0)
    k3: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)
    k4: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)
    k5: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)
    k6: float = quantity(0.0, "", "Radial coefficient.", low=-1000.0, high=1000.0)

    def __post_init__(self) -> None:
        check_bounds(self)
        for name in COEFFICIENTS["rational_polynomial"]:
            if getattr(self, name) != 0.0 and name not in COEFFICIENTS[self.distortion]:
                raise ConfigError("coefficient of another model of distortion", where=f"Lens.{name}",
                                  got=getattr(self, name),
                                  wanted=f"0, {self.distortion} has {list(COEFFICIENTS[self.distortion])}")


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A pinhole camera without distortion, fixed on the ego. Yaw left positive, pitch up positive.

    `frame` is the frame id of its images, empty for any. `lens`: the images come from this real camera and have to be
    resampled; None: they are those of the pinhole.
    """

    name: str = "rgb_front"
    width_px: int = 512
    height_px: int = 256
    horizontal_fov_rad: float = math.pi / 2.0
    position_ego_m: tuple[float, float, float] = (1.3, 0.0, 1.9)
    yaw_rad: float = 0.0
    pitch_rad: float = 0.0
    frame: str = ""
    lens: Lens | None = None

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
    """A spinning LiDAR: a full turn in two half sweeps, one a tick, as CARLA's at 10 Hz in a 20 Hz world.

    `frame` is the frame id of its points, empty for any; the angles say how a real one is turned, see `mounting`.
    """

    name: str = "lidar"
    position_ego_m: tuple[float, float, float] = (0.0, 0.0, 2.4)
    channels: int = 32
    azimuths_per_half_sweep: int = 450
    lowest_rad: float = math.radians(-25.0)
    highest_rad: float = math.radians(3.0)
    range_m: float = 64.0
    frame: str = ""
    roll_rad: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0

    def upright(self, cloud: PointCloud) -> PointCloud:
        """The points in axes that are parallel to the ego's, still counted from the LiDAR."""
        if not (self.roll_rad or self.pitch_rad or self.yaw_rad):
            return cloud
        turn = mounting(self.roll_rad, self.pitch_rad, self.yaw_rad).astype(np.float32)
        points_N4 = cloud.points_N4.copy()
        points_N4[:, :3] = cloud.points_N4[:, :3] @ turn.T
        return PointCloud(cloud.stamp_ns, points_N4)


@dataclass(frozen=True, slots=True)
class Rig:
    """Where the sensors sit on the ego. The first camera looks ahead: it is the one the policy sees through."""

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
