"""Flows at junctions: entering one, crossing one, crossing one and entering another."""

from __future__ import annotations

import numpy as np
import pytest


def _heading(world, path, s_m):
    way = world.scenarios[0].around.junction_after(world.scenarios[0].trigger_s_m)
    own = world.route_line.yaw_at(way.begin_m - 1.0)
    return (path.yaw_at(s_m) - own + np.pi) % (2 * np.pi) - np.pi


def test_enter_the_flow_comes_from_the_left_on_every_lane_and_joins_the_route(lonely):
    world = lonely("EnterActorFlow", 1)
    scenario = world.scenarios[0]
    paths = scenario.paths()
    rows = [scenario._row(scenario.location(tag)) for tag in ("start_actor_flow", "end_actor_flow")]
    assert len(paths) == min(map(len, rows)) and max(map(len, rows)) > 1
    assert _heading(world, paths[0], 30.0) == pytest.approx(-np.pi / 2.0, abs=0.7)
    assert abs(world.route_line.project(paths[0].at(paths[0].length_m))[1]) < 1.0


def test_interurban_the_flow_comes_towards_an_ego_that_turns_left(lonely):
    world = lonely("InterurbanActorFlow", 1)
    (path,) = world.scenarios[0].paths()
    assert abs(_heading(world, path, 20.0)) > 2.2
    way = world.scenarios[0].around.junction_after(world.scenarios[0].trigger_s_m)
    assert (world.route_line.yaw_at(way.end_m) - world.route_line.yaw_at(way.begin_m)) > 0.6
    inside = world.route_line.at(np.arange(way.begin_m, way.end_m, 0.5))
    assert min(abs(path.project(p)[1]) for p in inside) < 0.6


def test_interurban_advanced_the_ego_crosses_the_one_flow_and_ends_on_the_other(lonely):
    world = lonely("InterurbanAdvancedActorFlow", 0)
    first, second = world.scenarios[0].paths()
    assert _heading(world, first, 25.0) == pytest.approx(-np.pi / 2.0, abs=0.9)
    assert abs(second.project(first.at(first.length_m))[1]) == pytest.approx(3.5, abs=1.0)
    end = world.route_line.at(world.route_line.length_m - 30.0)
    assert abs(second.project(end)[1]) < 0.6 or second.project(end)[0] > second.length_m - 1.0


def test_flows_run_from_the_trigger_until_the_ego_has_turned_and_then_nobody_new_comes(lonely, roll):
    world = lonely("InterurbanActorFlow", 0)
    scenario = world.scenarios[0]
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    roll(world, 0.0, 14.0)
    assert len(scenario.flows[0].cars) >= 1
    speeds = [c.speed_mps for c in scenario.flows[0].cars]
    assert max(speeds) <= scenario.number("flow_speed", 0.0) + 0.1
    way = scenario.around.junction_after(scenario.trigger_s_m)
    roll(world, 7.0, 40.0, until=lambda: world.route_s_m > way.end_m + 3.0)
    newest = max((c.id for c in scenario.flows[0].cars), default=0)
    roll(world, 0.0, 12.0)
    assert max((c.id for c in scenario.flows[0].cars), default=0) <= newest
