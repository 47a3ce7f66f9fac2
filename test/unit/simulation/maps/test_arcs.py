"""Lines and arcs between poses."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import MapError
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.maps.arcs import chain, cut, join, length_of, offset_right, pose_on, sharpest


def _apart(a: Pose2, b: Pose2) -> tuple[float, float]:
    return math.hypot(a.x_m - b.x_m, a.y_m - b.y_m), abs(wrap_angle(a.yaw_rad - b.yaw_rad))


@given(st.floats(5, 80), st.floats(-60, 60), st.floats(-2.2, 2.2), st.floats(-3, 3))
def test_a_join_ends_at_its_target_and_never_kinks(x: float, y: float, turn: float, yaw: float) -> None:
    start = Pose2(3.0, -7.0, yaw)
    there = start.compose(Pose2(x, y, turn))
    path = join(start, there)
    assert _apart(path[0].start, start) == pytest.approx((0.0, 0.0))
    for a, b in itertools.pairwise(path):
        assert _apart(a.end, b.start) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert _apart(path[-1].end, there) == pytest.approx((0.0, 0.0), abs=2e-4)


def test_a_square_corner_is_one_quarter_circle() -> None:
    path = join(Pose2(0, 0, 0), Pose2(10, -10, -math.pi / 2))
    assert len(path) == 1
    assert path[0].curvature == pytest.approx(-0.1)
    assert path[0].length_m == pytest.approx(5 * math.pi)


def test_an_uneven_corner_keeps_the_largest_radius_that_fits() -> None:
    assert sharpest(join(Pose2(0, 0, 0), Pose2(8, 30, math.pi / 2))) == pytest.approx(1 / 8)


def test_one_place_twice_cannot_be_joined() -> None:
    with pytest.raises(MapError, match="one place"):
        join(Pose2(1, 1, 0), Pose2(1, 1, 2))


def test_a_cut_is_the_part_between_two_arc_lengths() -> None:
    path = chain([Pose2(0, 0, 0), Pose2(30, 4, 0.3), Pose2(60, 30, 1.0)])
    part = cut(path, 12.5, 41.0)
    assert length_of(part) == pytest.approx(28.5)
    assert _apart(part[0].start, pose_on(path, 12.5)) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert _apart(part[-1].end, pose_on(path, 41.0)) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_right_of_a_pose_that_looks_east_is_south() -> None:
    moved = offset_right(Pose2(0, 0, 0), 2.0, 5.0)
    assert (moved.x_m, moved.y_m) == pytest.approx((5.0, -2.0))
