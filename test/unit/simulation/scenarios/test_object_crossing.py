import math

import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind


def _walk(world, roll, blocker, walker):
    """Roll towards the place at 8 m/s until the walker starts, then stand; metres that were left to the place."""
    roll(world, 8.0, 30.0, until=lambda: walker.speed_mps > 0.0)
    left = world.scenarios[0]._meet_s_m - world.route_s_m
    roll(world, 0.0, 1.0)
    assert walker.speed_mps == pytest.approx(2.0)
    roll(world, 0.0, 20.0, until=lambda: len(world.cast) == 0)
    return left


def test_a_walker_comes_out_from_behind_an_object_and_crosses_the_whole_road(lonely, roll) -> None:
    world = lonely("DynamicObjectCrossing", 0)
    scenario = world.scenarios[0]
    blocker, walker = world.cast.actors
    at = scenario.trigger_s_m + float(scenario.spec.parameters["distance"]["value"])
    s, off = world.route_line.project(blocker.pose.position_m)
    assert (blocker.kind, walker.kind) == (BodyKind.CONTAINER, BodyKind.WALKER)
    assert s == pytest.approx(at, abs=0.3)
    assert -off == pytest.approx(scenario.around.sidewalk(at), abs=0.2)
    begin = walker.pose.position_m
    assert world.route_line.project(begin)[0] - s == pytest.approx(0.5 * blocker.size[0] + 0.5, abs=0.2)

    angle = math.floor(float(scenario.spec.parameters["crossing_angle"]["value"]) / 5.0)
    left = _walk(world, roll, blocker, walker)
    assert left == pytest.approx(8.0 * (2.1 + 0.1 * angle), abs=1.3)
    way = float(np.hypot(*(begin - world.route_line.at(at))))
    assert walker.moved_m == pytest.approx(2.0 * way, abs=0.3)
    assert world.route_line.project(walker.pose.position_m)[1] > 3.0
    assert scenario.state == "running"
    roll(world, 8.0, 9.0)
    assert scenario.state == "done"
    assert not world.events


def test_who_drives_on_hits_the_walker(lonely, roll) -> None:
    world = lonely("DynamicObjectCrossing", 0)
    roll(world, 8.0, 16.0, until=lambda: bool(world.events))
    assert [e.kind.name for e in world.events] == ["COLLISION_WALKER"]


def test_a_walker_comes_out_from_before_a_parked_car(lonely, roll) -> None:
    world = lonely("ParkingCrossingPedestrian", 1)
    scenario = world.scenarios[0]
    blocker, walker = world.cast.actors
    parking, _ = scenario.around.parking(scenario._meet_s_m)
    assert blocker.kind is BodyKind.CAR
    for actor in (blocker, walker):
        assert -world.route_line.project(actor.pose.position_m)[1] == pytest.approx(parking, abs=0.25)
    assert float(np.hypot(*(walker.pose.position_m - blocker.pose.position_m))) == pytest.approx(2.75, abs=0.1)
    assert _walk(world, roll, blocker, walker) == pytest.approx(8.0 * 2.15, abs=1.3)
    assert walker.moved_m == pytest.approx(8.0, abs=0.2)
    assert not world.events
