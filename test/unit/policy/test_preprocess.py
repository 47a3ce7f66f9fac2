"""Sensors to arrays: the geometry is exact and the axes are where they are said to be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.variants import variant
from automot_ros.policy.preprocess import (
    FRAME_TOKENS,
    ActionObservation,
    UnderstandingObservation,
    action_images,
    action_inputs,
    bev_histogram,
    past_band,
    route_words,
    state_vector,
    target_points,
    understanding_band,
    understanding_inputs,
)
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.sensing import CameraModel, EgoState

HERE = Pose2(0.0, 0.0, 0.0)
LIDAR_M = (0.5, 0.0, 2.4)


def sweep(*points: tuple[float, float, float], pose: Pose2 = HERE):
    """Points given in the ego frame of the sweep."""
    p = np.array(points, np.float32) - np.array(LIDAR_M, np.float32)
    return np.concatenate([p, np.ones((len(p), 1), np.float32)], axis=1), pose


def cell(x_m: float, y_m: float) -> tuple[int, int]:
    return int((x_m + 16.0) // 0.5), int((y_m + 48.0) // 0.5)


def test_a_point_lands_in_its_cell_forward_first_then_left() -> None:
    bev = bev_histogram((sweep((10.2, 3.3, 1.0)),), LIDAR_M)
    assert bev.shape == (128, 192)
    assert bev.dtype == np.uint8
    assert list(zip(*np.nonzero(bev), strict=True)) == [cell(10.2, 3.3)]
    assert bev[cell(10.2, 3.3)] == 51


def test_ground_and_sky_and_what_is_too_far_are_left_out() -> None:
    low_and_high, far = ((5.0, 0.0, 0.1), (5.0, 0.0, 3.5)), ((60.0, 0.0, 1.0), (-17.0, 0.0, 1.0), (0.0, 50.0, 1.0))
    bev = bev_histogram((sweep(*low_and_high, *far),), LIDAR_M)
    assert not bev.any()
    assert bev_histogram((sweep((0.0, 47.9, 1.0), (47.9, -47.9, 1.0)),), LIDAR_M).astype(int).sum() == 102


def test_counts_are_clipped_at_five() -> None:
    bev = bev_histogram((sweep(*[(5.1, 0.1, 1.0)] * 4), sweep(*[(5.1, 0.1, 1.0)] * 4)), LIDAR_M)
    assert bev.max() == 255


def test_an_older_sweep_is_moved_by_the_egos_motion() -> None:
    car_then = (12.0, 1.0, 1.0)
    pose_now_to_then = Pose2(-2.0, 0.0, math.radians(-10.0))
    x, y = pose_now_to_then.apply(np.array([car_then[:2]]))[0]
    bev = bev_histogram((sweep(car_then, pose=pose_now_to_then),), LIDAR_M)
    assert list(zip(*np.nonzero(bev), strict=True)) == [cell(x, y)]


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (256, 512, 3), np.uint8)


def test_images_are_cut_around_the_horizon_and_made_smaller_by_mean() -> None:
    image = picture()
    assert np.array_equal(understanding_band(image), image[64:160])
    wide, centre = action_images(image)
    assert np.array_equal(centre, image[72:136, 160:352])
    assert (wide.shape, past_band(image).shape) == ((48, 128, 3), (64, 256, 3))
    assert abs(past_band(image)[3, 5].astype(float) - image[54:56, 10:12].reshape(4, 3).mean(0)).max() <= 0.5
    # Halved twice, so rounded twice.
    assert abs(wide[3, 5].astype(float) - image[60:64, 20:24].reshape(16, 3).mean(0)).max() <= 1.0


def test_images_of_a_colour_keep_it() -> None:
    image = np.broadcast_to(np.array([0, 254, 255], np.uint8), (256, 512, 3))
    for seen in (*action_images(image), past_band(image), understanding_band(image)):
        assert (seen == image[0, 0]).all()


@pytest.mark.parametrize("cut", [action_images, past_band, understanding_band])
def test_another_camera_is_refused(cut) -> None:
    for image in (picture()[:200], picture()[..., :1], picture().astype(np.float32)):
        with pytest.raises(MessageError, match="camera image"):
            cut(image)


def test_a_lamp_ahead_is_inside_every_image() -> None:
    pixels, ahead = CameraModel().project(np.array([[25.0, -3.0, 5.0], [45.0, 4.0, 5.5]]))
    assert ahead.all()
    for column, row in pixels:
        assert 64 <= row < 160, "the understanding expert's newest frame"
        assert 48 <= row < 176, "its older ones"
        assert 48 <= row < 240, "the action expert's whole view"
        assert 72 <= row < 136 and 160 <= column < 352, "and its centre"


def test_target_points_lie_8_and_20_m_ahead_in_the_ego_frame() -> None:
    route = Polyline(np.array([[0.0, 0.0], [100.0, 0.0]]))
    points = target_points(route, 30.0, Pose2(30.0, -1.0, math.pi / 2))
    np.testing.assert_allclose(points, [[1.0, -8.0], [1.0, -20.0]], atol=1e-9)


def test_target_points_go_straight_on_beyond_the_goal() -> None:
    route = Polyline(np.array([[0.0, 0.0], [90.0, 0.0], [90.0, 10.0]]))
    np.testing.assert_allclose(target_points(route, 95.0, Pose2(90.0, 5.0, 0.0)), [[0.0, 8.0], [0.0, 20.0]], atol=1e-9)


def turning(sharp_deg: float, straight_m: float = 40.0) -> Polyline:
    angles = np.linspace(0.0, math.radians(abs(sharp_deg)), 20)
    arc = np.stack([10.0 * np.sin(angles), 10.0 * (1.0 - np.cos(angles))], axis=1)
    out = arc[-1] + np.outer(np.linspace(1.0, 60.0, 60), [math.cos(angles[-1]), math.sin(angles[-1])])
    points = np.concatenate([[[-straight_m, 0.0]], arc, out])
    return Polyline(points * (1.0, math.copysign(1.0, sharp_deg))).resampled(1.0)


@pytest.mark.parametrize(("bend_deg", "word"), [(90.0, "turn_left"), (-90.0, "turn_right"), (30.0, "slight_left"),
                                                (-30.0, "slight_right")])
def test_route_words_name_the_next_turn_and_where_it_begins(bend_deg: float, word: str) -> None:
    said, _, distance, _ = route_words(turning(bend_deg), 10.0).split()
    assert said == word
    assert 15 <= int(distance) <= 30


def test_route_words_say_straight_when_nothing_turns() -> None:
    assert route_words(Polyline(np.array([[0.0, 0.0], [300.0, 0.0]])), 20.0) == "straight in 60 m"
    assert route_words(Polyline(np.array([[0.0, 0.0], [30.0, 0.0]])), 28.0) == "straight in 60 m"


def observation() -> ActionObservation:
    context = AttentionContext(0, 1, 1, "x", np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 1, 1, 1), np.float32), 1,
                               HERE)
    return ActionObservation(EgoState(5, HERE, 4.5), np.zeros((256, 512, 3), np.uint8), (sweep((5.0, 0.0, 1.0)),),
                             (sweep((8.0, 0.0, 1.0)),), np.array([[8.0, 0.0], [20.0, 1.0]]), context, 0.25,
                             Pose2(1.1, 0.0, 0.05))


def test_action_inputs_hold_now_and_past_and_the_age_of_the_context() -> None:
    inputs = action_inputs(observation(), LIDAR_M)
    assert [image.shape for image in inputs.images] == [(48, 128, 3), (64, 192, 3)]
    assert inputs.bev_CXY[0][cell(5.0, 0.0)] == 51
    assert inputs.bev_CXY[1][cell(8.0, 0.0)] == 51
    assert inputs.bev_CXY.astype(int).sum() == 102
    np.testing.assert_allclose(inputs.state_5, [4.5, 0.25, 1.1, 0.0, 0.05], rtol=1e-6)
    assert inputs.state_5.dtype == inputs.target_points_22.dtype == np.float32


def test_the_state_says_how_far_the_car_has_turned_the_short_way() -> None:
    assert state_vector(1.0, 0.5, Pose2(2.0, 3.0, 2.0 * math.pi - 0.1))[4] == pytest.approx(-0.1, abs=1e-6)


def test_a_target_that_is_no_number_is_refused() -> None:
    obs = observation()
    obs.target_points_22[0, 0] = math.nan
    with pytest.raises(MessageError, match="target"):
        action_inputs(obs, LIDAR_M)


def test_understanding_inputs_need_four_frames() -> None:
    frames = tuple(np.roll(picture(), n, axis=1) for n in range(4))
    (older, newest), ids = understanding_inputs(UnderstandingObservation(0, frames, 3.0, "turn_left in 20 m"))
    assert np.array_equal(older, [past_band(frame) for frame in frames[:3]])
    assert np.array_equal(newest, [understanding_band(frames[3])])
    vocabulary = Vocabulary.nano()
    assert ids.tolist() == vocabulary.prompt("turn_left in 20 m", 3.0, FRAME_TOKENS)
    assert variant("nano").understanding.frame_tokens == FRAME_TOKENS
    with pytest.raises(MessageError, match="frames"):
        understanding_inputs(UnderstandingObservation(0, frames[:3], 3.0, "turn_left in 20 m"))
