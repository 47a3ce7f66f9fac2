"""What the guard lets pass, in physical units: signs, stops, and the inverse of the pedals."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.control.config import ControlConfig
from automot_ros.control.longitudinal import SpeedRequest, pedals_for
from automot_ros.driving.order import acceleration_of, order_of, standing_order
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec

CAR = VehicleSpec()
NOW_NS = 10 * SECOND_NS
TIMES_S = np.arange(0.0, 3.05, 0.1)


def report(mode: GuardMode = GuardMode.NOMINAL, reason: GuardReason = GuardReason.NONE) -> GuardReport:
    return GuardReport(NOW_NS, mode, reason, "", 0.0, 0.0, 0.0, 0.0, math.inf, 0)


def plan(speed_mps: float, gain_mps2: float = 0.0, turn_rad: float = 0.0, heading_rad: float = 0.0) -> Trajectory:
    """Steady gain of speed; the path turns evenly over 20 m."""
    speeds = np.maximum(0.0, speed_mps + gain_mps2 * TIMES_S)
    yaws = heading_rad + turn_rad * np.linspace(0.0, 1.0, 20)
    path = np.concatenate([[[0.0, 0.0]], np.cumsum(np.stack([np.cos(yaws), np.sin(yaws)], 1), 0)])
    flat = np.zeros_like(TIMES_S)
    return Trajectory(NOW_NS, TIMES_S, np.zeros((len(TIMES_S), 2)), flat, speeds, flat, flat, path)


def ego(speed_mps: float, yaw_rad: float = 0.0) -> EgoState:
    return EgoState(NOW_NS, Pose2(0.0, 0.0, yaw_rad), speed_mps)


@given(st.floats(-7.0, 2.5), st.floats(0.0, 25.0))
def test_the_acceleration_is_the_inverse_of_the_pedals(wanted: float, speed: float) -> None:
    throttle, brake = pedals_for(ControlConfig(), CAR, SpeedRequest(wanted), speed)
    if throttle < 1.0:
        assert acceleration_of(CAR, DriveCommand(0, throttle, brake, 0.0), speed) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("steer", [-1.0, -0.2, 0.3, 1.0])
def test_left_is_positive_in_wheel_angle_and_curvature(steer: float) -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.3, 0.0, steer), report(), ego(5.0), plan(5.0), NOW_NS)
    assert math.copysign(1.0, order.wheel_rad) == math.copysign(1.0, order.curvature_per_m) == math.copysign(1.0, steer)
    assert abs(order.wheel_rad) <= CAR.steer_to_wheel_rad + 1e-9


def test_the_planned_speed_is_aimed_at_while_the_guard_has_no_objection() -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.5, 0.0, 0.0), report(), ego(5.0), plan(5.0, 1.0), NOW_NS)
    assert order.target_speed_mps == pytest.approx(5.0 + CAR.speed_lag_s)
    assert not order.stop
    assert order.engaged


def test_a_brake_of_the_guard_wins_over_the_planned_speed() -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.0, 0.5, 0.0), report(GuardMode.LIMITED, GuardReason.CONTEXT_OLD),
                     ego(10.0), plan(12.0), NOW_NS)
    assert order.acceleration_mps2 < -3.9
    assert order.target_speed_mps == pytest.approx(10.0 + order.acceleration_mps2 * CAR.speed_lag_s)


@pytest.mark.parametrize("reason", [GuardReason.CONTEXT_OLD, GuardReason.COMMAND_ENVELOPE, GuardReason.TRAJECTORY_FAST])
def test_a_throttle_that_the_guard_cut_is_not_given_back_as_a_speed(reason: GuardReason) -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.06, 0.0, 0.0), report(GuardMode.LIMITED, reason), ego(6.0),
                     plan(12.0), NOW_NS)
    assert order.target_speed_mps <= 6.0 + max(0.0, order.acceleration_mps2) * CAR.speed_lag_s


@pytest.mark.parametrize("mode", [GuardMode.BRAKING, GuardMode.STOPPED])
@pytest.mark.parametrize("speed", [0.0, 0.05, 12.0])
def test_a_stop_of_the_guard_aims_at_standstill_whatever_the_plan_says(mode: GuardMode, speed: float) -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.0, 0.5, 0.4), report(mode, GuardReason.OBSTACLE), ego(speed),
                     plan(20.0, 1.0), NOW_NS)
    assert (order.stop, order.target_speed_mps) == (True, 0.0)
    assert order.acceleration_mps2 < 0.0


def test_a_car_that_holds_the_brake_aims_at_no_speed() -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.0, 0.4, 0.0), report(), ego(0.04), plan(0.0), NOW_NS)
    assert order.target_speed_mps == 0.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-1.0, 60.0), st.floats(-20.0, 60.0),
       st.sampled_from(GuardReason))
def test_reverse_is_never_asked_for(throttle: float, brake: float, speed: float, planned: float,
                                    reason: GuardReason) -> None:
    trajectory = dataclasses.replace(plan(0.0), speed_mps_N=np.full(len(TIMES_S), planned))
    order = order_of(CAR, DriveCommand.of(NOW_NS, throttle, brake, 0.0), report(reason=reason), ego(speed), trajectory,
                     NOW_NS)
    assert 0.0 <= order.target_speed_mps <= CAR.max_speed_mps


def test_before_the_first_inputs_the_order_is_a_stop_and_nothing_is_engaged() -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.0, 0.5, 0.0), report(GuardMode.STOPPED, GuardReason.NO_INPUT_YET),
                     None, None, NOW_NS)
    assert (order.stop, order.engaged, order.target_speed_mps, order.turn_rad) == (True, False, 0.0, 0.0)
    standing = standing_order(CAR, NOW_NS, 0.5)
    assert (standing.stop, standing.engaged, standing.command.brake) == (True, False, 0.5)
    assert standing.acceleration_mps2 == -4.0


@pytest.mark.parametrize("turn", [-1.2, 0.0, 1.2])
@pytest.mark.parametrize("heading", [0.0, 3.0])
def test_the_turn_is_counted_from_the_heading_of_the_car(turn: float, heading: float) -> None:
    order = order_of(CAR, DriveCommand.of(NOW_NS, 0.1, 0.0, 0.0), report(), ego(5.0, heading),
                     plan(5.0, turn_rad=turn, heading_rad=heading), NOW_NS)
    assert order.turn_rad == pytest.approx(turn, abs=0.1)
