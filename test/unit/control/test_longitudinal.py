"""Speed tracking: wanted acceleration and pedals."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.control.config import ControlConfig
from automot_ros.control.follow import follow
from automot_ros.control.longitudinal import SpeedRequest, pedals_for, speed_request
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.plan import Trajectory
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

CONFIG, VEHICLE = ControlConfig(), VehicleSpec()
TIMES = np.arange(31) * 0.1


def straight(speeds: np.ndarray, stamp_ns: int = 0) -> Trajectory:
    x = np.concatenate([[0.0], np.cumsum(0.05 * (speeds[1:] + speeds[:-1]))])
    zeros = np.zeros(31)
    return Trajectory(stamp_ns, TIMES, np.stack([x, zeros], 1), zeros, speeds,
                      np.append(np.diff(speeds) / 0.1, 0.0), zeros, np.array([[0.0, 0.0], [20.0, 0.0]]))


def test_planned_acceleration_is_fed_forward() -> None:
    request = speed_request(CONFIG, straight(5.0 + 1.5 * TIMES), 5.0, 0.0, 0.0)
    assert request.acceleration_mps2 == pytest.approx(1.5)
    assert not request.hold


def test_a_car_below_its_planned_speed_or_behind_its_planned_place_is_asked_for_more() -> None:
    constant = straight(np.full(31, 5.0))
    assert speed_request(CONFIG, constant, 4.0, 0.0, 0.0).acceleration_mps2 == pytest.approx(CONFIG.speed_gain_per_s)
    late = speed_request(CONFIG, constant, 5.0, 4.6, 1.0)
    assert late.acceleration_mps2 == pytest.approx(0.4 * CONFIG.position_gain_per_s2)


def test_the_plan_is_retimed_to_now() -> None:
    plan = straight(5.0 + 1.5 * TIMES)
    assert speed_request(CONFIG, plan, 6.5, 5.75, 1.0).acceleration_mps2 == pytest.approx(1.5)


def test_a_plan_that_has_run_out_stands_for_its_last_speed() -> None:
    plan = straight(5.0 + TIMES)
    request = speed_request(CONFIG, plan, 8.0, float(plan.xy_N2[-1, 0]), 60.0)
    assert request.acceleration_mps2 == pytest.approx(0.0)


def test_a_plan_to_stand_holds_a_standing_car_and_brakes_a_rolling_one() -> None:
    stand = straight(np.full(31, 0.1))
    assert speed_request(CONFIG, stand, 0.02, 0.0, 0.0).hold
    rolling = speed_request(CONFIG, stand, 0.4, 0.0, 0.0)
    assert not rolling.hold
    assert rolling.acceleration_mps2 <= -CONFIG.final_deceleration_mps2


def test_a_plan_that_starts_from_rest_does_not_hold() -> None:
    start = speed_request(CONFIG, straight(1.5 * TIMES), 0.0, 0.0, 0.0)
    assert not start.hold
    assert start.acceleration_mps2 == pytest.approx(1.5)


def test_requests_stay_within_their_bounds() -> None:
    assert speed_request(CONFIG, straight(np.full(31, 30.0)), 0.0, 0.0, 0.0).acceleration_mps2 == 2.5
    assert speed_request(CONFIG, straight(np.full(31, 1.0)), 30.0, 0.0, 0.0).acceleration_mps2 == -7.0


@pytest.mark.parametrize("acceleration", [-3.0, -1.0, 0.0, 1.0, 2.0])
def test_the_pedals_give_the_acceleration_asked_for(acceleration: float) -> None:
    throttle, brake = pedals_for(CONFIG, VEHICLE, SpeedRequest(acceleration), 8.0)
    assert throttle == 0.0 or brake == 0.0
    state = BicycleState(Pose2(0.0, 0.0, 0.0), 8.0)
    for _ in range(12):
        before = state.speed_mps
        state = advance(VEHICLE, state, throttle, brake, 0.0, 0.05)
    assert (state.speed_mps - before) / 0.05 == pytest.approx(acceleration, abs=0.15)


def test_holding_uses_the_brake_only() -> None:
    assert pedals_for(CONFIG, VEHICLE, SpeedRequest(0.0, hold=True), 0.0) == (0.0, CONFIG.hold_brake)


def test_a_command_carries_the_stamp_of_its_odometry() -> None:
    plan = straight(np.full(31, 5.0), stamp_ns=1_000_000_000)
    command = follow(CONFIG, VEHICLE, plan, EgoState(1_050_000_000, Pose2(0.25, 0.0, 0.0), 5.0), 1_060_000_000)
    assert command.stamp_ns == 1_050_000_000
    assert command.steer == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < command.throttle < 0.2
