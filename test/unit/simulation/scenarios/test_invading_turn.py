import math

import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind


def test_in_a_bend_cars_come_over_the_centre_line(lonely, roll) -> None:
    world = lonely("InvadingTurn", 0)
    scenario = world.scenarios[0]
    distance, offset = (float(scenario.spec.parameters[k]["value"]) for k in ("distance", "offset"))
    cones = [world.route_line.project(a.pose.position_m) for a in world.cast.actors if a.kind is BodyKind.CONE]
    assert len(cones) == math.ceil(0.5 * distance / 5.0)
    assert cones[0][0] == pytest.approx(scenario.trigger_s_m + distance + 30.0 - 15.0, abs=0.6)
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "running")
    cars, over = set(), []
    for _ in range(8):
        roll(world, 0.0, 1.0)
        on_road = [a for a in world.cast.actors if a.kind is BodyKind.CAR]
        cars |= {a.id for a in on_road}
        over += [0.5 * 3.4 - world.route_line.project(car.pose.position_m)[1] for car in on_road]
    wanted = offset + 0.5 * 3.4 - 0.7 - 0.5 * 3.4
    assert np.median(over) == pytest.approx(wanted, abs=0.15)
    assert len(cars) >= 3
    roll(world, 8.0, 20.0, until=lambda: scenario.state == "done", left_m=lambda s: -0.5)
    assert not world.events
