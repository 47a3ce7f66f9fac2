"""Steering: pursuit of points on the path, exact for a car that slips sideways at its box centre when it turns."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.control.config import ControlConfig
from automot_ros.geometry.polyline import Points, Polyline
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

# The aim is spread over three points, so that one noisy path point moves the steering wheel by a third.
AIM_FACTORS = (0.75, 1.0, 1.25)


def pursuit_curvature(point_ego_2: Points, rear_axle_m: float) -> float:
    """Curvature (1/m, left positive) of the arc on which the box centre reaches a point of the ego frame.

    The centre's course differs from the heading by the slip angle asin(k rear); the chord to the point at distance d
    and bearing alpha leaves the course by asin(k d/2). Their sum is alpha; with the law of sines the solution is
    k = sin(alpha) / |rear axle to middle of the chord|. On a circle driven steadily the error is zero.
    """
    distance = float(np.hypot(point_ego_2[0], point_ego_2[1]))
    if distance < 1e-3:
        return 0.0
    alpha = math.atan2(float(point_ego_2[1]), float(point_ego_2[0]))
    # A point abeam or behind asks for the tightest turn to its side, not for the wide arc through it.
    alpha = max(-math.pi / 2, min(math.pi / 2, alpha))
    half = distance / 2.0
    side = math.sqrt(rear_axle_m**2 + half**2 + 2.0 * rear_axle_m * half * math.cos(alpha))
    return math.sin(alpha) / side


def steer_along(config: ControlConfig, vehicle: VehicleSpec, path: Polyline, ego: EgoState) -> float:
    """Steering command -1..1 (left positive) that brings the box centre along `path` (map frame)."""
    lookahead = config.lookahead_time_s * ego.speed_mps
    lookahead = max(config.lookahead_min_m, min(config.lookahead_max_m, lookahead))
    position = ego.pose_map_to_ego.position_m
    s_m, _ = path.project(position)
    curvatures = []
    for factor in AIM_FACTORS:
        aim = point_ahead(path, s_m + factor * lookahead)
        aim_ego = ego.pose_map_to_ego.inverse_apply(aim[None])[0]
        curvatures.append(pursuit_curvature(aim_ego, vehicle.rear_axle_m))
    return vehicle.steer_of(sum(curvatures) / len(curvatures))


def point_ahead(path: Polyline, s_m: float) -> Points:
    """The (2,) path point at an arc length; beyond the end the path goes straight on."""
    beyond = s_m - path.length_m
    if beyond <= 0.0:
        return path.at(s_m)
    yaw = path.yaw_at(path.length_m)
    return path.at(path.length_m) + beyond * np.array([math.cos(yaw), math.sin(yaw)])
