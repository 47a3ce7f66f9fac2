import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind


def test_a_door_opens_into_the_lane_when_the_ego_is_three_seconds_away(lonely, roll) -> None:
    world = lonely("VehicleOpensDoorTwoWays", 0)
    scenario = world.scenarios[0]
    car, door = world.cast.actors[:2]
    assert (car.kind, door.kind) == (BodyKind.CAR, BodyKind.DOOR)

    def reach() -> float:
        box = door.pose.apply(np.array([[0.0, 0.475], [0.0, -0.475]]))
        return max(world.route_line.project(p)[1] for p in box)

    shut = reach()
    assert shut < -1.5
    roll(world, 8.0, 30.0, until=lambda: reach() > shut + 0.01)
    assert scenario.at_s_m - world.route_s_m == pytest.approx(24.0, abs=1.2)
    roll(world, 8.0, 1.0)
    assert -0.85 < reach() < -0.6
    roll(world, 8.0, 4.0)
    assert [(e.kind.name, e.other_id) for e in world.events] == [("COLLISION_VEHICLE", door.id)]


def test_who_keeps_a_metre_to_the_left_passes_the_door(lonely, roll) -> None:
    world = lonely("VehicleOpensDoorTwoWays", 0)
    at = world.scenarios[0].at_s_m
    roll(world, 7.0, 30.0, until=lambda: world.route_s_m > at + 10.0, left_m=lambda s: 1.0 if s > at - 25.0 else 0.0)
    assert world.route_s_m > at + 9.0
    assert not [e for e in world.events if e.other_id < 3002]
