"""What is drawn lies where the camera model and the map say, and nothing missing stops a picture."""

import dataclasses

import numpy as np
import pytest

from automot_ros.evaluation import overlay
from automot_ros.evaluation.view import View
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes
from automot_ros.scene.plan import GuardMode, PlanStatus
from automot_ros.scene.sensing import CameraModel


def close_to(picture, color, within=40):
    return np.abs(picture.astype(int) - np.array(color)).max(axis=2) < within


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_draft_points_are_drawn_at_their_projection_on_the_ground(scale, full_view):
    view = full_view()
    view.trajectory = None
    picture = overlay.annotate_camera(view, scale)
    assert picture.shape == (round(256 * scale), round(512 * scale), 3)
    for x, y in view.draft.waypoints_62[2:]:
        (u, v), = CameraModel().project(np.array([[x, y, 0.0]]))[0] * scale
        assert close_to(picture, overlay.DRAFT_COLOR)[int(v), int(u)]


def test_the_band_of_the_plan_covers_the_road_ahead_and_not_the_sky(full_view):
    view = full_view()
    view.draft = None
    picture = overlay.annotate_camera(view)
    changed = (picture != view.image_HW3).any(axis=2)
    (u, v), = CameraModel().project(np.array([[8.0, 0.0, 0.0]]))[0]
    assert changed[int(v), int(u)]
    assert not changed[:128].any()
    assert not changed[:, :60].any()


def test_drawing_leaves_the_camera_image_alone(full_view):
    view = full_view()
    before = view.image_HW3.copy()
    overlay.annotate_camera(view)
    overlay.compose(view)
    assert np.array_equal(view.image_HW3, before)


def test_a_stopping_plan_has_another_colour(full_view):
    moving, stopping = (overlay.annotate_camera(full_view(status)) for status in (PlanStatus.NOMINAL, PlanStatus.STOP))
    assert stopping[..., 0].sum() > moving[..., 0].sum() + 1000


def test_left_in_the_world_is_left_in_the_bird_view_and_ahead_is_up(full_view):
    view = full_view()
    view.draft = view.trajectory = view.route_N2 = view.outline = None
    picture = overlay.bird_view(view, 300, 600)
    assert close_to(picture, overlay.EGO_COLOR)[450, 150]
    per_m = 0.75 * 600 / 50.0
    assert close_to(picture, overlay.BODY_COLOR)[round(450 - 15 * per_m), round(150 - 3 * per_m)]
    assert close_to(picture, overlay.BODY_COLORS[3])[round(450 - 9 * per_m), round(150 + 4 * per_m)]


def test_a_red_light_colours_its_stop_line(full_view):
    view = full_view()
    view.draft = view.trajectory = view.route_N2 = None
    view.road_users = Boxes.empty()
    red = close_to(overlay.bird_view(view, 300, 600), overlay.LIGHT_COLORS["red"])
    view.lights = {}
    assert red.sum() > 50
    assert not close_to(overlay.bird_view(view, 300, 600), overlay.LIGHT_COLORS["red"]).any()


def test_the_panel_changes_with_mode_and_words(full_view):
    nominal = overlay.text_panel(full_view(), 800, 190)
    braking = overlay.text_panel(full_view(mode=GuardMode.BRAKING), 800, 190)
    silent, strange = full_view(), full_view()
    silent.report, strange.report = "", "no report"
    assert (nominal != braking).any()
    pictures = [overlay.text_panel(view, 800, 190) for view in (full_view(), silent, strange)]
    assert len({picture.tobytes() for picture in pictures}) == 3


@pytest.mark.parametrize("missing", ["ego", "image_HW3", "outline", "route_N2", "draft", "trajectory", "guard"])
def test_a_picture_is_drawn_whatever_is_missing(missing, full_view):
    view = full_view()
    setattr(view, missing, None)
    assert overlay.compose(view, 960, 480).shape == (480, 960, 3)


def test_an_empty_view_is_a_picture_too():
    assert overlay.compose(View(), 960, 480).shape == (480, 960, 3)


def test_progress_catches_up_after_nobody_looked_for_a_while(full_view):
    view = full_view()
    ahead = dataclasses.replace(view.ego, pose_map_to_ego=view.ego.pose_map_to_ego.compose(Pose2(90.0, 0.5, 0.0)))
    view.see_ego(ahead)
    assert view.route_completion == pytest.approx(100.0 * 110.0 / 139.0, abs=0.5)
    beside = dataclasses.replace(ahead, pose_map_to_ego=ahead.pose_map_to_ego.compose(Pose2(20.0, 30.0, 0.0)))
    view.see_ego(beside)
    assert view.route_completion == pytest.approx(100.0 * 110.0 / 139.0, abs=0.5)


def test_progress_follows_the_route_and_starts_anew_with_the_next(full_view):
    view = full_view()
    view.see_ego(view.ego)
    assert view.route_completion == pytest.approx(100.0 * 20.0 / 139.0, abs=0.5)
    assert view.report_age_s == pytest.approx(1.0)
    view.begin_route(view.route_N2)
    assert view.route_completion == 0.0
    assert view.draft is None
    assert view.report_age_s is None
