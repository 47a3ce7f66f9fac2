"""T_Junction and the Vanilla turns: nothing but lights, signs and the usual traffic."""

from __future__ import annotations

import pytest

from automot_ros.simulation.events import EventKind
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.scenarios import SCENARIOS
from automot_ros.simulation.scenarios.drawing import scenario_task

CLASSES = {"T_Junction": 10, "VanillaNonSignalizedTurn": 8, "VanillaNonSignalizedTurnEncounterStopsign": 16,
           "VanillaSignalizedTurnEncounterGreenLight": 8, "VanillaSignalizedTurnEncounterRedLight": 6}
CONTROLS = {"VanillaNonSignalizedTurn": ("none", "yield"), "VanillaNonSignalizedTurnEncounterStopsign": ("stop",),
            "VanillaSignalizedTurnEncounterGreenLight": ("light",),
            "VanillaSignalizedTurnEncounterRedLight": ("light",)}


@pytest.mark.parametrize("kind", ["T_Junction", "VanillaNonSignalizedTurn",
                                  "VanillaNonSignalizedTurnEncounterStopsign"])
def test_the_ego_turns_at_a_junction_of_the_kind_and_nobody_is_staged(lonely, roll, kind):
    world = lonely(kind, CLASSES[kind])
    scenario = world.scenarios[0]
    way = scenario.around.junction_after(scenario.trigger_s_m)
    held = "none" if way.signal is None else way.signal.kind
    assert held in CONTROLS.get(kind, (held,))
    bend = world.route_line.yaw_at(way.end_m) - world.route_line.yaw_at(way.begin_m)
    assert 0.6 < abs(bend) % 6.2832 < 5.7
    if kind == "T_Junction":
        assert len({w.side for w in scenario.around.ways(way)}) == 3
    roll(world, 8.0, 30.0, until=lambda: scenario.state == "done")
    assert scenario.state == "done" and len(world.cast) == 0
    assert world.route_s_m > way.end_m + 9.5


def test_traffic_is_on_such_a_drive():
    task = scenario_task(SCENARIOS["VanillaNonSignalizedTurn"], 8)
    assert task.traffic.vehicles >= 8
    assert not task.scenarios[0].parameters


def _lights(world):
    scenario = world.scenarios[0]
    own = scenario._passage.signal
    rest = [s.id for s in world.map.signals if s.kind == "light" and s.junction_id == scenario._passage.junction_id
            and s.approach != own.approach]
    return own.id, rest


def test_the_light_is_green_for_the_ego_until_it_is_over_the_line_and_red_for_everybody_afterwards(lonely, roll):
    world = lonely("VanillaSignalizedTurnEncounterGreenLight", 8)
    scenario = world.scenarios[0]
    own, rest = _lights(world)
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    seen = set()

    def over() -> bool:
        roll(world, 8.0, 0.05)
        seen.add(world.light_states[own])
        return world.route_s_m > scenario._passage.begin_m

    roll(world, 8.0, 10.0, until=over)
    assert seen == {LightState.GREEN}
    assert all(world.light_states[i] is LightState.RED for i in rest)
    roll(world, 6.0, 2.0)
    assert world.light_states[own] is LightState.RED
    assert all(e.kind is not EventKind.RED_LIGHT for e in world.events)


def test_the_light_is_red_when_the_ego_arrives_and_green_five_seconds_later(lonely, roll):
    world = lonely("VanillaSignalizedTurnEncounterRedLight", 6)
    scenario = world.scenarios[0]
    own, rest = _lights(world)
    near = scenario._passage.stop_m - 12.0 - 0.5 * world.vehicle.length_m
    roll(world, 8.0, 20.0, until=lambda: world.route_s_m >= near)
    assert world.light_states[own] is LightState.RED
    begin = world.tick
    roll(world, 0.0, 9.0, until=lambda: world.light_states[own] is LightState.GREEN)
    assert (world.tick - begin) * 0.05 == pytest.approx(5.0, abs=0.15)
    assert world.route_s_m < scenario._passage.stop_m
    assert all(world.light_states[i] is LightState.RED for i in rest)
