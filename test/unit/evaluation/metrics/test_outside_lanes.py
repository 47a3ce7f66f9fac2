"""Off the road and against the lane, on lanes drawn by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.evaluation.metrics.outside_lanes import (
    OutsideShare,
    ParkingLanes,
    WrongWay,
    WrongWaySwitch,
    is_off_road,
)
from automot_ros.geometry.polyline import Polyline


def lane(road_id, lane_id, yaw_deg, junction_id=-1):
    ahead = np.array([math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))])
    return SimpleNamespace(road_id=road_id, lane_id=lane_id, junction_id=junction_id,
                           center=Polyline(np.array([0.0, 0.0]) + np.arange(0.0, 50.0)[:, None] * ahead))


def test_half_a_lane_and_half_a_metre_are_allowed():
    """Width 3.5: 1.75 + 0.5 = 2.25 m. 2.25 is inside (not more), 2.26 outside."""
    assert not is_off_road(2.25, 3.5) and is_off_road(2.26, 3.5)


def test_the_share_is_of_the_driven_route_not_of_the_whole():
    """40 m driven, 10 of them outside: 25 %, however long the route is."""
    share = OutsideShare()
    assert share.percent == 0.0
    share.observe(30.0, False)
    share.observe(10.0, True)
    assert share.percent == 25.0


def test_standing_outside_costs_nothing():
    """Only route points passed count: 0 m passed while outside leave 0 %."""
    share = OutsideShare()
    share.observe(20.0, False)
    share.observe(0.0, True)
    assert share.percent == 0.0


def test_changing_to_the_opposite_lane_is_wrong_until_the_ego_is_back():
    """Lane yaw 0 -> 180 degrees: more than 150 apart, wrong; back 180 -> 0: right again."""
    test, own, opposite = WrongWay(), lane(1, -1, 0.0), lane(1, 1, 180.0)
    states = []
    for at in (own, opposite, opposite, own):
        test.observe(at, 10.0, 0.0)
        states.append(test.active)
    assert states == [False, True, True, False]


def test_a_bend_between_two_roads_is_no_wrong_way():
    """149 degrees between lanes (at most 150 allowed) is a hairpin; 151 is a turn against the traffic."""
    for degrees, wrong in ((149.0, False), (151.0, True)):
        test = WrongWay()
        test.observe(lane(1, -1, 0.0), 10.0, 0.0)
        test.observe(lane(2, -1, degrees), 10.0, 0.0)
        assert test.active is wrong


def test_leaving_a_junction_the_ego_is_compared_with_the_lane():
    """Lane yaw 90, ego 0: 90 degrees, right; ego -31: 121 degrees (120 allowed), wrong."""
    for ego_deg, wrong in ((0.0, False), (-29.0, False), (-31.0, True), (-90.0, True)):
        test = WrongWay()
        test.observe(lane(5, -1, 0.0, junction_id=3), 10.0, 0.0)
        test.observe(lane(6, -1, 90.0), 10.0, math.radians(ego_deg))
        assert test.active is wrong


def test_inside_a_junction_no_way_is_wrong():
    """Wrong on the lane before, in the junction it is forgotten."""
    test = WrongWay()
    for at in (lane(1, -1, 0.0), lane(1, 1, 180.0), lane(9, -1, 180.0, junction_id=3)):
        test.observe(at, 10.0, 0.0)
    assert not test.active


def test_a_lane_change_in_the_same_direction_is_right():
    """Yaw 0 -> 0: no gap."""
    test = WrongWay()
    test.observe(lane(1, -1, 0.0), 10.0, 0.0)
    test.observe(lane(1, -2, 0.0), 10.0, 0.0)
    assert not test.active


def switched(kind, states):
    switch = WrongWaySwitch()
    seen = []
    for state in states:
        switch.observe(0, kind, state)
        seen.append(switch.on)
    return seen


@pytest.mark.parametrize("end", ["done", "timed out"])
def test_the_test_is_off_while_a_two_way_scenario_runs(end):
    """waiting on, running off, over on."""
    assert switched("AccidentTwoWays", ["waiting", "running", "running", end]) == [True, False, False, True]


def test_a_scenario_on_its_own_side_leaves_the_test_on():
    """Accident opens no opposite lane."""
    assert switched("Accident", ["waiting", "running", "done"]) == [True, True, True]


def test_hazard_at_side_lane_two_ways_never_switches_it_on_again():
    """scenario_runner's quirk: the class ends with SwitchWrongDirectionTest(False)."""
    assert switched("HazardAtSideLaneTwoWays", ["running", "done", "done"]) == [False, False, False]


def test_the_nearest_parking_lane_within_reach_is_found():
    """Lanes along x at y = 5 (width 2) and y = 9 (width 2.4). From (20, 6.5) 1.5 m; from (20, 8) 1.0 m."""
    strips = {i: SimpleNamespace(kind=kind, center_N2=np.array([[0.0, y], [40.0, y]]), width_N=np.array([w, w]))
              for i, (kind, y, w) in enumerate([("parking", 5.0, 2.0), ("parking", 9.0, 2.4), ("sidewalk", 6.5, 2.0)])}
    lanes = ParkingLanes(SimpleNamespace(strips=strips))
    assert lanes.nearest(np.array([20.0, 6.5]), 4.0) == pytest.approx((1.5, 2.0))
    assert lanes.nearest(np.array([20.0, 8.0]), 4.0) == pytest.approx((1.0, 2.4))
    assert lanes.nearest(np.array([20.0, 30.0]), 8.0) is None
    assert lanes.nearest(np.array([20.0, 6.5]), 1.0) is None
