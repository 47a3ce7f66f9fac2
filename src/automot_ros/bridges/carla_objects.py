"""The ego and its sensors as carla_spawn_objects reads them: JSON for the CARLA ROS bridge, made from a rig.

Contract: github.com/carla-simulator/ros-bridge, carla_spawn_objects/config/objects.json. Spawn points are in ROS axes
and degrees (pitch down positive, left positive); the bridge turns them to CARLA's. Rates are those of a world of 20 Hz:
the LiDAR turns at 10 Hz, so that a tick is half a turn, as the model was trained with.
"""

from __future__ import annotations

import math
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.scene.sensing import CameraModel, LidarModel, Rig

EGO_TYPE = "vehicle.lincoln.mkz_2020"
LIDAR_HZ = 10.0
WORLD_SENSORS = ("traffic_lights", "objects", "actor_list", "opendrive_map")
EGO_SENSORS = ("odom", "speedometer", "objects")


def spawn_objects(rig: Rig, role: str) -> dict[str, Any]:
    """What to spawn. ConfigError for a camera that CARLA cannot have: it has no lens but a pinhole."""
    ego_sensors = [{"type": f"sensor.pseudo.{kind}", "id": "odometry" if kind == "odom" else kind}
                   for kind in EGO_SENSORS]
    ego = {"type": EGO_TYPE, "id": role,
           "sensors": [*map(_camera, rig.cameras), _lidar(rig.lidar), *ego_sensors]}
    world = [{"type": f"sensor.pseudo.{kind}", "id": "map" if kind == "opendrive_map" else kind}
             for kind in WORLD_SENSORS]
    return {"objects": [*world, ego]}


def _camera(camera: CameraModel) -> dict[str, Any]:
    lens = camera.lens
    if lens is not None and (lens.distortion != "pinhole" or lens.fx_px != lens.fy_px):
        raise ConfigError("camera that CARLA does not have", where=f"rig: {camera.name}", got=lens.distortion,
                          wanted="pinhole with square pixels")
    width, height = (camera.width_px, camera.height_px) if lens is None else (lens.width_px, lens.height_px)
    focal = camera.focal_px if lens is None else lens.fx_px
    roll, pitch, yaw = (0.0, camera.pitch_rad, camera.yaw_rad) if lens is None else (
        lens.roll_rad, lens.pitch_rad, lens.yaw_rad)
    return {"type": "sensor.camera.rgb", "id": camera.name,
            "spawn_point": _spawn_point(camera.position_ego_m, roll, pitch, yaw),
            "image_size_x": width, "image_size_y": height,
            "fov": round(math.degrees(2.0 * math.atan(width / (2.0 * focal))), 6)}


def _lidar(lidar: LidarModel) -> dict[str, Any]:
    per_turn = lidar.channels * 2 * lidar.azimuths_per_half_sweep
    return {"type": "sensor.lidar.ray_cast", "id": lidar.name,
            "spawn_point": _spawn_point(lidar.position_ego_m, lidar.roll_rad, lidar.pitch_rad, lidar.yaw_rad),
            "range": lidar.range_m, "channels": lidar.channels, "points_per_second": round(per_turn * LIDAR_HZ),
            "upper_fov": round(math.degrees(lidar.highest_rad), 6),
            "lower_fov": round(math.degrees(lidar.lowest_rad), 6), "rotation_frequency": LIDAR_HZ,
            "noise_stddev": 0.0}


def _spawn_point(position_m: tuple[float, float, float], roll_rad: float, pitch_rad: float,
                 yaw_rad: float) -> dict[str, float]:
    x, y, z = position_m
    return {"x": x, "y": y, "z": z, "roll": math.degrees(roll_rad), "pitch": -math.degrees(pitch_rad),
            "yaw": math.degrees(yaw_rad)}
