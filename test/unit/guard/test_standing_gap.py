"""Behind what stands: the car rests so far off that a plan can swing out round it, and then it may."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.guard import Guard
from automot_ros.scene.plan import DriveCommand, GuardReason, Trajectory
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

VEHICLE = VehicleSpec()
TICK_NS = 50_000_000
WIDTHS = np.arange(-0.9, 1.0, 0.1)


class Road:
    """A car under the guard behind a body of 1.9 m by 4.5 m whose rear is at `rear_m` of a time in seconds."""

    def __init__(self, make_plan: Callable[..., Trajectory], make_points: Callable[..., PointCloud],
                 rear_m: Callable[[float], float], speed_mps: float) -> None:
        self.make_plan, self.make_points, self.rear_m = make_plan, make_points, rear_m
        self.car, self.now_ns = BicycleState(Pose2(0.0, 0.0, 0.0), speed_mps), 1_000_000_000
        self.guard = Guard(GuardConfig(), VEHICLE, (0.0, 0.0, 2.4))
        self.reasons: list[GuardReason] = []

    @property
    def gap_m(self) -> float:
        return self.rear_m(self.now_ns / 1e9) - self.car.pose.x_m - 0.5 * VEHICLE.length_m

    def drive(self, seconds: float, planned_mps: float, path_K2: np.ndarray | None = None) -> float:
        """The command is to keep to `planned_mps`; steering is the bicycle's own business: straight on."""
        for _ in range(round(seconds * 20)):
            ego = EgoState(self.now_ns, self.car.pose, self.car.speed_mps)
            rear = self.rear_m(self.now_ns / 1e9)
            body = np.concatenate([[(rear, y, 1.0) for y in WIDTHS], [(rear + x, y, 1.0) for y in (-0.9, 0.9)
                                                                      for x in np.arange(0.0, 4.5, 0.1)]])
            self.guard.observe_ego(ego, self.now_ns)
            self.guard.observe_points(self.make_points(self.now_ns, body - [self.car.pose.x_m, 0.0, 0.0]), self.now_ns)
            path = {} if path_K2 is None else {"path_K2": path_K2 + [self.car.pose.x_m, 0.0]}
            slower = self.car.speed_mps < planned_mps
            plan = self.make_plan(self.now_ns, x=self.car.pose.x_m, speed=self.car.speed_mps,
                                  acceleration=1.0 if slower else 0.0, **path)
            self.guard.observe_trajectory(plan, self.now_ns)
            throttle = 0.4 if slower else 0.0
            verdict = self.guard.judge(self.now_ns)
            command, report = self.guard.apply(verdict, DriveCommand.of(self.now_ns, throttle, 0.0, 0.0), self.now_ns)
            self.reasons.append(report.reason)
            self.car = advance(VEHICLE, self.car, command.throttle, command.brake, 0.0, 0.05)
            self.now_ns += TICK_NS
        return self.gap_m


@pytest.fixture
def road(make_plan: Callable[..., Trajectory], make_points: Callable[..., PointCloud]) -> Callable[..., Road]:
    return lambda rear_m, speed_mps: Road(make_plan, make_points, rear_m, speed_mps)


# At a crawl the wider gap is a second's way: a car that starts in a queue must not be held at once.
@pytest.mark.parametrize(("speed", "least_m"), [(1.0, 0.3), (3.0, 2.5), (6.0, 3.5), (9.0, 3.5)])
def test_a_plan_into_what_stands_ends_with_room_to_swing_out(road: Callable[..., Road], speed: float,
                                                             least_m: float) -> None:
    assert least_m < road(lambda t: 10.0 + 5.0 * speed, speed).drive(15.0, speed) < 5.0


def test_from_there_a_plan_that_swings_out_may_go_and_one_straight_on_may_not(road: Callable[..., Road]) -> None:
    along = np.arange(0.0, 26.0)
    share = np.clip(along / 8.0, 0.0, 1.0)
    swing = np.stack([along, 3.5 * share**2 * (3.0 - 2.0 * share)], axis=1)
    held = road(lambda t: 30.0, 6.0)
    held.drive(15.0, 6.0)
    assert held.reasons[-1] is GuardReason.OBSTACLE
    before_m = held.gap_m
    assert held.drive(3.0, 2.0) == pytest.approx(before_m, abs=0.05)
    held.drive(0.5, 2.0, swing)
    assert held.reasons[-1] is GuardReason.NONE
    assert held.gap_m < before_m


def test_a_leader_that_stops_and_goes_is_followed(road: Callable[..., Road]) -> None:
    queue = road(lambda t: 30.0 + 4.0 * max(0.0, t - 20.0), 5.0)
    queue.drive(15.0, 5.0)
    assert queue.car.speed_mps < 0.1
    queue.drive(12.0, 5.0)
    assert queue.car.speed_mps > 3.0
