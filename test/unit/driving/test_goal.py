"""The car stops at the end of its route, however far the plan wants to go."""

import numpy as np

from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import GuardReason
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

GOAL_M = 60.0
ROUTE = Route(0, np.stack([np.linspace(0.0, GOAL_M, 61), np.zeros(61)], axis=1))
ON_AND_ON = np.stack([4.0 * np.arange(1, 7), np.zeros(6)], axis=1)
AHEAD = np.stack([np.arange(1.0, 21.0), np.zeros(20)], axis=1)


def end_of_a_drive(config: GuardConfig) -> tuple[BicycleState, set[GuardReason]]:
    vehicle = VehicleSpec()
    core = ControllerCore(ControllerConfig(), config, vehicle, (0.0, 0.0, 2.4))
    core.observe_route(ROUTE)
    state, reasons = BicycleState(Pose2(0.0, 0.0, 0.0), 8.0), set()
    for tick in range(1, 400):
        now_ns = tick * 50_000_000
        ego = EgoState(now_ns, state.pose, state.speed_mps, state.yaw_rate_radps)
        core.observe_ego(ego, now_ns)
        core.observe_points(PointCloud(now_ns, np.zeros((0, 4), np.float32)), now_ns)
        core.observe_trajectory(trajectory_from(ego, ON_AND_ON, AHEAD), now_ns)
        done = core.step(now_ns)
        assert done is not None
        command, report = done
        reasons.add(report.reason)
        state = advance(vehicle, state, command.throttle, command.brake, command.steer, 0.05)
    return state, reasons


def test_a_plan_beyond_the_goal_ends_at_the_goal() -> None:
    state, reasons = end_of_a_drive(GuardConfig())
    assert state.speed_mps == 0.0
    assert GOAL_M < state.pose.x_m < GOAL_M + 1.5, "the last point is passed, so the route counts as driven"
    assert GuardReason.PLAN_STOP in reasons


def test_with_the_check_off_it_drives_on() -> None:
    state, _ = end_of_a_drive(GuardConfig(check_goal=False))
    assert state.pose.x_m > GOAL_M + 20.0
