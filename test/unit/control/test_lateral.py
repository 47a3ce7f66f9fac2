"""Steering: the geometry of pursuit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import ConfigError
from automot_ros.control.config import ControlConfig
from automot_ros.control.lateral import point_ahead, pursuit_curvature, steer_along
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

VEHICLE = VehicleSpec()


def ego(x: float = 0.0, y: float = 0.0, yaw: float = 0.0, speed: float = 5.0) -> EgoState:
    return EgoState(0, Pose2(x, y, yaw), speed)


@given(st.floats(-0.2, 0.2), st.floats(1.0, 8.0))
def test_pursuit_finds_the_curvature_of_the_arc_it_aims_at(curvature: float, length: float) -> None:
    rear = VEHICLE.rear_axle_m
    course = math.asin(curvature * rear)
    turned = curvature * length
    chord = 2.0 / curvature * math.sin(turned / 2.0) if abs(turned) > 1e-6 else length
    bearing = course + turned / 2.0
    aim = chord * np.array([math.cos(bearing), math.sin(bearing)])
    if abs(bearing) < math.pi / 2:
        assert pursuit_curvature(aim, rear) == pytest.approx(curvature, abs=1e-9)


def test_a_point_at_the_car_or_behind_it_gives_a_finite_curvature_to_its_side() -> None:
    assert pursuit_curvature(np.zeros(2), 1.4) == 0.0
    left = pursuit_curvature(np.array([-3.0, 0.5]), 1.4)
    assert math.isfinite(left)
    assert left > pursuit_curvature(np.array([3.0, 0.5]), 1.4) > 0.0


def test_a_path_to_the_left_steers_left_and_its_mirror_image_right() -> None:
    config = ControlConfig()
    left = Polyline(np.array([[0.0, 0.0], [5.0, 1.0], [10.0, 4.0]]))
    right = Polyline(np.array([[0.0, 0.0], [5.0, -1.0], [10.0, -4.0]]))
    steer = steer_along(config, VEHICLE, left, ego())
    assert steer > 0.05
    assert steer_along(config, VEHICLE, right, ego()) == pytest.approx(-steer)


def test_the_faster_car_looks_further_ahead_and_steers_less() -> None:
    aside = Polyline(np.array([[0.0, 1.0], [40.0, 1.0]]))
    slow, fast = (steer_along(ControlConfig(), VEHICLE, aside, ego(speed=v)) for v in (3.0, 15.0))
    assert 0.0 < fast < 0.5 * slow


def test_beyond_its_end_a_path_goes_straight_on() -> None:
    path = Polyline(np.array([[0.0, 0.0], [3.0, 0.0]]))
    assert point_ahead(path, 2.0) == pytest.approx([2.0, 0.0])
    assert point_ahead(path, 10.0) == pytest.approx([10.0, 0.0])
    assert steer_along(ControlConfig(), VEHICLE, path, ego(x=2.9)) == pytest.approx(0.0)


def test_look_ahead_bounds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="lookahead_min_m"):
        ControlConfig(lookahead_min_m=10.0, lookahead_max_m=5.0)
