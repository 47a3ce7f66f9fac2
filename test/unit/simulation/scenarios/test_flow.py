"""Flow: gaps, speed, who is heeded."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.flow import Flow

FAR = np.array([5000.0, 5000.0])


def _straight(length_m=200.0):
    return Polyline(FAR + np.stack([np.arange(0.0, length_m + 1.0), np.zeros(int(length_m) + 1)], axis=1))


def _run(world, flow, seconds):
    for _ in range(round(20 * seconds)):
        flow.step()
        world.cast.step(world.tick, world.ego_box())
    return flow


@pytest.fixture
def stage(lonely):
    return lonely("CrossingBicycleFlow", 13)


def test_a_filled_flow_is_all_over_its_path_at_once_with_the_gaps_that_were_asked_for(stage):
    flow = _run(stage, Flow(stage.scenarios[0], _straight(), 10.0, (15.0, 25.0)), 0.05)
    s = np.sort([c.s_m for c in flow.cars])
    assert s[0] < 30.0 and s[-1] > 160.0
    assert np.all((np.diff(s) - 4.5 >= 14.9) & (np.diff(s) - 4.5 <= 25.6))


def test_a_flow_that_is_not_filled_begins_at_its_source_and_its_cars_vanish_at_the_sink(stage):
    flow = Flow(stage.scenarios[0], _straight(100.0), 10.0, (15.0, 25.0), filled=False)
    _run(stage, flow, 0.05)
    assert [c.s_m for c in flow.cars] == pytest.approx([0.5], abs=0.1)
    first = flow.cars[0]
    _run(stage, flow, 9.8)
    assert first.s_m == pytest.approx(98.5, abs=0.6)
    _run(stage, flow, 0.5)
    assert first not in flow.cars and first not in stage.cast.actors and len(flow.cars) >= 3


def test_of_three_gaps_in_a_row_one_is_wide_and_a_dense_flow_begins_with_narrow_ones(stage):
    flow = Flow(stage.scenarios[0], _straight(400.0), 10.0, (10.0, 40.0), thirds=True, dense=True)
    _run(stage, flow, 0.05)
    s = np.sort([c.s_m for c in flow.cars])
    assert np.all(np.diff(s) - 4.5 <= 20.6)
    gaps = [flow._gap() for _ in range(9)]
    assert all(sum(g >= 30.0 for g in gaps[i : i + 3]) == 1 for i in (0, 3, 6))


def test_it_is_slower_in_a_bend_and_brakes_in_time_before_it(stage):
    a = np.linspace(-np.pi / 2.0, 0.0, 40)
    bend = np.stack([60.0 + 8.0 * np.cos(a), 8.0 + 8.0 * np.sin(a)], axis=1)
    path = Polyline(FAR + np.concatenate([np.stack([np.arange(0.0, 60.0), np.zeros(60)], axis=1), bend]))
    flow = Flow(stage.scenarios[0], path, 12.0, (300.0, 301.0), filled=False)
    _run(stage, flow, 0.05)
    car, seen = flow.cars[0], []
    for _ in range(200):
        _run(stage, flow, 0.05)
        seen.append((car.s_m, car.speed_mps))
    inside = [v for s, v in seen if 62.0 < s < 70.0]
    assert max(inside) < 1.15 * np.sqrt(2.5 * 8.0)
    assert max(v for s, v in seen if s < 30.0) == pytest.approx(12.0, abs=0.1)


def test_cars_with_the_right_of_way_brake_for_an_ego_that_stands_but_not_for_one_that_cuts_across(stage, roll):
    roll(stage, 6.0, 3.0)
    pose = stage.ego.pose_map_to_ego
    across = np.array([-pose.forward[1], pose.forward[0]])
    path = Polyline(pose.position_m + np.arange(-60.0, 41.0)[:, None] * across)
    for priority in (True, False):
        flow = _run(stage, Flow(stage.scenarios[0], path, 10.0, (300.0, 301.0), filled=False, priority=priority), 5.0)
        (car,) = flow.cars
        assert car.heeds is not priority
        assert (car.speed_mps < 9.9) is not priority
        flow.clear()
    assert len(stage.cast) == 0
    roll(stage, 0.0, 3.0)
    flow = Flow(stage.scenarios[0], path, 10.0, (300.0, 301.0), filled=False, priority=True)
    assert _run(stage, flow, 1.0).cars[0].heeds


def test_nobody_is_put_where_somebody_stands(stage):
    x, y = stage.ego.pose_map_to_ego.position_m
    path = Polyline(np.stack([x + np.arange(-4.0, 97.0), np.full(101, y)], axis=1))
    flow = Flow(stage.scenarios[0], path, 10.0, (15.0, 25.0), BodyKind.BICYCLE, filled=False)
    assert _run(stage, flow, 1.0).cars == []


def test_who_does_not_get_on_for_ten_seconds_vanishes(stage, roll):
    at = stage.ego.pose_map_to_ego.position_m
    path = Polyline(at + np.stack([np.arange(-30.0, 31.0), np.zeros(61)], axis=1))
    flow = Flow(stage.scenarios[0], path, 10.0, (300.0, 301.0), filled=False)
    flow.step()
    (car,) = flow.cars
    stood = 0
    while car in flow.cars and stage.tick < 400:
        roll(stage, 0.0, 0.05)
        flow.step()
        stood += car.speed_mps < 0.1
    assert car not in flow.cars and 150 < stood < 260


def test_when_the_incident_is_over_nobody_new_comes_and_all_are_gone_in_the_end(stage):
    flow = Flow(stage.scenarios[0], _straight(100.0), 10.0, (15.0, 25.0))

    def nothing():
        for _ in range(20):
            yield

    ids = set()
    for n, _ in enumerate(flow.during(nothing())):
        stage.cast.step(n, stage.ego_box())
        if n == 20:
            ids = {c.id for c in flow.cars}
        assert n <= 20 or {c.id for c in flow.cars} <= ids
    assert ids and flow.cars == [] and len(stage.cast) == 0
