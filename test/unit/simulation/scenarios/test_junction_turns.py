"""Turns over or into a flow of cars."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios.arms import way_between
from automot_ros.simulation.scenarios.flow import Flow

CLASSES = {"NonSignalizedJunctionLeftTurn": 14, "SignalizedJunctionLeftTurn": 15, "SignalizedJunctionRightTurn": 9,
           "NonSignalizedJunctionLeftTurnEnterFlow": 7, "SignalizedJunctionLeftTurnEnterFlow": 21,
           "NonSignalizedJunctionRightTurn": 15}


def _begun(lonely, roll, kind, seed):
    world = lonely(kind, seed)
    assert len(world.cast) == 0
    scenario = world.scenarios[0]
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    assert 25.0 < scenario._passage.begin_m - world.route_s_m < 50.0
    return world, scenario


@pytest.mark.parametrize("kind", CLASSES)
def test_cars_come_from_the_right_arm_with_gaps_and_speed_as_the_file_says(lonely, roll, kind):
    world, scenario = _begun(lonely, roll, kind, CLASSES[kind])
    roll(world, 0.0, 1.0)
    cars = [c for c in world.cast.actors if c.s_m < c.left_m]
    low, high = scenario.interval("source_dist_interval", (0.0, 0.0))
    s = np.sort([c.s_m for c in world.cast.actors])
    assert len(cars) >= 1 and len(s) >= 2
    assert low + 3.0 <= min(np.diff(s)) and max(np.diff(s)) <= high + 6.0
    speed = scenario.number("flow_speed", 0.0)
    assert 8.0 <= speed <= 12.0 and max(c.speed_mps for c in cars) == pytest.approx(speed, abs=0.3)
    own = world.route_line.yaw_at(scenario._passage.begin_m)
    way = scenario._way
    begin = world.map.lanes[way.lanes[0]].center.yaw_at(0.0)
    assert way.side == ("left" if "RightTurn" in kind else "opposite")
    assert np.cos(wrap_angle(begin - own) - (-np.pi / 2.0 if "RightTurn" in kind else np.pi)) > 0.6
    turned = world.route_line.yaw_at(scenario._passage.end_m) - own
    assert (wrap_angle(turned) < -0.6) if "RightTurn" in kind else (wrap_angle(turned) > 0.6)
    assert scenario.around.conflicting(way, scenario._passage)
    assert {way.entry, *way.lanes, way.exit} <= scenario.closed_lanes()
    gap = world.map.lanes[way.exit].center.points_N2[0] - world.route_line.at(scenario._passage.end_m)
    assert (float(np.hypot(*gap)) < 6.0) == ("RightTurn" in kind or "EnterFlow" in kind)
    if kind.startswith("Signalized"):
        _check_lights(world, scenario, roll)


def _check_lights(world, scenario, roll):
    """Green for the flow all the time, for the ego 5 s after the trigger (one of them is over)."""
    lights = [s for s in world.map.signals if s.kind == "light" and s.junction_id == scenario._passage.junction_id]
    mine = {s.id for s in lights if set(s.lanes) & set(scenario._passage.lanes)}
    flows = {s.id for s in lights if set(s.lanes) & set(scenario._way.lanes)}
    assert mine and flows and not mine & flows
    assert all((world.light_states[s.id] is LightState.GREEN) == (s.id in flows) for s in lights)
    begin = world.tick
    roll(world, 0.0, 6.0, until=lambda: world.light_states[min(mine)] is LightState.GREEN)
    assert (world.tick - begin) * 0.05 == pytest.approx(4.0, abs=0.2)
    assert all((world.light_states[s.id] is LightState.GREEN) == (s.id in mine | flows) for s in lights)


def test_who_waits_at_the_line_gets_a_gap_of_six_seconds_within_forty(lonely, roll):
    world, scenario = _begun(lonely, roll, "NonSignalizedJunctionLeftTurn", 14)
    at = scenario.around.crossing(scenario._way, scenario._passage)
    speed = scenario.number("flow_speed", 0.0)
    flow = Flow(scenario, way_between(scenario.around, scenario._way, 8.0 * speed, 2.5 * speed)[0], speed,
                scenario.interval("source_dist_interval", (0.0, 0.0)), thirds=True, priority=True, dense=True)
    free_s = []
    for tick in range(800):
        flow.step()
        world.cast.step(tick, world.ego_box())
        coming = [float((at - c.pose.position_m) @ c.pose.forward) for c in flow.cars]
        free_s.append(min((d for d in coming if d > -4.0), default=8.0 * speed) / speed)
    assert max(free_s) >= 6.0
    assert min(free_s[:100]) < 1.0 and max(free_s[:60]) < 6.0


def test_it_is_over_ten_metres_behind_the_junction_and_then_the_flow_dries_up(lonely, roll):
    world = lonely("NonSignalizedJunctionLeftTurn", 14)
    scenario = world.scenarios[0]
    scenario.trigger_s_m = 1e6
    for _ in scenario._until_over():
        roll(world, 9.0, 0.05)
        assert world.tick < 1200
    assert world.route_s_m == pytest.approx(scenario._passage.end_m + 10.0, abs=1.0)


def test_two_worlds_of_one_task_play_the_same(lonely, roll):
    a, b = (roll(lonely("SignalizedJunctionRightTurn", 9), 8.0, 8.0) for _ in range(2))
    assert np.array_equal(a.cast.boxes().xy_N2, b.cast.boxes().xy_N2)
    assert len(a.cast) > 0
