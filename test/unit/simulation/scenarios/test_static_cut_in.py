import math

import numpy as np
import pytest

from automot_ros.geometry.se2 import wrap_angle


def test_the_third_of_a_queue_cuts_in_and_speeds_away(lonely, roll) -> None:
    world = lonely("StaticCutIn", 7)
    scenario = world.scenarios[0]
    queue = world.cast.actors
    places = np.array([world.route_line.project(a.pose.position_m) for a in queue])
    first = scenario.trigger_s_m + float(scenario.spec.parameters["distance"]["value"])
    assert places[:, 0] == pytest.approx(first + 11.0 * np.arange(6), abs=0.5)
    assert places[:, 1] == pytest.approx(-3.5, abs=0.2)

    car = queue[2]
    roll(world, 8.0, 30.0, until=lambda: car.speed_mps > 0.0)
    assert places[2, 0] - world.route_s_m == pytest.approx(2.7 * 8.0, abs=1.3)
    turned = []
    while scenario.state == "running":
        roll(world, 4.0, 0.05)
        s, off = world.route_line.project(car.pose.position_m)
        turned.append(wrap_angle(car.pose.yaw_rad - world.route_line.yaw_at(s)))
    assert max(turned) < math.radians(30.0)
    assert max(np.abs(np.diff(turned))) < 0.05
    assert not any(a.touched for a in queue)
    assert off == pytest.approx(0.0, abs=0.1)
    assert car.moved_m == pytest.approx(70.0, abs=1.0)
    assert car.speed_mps > 12.0
    assert not [e for e in world.events if e.kind.name.startswith("COLLISION")]
    assert len(world.cast) == 0
