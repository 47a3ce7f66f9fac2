"""The vocabulary: pixels, boxes and commands mean what their docstrings say."""

import numpy as np

from automot_ros.scene.actors import Boxes
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import SIDE_CAMERAS, CameraModel


def test_left_is_left_in_the_picture_and_up_is_up() -> None:
    camera = CameraModel()
    x0, _, z0 = camera.position_ego_m
    pixels, ahead = camera.project(np.array([[x0 + 10.0, 0.0, z0], [x0 + 10.0, 2.0, z0], [x0 + 10.0, 0.0, z0 + 1.0],
                                             [x0 - 1.0, 0.0, z0]]))
    assert pixels[0].tolist() == [256.0, 128.0]
    assert pixels[1, 0] < 256.0 and pixels[2, 1] < 128.0
    assert ahead.tolist() == [True, True, True, False]


def test_a_side_camera_sees_what_lies_to_its_side_in_its_centre() -> None:
    left = SIDE_CAMERAS[0]
    far = np.array(left.position_ego_m) + 20.0 * np.array([np.cos(left.yaw_rad), np.sin(left.yaw_rad), 0.0])
    pixels, ahead = left.project(far[None])
    assert ahead[0] and np.allclose(pixels[0], [256.0, 128.0])


def test_commands_are_clipped_and_rounded_as_on_the_wire() -> None:
    command = DriveCommand.of(5, 1.7, -0.2, -0.1)
    assert (command.throttle, command.brake) == (1.0, 0.0)
    assert command.steer == float(np.float32(-0.1))


def test_boxes_can_be_joined_and_selected() -> None:
    empty = Boxes.empty()
    assert len(Boxes.join(empty, empty)) == 0 and len(empty.select(np.zeros(0, np.bool_))) == 0


def test_a_decision_says_its_likeliest_words() -> None:
    decision = Decision(np.eye(4, dtype=np.float32)[[0, 2, 3]], np.eye(5, dtype=np.float32)[[2, 0, 2]])
    assert decision.words() == ["accelerate straight", "slow turn_left", "stop straight"]
