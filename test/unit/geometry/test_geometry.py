"""Poses and paths: right-handed, left positive, inverses of each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import AutomotError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle

poses = st.builds(Pose2, st.floats(-100, 100), st.floats(-100, 100), st.floats(-3.1, 3.1))


@given(poses, poses)
def test_composition_with_the_inverse_gives_back(a: Pose2, b: Pose2) -> None:
    c = a.inverse().compose(a.compose(b))
    assert np.allclose([c.x_m, c.y_m], [b.x_m, b.y_m], atol=1e-9)
    assert abs(wrap_angle(c.yaw_rad - b.yaw_rad)) < 1e-9


@given(poses)
def test_inverse_apply_undoes_apply(pose: Pose2) -> None:
    points = np.array([[1.0, 2.0], [-3.0, 0.5]])
    assert np.allclose(pose.inverse_apply(pose.apply(points)), points, atol=1e-9)


def test_a_turn_to_the_left_is_positive() -> None:
    angles = np.linspace(-math.pi / 2, 0.0, 40)
    line = Polyline(10.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert line.curvature_at(line.length_m / 2) == pytest.approx(0.1, rel=0.02)
    assert line.yaw_at(line.length_m) > line.yaw_at(0.0)


def test_projection_gives_arc_length_and_the_side() -> None:
    line = Polyline(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]))
    assert line.project(np.array([4.0, 1.5])) == pytest.approx((4.0, 1.5))
    assert line.project(np.array([12.0, 5.0])) == pytest.approx((15.0, -2.0))
    assert line.at(np.array([0.0, 15.0])).tolist() == [[0.0, 0.0], [10.0, 5.0]]


def test_a_path_needs_two_different_finite_points() -> None:
    for points in ([[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [np.nan, 1.0]], [[0.0, 0.0]]):
        with pytest.raises(AutomotError):
            Polyline(np.array(points))
