"""A View with everything in it, for tests of what draws one."""

import numpy as np
import pytest

from automot_ros.evaluation.view import MapOutline, View
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft, DriveCommand, GuardMode, GuardReason, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState

POSE = Pose2(100.0, 50.0, 0.6)


def make_view(status: PlanStatus = PlanStatus.NOMINAL, mode: GuardMode = GuardMode.NOMINAL) -> View:
    view = View()
    ahead = POSE.apply(np.stack([np.arange(-20.0, 120.0), np.zeros(140)], axis=1))
    view.outline = MapOutline("test", (ahead,), (3.5,), {7: POSE.apply(np.array([[20.0, 1.7], [20.0, -1.7]]))})
    view.begin_route(ahead)
    ego = EgoState(5 * SECOND_NS, POSE, 5.0)
    view.see_ego(ego)
    view.image_HW3 = np.full((256, 512, 3), 90, np.uint8)
    x = np.arange(1.0, 21.0, dtype=np.float32)
    view.draft = Draft(
        ego, np.stack([2.5 * np.arange(1, 7), np.zeros(6)], axis=1).astype(np.float32), np.stack([x, 0 * x], axis=1),
        np.full(3, 5.0, np.float32),
        Decision(np.tile(np.array([0.1, 0.7, 0.1, 0.1], np.float32), (3, 1)),
                 np.tile(np.array([0.0, 0.0, 1.0, 0.0, 0.0], np.float32), (3, 1))),
        np.zeros((8, 4), np.float32), np.zeros((64, 4), np.float32), 1, 2, 0.25)
    t = np.arange(0.0, 3.05, 0.1)
    xy = POSE.apply(np.stack([5.0 * t, 0 * t], axis=1))
    view.trajectory = Trajectory(ego.stamp_ns, t, xy, np.full(len(t), POSE.yaw_rad), np.full(len(t), 5.0), 0 * t, 0 * t,
                                 ahead[20:60], status, "", 0.25)
    view.guard = GuardReport(ego.stamp_ns, mode, GuardReason.OBSTACLE, "obstacle at 8 m", 0.0, 0.0, 0.0, 0.25, 1.5, 3)
    view.command = DriveCommand.of(ego.stamp_ns, 0.3, 0.0, 0.1)
    view.report = ("light red 12 ahead free - hazard light ahead 12 priority none turn straight "
                   "do stop stop stop stop because red_light")
    view.report_stamp_ns = 4 * SECOND_NS
    view.lights = {7: "red"}
    body = POSE.apply(np.array([[15.0, 3.0], [9.0, -4.0]]))
    view.road_users = Boxes(np.array([5, 6]), np.array([BodyKind.CAR, BodyKind.WALKER]), body, np.zeros(2),
                            np.full(2, POSE.yaw_rad), np.array([[4.5, 1.9, 1.5], [0.5, 0.5, 1.7]]), np.zeros(2),
                            np.zeros((2, 3), np.uint8), np.zeros(2, bool))
    return view


@pytest.fixture
def full_view():
    """The maker of full views."""
    return make_view
