"""What must hold whatever comes in: no NaN, no command beyond the envelope, no stop weakened, monotone in danger."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.guard import Guard, Verdict
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.specification import VehicleSpec

MS = 1_000_000
T0 = 1_000 * MS
TIMES = np.arange(31) * 0.1
LIDAR = (0.0, 0.0, 2.4)
VEHICLE = VehicleSpec()
ANY = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-50.0, 50.0))
PEDAL = st.floats(0.0, 1.0)
STEER = st.floats(-1.0, 1.0)
SPEED = st.floats(0.0, 30.0)
INPUTS = ("ego", "plan", "points")
REPEATABLE = settings(max_examples=100, deadline=None, derandomize=True)


def plan_of(stamp_ns: int, x: float = 0.0, speed: float = 5.0, **fields: object) -> Trajectory:
    values: dict[str, object] = {
        "stamp_ns": stamp_ns, "times_s": TIMES, "xy_N2": np.stack([x + speed * TIMES, 0.0 * TIMES], 1),
        "yaw_rad_N": 0.0 * TIMES, "speed_mps_N": np.full(31, speed), "acceleration_mps2_N": 0.0 * TIMES,
        "curvature_N": 0.0 * TIMES, "path_K2": np.stack([x + np.arange(80.0), np.zeros(80)], 1), **fields}
    return Trajectory(**values)  # type: ignore[arg-type]


def cloud(stamp_ns: int, *points: tuple[float, float, float]) -> PointCloud:
    p = np.asarray(points, dtype=np.float64).reshape(-1, 3) - np.array(LIDAR)
    return PointCloud(stamp_ns, np.column_stack([p, np.zeros(len(p))]).astype(np.float32))


def wall(x: float) -> list[tuple[float, float, float]]:
    return [(x, y, 1.0) for y in (-0.2, 0.0, 0.2)]


def is_safe(command: DriveCommand, report: GuardReport) -> bool:
    """In their ranges, never both pedals; a guard that brakes or holds gives no throttle."""
    pedals = 0.0 <= command.throttle <= 1.0 and 0.0 <= command.brake <= 1.0 and command.throttle * command.brake == 0.0
    quiet = report.mode < GuardMode.BRAKING or command.throttle == 0.0
    return pedals and -1.0 <= command.steer <= 1.0 and quiet and not math.isnan(report.time_to_collision_s)


@st.composite
def junk_plans(draw: st.DrawFn, stamp_ns: int) -> Trajectory:
    """A plan with any numbers in one or two of its fields."""
    fields = draw(st.lists(st.sampled_from(("xy_N2", "yaw_rad_N", "speed_mps_N", "curvature_N", "times_s", "path_K2",
                                            "acceleration_mps2_N")), max_size=2, unique=True))
    values = {name: np.array(draw(st.lists(ANY, min_size=n, max_size=n))).reshape(-1, 2) if name[-1] == "2"
              else np.array(draw(st.lists(ANY, min_size=n, max_size=n)))
              for name in fields for n in [draw(st.sampled_from((0, 2, 4, 62 if name == "xy_N2" else 31)))
                                           if name[-1] != "2" else draw(st.sampled_from((0, 4, 62)))]}
    return plan_of(stamp_ns, draw(st.floats(-5.0, 5.0)), draw(SPEED), context_age_s=draw(ANY),
                   status=draw(st.sampled_from(PlanStatus)), **values)


@REPEATABLE
@given(st.data())
def test_whatever_comes_in_a_safe_command_comes_out(data: st.DataObject) -> None:
    guard = Guard(GuardConfig(), VEHICLE, LIDAR)
    now = T0
    for _ in range(data.draw(st.integers(1, 6))):
        now += data.draw(st.sampled_from((0, 20, 50, 300, 700, -30, -2000, 10_000))) * MS
        stamp = now + data.draw(st.sampled_from((0, -20, -900, 100, 5000))) * MS
        for kind in data.draw(st.lists(st.sampled_from(INPUTS), max_size=4)):
            if kind == "ego":
                pose = Pose2(data.draw(ANY), data.draw(ANY), data.draw(ANY))
                guard.observe_ego(EgoState(stamp, pose, data.draw(ANY), data.draw(ANY)), now)
            elif kind == "plan":
                guard.observe_trajectory(data.draw(junk_plans(stamp)), now)
            else:
                points = data.draw(st.lists(st.tuples(ANY, ANY, ANY, ANY), max_size=5))
                with np.errstate(over="ignore"):
                    cloud_N4 = np.array(points, dtype=np.float32).reshape(-1, 4)
                guard.observe_points(PointCloud(stamp, cloud_N4), now)
        guard.goal_m = data.draw(ANY)
        planned = data.draw(st.one_of(st.none(), st.builds(DriveCommand, st.just(now), ANY, ANY, ANY)))
        with np.errstate(all="ignore"):
            command, report = guard.apply(guard.judge(now), planned, now)
        assert is_safe(command, report), (command, report)


@REPEATABLE
@given(st.lists(st.tuples(SPEED, PEDAL, PEDAL, STEER, st.integers(1, 200)), min_size=1, max_size=12))
def test_no_command_is_beyond_the_envelope(ticks: list[tuple[float, float, float, float, int]]) -> None:
    config = GuardConfig()
    guard, now, before, given = Guard(config, VEHICLE, LIDAR), T0, None, list[tuple[int, float]]()
    for speed, throttle, brake, steer, step_ms in ticks:
        now += step_ms * MS
        guard.observe_ego(EgoState(now, Pose2(0.0, 0.0, 0.0), speed), now)
        guard.observe_points(cloud(now), now)
        guard.observe_trajectory(plan_of(now, speed=speed), now)
        command, _ = guard.apply(guard.judge(now), DriveCommand.of(now, throttle, brake, steer), now)
        if before is not None:
            elapsed = min(0.25, step_ms / 1000.0)
            turn = abs(command.steer - before.steer)
            assert turn <= config.steer_rate_max_per_s * elapsed + 1e-6
            assert command.throttle <= before.throttle + config.throttle_rate_max_per_s * elapsed + 1e-6
            curvature = VEHICLE.curvature_of(command.steer)
            if turn < config.steer_rate_max_per_s * elapsed - 1e-6:  # the wheel was not still on its way back
                assert abs(curvature) * max(speed, 1.0) ** 2 <= config.lateral_max_mps2 + 1e-3
                assert abs(curvature) * max(speed, 1.0) <= config.yaw_rate_max_radps + 1e-3
        before = command
        given.append((now, command.steer))


def fed(now: int = T0, *, speed: float = 5.0, x: float = 40.0, context_age_s: float = 0.1,
        ages_ms: dict[str, int] | None = None, goal_m: float = math.inf, curvature: float = 0.0) -> Guard:
    """A guard at `now` with a wall at x and inputs of the given ages."""
    guard, old = Guard(GuardConfig(), VEHICLE, LIDAR), {name: (ages_ms or {}).get(name, 0) * MS for name in INPUTS}
    guard.observe_ego(EgoState(now - old["ego"], Pose2(0.0, 0.0, 0.0), speed), now)
    guard.observe_points(PointCloud(now - old["points"], cloud(0, *wall(x)).points_N4), now)
    guard.observe_trajectory(plan_of(now - old["plan"], -speed * old["plan"] / 1e9, speed, context_age_s=context_age_s,
                                     curvature_N=np.full(31, curvature)), now)
    guard.goal_m = goal_m
    return guard


def braking(guard: Guard, throttle: float = 0.5, brake: float = 0.0, now: int = T0) -> tuple[float, float]:
    """(brake, less throttle): more is more braking."""
    command, _ = guard.apply(guard.judge(now), DriveCommand.of(now, throttle, brake, 0.0), now)
    return command.brake, -command.throttle


def at_least(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] >= b[0] - 1e-6 and a[1] >= b[1] - 1e-6


@REPEATABLE
@given(st.floats(2.4, 40.0), st.floats(2.4, 40.0), SPEED, PEDAL)
def test_a_nearer_obstacle_never_gives_less_braking(a: float, b: float, speed: float, throttle: float) -> None:
    near, far = sorted((a, b))
    assert at_least(braking(fed(x=near, speed=speed), throttle), braking(fed(x=far, speed=speed), throttle))


@REPEATABLE
@given(st.sampled_from(INPUTS), st.integers(0, 900), st.integers(0, 900), SPEED)
def test_an_older_input_never_gives_less_braking(name: str, a: int, b: int, speed: float) -> None:
    new, old = sorted((a, b))
    young, aged = fed(ages_ms={name: new}, speed=speed), fed(ages_ms={name: old}, speed=speed)
    assert at_least(braking(aged), braking(young))


@REPEATABLE
@given(st.floats(0.0, 6.0), st.floats(0.0, 6.0), SPEED)
def test_an_older_context_never_gives_less_braking(a: float, b: float, speed: float) -> None:
    new, old = sorted((a, b))
    assert at_least(braking(fed(context_age_s=old, speed=speed)), braking(fed(context_age_s=new, speed=speed)))


@REPEATABLE
@given(st.floats(0.0, 0.2), st.floats(0.0, 0.2), st.floats(2.0, 12.0))
def test_a_tighter_bend_never_gives_less_braking(a: float, b: float, speed: float) -> None:
    wide, tight = sorted((a, b))
    assert at_least(braking(fed(curvature=tight, speed=speed)), braking(fed(curvature=wide, speed=speed)))


@REPEATABLE
@given(st.builds(Verdict, deceleration_mps2=st.floats(0.0, 9.0), speed_limit_mps=st.floats(0.0, 40.0),
                 hold=st.booleans()), SPEED, PEDAL, PEDAL, STEER)
def test_a_stop_request_is_never_weakened(verdict: Verdict, speed: float, throttle: float, brake: float,
                                          steer: float) -> None:
    guard, planned = fed(speed=speed), DriveCommand.of(T0, throttle, brake, steer)
    guard.judge(T0)
    command, _ = guard.apply(verdict, planned, T0)
    assert command.brake >= planned.brake, "the plan's own braking stays"
    assert command.throttle <= planned.throttle
    if verdict.hold:
        assert command.brake >= GuardConfig().hold_brake
    elif verdict.deceleration_mps2 > 0.0:
        given_mps2 = command.brake * VEHICLE.max_deceleration_mps2 + 0.03 * speed
        assert given_mps2 >= min(verdict.deceleration_mps2, VEHICLE.max_deceleration_mps2) - 1e-5
        assert command.throttle == 0.0
    if speed > verdict.speed_limit_mps:
        assert command.throttle == 0.0


@REPEATABLE
@given(st.floats(0.5, 40.0), st.floats(3.0, 40.0), st.floats(0.0, 6.0), st.integers(0, 900), SPEED)
def test_all_demands_together_brake_as_hard_as_each_alone(goal_m: float, x: float, context_age_s: float, plan_ms: int,
                                                          speed: float) -> None:
    together = braking(fed(speed=speed, goal_m=goal_m, x=x, context_age_s=context_age_s, ages_ms={"plan": plan_ms}))
    for alone in (fed(speed=speed, goal_m=goal_m), fed(speed=speed, x=x), fed(speed=speed, context_age_s=context_age_s),
                  fed(speed=speed, ages_ms={"plan": plan_ms})):
        assert at_least(together, braking(alone))


def test_a_verdict_is_what_the_tests_above_take_it_for() -> None:
    assert [f.name for f in dataclasses.fields(Verdict)] == ["reason", "text", "deceleration_mps2", "speed_limit_mps",
                                                             "hold"]
