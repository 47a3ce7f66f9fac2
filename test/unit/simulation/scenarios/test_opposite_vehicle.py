"""OppositeVehicleTakingPriority and OppositeVehicleRunningRedLight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.events import EventKind
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios import SCENARIOS

CASES = [("OppositeVehicleTakingPriority", 19), ("OppositeVehicleRunningRedLight", 6)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_an_ambulance_waits_thirty_metres_before_the_junction_and_crosses_at_sixty(lonely, roll, kind, seed):
    world = lonely(kind, seed)
    scenario = world.scenarios[0]
    assert len(world.cast) == 0
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    (actor,) = world.cast.actors
    way, passage = scenario._way, scenario._passage
    roll(world, 7.0, 0.1)
    for light in (s for s in world.map.signals if s.kind == "light" and s.junction_id == passage.junction_id):
        own = light.approach == passage.signal.approach
        assert world.light_states[light.id] is (LightState.GREEN if own else LightState.RED)
    assert actor.kind is BodyKind.EMERGENCY and way.side == scenario.word("direction", "")
    entry = world.map.lanes[way.lanes[0]].center.points_N2[0]
    assert np.hypot(*(actor.pose.position_m - entry)) == pytest.approx(30.0, abs=2.0)
    meet = scenario._meet(way)
    assert np.hypot(*(meet - scenario.around.crossing(way, scenario._passage))) < 14.0
    roll(world, 7.0, 12.0, until=lambda: actor.speed_mps > 0.0)
    gap = float(np.hypot(*(world.ego.pose_map_to_ego.position_m - meet)))
    assert gap == pytest.approx(max(12.0, 2.2 * world.ego.speed_mps), abs=1.0)
    assert actor.speed_mps == pytest.approx(60.0 / 3.6, abs=0.01) and not actor.heeds
    begin, length = world.tick, actor.left_m
    roll(world, 0.0, 8.0, until=lambda: len(world.cast) == 0)
    assert (world.tick - begin) * 0.05 == pytest.approx(length / (60.0 / 3.6), abs=0.3)
    assert scenario.state == "running"  # until the ego is over
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "done")
    assert world.route_s_m == pytest.approx(scenario._passage.end_m, abs=1.0)
    assert EventKind.COLLISION_VEHICLE not in {e.kind for e in world.events}


def test_who_drives_on_without_looking_is_hit(lonely, roll):
    world = lonely("OppositeVehicleTakingPriority", 3)
    scenario = world.scenarios[0]
    roll(world, 8.0, 20.0, until=lambda: bool(world.events) or scenario.state == "done")
    assert EventKind.COLLISION_VEHICLE in {e.kind for e in world.events}


def test_from_the_opposite_arm_the_place_is_where_the_ways_come_nearest(lonely):
    world = lonely("OppositeVehicleRunningRedLight", 6)
    scenario = world.scenarios[0]
    other = SCENARIOS["OppositeVehicleRunningRedLight"](
        world, replace(scenario.spec, parameters={"direction": {"value": "opposite"}}))
    other.prepare()
    ways = {w.side for w in other.around.ways(other._passage)}
    assert other._way.side == "opposite" if "opposite" in ways else other._way.side != "own"
    if other._way.side == "opposite":
        assert np.array_equal(other._meet(other._way), other.around.crossing(other._way, other._passage))
