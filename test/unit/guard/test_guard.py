"""The guard as a whole: who wins, what the command becomes, what the report says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.guard import Guard, Verdict
from automot_ros.scene.plan import (
    DriveCommand,
    GuardMode,
    GuardReason,
    GuardReport,
    PlanStatus,
    Trajectory,
)
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.specification import VehicleSpec

MS = 1_000_000
T0 = 1_000 * MS
LIDAR = (0.0, 0.0, 2.4)
Plan = Callable[..., Trajectory]
Ego = Callable[..., EgoState]
Points = Callable[..., PointCloud]


class Bench:
    """A guard with inputs in order at T0, on a car at 5 m/s."""

    def __init__(self, make_plan: Plan, make_ego: Ego, make_points: Points) -> None:
        self.make_plan, self.make_ego, self.make_points = make_plan, make_ego, make_points
        self.start(GuardConfig())

    def start(self, config: GuardConfig, speed: float = 5.0) -> Bench:
        self.guard = Guard(config, VehicleSpec(), LIDAR)
        self.speed = speed
        return self

    def feed(self, now: int, *, plan: bool = True, ego: bool = True, points: bool = True, bodies: object = None,
             **fields: object) -> None:
        x = self.speed * (now - T0) / 1e9
        if ego:
            self.guard.observe_ego(self.make_ego(now, x=x, speed=self.speed), now)
        if points:
            cloud = self.make_points(now) if bodies is None else self.make_points(now, bodies)
            self.guard.observe_points(cloud, now)
        if plan:
            self.guard.observe_trajectory(self.make_plan(now, x=x, speed=self.speed, **fields), now)

    def step(self, now: int, throttle: float = 0.3, brake: float = 0.0,
             steer: float = 0.05) -> tuple[DriveCommand, GuardReport]:
        verdict = self.guard.judge(now)
        return self.guard.apply(verdict, DriveCommand.of(now, throttle, brake, steer), now)

    def run(self, first_ms: int, last_ms: int, **feed: object) -> tuple[DriveCommand, GuardReport]:
        """Feed and step every 50 ms from T0 + first_ms to T0 + last_ms; what came last."""
        for ms in range(first_ms, last_ms + 1, 50):
            self.feed(T0 + ms * MS, **feed)  # type: ignore[arg-type]
            done = self.step(T0 + ms * MS)
        return done


@pytest.fixture
def bench(make_plan: Plan, make_ego: Ego, make_points: Points) -> Bench:
    return Bench(make_plan, make_ego, make_points)


def brake_for(deceleration: float, speed: float = 5.0) -> float:
    return (deceleration - 0.03 * speed) / 8.0


def test_with_all_in_order_the_command_passes_unchanged(bench: Bench) -> None:
    bench.feed(T0)
    command, report = bench.step(T0)
    assert command == DriveCommand.of(T0, 0.3, 0.0, 0.05)
    assert (report.mode, report.reason, report.text, report.interventions) == (
        GuardMode.NOMINAL, GuardReason.NONE, "", 0)
    assert (report.odometry_age_s, report.trajectory_age_s, report.points_age_s) == (0.0, 0.0, 0.0)
    assert report.time_to_collision_s == math.inf
    assert report.stamp_ns == T0


@pytest.mark.parametrize(("missing", "name"), [("ego", "odometry"), ("plan", "trajectory"), ("points", "points")])
def test_without_an_input_the_car_does_not_move_whatever_the_switches(bench: Bench, missing: str, name: str) -> None:
    for config in (GuardConfig(), GuardConfig(check_freshness=False, check_context=False, check_trajectory=False,
                                              check_command=False)):
        bench.start(config)
        bench.feed(T0, **{missing: False})
        command, report = bench.step(T0, throttle=1.0)
        assert (command.throttle, command.brake) == (0.0, 0.5)
        assert report.reason is GuardReason.NO_INPUT_YET
        assert f"waiting for {name}" in report.text
        assert report.mode is (GuardMode.STOPPED if missing == "ego" else GuardMode.BRAKING)
        assert report.interventions == 0


def test_nothing_at_all_holds_the_brake_with_infinite_ages(bench: Bench) -> None:
    verdict = bench.guard.judge(T0)
    command, report = bench.guard.apply(verdict, None, T0)
    assert (command.throttle, command.brake, command.steer) == (0.0, 0.5, 0.0)
    assert report.mode is GuardMode.STOPPED
    assert report.stamp_ns == T0
    assert report.context_age_s == report.odometry_age_s == math.inf


def test_points_are_not_needed_where_the_corridor_is_not_watched(bench: Bench) -> None:
    bench.start(GuardConfig(check_corridor=False))
    bench.feed(T0, points=False)
    assert bench.step(T0)[1].reason is GuardReason.NONE


STALE = [("ego", GuardReason.ODOMETRY_STALE, "odometry"), ("plan", GuardReason.TRAJECTORY_STALE, "trajectory"),
         ("points", GuardReason.POINTS_STALE, "points")]


@pytest.mark.parametrize(("silent", "reason", "name"), STALE)
def test_an_input_that_stops_brakes_gently_then_firmly_within_half_a_second(bench: Bench, silent: str,
                                                                            reason: GuardReason, name: str) -> None:
    bench.feed(T0)
    seen = {}
    for k in range(11):
        now = T0 + k * 50 * MS
        if k:
            bench.feed(now, **{silent: False})
        seen[k * 50] = bench.step(now)
    assert seen[250][1].reason is GuardReason.NONE
    command, report = seen[300]
    assert (report.reason, report.mode) == (reason, GuardMode.BRAKING)
    assert report.text == f"{name} is 0.30 s old, limit 0.25 s"
    assert (command.throttle, command.brake) == (0.0, pytest.approx(brake_for(1.5)))
    command, report = seen[500]
    assert report.text == f"{name} is 0.50 s old, limit 0.45 s"
    assert command.brake == pytest.approx(brake_for(4.0))
    assert report.interventions == 1
    assert bench.guard.counts[reason] == 1


def test_freshness_can_be_switched_off(bench: Bench) -> None:
    bench.start(GuardConfig(check_freshness=False, check_context=False))
    bench.feed(T0)
    for k in range(19):
        report = bench.step(T0 + 50 * k * MS)[1]
        assert report.reason is GuardReason.NONE
    assert report.text == "switched off: check_freshness, check_context"


def test_after_a_silence_the_car_goes_on_when_inputs_were_healthy_for_a_while(bench: Bench) -> None:
    bench.run(0, 100)
    assert bench.run(150, 400, plan=False)[1].reason is GuardReason.TRAJECTORY_STALE
    for ms in (450, 500, 550, 600):
        command, report = bench.run(ms, ms)
        assert (report.reason, report.mode) == (GuardReason.RECOVERING, GuardMode.BRAKING)
        assert report.text == f"inputs are healthy for {(ms - 400) / 1000:.2f} s, wanted 0.25 s"
        assert (command.throttle, command.brake) == (0.0, pytest.approx(brake_for(1.5)))
    assert bench.run(650, 650)[1].mode is GuardMode.NOMINAL
    assert bench.run(700, 800)[1].mode is GuardMode.NOMINAL
    assert bench.guard.counts == {GuardReason.TRAJECTORY_STALE: 1}


def test_a_new_silence_begins_the_wait_again_and_counts_again(bench: Bench) -> None:
    bench.run(0, 0)
    bench.run(50, 300, points=False)
    assert bench.run(350, 500)[1].reason is GuardReason.RECOVERING
    assert bench.run(550, 800, points=False)[1].reason is GuardReason.POINTS_STALE
    assert bench.run(850, 1000)[1].reason is GuardReason.RECOVERING
    assert bench.run(1050, 1050)[1].reason is GuardReason.NONE
    assert bench.guard.counts == {GuardReason.POINTS_STALE: 2}


def test_a_stopped_car_is_held_while_inputs_recover(bench: Bench) -> None:
    bench.start(GuardConfig(), speed=0.0)
    bench.run(0, 0)
    bench.run(50, 600, plan=False)
    command, report = bench.run(650, 650)
    assert (report.mode, report.reason) == (GuardMode.STOPPED, GuardReason.RECOVERING)
    assert (command.throttle, command.brake) == (0.0, 0.5)


def test_the_wait_after_a_fault_is_a_parameter(bench: Bench) -> None:
    bench.start(GuardConfig(resume_after_s=0.0))
    bench.run(0, 0)
    bench.run(50, 300, plan=False)
    assert bench.run(350, 350)[1].reason is GuardReason.NONE


def test_the_first_inputs_of_a_drive_are_not_waited_for_longer(bench: Bench) -> None:
    bench.run(0, 200, plan=False)
    assert bench.run(250, 250)[1].reason is GuardReason.NONE


@pytest.mark.parametrize("silent", ["ego", "plan", "points"])
def test_messages_from_the_future_are_dropped_and_named_when_nothing_else_comes(bench: Bench, silent: str) -> None:
    bench.run(0, 0)
    for ms in range(50, 301, 50):
        now = T0 + ms * MS
        bench.feed(now, **{silent: False})
        if silent == "plan":
            bench.guard.observe_trajectory(bench.make_plan(now + 5000 * MS), now)
        if silent == "ego":
            bench.guard.observe_ego(bench.make_ego(now + 5000 * MS), now)
        if silent == "points":
            bench.guard.observe_points(bench.make_points(now + 5000 * MS, WALL), now)
        report = bench.step(now)[1]
    name = {"plan": "trajectory", "ego": "odometry"}.get(silent, silent)
    assert report.reason is GuardReason.CLOCK_JUMP
    assert report.text == f"{name} is 0.30 s old, limit 0.25 s: the last is stamped 5.0 s ahead of the clock"


def test_a_plan_stamped_a_little_ahead_is_a_plan(bench: Bench) -> None:
    bench.feed(T0, plan=False)
    bench.guard.observe_trajectory(bench.make_plan(T0 + 150 * MS), T0)
    assert bench.step(T0)[1].reason is GuardReason.NONE


@pytest.mark.parametrize(("jump_ms", "text"), [(-9000, "-9.0 s"), (-600, "-0.6 s"), (600, "+0.6 s"), (9000, "+9.0 s")])
@pytest.mark.parametrize("seen_by", ["judge", "ego", "points"])
def test_a_clock_that_jumps_makes_the_car_brake_forget_and_wait_for_new_inputs(bench: Bench, jump_ms: int, text: str,
                                                                              seen_by: str) -> None:
    bench.run(0, 100)
    after = 100 + jump_ms
    bench.feed(T0 + after * MS, plan=False, ego=seen_by == "ego", points=seen_by == "points")
    command, report = bench.step(T0 + after * MS, throttle=1.0)
    assert report.reason is GuardReason.CLOCK_JUMP
    assert report.text == f"the clock jumped by {text}: waiting for new inputs"
    assert (command.throttle, command.brake) == (0.0, 0.5)
    assert report.mode is (GuardMode.BRAKING if seen_by == "ego" else GuardMode.STOPPED)
    report = bench.run(after + 50, after + 100, plan=False)[1]
    assert report.reason is GuardReason.NO_INPUT_YET
    assert bench.run(after + 150, after + 300)[1].reason is GuardReason.RECOVERING
    assert bench.run(after + 350, after + 350)[1].reason is GuardReason.NONE
    assert report.interventions == 1


def test_a_new_drive_is_no_jump_of_the_clock(bench: Bench) -> None:
    bench.run(0, 100)
    bench.guard.start_over()
    assert bench.guard.ego is None
    assert bench.guard.trajectory is None
    assert bench.run(5000, 5000)[1].reason is GuardReason.NONE


@pytest.mark.parametrize(("field", "value"), [("speed", math.nan), ("x", math.nan), ("y", math.inf), ("yaw", math.nan),
                                              ("speed", 100.0), ("speed", -100.0), ("x", 1e8), ("y", -1e8),
                                              ("yaw", 1e300)])
def test_odometry_that_no_car_can_have_is_as_good_as_none(bench: Bench, field: str, value: float) -> None:
    bench.feed(T0)
    bench.guard.observe_ego(bench.make_ego(T0 + 50 * MS, **{field: value}), T0 + 50 * MS)
    assert bench.guard.ego is not None
    assert bench.guard.ego.stamp_ns == T0
    assert bench.step(T0 + 50 * MS)[1].odometry_age_s == pytest.approx(0.05)


def test_a_yaw_rate_that_is_not_finite_spoils_the_odometry(bench: Bench) -> None:
    bench.feed(T0)
    bench.guard.observe_ego(EgoState(T0 + MS, Pose2(0.0, 0.0, 0.0), 5.0, math.nan), T0 + MS)
    assert bench.guard.ego is not None
    assert bench.guard.ego.stamp_ns == T0


def test_late_odometry_neither_moves_the_car_back_nor_renews_its_age(bench: Bench) -> None:
    bench.feed(T0)
    bench.guard.observe_ego(bench.make_ego(T0 - 100 * MS, x=-0.5), T0 + 200 * MS)
    bench.guard.judge(T0 + 200 * MS)
    assert bench.guard.ego is not None
    assert bench.guard.ego.stamp_ns == T0
    assert bench.step(T0 + 260 * MS)[1].odometry_age_s == pytest.approx(0.26)


def test_a_refused_plan_leaves_the_last_sane_one_and_stops_the_car(bench: Bench) -> None:
    bench.feed(T0)
    bench.step(T0)
    sane = bench.guard.trajectory
    command, report = bench.run(50, 50, speed_mps_N=np.full(31, np.nan))
    assert bench.guard.trajectory is sane
    assert (report.reason, report.text) == (GuardReason.TRAJECTORY_INSANE, "plan speed_mps_N is not finite")
    assert report.mode is GuardMode.BRAKING
    assert (command.throttle, command.brake) == (0.0, pytest.approx(brake_for(1.5)))
    command, report = bench.run(100, 500, speed_mps_N=np.full(31, np.nan))
    assert report.reason is GuardReason.TRAJECTORY_STALE
    assert command.brake == pytest.approx(brake_for(4.0))
    assert bench.run(550, 600)[1].reason is GuardReason.RECOVERING


def test_a_plan_is_refused_when_it_is_judged_not_when_a_car_is_known_later(bench: Bench) -> None:
    bench.guard.observe_trajectory(bench.make_plan(T0, x=50.0), T0)
    bench.guard.judge(T0)
    bench.feed(T0, plan=False)
    assert "off the car by 50.00 m" in bench.step(T0)[1].text


def test_a_plan_too_fast_for_its_bend_limits_the_speed(bench: Bench) -> None:
    curvature = np.full(31, 0.06)
    s = 8.0 * np.arange(31) * 0.1
    xy = np.stack([np.sin(0.06 * s), 1.0 - np.cos(0.06 * s)], 1) / 0.06
    bench.start(GuardConfig(), speed=8.0)
    bench.feed(T0, curvature_N=curvature, xy_N2=xy)
    command, report = bench.step(T0, steer=0.0)
    assert (report.mode, report.reason) == (GuardMode.LIMITED, GuardReason.TRAJECTORY_FAST)
    assert report.text == "plan is too fast for its lateral acceleration: speed is limited to 7.1 m/s"
    assert command.throttle == 0.0
    assert command.brake == pytest.approx(brake_for(8.0 - math.sqrt(50.0), 8.0))
    bench.start(GuardConfig(check_trajectory=False), speed=8.0)
    bench.feed(T0, curvature_N=curvature, xy_N2=xy)
    assert bench.step(T0, steer=0.0)[1].reason is GuardReason.NONE


def test_a_car_slower_than_the_bend_allows_is_not_limited(bench: Bench) -> None:
    bench.feed(T0, plan=False)
    bench.guard.observe_trajectory(bench.make_plan(T0, speed=8.0, curvature_N=np.full(31, 0.06)), T0)
    assert bench.step(T0)[1].reason is GuardReason.NONE


def test_a_first_plan_that_is_insane_never_moves_the_car_and_says_why(bench: Bench) -> None:
    bench.feed(T0, path_K2=np.zeros((2, 2)))
    command, report = bench.step(T0)
    assert command.throttle == 0.0
    assert (report.reason, report.text) == (GuardReason.NO_INPUT_YET, "plan path is shorter than 1 m")


def test_a_plan_that_is_a_stop_is_reported_and_left_alone(bench: Bench) -> None:
    bench.feed(T0, status=PlanStatus.STOP, reason="plan is not finite")
    command, report = bench.step(T0, throttle=0.0, brake=0.45)
    assert command.brake == pytest.approx(0.45)
    assert (report.mode, report.reason) == (GuardMode.NOMINAL, GuardReason.PLAN_STOP)
    assert report.text == "plan is not finite"
    assert report.interventions == 0
    bench.feed(T0 + 50 * MS, status=PlanStatus.STOP)
    assert bench.step(T0 + 50 * MS)[1].text == "the plan is a stop"


def test_an_old_context_limits_speed_and_a_stale_one_stops(bench: Bench) -> None:
    bench.start(GuardConfig(), speed=8.0)
    bench.feed(T0, context_age_s=1.0)
    assert bench.step(T0)[1].reason is GuardReason.NONE
    bench.feed(T0 + 50 * MS, context_age_s=1.01)
    command, report = bench.step(T0 + 50 * MS)
    assert (report.reason, report.mode) == (GuardReason.CONTEXT_OLD, GuardMode.LIMITED)
    assert report.context_age_s == pytest.approx(1.01)
    assert (command.throttle, command.brake) == (0.0, pytest.approx(brake_for(1.5, 8.0)))
    assert report.text == "context is 1.0 s old, limit 1.0 s"
    bench.feed(T0 + 100 * MS, context_age_s=3.01)
    command, report = bench.step(T0 + 100 * MS)
    assert (report.reason, report.mode) == (GuardReason.CONTEXT_STALE, GuardMode.BRAKING)
    assert command.brake == pytest.approx(brake_for(1.5, 8.0))
    assert report.text == "context is 3.0 s old, limit 3.0 s"
    assert report.interventions == 2
    assert bench.run(150, 150)[1].reason is GuardReason.RECOVERING


def test_the_context_goes_on_ageing_after_the_plan(bench: Bench) -> None:
    bench.feed(T0, context_age_s=0.9)
    bench.guard.judge(T0)
    bench.feed(T0 + 200 * MS, plan=False)
    report = bench.step(T0 + 200 * MS)[1]
    assert report.context_age_s == pytest.approx(1.1)
    assert report.reason is GuardReason.CONTEXT_OLD


def test_below_the_limit_of_an_old_context_the_car_drives_on(bench: Bench) -> None:
    for speed, throttle in ((4.0, 0.3), (5.7, 0.15), (6.0, 0.0)):
        bench.start(GuardConfig(), speed=speed)
        bench.feed(T0, context_age_s=1.5)
        command, report = bench.step(T0)
        assert command.throttle == pytest.approx(throttle)
        assert command.brake == 0.0
        assert report.mode is GuardMode.LIMITED


def test_the_context_check_can_be_switched_off(bench: Bench) -> None:
    bench.start(GuardConfig(check_context=False))
    bench.feed(T0, context_age_s=60.0)
    assert bench.step(T0)[1].reason is GuardReason.NONE


WALL = [(7.0, y, 1.0) for y in (-0.2, 0.0, 0.2)]


def test_an_obstacle_in_the_corridor_is_braked_for_and_the_report_tells_when_it_would_be_hit(bench: Bench) -> None:
    bench.feed(T0, bodies=WALL)
    command, report = bench.step(T0)
    assert (report.reason, report.mode) == (GuardReason.OBSTACLE, GuardMode.BRAKING)
    assert report.text == "obstacle 4.7 m ahead at 0.0 m/s, wanted 5.1 m"
    assert report.time_to_collision_s == pytest.approx(4.7 / 5.0)
    assert command.throttle == 0.0
    assert command.brake == pytest.approx(brake_for(4.0))
    assert command.steer == pytest.approx(0.05)


def test_an_obstacle_far_enough_is_reported_by_its_time_only(bench: Bench) -> None:
    bench.feed(T0, bodies=[(12.0, y, 1.0) for y in (-0.2, 0.0, 0.2)])
    _, report = bench.step(T0)
    assert report.reason is GuardReason.NONE
    assert report.time_to_collision_s == pytest.approx(9.7 / 5.0)


def test_the_brake_is_not_released_at_the_edge_of_the_wanted_gap(bench: Bench) -> None:
    bench.feed(T0, bodies=WALL)
    bench.step(T0)
    bench.speed = 4.8
    # 4.66 m free, wanted 4.84 m; at 1.2 times the gap it is held, beyond it is let go.
    for now, speed, reason in ((50, 4.5, GuardReason.OBSTACLE), (100, 3.5, GuardReason.NONE)):
        bench.guard.observe_ego(bench.make_ego(T0 + now * MS, x=0.1, speed=speed), T0 + now * MS)
        assert bench.step(T0 + now * MS)[1].reason is reason


def test_where_firm_braking_no_longer_does_the_car_brakes_with_all_it_has_until_the_way_is_free(bench: Bench) -> None:
    bench.feed(T0, bodies=[(5.7, y, 1.0) for y in (-0.2, 0.0, 0.2)])  # 3.4 m free: 4.3 m/s^2 to rest half a gap off
    assert bench.step(T0)[0].brake == pytest.approx(brake_for(8.0))
    bench.guard.observe_ego(bench.make_ego(T0 + 50 * MS, speed=4.0), T0 + 50 * MS)  # 2.8 m/s^2 would do now
    assert bench.step(T0 + 50 * MS)[0].brake == pytest.approx(brake_for(8.0, 4.0))


def test_firm_braking_does_for_an_obstacle_further_off_and_after_an_emergency(bench: Bench) -> None:
    for before in ([], [(5.7, y, 1.0) for y in (-0.2, 0.0, 0.2)]):
        bench.start(GuardConfig())
        bench.feed(T0, bodies=before)
        bench.step(T0)
        assert bench.run(50, 300)[1].reason is GuardReason.NONE
        bench.feed(T0 + 350 * MS, bodies=[(6.1, y, 1.0) for y in (-0.2, 0.0, 0.2)])
        assert bench.step(T0 + 350 * MS)[0].brake == pytest.approx(brake_for(4.0))


def test_a_plan_that_brakes_harder_than_the_guard_keeps_its_brake(bench: Bench) -> None:
    bench.feed(T0, bodies=WALL)
    assert bench.step(T0, throttle=0.0, brake=0.9)[0].brake == pytest.approx(0.9)


def test_a_standing_car_is_held_before_an_obstacle(bench: Bench) -> None:
    bench.start(GuardConfig(), speed=0.0)
    bench.feed(T0, bodies=[(3.0, y, 1.0) for y in (-0.2, 0.0, 0.2)])
    command, report = bench.step(T0)
    assert (report.mode, report.reason) == (GuardMode.STOPPED, GuardReason.OBSTACLE)
    assert (command.throttle, command.brake) == (0.0, 0.5)
    assert report.time_to_collision_s == math.inf


def test_the_corridor_check_can_be_switched_off(bench: Bench) -> None:
    bench.start(GuardConfig(check_corridor=False))
    bench.feed(T0, bodies=WALL)
    assert bench.step(T0)[1].reason is GuardReason.NONE


def test_points_are_placed_by_the_odometry_of_their_own_stamp(bench: Bench) -> None:
    bench.feed(T0, points=False)
    bench.guard.observe_ego(bench.make_ego(T0 + 100 * MS, x=0.5), T0 + 100 * MS)
    # Seen 7 m ahead from x = 0; half a metre nearer from x = 0.5.
    bench.guard.observe_points(bench.make_points(T0, WALL), T0 + 100 * MS)
    report = bench.step(T0 + 100 * MS)[1]
    assert report.text.startswith("obstacle 4.2 m ahead")


def test_points_without_odometry_near_their_stamp_are_not_placed(bench: Bench) -> None:
    for gap, reason in ((150, GuardReason.OBSTACLE), (151, GuardReason.NONE)):
        bench.start(GuardConfig())
        bench.feed(T0)
        bench.guard.judge(T0)
        bench.guard.observe_points(bench.make_points(T0 + gap * MS, WALL), T0 + gap * MS)
        assert bench.step(T0 + gap * MS)[1].reason is reason


def test_an_obstacle_comes_nearer_while_odometry_is_silent(bench: Bench) -> None:
    bench.feed(T0, bodies=[(9.0, y, 1.0) for y in (-0.2, 0.0, 0.2)])
    assert bench.step(T0)[1].time_to_collision_s == pytest.approx(6.7 / 5.0)
    report = bench.step(T0 + 200 * MS)[1]
    assert report.time_to_collision_s == pytest.approx(5.7 / 5.0)
    report = bench.step(T0 + 400 * MS)[1]
    assert (report.reason, report.text) == (GuardReason.OBSTACLE, "obstacle 4.7 m ahead at 0.0 m/s, wanted 5.1 m")


def test_obstacle_outranks_a_gentle_demand_and_freshness_an_equal_one(bench: Bench) -> None:
    near = [(4.0, y, 1.0) for y in (-0.2, 0.0, 0.2)]
    bench.run(0, 0)
    bench.run(50, 250, plan=False)
    bench.feed(T0 + 300 * MS, plan=False, bodies=near)
    assert bench.step(T0 + 300 * MS)[1].reason is GuardReason.OBSTACLE
    bench.start(GuardConfig(), speed=1.5)
    bench.run(0, 0)
    bench.run(50, 450, plan=False)
    bench.feed(T0 + 500 * MS, plan=False, bodies=[(3.4, y, 1.0) for y in (-0.2, 0.0, 0.2)])
    assert bench.step(T0 + 500 * MS)[1].reason is GuardReason.TRAJECTORY_STALE


def test_the_demands_of_all_checks_hold_together(bench: Bench) -> None:
    bench.feed(T0, status=PlanStatus.STOP)
    bench.guard.goal_m = 5.0
    verdict = bench.guard.judge(T0)
    assert (verdict.reason, verdict.deceleration_mps2) == (GuardReason.PLAN_STOP, 2.5)
    assert verdict.text == "the route ends in 5.0 m"
    bench.feed(T0 + 50 * MS, context_age_s=3.5)
    bench.guard.goal_m = 5.0
    verdict = bench.guard.judge(T0 + 50 * MS)
    assert (verdict.deceleration_mps2, verdict.speed_limit_mps) == (2.5, 0.0), "the stop is not lost to the goal"


@pytest.mark.parametrize(("left_m", "deceleration", "limit"), [
    (12.5, 0.0, math.inf), (10.0, 1.25, math.inf), (5.0, 2.5, math.inf), (1.0, 4.0, math.inf), (0.5, 4.0, math.inf),
    (0.49, 1.5, 0.0), (-3.0, 1.5, 0.0), (math.inf, 0.0, math.inf)])
def test_the_car_brakes_towards_the_end_of_its_route(bench: Bench, left_m: float, deceleration: float,
                                                     limit: float) -> None:
    for config, wanted in ((GuardConfig(), (deceleration, limit)), (GuardConfig(check_goal=False), (0.0, math.inf))):
        bench.start(config)
        bench.feed(T0)
        bench.guard.goal_m = left_m
        verdict = bench.guard.judge(T0)
        assert (verdict.deceleration_mps2, verdict.speed_limit_mps) == pytest.approx(wanted)


def test_a_wild_command_is_limited_and_counted_once_while_it_lasts(bench: Bench) -> None:
    bench.feed(T0)
    bench.step(T0, steer=0.0)
    for k in (1, 2):
        bench.feed(T0 + 50 * k * MS)
        command, report = bench.step(T0 + 50 * k * MS, steer=1.0)
        assert command.steer == pytest.approx(0.15 * k)
        assert report.reason is GuardReason.COMMAND_ENVELOPE
        assert report.mode is GuardMode.LIMITED
        assert report.interventions == 1
    assert "0.70" in report.text


def test_the_command_check_can_be_switched_off(bench: Bench) -> None:
    bench.start(GuardConfig(check_command=False))
    bench.feed(T0)
    bench.step(T0, steer=0.0)
    bench.feed(T0 + 50 * MS)
    command, report = bench.step(T0 + 50 * MS, steer=1.0)
    assert command.steer == 1.0
    assert report.reason is GuardReason.NONE


@pytest.mark.parametrize("field", ["throttle", "brake", "steer"])
def test_a_command_that_is_not_a_number_is_replaced_by_the_brake(bench: Bench, field: str) -> None:
    for config in (GuardConfig(), GuardConfig(check_command=False)):
        bench.start(config)
        bench.feed(T0)
        bench.step(T0, steer=0.2)
        bench.feed(T0 + 50 * MS)
        values = {"throttle": 0.5, "brake": 0.0, "steer": 0.1, field: math.nan}
        verdict = bench.guard.judge(T0 + 50 * MS)
        command, report = bench.guard.apply(verdict, DriveCommand(T0 + 50 * MS, **values), T0 + 50 * MS)
        assert (command.throttle, command.brake) == (0.0, 0.5)
        assert command.steer == pytest.approx(0.2)
        assert report.reason is GuardReason.COMMAND_ENVELOPE
        assert report.text.split("; ")[0] == "command is not finite"
        assert report.interventions == 1


def test_a_small_correction_of_the_command_is_no_report(bench: Bench) -> None:
    bench.feed(T0)
    bench.step(T0, steer=0.0)
    bench.feed(T0 + 50 * MS)
    command, report = bench.step(T0 + 50 * MS, steer=0.24)
    assert command.steer == pytest.approx(0.15)
    assert report.reason is GuardReason.NONE


def test_with_nothing_to_follow_the_last_steering_is_kept(bench: Bench) -> None:
    bench.feed(T0)
    bench.step(T0, steer=0.2)
    command, _ = bench.guard.apply(bench.guard.judge(T0 + 400 * MS), None, T0 + 400 * MS)
    assert command.steer == pytest.approx(0.2)
    assert command.brake > 0.0


def test_after_a_command_that_is_not_a_number_the_controller_is_not_trusted_at_once(bench: Bench) -> None:
    bench.feed(T0)
    bench.guard.apply(bench.guard.judge(T0), DriveCommand(T0, math.nan, 0.0, 0.0), T0)
    assert bench.run(50, 200)[1].reason is GuardReason.RECOVERING
    assert bench.run(250, 250)[1].reason is GuardReason.NONE


def test_steering_swings_no_faster_than_the_jerk_of_half_a_second(bench: Bench) -> None:
    bench.start(GuardConfig(), speed=12.0)
    seen = []
    for k in range(14):
        bench.feed(T0 + 50 * k * MS)
        seen.append(bench.step(T0 + 50 * k * MS, steer=1.0)[0].steer)
    lateral = [VehicleSpec().curvature_of(steer) * 12.0**2 for steer in seen]
    assert lateral[0] == pytest.approx(2.5, rel=0.01)
    assert lateral[10] == pytest.approx(2.5, rel=0.01), "what was steered half a second ago still binds"
    assert lateral[11:] == pytest.approx([3.0] * 3, rel=0.01)


def test_odometry_anywhere_on_a_map_is_taken(bench: Bench) -> None:
    ego = EgoState(T0, Pose2(-4e6, 7e6, -3.0), -2.0, -0.7)
    bench.guard.observe_ego(ego, T0)
    assert bench.guard.ego is ego


def test_without_a_planned_command_there_is_no_throttle_whatever_the_verdict(bench: Bench) -> None:
    bench.feed(T0)
    bench.guard.judge(T0)
    assert bench.guard.apply(Verdict(), None, T0)[0] == DriveCommand.of(T0, 0.0, 0.0, 0.0)


def test_the_report_bears_the_stamp_of_the_odometry_and_the_command_too(bench: Bench) -> None:
    bench.feed(T0)
    command, report = bench.step(T0 + 30 * MS)
    assert command.stamp_ns == report.stamp_ns == T0


def test_at_the_end_of_the_route_the_report_says_so(bench: Bench) -> None:
    bench.feed(T0)
    bench.guard.goal_m = 0.3
    report = bench.step(T0)[1]
    assert (report.reason, report.text) == (GuardReason.PLAN_STOP, "the route ends in 0.3 m")
    assert report.interventions == 0


def test_a_goal_that_is_not_watched_brakes_nobody_whatever_its_limit(bench: Bench) -> None:
    bench.start(GuardConfig(check_goal=False, goal_deceleration_mps2=0.3))
    bench.feed(T0)
    bench.guard.goal_m = 5.0
    assert bench.guard.judge(T0).deceleration_mps2 == 0.0


def test_the_time_to_collision_is_that_of_the_closing_speed(bench: Bench) -> None:
    for k in range(12):
        now, x = T0 + 50 * k * MS, 5.0 * 0.05 * k
        bodies = [(20.0 + 3.0 * 0.05 * k - x, y, 1.0) for y in (-0.2, 0.0, 0.2)]
        bench.feed(now, bodies=bodies)
        report = bench.step(now)[1]
    free_m = 20.0 - VehicleSpec().length_m / 2.0 - 2.0 * 0.55
    assert report.time_to_collision_s == pytest.approx(free_m / 2.0, rel=0.05)
    for k in range(12):
        now, x = T0 + (600 + 50 * k) * MS, 5.0 * 0.05 * (k + 12)
        bench.feed(now, bodies=[(15.0 + 6.0 * 0.05 * k, y, 1.0) for y in (-0.2, 0.0, 0.2)])
        report = bench.step(now)[1]
    assert report.time_to_collision_s == math.inf, "what drives away is never met"


def test_more_than_a_metre_a_second_below_its_limit_the_car_accelerates_freely(bench: Bench) -> None:
    bench.start(GuardConfig(check_command=False), speed=4.5)
    bench.feed(T0, context_age_s=1.5)
    assert bench.step(T0, throttle=1.0)[0].throttle == 1.0
    bench.start(GuardConfig(check_command=False), speed=5.5)
    bench.feed(T0, context_age_s=1.5)
    assert bench.step(T0, throttle=1.0)[0].throttle == 0.25


def test_all_inputs_that_are_missing_are_named(bench: Bench) -> None:
    bench.feed(T0, plan=False, points=False)
    assert bench.step(T0)[1].text == "waiting for trajectory, points"


def test_a_jump_of_the_clock_keeps_the_wheel_where_it_is(bench: Bench) -> None:
    bench.run(0, 0)
    for ms, steer in ((50, 0.1), (100, 0.2), (150, 0.3)):
        bench.feed(T0 + ms * MS)
        bench.step(T0 + ms * MS, steer=steer)
    command, _ = bench.guard.apply(bench.guard.judge(T0 - 9000 * MS), None, T0 - 9000 * MS)
    assert command.steer == pytest.approx(0.3)
    command, _ = bench.guard.apply(bench.guard.judge(T0 - 8950 * MS), None, T0 - 8950 * MS)
    assert command.steer == pytest.approx(0.3)
