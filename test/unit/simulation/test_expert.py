"""The expert drives, stops and says why; it plans from the state alone."""

from dataclasses import replace

import numpy as np
import pytest

from automot_ros.policy.vocabulary import Report
from automot_ros.scene.decision import Longitudinal
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.expert.hazards import must_stop, stop_lines
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.tasks import TrafficConfig, plain_task
from automot_ros.simulation.world import World

EMPTY = TrafficConfig(vehicles=0, parked=0, walkers=0)


@pytest.fixture(scope="module")
def town() -> World:
    return World(replace(plain_task(3), traffic=EMPTY))


def test_a_plan_starts_at_the_car_and_its_route_points_are_a_metre_apart(town: World) -> None:
    plan = Expert(town).plan()
    steps = np.hypot(*np.diff(plan.route_202, axis=0, prepend=np.zeros((1, 2))).T)
    assert np.all(np.abs(steps - 1.0) < 0.15)
    assert np.all(np.diff(plan.waypoints_62[:, 0]) > 0.0), "an empty road and no light: it sets off"
    assert plan.longitudinal_3[0] == Longitudinal.ACCELERATE


def test_the_same_state_gives_the_same_plan_whoever_asked_before(town: World) -> None:
    first, second = Expert(town), Expert(town)
    first.plan()
    assert np.array_equal(first.plan().waypoints_62, second.plan().waypoints_62)


def test_what_the_expert_says_is_in_the_grammar_of_reports(town: World) -> None:
    assert Report.parse(Expert(town).plan().report) is not None


def test_an_offset_from_the_lane_is_driven_back_within_the_path() -> None:
    world = World(replace(plain_task(1), traffic=EMPTY))
    for _ in range(60):
        world.step(DriveCommand.of(world.stamp_ns, 0.6, 0.0, 0.0))
    for _ in range(12):
        world.step(DriveCommand.of(world.stamp_ns, 0.2, 0.0, 0.35))
    line = world.route.line()
    plan = Expert(world).plan()
    offsets = [abs(line.project(p, world.route_s_m - 5.0, world.route_s_m + 40.0)[1])
               for p in world.ego.pose_map_to_ego.apply(plan.route_202)]
    assert offsets[0] > 0.2, "the push must have moved the car"
    assert offsets[-1] < 0.2 * offsets[0]


def test_red_always_stops_and_yellow_only_where_one_can() -> None:
    assert must_stop(LightState.RED, 1.0, 10.0)
    assert must_stop(LightState.YELLOW, 30.0, 10.0)
    assert not must_stop(LightState.YELLOW, 10.0, 10.0)
    assert not must_stop(LightState.GREEN, 30.0, 1.0)


def test_stop_lines_of_a_route_are_listed_in_driving_order_and_belong_to_the_map(town: World) -> None:
    found = stop_lines(town, town.route.line())
    known = {s.id for s in town.map.signals if s.kind in ("light", "stop")}
    assert [f.s_m for f in found] == sorted(f.s_m for f in found)
    assert found
    assert {f.signal_id for f in found} <= known
