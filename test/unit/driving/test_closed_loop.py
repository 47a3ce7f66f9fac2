"""A car on vehicle.bicycle follows a line: an exact planner, trajectory_from, the controller with its guard."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from automot_ros.control.config import ControlConfig
from automot_ros.control.follow import follow
from automot_ros.control.lateral import point_ahead
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

TICK_S = 0.05
TICK_NS = 50_000_000
VEHICLE = VehicleSpec()
ORIGIN = Pose2(0.0, 0.0, 0.0)
LIDAR = (0.0, 0.0, 2.4)


def ego_of(state: BicycleState, stamp_ns: int) -> EgoState:
    return EgoState(stamp_ns, state.pose, state.speed_mps, state.yaw_rate_radps)


def arc(radius_m: float, angle_rad: float, start: Pose2) -> np.ndarray:
    """Points every 0.25 m on an arc; left for a positive angle."""
    angles = np.linspace(0.0, abs(angle_rad), max(2, int(abs(angle_rad) * radius_m / 0.5)))
    return start.apply(np.stack([radius_m * np.sin(angles),
                                 np.sign(angle_rad) * radius_m * (1.0 - np.cos(angles))], axis=1))


def chain(*pieces: tuple[float, float]) -> Polyline:
    """A line from (length_m, turn_rad) pieces: straight where the turn is zero, else an arc of that length."""
    pose, points = Pose2(0.0, 0.0, 0.0), [np.zeros((1, 2))]
    for length, turn in pieces:
        if turn == 0.0:
            along = np.arange(0.5, length + 0.01, 0.5)
            new = pose.apply(np.stack([along, np.zeros(len(along))], 1))
        else:
            new = arc(length / abs(turn), turn, pose)[1:]
        points.append(new)
        pose = Pose2(float(new[-1, 0]), float(new[-1, 1]), pose.yaw_rad + turn)
    return Polyline(np.concatenate(points))


@dataclass
class Drive:
    offsets_m: list[float] = field(default_factory=list)
    s_m: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    steer: list[float] = field(default_factory=list)
    throttle: list[float] = field(default_factory=list)
    brake: list[float] = field(default_factory=list)
    trajectories: list[Trajectory] = field(default_factory=list)


def plan(line: Polyline, ego: EgoState, speed_at: Callable[[float, float], float], noise_m: float = 0.0,
         rng: np.random.Generator | None = None) -> Trajectory:
    """Route and waypoints as a perfect expert gives them: `speed_at(s, v)` is the acceleration at s and v."""
    s, _ = line.project(ego.pose_map_to_ego.position_m)
    route = line.at(s + np.arange(1.0, 21.0))
    v, at, waypoints = ego.speed_mps, s, []
    for i in range(1, 121):
        v = max(0.0, v + 0.025 * speed_at(at, v))
        at += 0.025 * v
        if i % 20 == 0:
            waypoints.append(point_ahead(line, at))
    way = np.array(waypoints)
    if rng is not None:
        route = route + rng.normal(0.0, noise_m, route.shape)
        way = way + rng.normal(0.0, noise_m, way.shape)
    pose = ego.pose_map_to_ego
    return trajectory_from(ego, pose.inverse_apply(way), pose.inverse_apply(route))


def drive(line: Polyline, speed_at: Callable[[float, float], float], *, seconds: float, speed: float = 0.0,
          start: Pose2 = ORIGIN, replan_ticks: int = 1, delay_ticks: int = 0, noise_m: float = 0.0,
          config: ControlConfig | None = None) -> Drive:
    """Drive; each plan is `delay_ticks` old when it first acts and is replaced every `replan_ticks`."""
    config = config or ControlConfig()
    rng = np.random.default_rng(0) if noise_m > 0 else None
    state, out, made = BicycleState(start, speed), Drive(), []
    for k in range(round(seconds / TICK_S)):
        now = k * TICK_NS
        ego = ego_of(state, now)
        if k % replan_ticks == 0:
            made.append(plan(line, ego, speed_at, noise_m, rng))
        usable = [t for t in made if t.stamp_ns <= now - delay_ticks * TICK_NS]
        trajectory = usable[-1] if usable else made[0]
        command = follow(config, VEHICLE, trajectory, ego, now)
        state = advance(VEHICLE, state, command.throttle, command.brake, command.steer, TICK_S)
        s, offset = line.project(state.pose.position_m)
        for name, value in (("s_m", s), ("offsets_m", offset), ("speeds", state.speed_mps), ("steer", command.steer),
                            ("throttle", command.throttle), ("brake", command.brake)):
            getattr(out, name).append(value)
        out.trajectories.append(trajectory)
    return out


def hold_speed(wanted: float) -> Callable[[float, float], float]:
    return lambda s, v: max(-3.0, min(1.5, 1.0 * (wanted - v)))


def stop_at(s_stop: float, wanted: float, comfort: float = 2.0) -> Callable[[float, float], float]:
    """Hold a speed, then brake so as to stand at `s_stop`."""

    def rule(s: float, v: float) -> float:
        left = s_stop - s
        if left <= 0.02:
            return -4.0
        need = v * v / (2.0 * left)
        if need > comfort:
            return -min(8.0, need)
        allowed = (2.0 * comfort * left) ** 0.5
        return max(-3.0, min(1.5, 2.0 * (min(wanted, allowed) - v)))

    return rule


STRAIGHT = chain((150.0, 0.0))


def test_holds_speed_and_lane_on_a_straight_road() -> None:
    d = drive(STRAIGHT, hold_speed(10.0), seconds=9.0)
    assert max(np.abs(d.offsets_m)) < 0.01
    assert d.speeds[-1] == pytest.approx(10.0, abs=0.1)
    assert max(d.speeds) < 10.1


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(("replan_ticks", "delay_ticks"), [(1, 0), (2, 2)])
def test_stays_within_30_cm_on_an_8_m_turn_at_5_mps(side: float, replan_ticks: int, delay_ticks: int) -> None:
    line = chain((20.0, 0.0), (8.0 * math.pi / 2, side * math.pi / 2), (20.0, 0.0))
    d = drive(line, hold_speed(5.0), seconds=9.0, speed=5.0, replan_ticks=replan_ticks, delay_ticks=delay_ticks)
    assert d.s_m[-1] > 40.0
    assert max(np.abs(d.offsets_m)) < 0.3
    assert min(d.speeds) > 4.5


def test_stays_within_30_cm_on_an_s_curve_at_9_mps() -> None:
    line = chain((20.0, 0.0), (20.0, 0.8), (20.0, -0.8), (20.0, -0.8), (20.0, 0.8), (40.0, 0.0))
    d = drive(line, hold_speed(9.0), seconds=13.0, speed=9.0)
    assert max(np.abs(d.offsets_m)) < 0.3
    assert abs(d.offsets_m[-1]) < 0.05


def test_returns_to_the_lane_from_a_metre_aside_without_swinging_over() -> None:
    d = drive(STRAIGHT, hold_speed(8.0), seconds=6.0, speed=8.0, start=Pose2(0.0, 1.0, 0.0))
    assert abs(d.offsets_m[-1]) < 0.05
    assert min(d.offsets_m) > -0.1


def test_noisy_plans_neither_shake_the_car_out_of_its_lane_nor_pump_the_brake() -> None:
    d = drive(STRAIGHT, hold_speed(8.0), seconds=6.0, speed=8.0, noise_m=0.08)
    assert max(np.abs(d.offsets_m)) < 0.15
    assert max(d.brake) < 0.1


@pytest.mark.parametrize(("stop_m", "speed", "comfort"), [(50.0, 9.0, 2.0), (18.0, 10.0, 4.0)])
def test_stops_within_a_metre_of_the_stopping_point_and_holds_the_brake(stop_m: float, speed: float,
                                                                        comfort: float) -> None:
    d = drive(STRAIGHT, stop_at(stop_m, speed, comfort), seconds=12.0, speed=speed)
    assert d.s_m[-1] == pytest.approx(stop_m, abs=1.0)
    standing = int(np.argmax(np.array(d.speeds) == 0.0))
    assert standing > 0
    assert max(d.speeds[standing:]) == 0.0
    assert max(d.throttle[standing + 1:]) == 0.0
    assert min(d.brake[standing + 1:]) == pytest.approx(ControlConfig().hold_brake)
    # Once it brakes it only brakes: the speed falls without a bump.
    assert max(np.diff(d.speeds[-len(d.speeds) // 2:])) < 0.05


def test_a_single_stopping_plan_is_driven_to_its_end() -> None:
    d = drive(STRAIGHT, stop_at(9.0, 6.0), seconds=5.0, speed=6.0, replan_ticks=10_000)
    assert d.s_m[-1] == pytest.approx(9.0, abs=0.3)
    assert d.speeds[-1] == 0.0


def test_starts_from_rest_without_a_jerk_of_the_wheel() -> None:
    d = drive(STRAIGHT, hold_speed(6.0), seconds=3.0)
    assert d.speeds[20] > 0.5
    assert max(np.diff(d.speeds)) / TICK_S < 2.0
    assert max(np.abs(d.steer)) == 0.0


def body_points(x: float, y: float, yaw: float = 0.0, length: float = 4.6, width: float = 1.9) -> np.ndarray:
    """(N, 3) points over the sides of a car, as a LiDAR might see them."""
    along, across = np.linspace(-length / 2, length / 2, 19), np.linspace(-width / 2, width / 2, 9)
    sides = [np.stack([along, np.full(19, w), ], 1) for w in (-width / 2, width / 2)]
    ends = [np.stack([np.full(9, e), across], 1) for e in (-length / 2, length / 2)]
    outline = Pose2(x, y, yaw).apply(np.concatenate([*sides, *ends]))
    return np.concatenate([np.column_stack([outline, np.full(len(outline), z)]) for z in (0.5, 0.9, 1.3)])


def cloud(ego: EgoState, bodies_map_N3: np.ndarray) -> PointCloud:
    """One half sweep with those map points and a bit of ground."""
    ground = np.column_stack([np.repeat(np.linspace(4, 20, 17), 2), np.tile([-0.5, 0.5], 17), np.full(34, 0.02)])
    in_ego = np.column_stack([ego.pose_map_to_ego.inverse_apply(bodies_map_N3[:, :2]), bodies_map_N3[:, 2]])
    points = np.concatenate([in_ego, ground]) - np.array(LIDAR)
    return PointCloud(ego.stamp_ns, np.column_stack([points, np.full(len(points), 0.5)]).astype(np.float32))


def guarded(line: Polyline, speed_at: Callable[[float, float], float], bodies: Callable[[float], np.ndarray], *,
            seconds: float, speed: float) -> tuple[Drive, list[GuardReport]]:
    """Drive in lockstep with the guard on; `bodies(t)` are the points of what stands around."""
    core = ControllerCore(ControllerConfig(lockstep=True), GuardConfig(), VEHICLE, LIDAR)
    state, out, reports = BicycleState(ORIGIN, speed), Drive(), []
    for k in range(round(seconds / TICK_S)):
        now = k * TICK_NS
        ego = ego_of(state, now)
        core.observe_ego(ego, now)
        core.observe_points(cloud(ego, bodies(k * TICK_S)), now)
        core.observe_trajectory(plan(line, ego, speed_at), now)
        done = core.step(now)
        assert done is not None
        state = advance(VEHICLE, state, done[0].throttle, done[0].brake, done[0].steer, TICK_S)
        out.s_m.append(line.project(state.pose.position_m)[0])
        out.speeds.append(state.speed_mps)
        reports.append(done[1])
    return out, reports


def test_the_guard_stops_a_blind_plan_before_a_standing_car() -> None:
    d, reports = guarded(STRAIGHT, hold_speed(9.0), lambda t: body_points(40.0, 0.0), seconds=8.0, speed=9.0)
    bumper_gap = 40.0 - 2.3 - 2.3 - d.s_m[-1]
    assert 3.0 < bumper_gap < 5.0  # room to swing out
    assert d.speeds[-1] == 0.0
    assert reports[-1].reason is GuardReason.OBSTACLE
    # The plan never gives up: the guard must hold, not let go and brake again.
    assert reports[-1].interventions <= 2


def test_the_guard_leaves_a_plan_alone_that_stops_behind_a_standing_car() -> None:
    d, reports = guarded(STRAIGHT, stop_at(40.0 - 4.6 - 2.0, 9.0), lambda t: body_points(40.0, 0.0), seconds=10.0,
                         speed=9.0)
    assert d.speeds[-1] == 0.0
    assert {r.reason for r in reports} == {GuardReason.NONE}


def test_the_guard_lets_a_car_follow_another_at_a_second_of_distance() -> None:
    d, reports = guarded(STRAIGHT, hold_speed(10.0), lambda t: body_points(4.6 + 10.0 + 10.0 * t, 0.0), seconds=5.0,
                         speed=10.0)
    # A leader is taken as standing until it has been tracked for a fifth of a second.
    assert {r.reason for r in reports[6:]} == {GuardReason.NONE}
    assert d.speeds[-1] == pytest.approx(10.0, abs=0.3)


def test_the_guard_brakes_when_the_leader_does() -> None:
    def leader(t: float) -> float:
        stop = max(0.0, t - 2.0)
        return 22.0 + 10.0 * min(t, 2.0) + (10.0 * stop - 3.0 * stop**2 if stop < 10 / 6 else 50.0 / 6)

    d, reports = guarded(STRAIGHT, hold_speed(10.0), lambda t: body_points(leader(t), 0.0), seconds=8.0, speed=10.0)
    assert leader(8.0) - 4.6 - d.s_m[-1] > 0.3
    assert d.speeds[-1] == 0.0
    assert reports[-1].reason is GuardReason.OBSTACLE


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_guard_ignores_parked_cars_beside_the_lane_and_cars_in_the_next_lane_of_a_turn(side: float) -> None:
    line = chain((12.0, 0.0), (9.0 * math.pi / 2, side * math.pi / 2), (40.0, 0.0))
    around = [body_points(x, lateral) for x in (3.0, 9.0) for lateral in (2.5, -2.5)]
    # Beyond the bend, straight on; waiting in the next lane inside and outside the bend; parked after it.
    around.append(body_points(28.0, 0.0))
    for offset in (3.3, -3.3):
        for share in (0.0, 0.35, 0.7, 1.0):
            yaw = line.yaw_at(12.0 + share * 9.0 * math.pi / 2)
            at = line.at(12.0 + share * 9.0 * math.pi / 2) + offset * np.array([-math.sin(yaw), math.cos(yaw)])
            around.append(body_points(float(at[0]), float(at[1]), yaw))
    for s in (34.0, 40.0):
        x, y = line.at(s)
        around += [body_points(float(x) + lateral, float(y), math.pi / 2) for lateral in (2.5, -2.5)]
    points = np.concatenate(around)
    d, reports = guarded(line, hold_speed(5.0), lambda t: points, seconds=7.0, speed=5.0)
    assert d.s_m[-1] > 32.0
    assert {r.reason for r in reports} == {GuardReason.NONE}


def test_a_car_across_the_exit_of_a_turn_is_braked_for() -> None:
    line = chain((10.0, 0.0), (9.0 * math.pi / 2, math.pi / 2), (40.0, 0.0))
    at = line.at(30.0)
    across = body_points(float(at[0]), float(at[1]), 0.0)
    d, reports = guarded(line, hold_speed(5.0), lambda t: across, seconds=7.0, speed=5.0)
    assert d.speeds[-1] == 0.0
    assert 30.0 - 0.95 - 2.3 - d.s_m[-1] > 0.3
    assert reports[-1].reason is GuardReason.OBSTACLE
