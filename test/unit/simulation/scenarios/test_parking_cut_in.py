import math

import numpy as np
import pytest

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenery import BoxList, without


def test_of_two_parked_cars_the_farther_pulls_out_and_drives_on(lonely, roll) -> None:
    world = lonely("ParkingCutIn", 5)
    scenario = world.scenarios[0]
    blocker, car = world.cast.actors
    place = [world.route_line.project(a.pose.position_m) for a in (blocker, car)]
    parking, width = scenario.around.parking(place[1][0])
    assert [s for s, _ in place] == pytest.approx([scenario.trigger_s_m + 28.0, scenario.trigger_s_m + 35.0], abs=0.3)
    assert place[1][1] == pytest.approx(-(parking + (width - 0.925) / 4.0), abs=0.1)

    roll(world, 8.0, 20.0, until=lambda: scenario.state == "running")
    roll(world, 0.0, 3.0)
    assert (blocker.moved_m, car.moved_m) == (0.0, 0.0)

    roll(world, 8.0, 30.0, until=lambda: car.speed_mps > 0.0)
    assert place[1][0] - world.route_s_m == pytest.approx(2.35 * world.ego.speed_mps, abs=1.0)

    turned, off = [], []
    while scenario.state == "running":
        roll(world, 0.0, 0.05)
        if car.speed_mps > 0.0:
            s, left = world.route_line.project(car.pose.position_m)
            turned.append(wrap_angle(car.pose.yaw_rad - world.route_line.yaw_at(s)))
            off.append(left)
            fastest = car.speed_mps
    assert max(turned) < math.radians(35.0)
    assert max(np.abs(np.diff(turned))) < 0.06
    assert off[-1] == pytest.approx(0.0, abs=0.1)
    assert fastest == pytest.approx(20.0 / 3.6)
    assert car.moved_m == pytest.approx(30.0, abs=0.4)
    assert len(world.cast) == 0
    assert not world.events


def test_what_stands_where_the_script_plays_is_left_out_but_houses_stay() -> None:
    boxes = BoxList(1)
    for kind, x in ((BodyKind.CAR, 0.0), (BodyKind.BUILDING, 0.0), (BodyKind.POLE, 3.9), (BodyKind.CAR, 4.1)):
        boxes.add(kind, (x, 0.0), 0.0, (4.0, 2.0, 1.5), (0, 0, 0))
    kept = without(boxes.boxes(), [(np.zeros(2), 4.0)])
    assert kept.ids_N.tolist() == [2, 4]
