"""The listener beside a drive: it hears a report when its lag is over, and changes nothing in the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.drivers import DriverSettings, make_driver
from automot_ros.evaluation.hazard_watch import HazardWatch
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.sensing import SensorTick
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.world import World

TICKS = 240
NOTHING = np.zeros((1, 1, 1, 1), np.float32)


class Speaker:
    """The expert drives; every quarter of a second somebody says `text`, or what the expert would report then."""

    heard: dict
    poses: list

    def __init__(self, text: str | None, lag_s: float) -> None:
        self.world = World(task_of("PedestrianCrossing", 1_000_003))
        self.watch, self.teacher, self.text = HazardWatch(self.world, lag_s), Expert(self.world), text

    def drive(self, ticks: int = TICKS) -> dict:
        world, poses = self.world, []
        driver, _ = make_driver(DriverSettings("expert"), world)
        driver.observe_route(world.route)
        for _ in range(ticks):
            text = self.teacher.plan(only_seen=True).report if self.text is None else self.text
            stamp_ns, due = world.stamp_ns, world.tick % 5 == 0
            telemetry: Telemetry = driver.step(SensorTick.odometry_only(world.ego))
            world.step(telemetry.command)
            pose = world.ego.pose_map_to_ego
            context = AttentionContext(stamp_ns, 1, world.tick, "", NOTHING, NOTHING, 1, pose, text)
            self.watch(world, replace(telemetry, context=context if due else None))
            poses.append(pose)
        self.poses = poses
        return self.watch.as_json()


@pytest.fixture(scope="module")
def prompt() -> Speaker:
    speaker = Speaker(None, 0.0)
    speaker.heard = speaker.drive()
    return speaker


def test_who_says_what_the_expert_says_names_every_hazard(prompt) -> None:
    met = prompt.heard["encounters"]
    assert {e["hazard"] for e in met} >= {"walker", "light"}
    assert all(e["in_time"] for e in met)
    assert max(e["named_s"] - e["at_s"] for e in met) <= 0.5
    assert prompt.heard["looks"] == TICKS // 5


def test_a_report_counts_from_when_it_is_out(prompt) -> None:
    late = Speaker(None, 1.5).drive()["encounters"]
    for a, b in zip(prompt.heard["encounters"], late, strict=True):
        assert (a["hazard"], a["at_s"]) == (b["hazard"], b["at_s"])
        assert b["named_s"] is None or b["named_s"] - b["at_s"] >= 1.25
    assert any(not e["in_time"] for e in late), "the walker is answered to before the words are out"


def test_text_that_is_no_report_names_nothing_and_the_watch_moves_nobody(prompt) -> None:
    speaker = Speaker("a walker crosses", 0.0)
    found = speaker.drive(100)
    assert found["agreed"] == 0
    assert all(e["named_s"] is None for e in found["encounters"])
    world = World(task_of("PedestrianCrossing", 1_000_003))
    driver, _ = make_driver(DriverSettings("expert"), world)
    driver.observe_route(world.route)
    for pose in speaker.poses:
        world.step(driver.step(SensorTick.odometry_only(world.ego)).command)
        assert world.ego.pose_map_to_ego == pose
