import math

import numpy as np
import pytest

from automot_ros.simulation.following import (
    HARDEST_MPS2,
    SAMPLES_S,
    Bodies,
    free_acceleration,
    interaction,
    obstacles_on_paths,
)


def _bodies(rows):
    """rows of x, y, yaw, half length, half width, speed, owner, phantom."""
    t = np.array(rows, float).reshape(-1, 8)
    return Bodies(t[:, 0], t[:, 1], t[:, 2], np.cos(t[:, 2]), np.sin(t[:, 2]), t[:, 3], t[:, 4], t[:, 5],
                  t[:, 6].astype(int), t[:, 7].astype(bool))


def _look(rows, front=0.0):
    """A follower whose bumper is `front` metres beyond x = 0 of a straight path along x."""
    x = SAMPLES_S[None].astype(float)
    return obstacles_on_paths(x, np.zeros_like(x), np.zeros_like(x), np.array([front]), np.array([0.95]), np.array([0]),
                              _bodies(rows))


@pytest.mark.parametrize("distance", [3.0, 7.3, 12.9, 25.0, 38.0])
@pytest.mark.parametrize("front", [0.0, 0.4, 0.99])
def test_the_gap_to_a_car_ahead_has_no_raster(distance, front):
    found = _look([(front + distance + 2.2, 0.3, 0.02, 2.2, 0.9, 4.0, 5, 0)], front)
    assert found.gap_K[0] == pytest.approx(distance, abs=0.15)
    assert found.speed_K[0] == pytest.approx(4.0, abs=0.01)


def test_cars_in_the_next_lane_and_on_parking_lanes_are_not_in_the_way():
    assert len(_look([(15, 3.3, 0.0, 2.2, 0.9, 4.0, 5, 0), (20, -2.6, 0.0, 2.2, 0.9, 0.0, 6, 0)]).gap_K) == 0


def test_a_crossing_car_is_a_standing_obstacle_and_oneself_is_none():
    found = _look([(15, 0.5, math.pi / 2, 2.2, 0.9, 6.0, 5, 0), (1, 0, 0.0, 2.2, 0.9, 6.0, 0, 0)])
    assert len(found.gap_K) == 1
    assert found.gap_K[0] == pytest.approx(14.1, abs=0.5)
    assert found.speed_K[0] == pytest.approx(0.0, abs=1e-6)


def test_a_phantom_beside_the_bumper_is_ignored_a_body_there_is_not():
    assert len(_look([(0.0, 0.5, 0.0, 2.2, 0.9, 0.0, -1, 1)]).gap_K) == 0
    assert len(_look([(0.0, 0.5, 0.0, 2.2, 0.9, 0.0, -1, 0)]).gap_K) == 1


@pytest.mark.parametrize("speed", [5.0, 10.0, 14.0])
def test_a_driver_stops_behind_a_standing_car_without_touching_it(speed):
    x, v = 0.0, speed
    for _ in range(800):
        a = free_acceleration(np.array([v]), np.array([speed])) - interaction(np.array([v]), np.array([45.0 - x]),
                                                                             np.zeros(1))
        v = max(0.0, v + max(float(a[0]), -HARDEST_MPS2) * 0.05)
        x += v * 0.05
        assert x < 44.0
    assert v < 0.1
    assert 41.0 < x < 43.5
