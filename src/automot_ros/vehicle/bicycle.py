"""Kinematic bicycle with the constants that World on Rails fitted to CARLA's cars at 20 Hz.

Yaw: beta = atan(rear / (front + rear) tan(gain steer)), yaw rate = v / rear sin(beta). Pedals: a first-order engine
(throttle lag 0.2 s, acceleration falling with speed) and brakes; both are ours, the yaw constants are CARLA's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.vehicle.specification import VehicleSpec

PEDAL_LAG_S = 0.15
DRAG_MPS2_PER_MPS = 0.03


@dataclass(frozen=True, slots=True)
class BicycleState:
    """Pose of the box centre, speed, and the acceleration the pedals give now."""

    pose: Pose2
    speed_mps: float
    pedal_acceleration_mps2: float = 0.0
    yaw_rate_radps: float = 0.0


def advance(spec: VehicleSpec, state: BicycleState, throttle: float, brake: float, steer: float,
            dt_s: float) -> BicycleState:
    """One step of `dt_s` seconds. throttle, brake 0..1; steer -1..1, left positive. Never rolls backwards."""
    v = state.speed_mps
    wanted = throttle * spec.max_acceleration_mps2 * max(0.0, 1.0 - v / spec.max_speed_mps)
    wanted -= brake * spec.max_deceleration_mps2
    blend = min(1.0, dt_s / PEDAL_LAG_S)
    pedal = state.pedal_acceleration_mps2 + blend * (wanted - state.pedal_acceleration_mps2)
    v_next = max(0.0, v + (pedal - DRAG_MPS2_PER_MPS * v) * dt_s)
    v_mean = 0.5 * (v + v_next)
    beta = math.atan(spec.rear_axle_m / spec.wheelbase_m * math.tan(spec.steer_to_wheel_rad * steer))
    yaw_rate = v_mean / spec.rear_axle_m * math.sin(beta)
    yaw = state.pose.yaw_rad
    heading = yaw + beta
    pose = Pose2(state.pose.x_m + v_mean * math.cos(heading) * dt_s, state.pose.y_m + v_mean * math.sin(heading) * dt_s,
                 wrap_angle(yaw + yaw_rate * dt_s))
    if v_next == 0.0 and pedal < 0.0:
        pedal = 0.0
    return BicycleState(pose, v_next, pedal, yaw_rate)
