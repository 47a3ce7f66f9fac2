"""VehicleTurningRoute and VehicleTurningRoutePedestrian: across the road behind the turn."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios import SCENARIOS

CASES = {"VehicleTurningRoute": (18, BodyKind.BICYCLE, 11.0, 1.8),
         "VehicleTurningRoutePedestrian": (22, BodyKind.WALKER, 0.5, 2.2)}


@pytest.mark.parametrize("kind", CASES)
def test_somebody_steps_off_the_right_sidewalk_when_the_ego_is_near_in_time(lonely, roll, kind):
    seed, body, behind_m, arrival_s = CASES[kind]
    world = lonely(kind, seed)
    scenario = world.scenarios[0]
    way = scenario.around.junction_after(scenario.trigger_s_m)
    roll(world, 5.0, 20.0, until=lambda: scenario.state == "running")
    assert 20.0 < way.begin_m - world.route_s_m < 45.0
    (actor,) = world.cast.actors
    line = world.route_line
    begin = actor.pose
    s, off = line.project(begin.position_m, way.end_m - 5.0, way.end_m + 25.0)
    assert actor.kind is body
    assert s == pytest.approx(way.end_m + behind_m, abs=0.5) and -6.0 < off < -3.0
    side = np.array([-np.sin(line.yaw_at(s)), np.cos(line.yaw_at(s))])
    assert begin.forward @ side > 0.99
    meet = scenario.on_route(way.end_m + behind_m).position_m
    roll(world, 5.0, 20.0, until=lambda: actor.speed_mps > 0.0)
    gap = float(np.hypot(*(world.ego.pose_map_to_ego.position_m - meet)))
    assert gap == pytest.approx(max(6.0, arrival_s * world.ego.speed_mps), abs=0.6)
    roll(world, 0.0, 2.0)
    assert actor.moved_m == pytest.approx(2.0 * 1.8, abs=0.2) and actor.speed_mps == pytest.approx(1.8)
    length = actor.moved_m + actor.left_m
    assert length == pytest.approx(-2.0 * off, abs=0.1) if kind == "VehicleTurningRoute" else length > -off + 4.0
    roll(world, 0.0, 10.0, until=lambda: len(world.cast) == 0)
    assert len(world.cast) == 0 and scenario.state == "running"


def test_nothing_stands_in_its_way(lonely):
    scenario = lonely("VehicleTurningRoute", 18).scenarios[0]
    places = np.array([p for p, _ in scenario.keep_clear()])
    begin, length_m = scenario._crossing()
    assert np.hypot(*(places[0] - begin.position_m)) < 0.1
    assert np.hypot(*(places[-1] - begin.position_m)) > length_m - 2.0
    assert np.max(np.hypot(*np.diff(places, axis=0).T)) <= 2.01


def test_a_walker_comes_from_the_left_after_a_right_turn(lonely):
    world = lonely("VehicleTurningRoute", 18)
    scenario = world.scenarios[0]
    turn = world.scenarios[0].around.junction_after(scenario.trigger_s_m)
    bend = world.route_line.yaw_at(turn.end_m) - world.route_line.yaw_at(turn.begin_m)
    walker = SCENARIOS["VehicleTurningRoutePedestrian"](world, scenario.spec)
    off = world.route_line.project(walker._crossing()[0].position_m, turn.end_m - 5.0, turn.end_m + 9.0)[1]
    assert (off < -2.0) == (np.arctan2(np.sin(bend), np.cos(bend)) > 0.0)
