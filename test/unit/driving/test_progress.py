"""Where the car is on its route."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from automot_ros.driving.progress import RouteProgress
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.route import Route


def crossing() -> np.ndarray:
    """East along y = 0, a loop, then north across the first leg at x = 50."""
    corners = np.array([[0, 0], [100, 0], [100, -50], [50, -50], [50, 50]], float)
    legs = [np.linspace(a, b, 101)[:-1] for a, b in itertools.pairwise(corners)]
    return np.concatenate([*legs, corners[-1:]])


def test_a_route_that_crosses_itself_is_followed_along_its_own_leg() -> None:
    progress = RouteProgress(Route(0, crossing()))
    for x in range(0, 101, 5):
        assert progress.advance(Pose2(float(x), 0.4, 0.0)) == pytest.approx(x)
    for y in range(0, -51, -5):
        progress.advance(Pose2(100.0, float(y), 0.0))
    for x in range(100, 49, -5):
        progress.advance(Pose2(float(x), -50.0, 0.0))
    for y in range(-50, 51, 5):
        s = progress.advance(Pose2(50.0, float(y), 0.0))
        assert s == pytest.approx(250.0 + y)
    assert progress.advance(Pose2(50.0, 70.0, 0.0)) == pytest.approx(300.0)


def test_a_car_set_down_elsewhere_is_found_again() -> None:
    progress = RouteProgress(Route(0, crossing()))
    progress.advance(Pose2(5.0, 0.0, 0.0))
    assert progress.advance(Pose2(70.0, -49.0, 0.0)) == pytest.approx(180.0)


def test_the_same_route_sent_again_is_recognised() -> None:
    progress = RouteProgress(Route(0, crossing()))
    assert progress.is_of(Route(99, crossing()))
    assert not progress.is_of(Route(0, crossing()[:-1]))
