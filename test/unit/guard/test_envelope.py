"""Limits on the plan and on the command."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.envelope import limited_command, trajectory_fault
from automot_ros.scene.plan import DriveCommand, Trajectory
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

CONFIG, VEHICLE = GuardConfig(), VehicleSpec()
Plan = Callable[..., Trajectory]
Ego = Callable[..., EgoState]
NAN = np.full(31, np.nan)


def fault(plan: Trajectory, ego: EgoState) -> str:
    return trajectory_fault(CONFIG, VEHICLE, plan, ego)


def test_a_plain_plan_passes_as_made_and_a_moment_later(make_plan: Plan, make_ego: Ego) -> None:
    plan = make_plan(speed=8.0, acceleration=-3.0)
    assert fault(plan, make_ego(speed=8.0)) == ""
    assert fault(plan, make_ego(stamp_ns=200_000_000, x=1.54, speed=7.4)) == ""


@pytest.mark.parametrize(("fields", "text"), [
    ({"times_s": np.zeros(1)}, "points, wanted 2"),
    ({"speed_mps_N": np.zeros(30)}, r"speed has shape \(30,\)"),
    ({"speed_mps_N": NAN}, "speed is not finite"),
    ({"xy_N2": np.full((31, 2), np.inf)}, "xy is not finite"),
    ({"yaw_rad_N": NAN}, "yaw is not finite"),
    ({"curvature_N": NAN}, "curvature is not finite"),
    ({"acceleration_mps2_N": NAN}, "acceleration is not finite"),
    ({"times_s": NAN}, "times is not finite"),
    ({"path_K2": np.full((5, 2), np.nan)}, "path is not finite"),
    ({"path_K2": np.zeros((5, 3))}, "path has shape"),
    ({"path_K2": np.zeros((1, 2))}, "path has 1 points"),
    ({"path_K2": np.array([[0.0, 0.0], [0.5, 0.0]])}, "path is shorter"),
    ({"context_age_s": math.nan}, "context age is not finite"),
    ({"times_s": np.arange(31) * 0.1 + 1.0}, "times do not increase from 0"),
    ({"times_s": np.concatenate([[0.0, 0.2, 0.1], 0.3 + np.arange(28)])}, "times do not increase from 0"),
])
def test_what_is_no_plan_is_refused_even_with_the_check_off(make_plan: Plan, make_ego: Ego,
                                                            fields: dict[str, object], text: str) -> None:
    import re

    plan = make_plan(**fields)
    assert re.search(text, fault(plan, make_ego()))
    assert re.search(text, trajectory_fault(GuardConfig(check_trajectory=False), VEHICLE, plan, make_ego()))


@pytest.mark.parametrize(("plan_args", "ego_args", "text"), [
    ({}, {"x": 2.5}, "2.5 m from the car"),
    ({}, {"y": -2.1}, "2.1 m from the car"),
    ({}, {"yaw": 1.3}, "1.3 rad off the car"),
    ({}, {"speed": 9.5}, "4.5 m/s off the car's"),
    ({"speed": 36.0}, {"speed": 36.0}, "plan speed 36.0..36.0 m/s"),
    ({"acceleration": 6.5}, {}, "accelerates at 6.5"),
    ({"speed": 30.0, "acceleration": -16.0}, {"speed": 30.0}, "brakes at 16.0"),
    ({"curvature_N": np.full(31, 0.5)}, {}, "curvature 0.50"),
    ({"curvature_N": np.full(31, -0.36)}, {}, "lateral acceleration 9.0"),
    ({"speed_mps_N": np.full(31, -1.0)}, {"speed": 0.0}, "plan speed -1.0"),
    ({"speed_mps_N": np.full(31, 20.0)}, {"speed": 20.0}, "jumps 1.5 m off its speed"),
])
def test_a_plan_no_car_could_mean_is_refused(make_plan: Plan, make_ego: Ego, plan_args: dict[str, object],
                                             ego_args: dict[str, float], text: str) -> None:
    plan, ego = make_plan(**plan_args), make_ego(**ego_args)
    assert text in fault(plan, ego)
    assert trajectory_fault(GuardConfig(check_trajectory=False), VEHICLE, plan, ego) == ""


def test_a_standing_car_may_have_any_curvature(make_plan: Plan, make_ego: Ego) -> None:
    assert fault(make_plan(speed=0.0, curvature_N=np.full(31, 2.0)), make_ego(speed=0.0)) == ""


def command(throttle: float = 0.0, brake: float = 0.0, steer: float = 0.0) -> DriveCommand:
    return DriveCommand.of(0, throttle, brake, steer)


def limited(new: DriveCommand, before: DriveCommand, elapsed_s: float = 0.05, speed: float = 3.0) -> DriveCommand:
    return limited_command(CONFIG, VEHICLE, new, before, elapsed_s, speed)


def test_a_calm_command_passes_unchanged() -> None:
    new = command(throttle=0.4, steer=0.1)
    assert limited(new, command(throttle=0.3, steer=0.05)) == new


def test_steering_turns_no_faster_than_its_rate() -> None:
    assert limited(command(steer=1.0), command()).steer == pytest.approx(0.15)
    assert limited(command(steer=-1.0), command()).steer == pytest.approx(-0.15)
    assert limited(command(steer=1.0), command(), elapsed_s=100.0).steer == pytest.approx(0.75)
    assert limited(command(steer=1.0), command(), elapsed_s=-1.0).steer == 0.0


def test_at_speed_steering_is_bounded_by_lateral_acceleration() -> None:
    for side in (1.0, -1.0):
        steer = limited(command(steer=side), command(steer=side), speed=15.0).steer
        turned = limited(command(steer=side), command(steer=0.1 * side), elapsed_s=0.25, speed=15.0).steer
        assert abs(VEHICLE.curvature_of(turned)) * 15.0**2 == pytest.approx(6.0, rel=0.01)
        # From beyond the bound the wheel comes back at its rate.
        assert abs(steer) == pytest.approx(0.85)


def test_the_throttle_rises_no_faster_than_its_rate_but_falls_at_once() -> None:
    assert limited(command(throttle=1.0), command()).throttle == pytest.approx(0.5)
    assert limited(command(throttle=0.0), command(throttle=1.0)).throttle == 0.0


def test_the_brake_is_never_limited_and_rules_out_throttle() -> None:
    kept = limited(command(throttle=0.8, brake=1.0), command(throttle=0.8))
    assert (kept.throttle, kept.brake) == (0.0, 1.0)


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="stale_s"):
        GuardConfig(stale_s=0.5, lost_s=0.3)
    with pytest.raises(ConfigError, match="max_context_age_s"):
        GuardConfig(max_context_age_s=5.0, stop_context_age_s=3.0)
