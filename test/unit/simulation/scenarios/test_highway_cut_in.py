"""HighwayCutIn: from the ramp onto the ego's lane."""

from __future__ import annotations

import numpy as np
import pytest


def test_the_car_comes_up_the_ramp_and_cuts_in_some_ten_metres_before_the_ego(lonely, roll):
    world = lonely("HighwayCutIn", 0)
    scenario = world.scenarios[0]
    roll(world, 8.0, 8.0, until=lambda: scenario.state == "running")
    roll(world, 8.0, 0.1)
    (car,) = world.cast.actors
    start = scenario.location("other_actor_location")
    assert float(np.hypot(*(car.pose.position_m - start))) < 1.0
    assert abs(world.route_line.project(start)[1]) > 5.0
    ahead = []

    def on_lane() -> bool:
        x, y = world.ego.pose_map_to_ego.inverse_apply(car.pose.position_m[None])[0]
        ahead.append((float(x), float(y)))
        return abs(y) < 1.0

    roll(world, 8.0, 30.0, until=on_lane)
    x, y = ahead[-1]
    assert abs(y) < 1.0
    assert 4.0 < x < 16.0
    assert car.wanted_mps == pytest.approx(0.8 * 8.0, abs=0.4)
    assert min(v[1] for v in ahead) < -8.0  # it came from the right
    roll(world, 5.0, 10.0, until=lambda: scenario.state == "done")
    assert scenario.state == "done" and len(world.cast) == 0
