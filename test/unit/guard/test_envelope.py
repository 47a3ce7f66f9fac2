"""Limits on the plan and on the command."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.envelope import bend_speed, limited_command, trajectory_fault
from automot_ros.scene.plan import DriveCommand, Trajectory
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

CONFIG, VEHICLE = GuardConfig(), VehicleSpec()
TIMES = np.arange(31) * 0.1
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
    ({"times_s": np.zeros(1)}, "plan has 1 points"),
    ({"path_K2": np.zeros((1001, 2))}, "a path of 1001 points"),
    ({"times_s": np.zeros(1001)}, "plan has 1001 points"),
    ({"xy_N2": np.full((31, 2), -1e8)}, "xy_N2 is not finite"),
    ({"times_s": 1e-5 + np.arange(31) * 0.1}, "times do not increase from 0"),
    ({"times_s": np.concatenate([[0.0, 0.1, 0.1], 0.3 + np.arange(28)])}, "times do not increase from 0"),
    ({"path_K2": np.array([[0.0, 0.0], [0.0, 9.0], [0.6, 0.7]])}, "path is shorter"),
    ({"speed_mps_N": np.zeros(30)}, r"speed_mps_N has shape \(30,\)"),
    ({"speed_mps_N": NAN}, "speed_mps_N is not finite"),
    ({"xy_N2": np.full((31, 2), np.inf)}, "xy_N2 is not finite"),
    ({"yaw_rad_N": NAN}, "yaw_rad_N is not finite"),
    ({"curvature_N": NAN}, "curvature_N is not finite"),
    ({"acceleration_mps2_N": NAN}, "acceleration_mps2_N is not finite"),
    ({"times_s": NAN}, "times_s is not finite"),
    ({"path_K2": np.full((5, 2), np.nan)}, "path_K2 is not finite"),
    ({"path_K2": np.zeros((5, 3))}, "path_K2 has shape"),
    ({"path_K2": np.zeros((1, 2))}, "a path of 1 points"),
    ({"path_K2": np.array([[0.0, 0.0], [0.5, 0.0]])}, "path is shorter"),
    ({"context_age_s": math.nan}, "context_age_s is not finite"),
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
    ({}, {"x": 2.5}, "plan is off the car by 2.50 m, limit 2.00 m"),
    ({}, {"y": -2.1}, "off the car by 2.10 m"),
    ({}, {"yaw": 1.3}, "plan heads off the car's course by 1.30 rad, limit 1.20 rad"),
    ({}, {"speed": 9.5}, "plan speed is off the car's by 4.50 m/s, limit 4.00 m/s"),
    ({"speed": 36.0}, {"speed": 36.0}, "plan speed 36.00 m/s, limit 35.00 m/s"),
    ({"acceleration": 6.5}, {}, "plan accelerates at 6.50 m/s^2, limit 6.00 m/s^2"),
    ({"speed": 30.0, "acceleration": -16.0}, {"speed": 30.0}, "plan brakes at 16.00 m/s^2, limit 15.00 m/s^2"),
    ({"curvature_N": np.full(31, 0.5)}, {}, "plan curvature 0.50 1/m, limit 0.40 1/m"),
    ({"curvature_N": np.full(31, -0.36)}, {}, "plan lateral acceleration 9.00 m/s^2, limit 8.00 m/s^2"),
    ({"speed_mps_N": np.full(31, -1.0)}, {"speed": 0.0}, "plan runs backwards at 1.00 m/s"),
    ({"speed_mps_N": np.full(31, 20.0)}, {"speed": 20.0}, "plan position jumps off its speed by 1.50 m, limit 1.00 m"),
])
def test_a_plan_no_car_could_mean_is_refused(make_plan: Plan, make_ego: Ego, plan_args: dict[str, object],
                                             ego_args: dict[str, float], text: str) -> None:
    plan, ego = make_plan(**plan_args), make_ego(**ego_args)
    assert text in fault(plan, ego)
    assert trajectory_fault(GuardConfig(check_trajectory=False), VEHICLE, plan, ego) == ""


def test_a_bend_too_tight_for_any_tyre_is_refused_when_it_is_near_and_slowed_for_when_it_is_far(make_plan: Plan,
                                                                                              make_ego: Ego) -> None:
    for first, refused in ((0, True), (10, True), (11, False)):
        curvatures = np.where(np.arange(31) < first, 0.0, 0.2)
        plan, ego = make_plan(speed=8.0, curvature_N=curvatures), make_ego(speed=8.0)
        assert bool(fault(plan, ego)) is refused
        assert bend_speed(CONFIG, VEHICLE, plan, ego)[0] < 8.0


def test_the_smallest_and_the_largest_plan_are_plans(make_plan: Plan, make_ego: Ego) -> None:
    def cut(n: int, path: np.ndarray) -> Trajectory:
        times = np.linspace(0.0, 1.0, n)
        return make_plan(times_s=times, xy_N2=np.stack([5.0 * times, 0.0 * times], 1), yaw_rad_N=0.0 * times,
                         speed_mps_N=5.0 + 0.0 * times, acceleration_mps2_N=0.0 * times, curvature_N=0.0 * times,
                         path_K2=path)

    for n in (2, 1000):
        assert fault(cut(n, np.stack([np.linspace(-0.7, 0.8, n), np.zeros(n)], 1)), make_ego()) == ""
    away = np.array([[50.0, 0.0], [50.9, 0.0]])
    assert fault(cut(2, away), make_ego()) == "plan path is shorter than 1 m"


def test_a_plan_that_turns_is_compared_with_the_car_where_it_should_be_by_now(make_plan: Plan, make_ego: Ego) -> None:
    turning = {"yaw_rad_N": TIMES, "xy_N2": np.stack([5.0 * TIMES, 7.0 + 0.0 * TIMES], 1)}
    plan = make_plan(stamp_ns=1_000_000_000, **turning)
    assert fault(plan, make_ego(stamp_ns=1_600_000_000, x=3.0, y=7.0, yaw=0.6)) == ""
    assert "course by 1.40 rad" in fault(plan, make_ego(stamp_ns=1_600_000_000, x=3.0, y=7.0, yaw=2.0))
    assert "course by 1.30 rad" in fault(plan, make_ego(stamp_ns=1_000_000_000, x=0.0, y=7.0, yaw=-1.3))


def test_a_standing_car_may_have_any_curvature(make_plan: Plan, make_ego: Ego) -> None:
    assert fault(make_plan(speed=0.0, curvature_N=np.full(31, 2.0)), make_ego(speed=0.0)) == ""


def command(throttle: float = 0.0, brake: float = 0.0, steer: float = 0.0) -> DriveCommand:
    return DriveCommand.of(0, throttle, brake, steer)


def limited(new: DriveCommand, before: DriveCommand, elapsed_s: float = 0.05, speed: float = 3.0,
            then: float | None = None) -> DriveCommand:
    return limited_command(CONFIG, VEHICLE, new, before, elapsed_s, speed, before.steer if then is None else then)


def test_a_calm_command_passes_unchanged() -> None:
    new = command(throttle=0.4, steer=0.1)
    assert limited(new, command(throttle=0.3, steer=0.05)) == new


def test_steering_turns_no_faster_than_its_rate() -> None:
    assert limited(command(steer=1.0), command()).steer == pytest.approx(0.15)
    assert limited(command(steer=-1.0), command()).steer == pytest.approx(-0.15)
    assert limited(command(steer=1.0), command(), elapsed_s=100.0).steer == pytest.approx(0.75)
    assert limited(command(steer=1.0), command(), elapsed_s=-1.0).steer == 0.0


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("speed", [15.0, -15.0])
def test_at_speed_steering_is_bounded_by_lateral_acceleration(side: float, speed: float) -> None:
    turned = limited(command(steer=side), command(steer=0.04 * side), elapsed_s=0.25, speed=speed)
    assert abs(VEHICLE.curvature_of(turned.steer)) * 15.0**2 == pytest.approx(3.0, rel=0.01)
    # From beyond the bound the wheel comes back at its rate.
    assert limited(command(steer=side), command(steer=side), speed=speed).steer == pytest.approx(0.85 * side)


def test_at_low_speed_steering_is_bounded_by_the_yaw_rate_and_at_a_crawl_not_at_all() -> None:
    narrow = GuardConfig(yaw_rate_max_radps=0.2)
    turned = limited_command(narrow, VEHICLE, command(steer=1.0), command(steer=0.2), 0.25, 2.0, 0.2)
    assert VEHICLE.curvature_of(turned.steer) * 2.0 == pytest.approx(0.2, rel=0.01)
    for speed in (0.0, 0.5):
        assert limited(command(steer=1.0), command(steer=0.9), speed=speed).steer == 1.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_in_half_a_second_steering_changes_lateral_acceleration_by_half_the_jerk(side: float) -> None:
    then = side * VEHICLE.steer_of(-1.5 / 10.0**2)
    turned = limited(command(steer=side), command(steer=then), elapsed_s=0.25, speed=10.0)
    assert side * VEHICLE.curvature_of(turned.steer) * 10.0**2 == pytest.approx(-1.5 + 2.5, rel=0.01)
    # Where the car has sped up since, the bound on the acceleration is the stronger.
    turned = limited(command(steer=side), command(steer=0.2 * side), elapsed_s=0.25, speed=10.0, then=side)
    assert side * VEHICLE.curvature_of(turned.steer) * 10.0**2 == pytest.approx(3.0, rel=0.01)


def test_the_throttle_rises_no_faster_than_its_rate_but_falls_at_once() -> None:
    assert limited(command(throttle=1.0), command()).throttle == pytest.approx(0.5)
    assert limited(command(throttle=0.0), command(throttle=1.0)).throttle == 0.0


def test_the_brake_is_never_limited_and_rules_out_throttle() -> None:
    kept = limited(command(throttle=0.8, brake=1.0), command(throttle=0.8))
    assert (kept.throttle, kept.brake) == (0.0, 1.0)


def circle(curvature: float, speed: float = 8.0) -> dict[str, np.ndarray]:
    """Fields of a plan on a circle."""
    s = speed * np.arange(31) * 0.1
    xy = np.stack([np.sin(curvature * s), 1.0 - np.cos(curvature * s)], 1) / curvature
    return {"xy_N2": xy, "yaw_rad_N": curvature * s, "curvature_N": np.full(31, curvature)}


def test_a_plan_within_its_limits_asks_for_no_slower_car(make_plan: Plan, make_ego: Ego) -> None:
    for curvature in (0.04, -0.04):
        plan = make_plan(speed=8.0, **circle(curvature))
        assert bend_speed(CONFIG, VEHICLE, plan, make_ego(speed=8.0)) == (math.inf, "")


def test_too_much_lateral_acceleration_limits_speed_at_once(make_plan: Plan, make_ego: Ego) -> None:
    for curvature in (0.06, -0.06):
        plan = make_plan(speed=8.0, **circle(curvature))
        assert fault(plan, make_ego(speed=8.0)) == ""
        speed, why = bend_speed(CONFIG, VEHICLE, plan, make_ego(speed=8.0))
        assert (speed, why) == (pytest.approx(math.sqrt(3.0 / 0.06)), "lateral acceleration")


def test_a_bend_ahead_leaves_the_speed_from_which_gentle_braking_reaches_its_limit(make_plan: Plan,
                                                                                  make_ego: Ego) -> None:
    curvatures = np.where(np.arange(31) < 20, 0.0, 0.075)
    config = GuardConfig(lateral_jerk_max_mps3=50.0)
    plan = make_plan(speed=8.0, curvature_N=curvatures)
    speed, why = bend_speed(config, VEHICLE, plan, make_ego(speed=8.0))
    assert (speed, why) == (pytest.approx(math.sqrt(3.0 / 0.075 + 2.0 * 1.5 * 16.0)), "lateral acceleration")
    # Half a second later the bend is 4 m nearer; once it is behind, it says nothing.
    speed, _ = bend_speed(config, VEHICLE, plan, make_ego(stamp_ns=500_000_000, speed=8.0))
    assert speed == pytest.approx(math.sqrt(3.0 / 0.075 + 2.0 * 1.5 * 12.0))
    stamped = make_plan(stamp_ns=10**10, speed=8.0, curvature_N=curvatures)
    again, _ = bend_speed(config, VEHICLE, stamped, make_ego(stamp_ns=10**10 + 500_000_000, speed=8.0))
    assert again == speed
    behind = make_plan(speed=8.0, curvature_N=curvatures[::-1])
    assert bend_speed(config, VEHICLE, behind, make_ego(stamp_ns=2_000_000_000, speed=8.0)) == (math.inf, "")


def test_a_swerve_is_limited_by_its_lateral_jerk_over_half_a_second(make_plan: Plan, make_ego: Ego) -> None:
    # From -0.02 to 0.02 in 0.5 s at 10 m/s: 8 m/s^3. The same in a tenth of a second is no more over half a second.
    slow = np.interp(np.arange(31) * 0.1, [1.0, 1.5], [-0.02, 0.02])
    sharp = np.where(np.arange(31) < 12, -0.02, 0.02)
    for curvatures in (slow, -slow, sharp):
        plan = make_plan(speed=10.0, curvature_N=curvatures)
        speed, why = bend_speed(CONFIG, VEHICLE, plan, make_ego(speed=10.0))
        limit = np.cbrt(5.0 / (0.04 / 5.0))
        assert why == "lateral jerk"
        assert limit < speed < math.sqrt(limit**2 + 2.0 * 1.5 * 14.0)
        if curvatures is sharp:
            # Felt whole from 1.0 s on, 10 m ahead.
            assert speed == pytest.approx(math.sqrt(limit**2 + 2.0 * 1.5 * 10.0))
    calm = make_plan(speed=10.0, curvature_N=0.6 * slow)
    assert bend_speed(CONFIG, VEHICLE, calm, make_ego(speed=10.0)) == (math.inf, "")


def test_yaw_rate_and_steering_rate_limit_a_slow_car(make_plan: Plan, make_ego: Ego) -> None:
    tight = make_plan(speed=2.5, **circle(0.45, 2.5))
    speed, why = bend_speed(CONFIG, VEHICLE, tight, make_ego(speed=2.5))
    assert (speed, why) == (pytest.approx(1.0 / 0.45), "yaw rate")
    sweep = make_plan(speed=2.0, curvature_N=np.interp(np.arange(31) * 0.1, [1.0, 1.5], [-0.2, 0.2]))
    slow_wheel = GuardConfig(steer_rate_max_per_s=2.0)
    speed, why = bend_speed(slow_wheel, VEHICLE, sweep, make_ego(speed=2.0))
    assert why == "steering rate"
    limit = 2.0 * VEHICLE.curvature_of(1.0) / 0.4
    assert speed == pytest.approx(math.sqrt(limit**2 + 2.0 * 1.5 * 2.0 * 1.2), rel=0.2)


def test_at_a_crawl_no_curvature_limits_anything(make_plan: Plan, make_ego: Ego) -> None:
    noise = np.where(np.arange(31) % 2 == 0, 2.0, -2.0)
    for speed in (0.0, 1.0):
        plan = make_plan(speed=speed, curvature_N=noise)
        assert bend_speed(CONFIG, VEHICLE, plan, make_ego(speed=speed)) == (math.inf, "")


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="stale_s") as caught:
        GuardConfig(stale_s=0.5, lost_s=0.3)
    assert str(caught.value).startswith("limits in the wrong order")
    assert "0.5" in str(caught.value)
    assert "<= lost_s = 0.3" in str(caught.value)
    with pytest.raises(ConfigError, match="max_context_age_s"):
        GuardConfig(max_context_age_s=5.0, stop_context_age_s=3.0)
    with pytest.raises(ConfigError, match="gentle_deceleration_mps2"):
        GuardConfig(gentle_deceleration_mps2=3.5, firm_deceleration_mps2=2.0)
    assert GuardConfig(stale_s=0.3, lost_s=0.3).lost_s == 0.3


def test_a_limit_out_of_its_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match="hold_brake"):
        GuardConfig(hold_brake=0.0)


def test_the_checks_that_are_off_are_named() -> None:
    assert GuardConfig().switched_off == ()
    assert GuardConfig(check_goal=False, check_corridor=False).switched_off == ("check_corridor", "check_goal")
