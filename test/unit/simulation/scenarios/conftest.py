"""Scenario drives without background traffic, and a driver that keeps to the route and looks at nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from automot_ros.scene.actors import Boxes
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation import world as world_module
from automot_ros.simulation.scenarios import SCENARIOS
from automot_ros.simulation.scenarios.drawing import scenario_task
from automot_ros.simulation.tasks import DriveTask, TrafficConfig
from automot_ros.simulation.world import World

Roll = Callable[..., World]


@lru_cache(maxsize=64)
def _task(kind: str, seed: int) -> DriveTask:
    return replace(scenario_task(SCENARIOS[kind], seed), traffic=TrafficConfig(vehicles=0, parked=0, walkers=0))


@pytest.fixture
def lonely(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], World]:
    """A world of a scenario class and a seed with nobody but its cast, and no scenery: that takes most of the time."""
    monkeypatch.setattr(world_module, "build_scenery", lambda *args: Boxes.empty())
    return lambda kind, seed: World(_task(kind, seed))


@pytest.fixture
def roll() -> Roll:
    """Drive along the route (or `left_m(s)` metres beside it) at a speed, until something holds or a time is over."""

    def drive(world: World, speed_mps: float, seconds: float, until: Callable[[], bool] = lambda: False,
              left_m: Callable[[float], float] = lambda s: 0.0) -> World:
        for _ in range(round(20 * seconds)):
            if until():
                break
            v, s = world.ego.speed_mps, world.route_s_m + max(3.0, 0.8 * world.ego.speed_mps)
            yaw = world.route_line.yaw_at(s)
            goal = world.route_line.at(s) + left_m(s) * np.array([-np.sin(yaw), np.cos(yaw)])
            x, y = world.ego.pose_map_to_ego.inverse_apply(goal[None])[0]
            pedal = (speed_mps - v) / 0.5
            throttle, brake = np.clip(pedal / 3.0, 0.0, 1.0), np.clip(-pedal / 5.0, 0.0, 1.0)
            world.step(DriveCommand.of(world.stamp_ns, float(throttle), float(brake),
                                       world.vehicle.steer_of(2.0 * y / max(x * x + y * y, 1.0))))
        return world

    return drive
