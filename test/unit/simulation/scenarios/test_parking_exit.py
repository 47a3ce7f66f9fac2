"""ParkingExit: between two parked cars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automot_ros.simulation.world import World


def test_the_ego_stands_in_the_parking_lane_between_two_cars_and_the_route_leads_out_past_them(lonely, roll):
    world = lonely("ParkingExit", 1)
    ego = world.ego.pose_map_to_ego
    local = sorted(ego.inverse_apply(np.array([a.pose.position_m for a in world.cast.actors])).tolist())
    assert [round(x) for x, _ in local] == [-9, 9]
    assert all(abs(y) < 0.3 for _, y in local)
    beside = world.map.lane_along(ego.position_m, ego.yaw_rad, 5.0)
    assert beside is not None and -4.0 < beside[2] < -2.3
    assert world.route_line.project(ego.position_m)[0] < 1.0
    parked = {a.id for a in world.cast.actors}
    roll(world, 0.0, 4.0)
    roll(world, 2.5, 14.0, until=lambda: world.route_s_m > 14.0)
    assert world.route_s_m > 13.0
    assert not parked & {e.other_id for e in world.events}


def test_cars_pass_on_the_lane_beside_with_gaps_as_the_file_says(lonely, roll):
    world = lonely("ParkingExit", 2)
    roll(world, 0.0, 12.0)
    scenario = world.scenarios[0]
    low = scenario.number("flow_distance", 0.0)
    cars = sorted(c.s_m for c in scenario._flow.cars)
    assert len(cars) >= 2
    assert min(np.diff(cars)) > 0.6 * low


def test_a_route_that_begins_on_the_lane_beside_puts_the_ego_into_the_parking_lane_all_the_same(lonely):
    drawn = lonely("ParkingExit", 1)
    task = drawn.task
    line = drawn.map.lanes[drawn.scenarios[0]._lane()[0]].center
    s = line.project(task.route_map_N2[0])[0]
    on_lane = World(replace(task, route_map_N2=np.concatenate([line.at(np.arange(s, s + 12.0, 1.0)),
                                                               task.route_map_N2[13:]])))
    assert on_lane.ego.pose_map_to_ego.position_m == pytest.approx(drawn.ego.pose_map_to_ego.position_m, abs=0.2)
