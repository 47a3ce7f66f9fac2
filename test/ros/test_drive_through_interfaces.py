"""Simple vehicles that know only the public meaning of a message, driven by controller and guard through it.

They go round a left bend of 25 m at the planned speed, and stand still when the plans end.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from automot_ros.data.vehicle_files import read_vehicle
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.order import order_of
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.nodes.interfaces import contract
from automot_ros.scene.sensing import SECOND_NS, EgoState, PointCloud
from automot_ros.vehicle.specification import VehicleSpec

TICK_S, RADIUS_M, PLANS_END_S, END_S = 0.05, 25.0, 10.0, 17.0
CRUISE_MPS = {"ackermann": 6.0, "twist": 1.2}
GROUND = np.array([[x, y, -2.4, 0.0] for x in range(2, 30) for y in range(-5, 6)], np.float32)


def ackermann(vehicle: VehicleSpec, message: Any, speed: float) -> tuple[float, float, float]:
    """(speed, yaw rate, slip) after a tick: the speed follows with a lag, no faster than the acceleration asked for."""
    step = (message.drive.speed - speed) * TICK_S / vehicle.speed_lag_s
    limit = message.drive.acceleration * TICK_S
    speed += max(-limit, min(limit, step))
    beta = math.atan(vehicle.rear_axle_m / vehicle.wheelbase_m * math.tan(message.drive.steering_angle))
    return speed, speed / vehicle.rear_axle_m * math.sin(beta), beta


def twist(vehicle: VehicleSpec, message: Any, speed: float) -> tuple[float, float, float]:
    """The same for a robot that turns as fast as it is told and brakes as hard as it can."""
    step = (message.twist.linear.x - speed) * TICK_S / vehicle.speed_lag_s
    limit = vehicle.max_deceleration_mps2 * TICK_S
    slip = math.asin(message.twist.angular.z * vehicle.rear_axle_m / max(speed, 0.1)) if speed > 0.1 else 0.0
    return speed + max(-limit, min(limit, step)), message.twist.angular.z, slip


def plan_round_the_bend(ego: EgoState, cruise_mps: float) -> Any:
    """On round the circle from abeam of the car; the speed approaches the cruise by 1 m/s^2."""
    times = np.arange(1, 7) * 0.5
    way = np.concatenate([[0.0], np.cumsum(np.minimum(cruise_mps, ego.speed_mps + 1.0 * np.arange(0.0, 3.0, 0.05)))
                          * 0.05])
    arcs, route = way[(times / 0.05).astype(int)], np.arange(1.0, 21.0)

    begin = math.atan2(ego.pose_map_to_ego.x_m, RADIUS_M - ego.pose_map_to_ego.y_m)

    def at(s: np.ndarray) -> np.ndarray:
        angle = begin + s / RADIUS_M
        on_map = np.stack([RADIUS_M * np.sin(angle), RADIUS_M * (1.0 - np.cos(angle))], axis=1)
        return np.asarray(ego.pose_map_to_ego.inverse_apply(on_map))

    return trajectory_from(ego, at(arcs), at(route))


@pytest.mark.parametrize(("name", "described", "moves"), [("ackermann", "ackermann_car", ackermann),
                                                          ("twist", "small_robot", twist)])
def test_a_vehicle_follows_the_plan_to_the_left_and_stops_when_plans_end(
        name: str, described: str, moves: Callable[[VehicleSpec, Any, float], tuple[float, float, float]]) -> None:
    vehicle = read_vehicle(described)
    core = ControllerCore(ControllerConfig(), GuardConfig(), vehicle, (0.0, 0.0, 2.4))
    drive = contract(name).Drive()
    ego, speeds, yaw_rates, stamps = EgoState(SECOND_NS, Pose2(0.0, 0.0, 0.0), 0.0), [], [], []
    for n in range(int(END_S / TICK_S)):
        now_ns = SECOND_NS + round(n * TICK_S * SECOND_NS)
        ego = replace(ego, stamp_ns=now_ns)
        core.observe_ego(ego, now_ns)
        core.observe_points(PointCloud(now_ns, GROUND), now_ns)
        if n * TICK_S < PLANS_END_S:
            core.observe_trajectory(plan_round_the_bend(ego, CRUISE_MPS[name]), now_ns)
        done = core.step(now_ns)
        assert done is not None
        command, report = done
        message = drive.command(order_of(vehicle, command, report, core.guard.ego, core.guard.trajectory, now_ns),
                                now_ns)
        speed, yaw_rate, slip = moves(vehicle, message, ego.speed_mps)
        yaw = ego.pose_map_to_ego.yaw_rad + yaw_rate * TICK_S
        pose = Pose2(ego.pose_map_to_ego.x_m + speed * math.cos(yaw + slip) * TICK_S,
                     ego.pose_map_to_ego.y_m + speed * math.sin(yaw + slip) * TICK_S, math.remainder(yaw, math.tau))
        ego = replace(ego, pose_map_to_ego=pose, speed_mps=speed, yaw_rate_radps=yaw_rate)
        speeds.append(speed)
        yaw_rates.append(yaw_rate)
        stamps.append(n * TICK_S)
    at, speed_N, yaw_rate_N = np.array(stamps), np.array(speeds), np.array(yaw_rates)
    driving = (at > PLANS_END_S - 1.5) & (at < PLANS_END_S)
    assert speed_N[driving] == pytest.approx(CRUISE_MPS[name], abs=0.15 * CRUISE_MPS[name])
    assert (yaw_rate_N / np.maximum(speed_N, 0.1))[driving] == pytest.approx(1.0 / RADIUS_M, rel=0.25), "to the left"
    assert speed_N.min() >= 0.0, "never backwards"
    begins = at[(at > PLANS_END_S) & (speed_N < 0.95 * CRUISE_MPS[name])][0]
    assert begins - PLANS_END_S < 0.6
    assert speed_N[-1] < 0.05, "stands"
