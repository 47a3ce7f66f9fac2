"""CrossingBicycleFlow: cyclists along the oncoming road."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios import SCENARIOS


def test_bicycles_ride_at_the_edge_of_the_oncoming_road_and_heed_nobody(lonely, roll):
    world = lonely("CrossingBicycleFlow", 13)
    scenario = world.scenarios[0]
    roll(world, 8.0, 12.0, until=lambda: scenario.state == "running")
    assert 25.0 < scenario._passage.begin_m - world.route_s_m < 50.0
    roll(world, 0.0, 1.0)
    riders = world.cast.actors
    speed = scenario.number("flow_speed", 0.0)
    assert len(riders) >= 2 and 6.0 <= speed <= 9.0
    assert all(r.kind is BodyKind.BICYCLE and not r.heeds for r in riders)
    assert max(r.speed_mps for r in riders) == np.float64(speed)
    low, high = scenario.interval("source_dist_interval", (0.0, 0.0))
    s = np.sort([r.s_m for r in riders])
    assert low + 1.5 <= min(np.diff(s)) and max(np.diff(s)) <= high + 2.5
    path = scenario._path()
    line = world.route_line
    start = scenario.location("start_actor_flow")
    assert np.hypot(*(path.at(0.0) - start)) < 0.3
    ahead, left = scenario.on_route(scenario._passage.begin_m - 1.0).inverse_apply(start[None])[0]
    assert ahead > 30.0 and left > 2.5
    crossed = [line.project(path.at(float(m)))[1] for m in np.arange(0.0, path.length_m, 1.0)]
    assert min(crossed) < 0.5 < max(crossed)
    ego = world.ego.pose_map_to_ego
    assert float(ego.forward @ riders[0].pose.forward) < -0.5


def test_without_locations_they_take_the_same_way_and_far_from_any_road_a_straight_one(lonely):
    world = lonely("CrossingBicycleFlow", 13)
    scenario = world.scenarios[0]
    cls = SCENARIOS["CrossingBicycleFlow"]
    known = scenario._path()
    bare = cls(world, replace(scenario.spec, parameters={}))
    path = bare._path()
    assert max(abs(path.project(known.at(float(m)))[1]) for m in np.arange(0.0, known.length_m - 1.0, 5.0)) < 0.4
    away = {f"{which}_actor_flow": {"x": x, "y": "-900", "z": "0"} for which, x in (("start", "900"), ("end", "960"))}
    lost = cls(world, replace(scenario.spec, parameters=away))._path()
    assert np.allclose(lost.points_N2, [[900.0, 900.0], [960.0, 900.0]])
