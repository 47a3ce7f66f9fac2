"""A world of stamps only, and policies that record what they were shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import CameraFrame, EgoState, PointCloud, SensorTick

TICK_NS = 50_000_000


@dataclass
class FakeUnderstanding:
    """Writes the tick into the context's text."""

    seen: list[UnderstandingObservation] = field(default_factory=list)
    model_hash: str = "m"

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        self.seen.append(obs)
        nothing = np.zeros((1, 1, 1, 1), np.float32)
        return AttentionContext(obs.stamp_ns, epoch, sequence, self.model_hash, nothing, nothing, 1, pose,
                                f"tick {obs.stamp_ns // TICK_NS}")


@dataclass
class FakeAction:
    """Straight on at 4 m/s."""

    seen: list[ActionObservation] = field(default_factory=list)

    def act(self, obs: ActionObservation) -> Draft:
        self.seen.append(obs)
        along = np.stack([2.0 * np.arange(1, 7), np.zeros(6)], 1).astype(np.float32)
        route = np.stack([np.arange(1.0, 21.0), np.zeros(20)], 1).astype(np.float32)
        decision = Decision(np.full((3, 4), 0.25, np.float32), np.full((3, 5), 0.2, np.float32))
        return Draft(obs.ego, along, route, np.full(3, 4.0, np.float32), decision, np.zeros((8, 1), np.float32),
                     np.zeros((64, 1), np.float32), obs.context.epoch, obs.context.sequence, obs.context_age_s)


@dataclass
class FakeRefiner:
    """Adds `shift` to what it is given."""

    shift: float = 0.0

    def refine(self, draft: Draft) -> tuple[np.ndarray, np.ndarray]:
        return draft.waypoints_62 + np.float32(self.shift), draft.route_202


@pytest.fixture
def understanding() -> FakeUnderstanding:
    return FakeUnderstanding()


@pytest.fixture
def action() -> FakeAction:
    return FakeAction()


@pytest.fixture
def make_refiner() -> Callable[..., FakeRefiner]:
    return FakeRefiner


@pytest.fixture
def route() -> Route:
    return Route(0, np.stack([np.arange(0.0, 200.0), np.zeros(200)], 1))


@pytest.fixture
def make_tick() -> Callable[..., SensorTick]:
    """(tick number, pose, speed): images and points carry the number, so that tests can tell them apart."""

    def make(k: int, x: float | None = None, yaw: float = 0.0, speed: float = 4.0) -> SensorTick:
        stamp = k * TICK_NS
        pose = Pose2(0.2 * k if x is None else x, 0.0, yaw)
        image = np.full((256, 512, 3), k % 256, np.uint8)
        points = np.array([[50.0, 0.0, -1.0, float(k)]], np.float32)
        return SensorTick(stamp, EgoState(stamp, pose, speed), (CameraFrame(stamp, "rgb_front", image),),
                          PointCloud(stamp, points))

    return make
