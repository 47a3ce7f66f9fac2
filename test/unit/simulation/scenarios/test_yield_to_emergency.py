"""The ambulance that comes up from behind."""

from __future__ import annotations

import pytest

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.events import EventKind

KIND = "YieldToEmergencyVehicle"


def _ahead_of(car, world):
    """How far (m) the ego is before the ambulance."""
    return -float(world.ego.pose_map_to_ego.inverse_apply(car.pose.position_m[None])[0, 0])


def test_appears_behind_and_an_ego_that_keeps_its_lane_is_pushed_but_not_hit_and_has_not_yielded(lonely, roll):
    world = lonely(KIND, 2)
    assert len(world.cast) == 0
    scenario = world.scenarios[0]
    roll(world, 8.0, 10.0, until=lambda: len(world.cast) > 0)
    assert scenario.state == "running"
    (car,) = world.cast.actors
    assert car.kind is BodyKind.EMERGENCY
    assert 0.8 * scenario.number("distance", 0.0) < _ahead_of(car, world) < scenario.number("distance", 0.0) + 4.0
    begin, gaps = world.tick, []

    def watch() -> bool:
        if world.cast.actors:
            gaps.append(_ahead_of(car, world))
        return scenario.state == "done"

    roll(world, 8.0, 15.0, until=watch)
    assert (world.tick - begin) == pytest.approx(200, abs=3)
    assert 4.0 < min(gaps) < 12.0
    assert [e.kind for e in world.events] == [EventKind.YIELD_EMERGENCY]


def test_passes_an_ego_that_makes_room_and_nothing_is_noted(lonely, roll):
    world = lonely(KIND, 3)
    scenario = world.scenarios[0]
    side = 3.5 if scenario.around.same_way(scenario.trigger_s_m + 20.0, True) is not None else -3.5
    start = scenario.trigger_s_m + 10.0
    roll(world, 7.0, 30.0, until=lambda: scenario.state == "done",
         left_m=lambda s: side * min(1.0, max(0.0, (s - start) / 22.0)))
    assert scenario.state == "done"
    assert not world.events
