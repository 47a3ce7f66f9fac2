"""Routes: random ones, with lane changes, and through sparse points."""

import itertools

import numpy as np
import pytest

from automot_ros.base.errors import MapError
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.road_map import RoadMap


def _routes(road_map: RoadMap, count: int = 12) -> list[list[int]]:
    return [road_map.random_route(stream(seed, "route"), 420.0) for seed in range(count)]


def _sharpest(points: np.ndarray) -> float:
    heading = np.unwrap(np.arctan2(*np.diff(points, axis=0).T[::-1]))
    return float(np.abs(np.diff(heading)).max())


def test_random_routes_are_repeatable_connected_and_long_enough(road_map: RoadMap) -> None:
    for seed, route in enumerate(_routes(road_map)):
        assert route == road_map.random_route(stream(seed, "route"), 420.0)
        for a, b in itertools.pairwise(route):
            lane = road_map.lanes[a]
            assert b in lane.next or b in (lane.left, lane.right)
        assert len(road_map.route_points(route, 3.0, 400.0)) == 401


def test_route_points_are_smooth_even_and_stay_on_the_road(road_map: RoadMap) -> None:
    for route in _routes(road_map):
        points = road_map.route_points(route, 0.0, 400.0)
        steps = np.hypot(*np.diff(points, axis=0).T)
        assert steps.min() > 0.98
        assert steps.max() < 1.02
        assert _sharpest(points) < 0.17
        assert road_map.drivable(points).all()
        np.testing.assert_allclose(points[0], road_map.lanes[route[0]].center.points_N2[0], atol=0.01)


def test_routes_on_the_arterial_change_lanes_gently(arterial: RoadMap) -> None:
    lane = next(lane for lane in arterial.lanes if lane.right is not None and lane.center.length_m > 100.0)
    assert lane.right is not None
    points = arterial.route_points([lane.index, lane.right])
    assert arterial.lanes[lane.right].center.project(points[-1])[1] == pytest.approx(0.0, abs=0.05)
    assert lane.center.project(points[0])[1] == pytest.approx(0.0, abs=0.05)
    assert _sharpest(points) < 0.05


def test_a_given_start_lane_is_kept(town: RoadMap) -> None:
    assert town.random_route(stream(1, "x"), 200.0, start_lane=7)[0] == 7


def test_an_impossible_length_says_what_there_is(town: RoadMap) -> None:
    with pytest.raises(MapError, match="wanted 500"):
        town.route_points([0], 0.0, 500.0)


def test_lanes_that_do_not_connect_are_refused(town: RoadMap) -> None:
    first = town.lanes[0]
    stranger = next(i for i in range(1, len(town.lanes)) if i not in (*first.next, first.left, first.right))
    with pytest.raises(MapError, match="do not connect"):
        town.route_points([0, stranger])


def test_a_route_is_found_again_through_its_sparse_points(road_map: RoadMap) -> None:
    for route in _routes(road_map):
        points = road_map.route_points(route, 4.0, 380.0)
        again = road_map.route_through(points[::20])
        line = Polyline(points)
        assert np.hypot(*(again[0] - points[0])) < 0.5
        assert np.hypot(*(again[-1] - points[-1])) < 0.5
        assert len(again) == pytest.approx(len(points), abs=4)
        apart = np.array([abs(line.project(p)[1]) for p in again])
        # a lane change may lie some metres earlier or later between two of the sparse points
        assert apart.max() < 2.6
        assert np.median(apart) < 0.05


def test_two_points_are_enough_to_find_a_way_through_the_town(town: RoadMap) -> None:
    start, goal = town.lanes[0].center.at(5.0), town.lanes[6].center.at(10.0)
    points = town.route_through(np.array([start, goal]))
    np.testing.assert_allclose(points[[0, -1]], [start, goal], atol=0.05)
    assert town.drivable(points).all()
    assert _sharpest(points) < 0.17


def test_a_goal_behind_on_the_same_lane_is_reached_round_the_block(town: RoadMap) -> None:
    lane = town.lanes[0].center
    points = town.route_through(np.array([lane.at(30.0), lane.at(10.0)]))
    assert len(points) > 150
    np.testing.assert_allclose(points[-1], lane.at(10.0), atol=0.05)


def test_a_point_in_a_field_is_named(town: RoadMap) -> None:
    with pytest.raises(MapError, match="no lane"):
        town.route_through(np.array([town.lanes[0].center.at(5.0), [5000.0, 0.0]]))
    with pytest.raises(MapError, match="route points"):
        town.route_through(np.zeros((1, 2)))
    with pytest.raises(MapError, match="one place"):
        town.route_through(np.array([town.lanes[0].center.at(5.0)] * 3))


def test_a_way_to_the_other_lane_behind_goes_round_not_backwards(arterial: RoadMap) -> None:
    lane = next(lane for lane in arterial.lanes if lane.left is not None and lane.center.length_m > 100.0)
    assert lane.left is not None
    points = arterial.route_through(np.array([lane.center.at(60.0), arterial.lanes[lane.left].center.at(20.0)]))
    assert len(points) > 200
    assert _sharpest(points) < 0.17


def test_points_two_metres_apart_put_the_lane_change_where_they_change(arterial: RoadMap) -> None:
    lane = next(lane for lane in arterial.lanes if lane.right is not None and lane.center.length_m > 100.0)
    assert lane.right is not None
    other = arterial.lanes[lane.right].center
    given = np.concatenate([lane.center.at(np.arange(10.0, 60.0, 2.0)), other.at(np.arange(62.0, 98.0, 2.0))])
    points = arterial.route_through(given)
    across = np.array([lane.center.project(p)[1] for p in points])
    crossing = lane.center.project(points[int(np.argmin(np.abs(across + 1.75)))])[0]
    assert crossing == pytest.approx(60.0, abs=3.0)
    assert _sharpest(points) < 0.05


def test_a_change_just_before_the_goal_is_made_in_time(arterial: RoadMap) -> None:
    """The goal lies in the other lane shortly after a junction: the change comes before the junction."""
    tried = 0
    for lane in arterial.lanes:
        if lane.right is None or lane.center.length_m < 90.0:
            continue
        for connecting in arterial.lanes[lane.right].next:
            goal = arterial.lanes[arterial.lanes[connecting].next[0]].center.at(4.0)
            points = arterial.route_through(np.array([lane.center.at(20.0), goal]))
            np.testing.assert_allclose(points[-1], goal, atol=0.05)
            assert _sharpest(points) < 0.17
            tried += 1
    assert tried > 5
