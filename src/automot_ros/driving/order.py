"""What a command means for the car: the pedals and the steering of the guard in physical units.

Pedals are what CARLA takes; other vehicles want an acceleration, a speed, a wheel angle. All of it derives from the
command that the guard let pass, so that no interface can lose a stop; the plan only says which speed is aimed at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.bicycle import DRAG_MPS2_PER_MPS
from automot_ros.vehicle.specification import VehicleSpec

LEAST_AVAILABLE = 0.05  # of the full throttle, at top speed: as in control.longitudinal.pedals_for
COURSE_POINTS = 3  # the last two steps of the path say where it leads


@dataclass(frozen=True, slots=True)
class DriveOrder:
    """One tick of the controller for the vehicle; left and forward are positive.

    command: the pedals themselves. acceleration_mps2: what they give now, negative brakes. target_speed_mps: never
    negative. wheel_rad: angle of a virtual front wheel. curvature_per_m: of the path of the box centre. turn_rad: how
    far the planned path turns from the car's heading. stop: the guard demands a standstill. engaged: there is a plan
    to follow.
    """

    command: DriveCommand
    acceleration_mps2: float
    target_speed_mps: float
    wheel_rad: float
    curvature_per_m: float
    turn_rad: float
    stop: bool
    engaged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a command asks of the vehicle, in our signs (left, forward positive); None: the contract has no such number.

    throttle and brake 0..1, steer -1..1 of the full lock, wheel_rad of a virtual front wheel.
    """

    throttle: float | None = None
    brake: float | None = None
    steer: float | None = None
    wheel_rad: float | None = None
    yaw_rate_radps: float | None = None
    speed_mps: float | None = None
    acceleration_mps2: float | None = None


def acceleration_of(vehicle: VehicleSpec, command: DriveCommand, speed_mps: float) -> float:
    """m/s^2 that the pedals give, drag included: the inverse of control.longitudinal.pedals_for."""
    available = vehicle.max_acceleration_mps2 * max(LEAST_AVAILABLE, 1.0 - speed_mps / vehicle.max_speed_mps)
    return (command.throttle * available - command.brake * vehicle.max_deceleration_mps2
            - DRAG_MPS2_PER_MPS * speed_mps)


def order_of(vehicle: VehicleSpec, command: DriveCommand, report: GuardReport, ego: EgoState | None,
             trajectory: Trajectory | None, now_ns: int) -> DriveOrder:
    """The order of a command; `ego` and `trajectory` as the guard has them, None before the first."""
    speed = 0.0 if ego is None else max(0.0, ego.speed_mps)
    acceleration = acceleration_of(vehicle, command, speed)
    stop = report.mode in (GuardMode.BRAKING, GuardMode.STOPPED)
    return DriveOrder(
        command=command, acceleration_mps2=acceleration,
        target_speed_mps=0.0 if stop else _target_speed(vehicle, command, report, speed, acceleration, trajectory,
                                                        now_ns),
        wheel_rad=vehicle.steer_to_wheel_rad * command.steer, curvature_per_m=vehicle.curvature_of(command.steer),
        turn_rad=_turn(ego, trajectory), stop=stop,
        engaged=ego is not None and trajectory is not None)


def standing_order(vehicle: VehicleSpec, stamp_ns: int, brake: float) -> DriveOrder:
    """The stop that is sent when there is nothing else to say."""
    command = DriveCommand.of(stamp_ns, 0.0, brake, 0.0)
    return DriveOrder(command, acceleration_of(vehicle, command, 0.0), 0.0, 0.0, 0.0, 0.0, stop=True, engaged=False)


def _target_speed(vehicle: VehicleSpec, command: DriveCommand, report: GuardReport, speed_mps: float,
                  acceleration_mps2: float, trajectory: Trajectory | None, now_ns: int) -> float:
    """The planned speed while the guard has no objection and the car is not to slow down.

    Else no more than what the pedals reach within the time the vehicle takes to follow.
    """
    reached = max(0.0, speed_mps + acceleration_mps2 * vehicle.speed_lag_s)
    if trajectory is None:
        return reached
    at_s = (now_ns - trajectory.stamp_ns) / SECOND_NS + vehicle.speed_lag_s
    planned = max(0.0, float(np.interp(at_s, trajectory.times_s, trajectory.speed_mps_N)))
    free = report.reason is GuardReason.NONE and command.throttle > 0.0
    return min(planned if free else min(planned, reached), vehicle.max_speed_mps)


def _turn(ego: EgoState | None, trajectory: Trajectory | None) -> float:
    if ego is None or trajectory is None or len(trajectory.path_K2) < COURSE_POINTS:
        return 0.0
    dx, dy = trajectory.path_K2[-1] - trajectory.path_K2[-COURSE_POINTS]
    return wrap_angle(math.atan2(float(dy), float(dx)) - ego.pose_map_to_ego.yaw_rad)
