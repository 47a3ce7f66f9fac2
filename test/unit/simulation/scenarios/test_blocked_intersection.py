"""BlockedIntersection: a car behind the turn."""

from __future__ import annotations

import numpy as np
import pytest


def _far(world, actor):
    return float(np.hypot(*(world.ego.pose_map_to_ego.position_m - actor.pose.position_m)))


def test_a_car_stands_five_metres_behind_the_junction_from_the_trigger_until_ten_seconds_after_the_ego_came(
        lonely, roll):
    world = lonely("BlockedIntersection", 10)
    scenario = world.scenarios[0]
    way = scenario.around.junction_after(scenario.trigger_s_m)
    assert set(way.lanes) | {scenario.around.lane(way.end_m + 5.0).index} <= scenario.closed_lanes()
    assert len(world.cast) == 0
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    (car,) = world.cast.actors
    s, off = world.route_line.project(car.pose.position_m)
    assert s == pytest.approx(way.end_m + 5.0, abs=0.1) and abs(off) < 0.1
    assert 25.0 < way.begin_m - world.route_s_m < 50.0
    roll(world, 6.0, 15.0, until=lambda: _far(world, car) <= 12.9)
    begin = world.tick
    roll(world, 0.0, 12.0, until=lambda: scenario.state == "done")
    assert (world.tick - begin) * 0.05 == pytest.approx(10.0, abs=0.2)
    assert len(world.cast) == 0
