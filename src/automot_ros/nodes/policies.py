"""Which policy a node runs: the shipped model, a model folder, or a baseline. Each node loads only its own part."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from automot_ros.driving.interfaces import ActionPolicy, RefinerPolicy, UnderstandingPolicy
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.policy.baselines import ConstantSpeed, StandStill, curve_through
from automot_ros.policy.locations import model_folder
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import WAYPOINT_STEP_S, WAYPOINTS, Draft

BASELINES = ("constant-speed", "stand-still", "steady")
STEADY_MPS, STEADY_ACCELERATION_MPS2, STEADY_LATERAL_MPS2 = 7.5, 1.8, 1.2
POLICY_TEXT = "nano (shipped), a model folder, or a baseline: " + ", ".join(BASELINES)


class Silent:
    """The understanding of a baseline: a context of one zero, so that the rest of the stack runs as it always does."""

    def __init__(self, model_hash: str) -> None:
        self.model_hash = model_hash

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """Nothing seen, nothing said."""
        nothing = np.zeros((1, 1, 1, 1), np.float32)
        return AttentionContext(obs.stamp_ns, epoch, sequence, self.model_hash, nothing, nothing, 1, pose)


class Steady:
    """Follows the target points as a car can: it gathers speed, and slows down for curves. Sees nobody."""

    def act(self, obs: ActionObservation) -> Draft:
        """The draft of the constant-speed baseline with other waypoints."""
        times_s, dt = np.arange(0.0, WAYPOINTS * WAYPOINT_STEP_S + 0.05, 0.1), 0.1
        near, far = np.asarray(obs.target_points_22, np.float64)
        turn_rad = abs(wrap_angle(math.atan2(*(far - near)[::-1]) - math.atan2(near[1], near[0])))
        bend_per_m = 2.0 * turn_rad / max(float(np.hypot(*far)), 1.0)
        wanted = min(STEADY_MPS, math.sqrt(STEADY_LATERAL_MPS2 / max(bend_per_m, 1e-3)))
        speed, way_m, ways = max(0.0, obs.ego.speed_mps), 0.0, []
        for _ in times_s[1:]:
            gain = min(STEADY_ACCELERATION_MPS2, max(-STEADY_ACCELERATION_MPS2, (wanted - speed) / 0.8))
            way_m, speed = way_m + dt * (speed + 0.5 * dt * gain), speed + dt * gain
            ways.append(way_m)
        every = round(WAYPOINT_STEP_S / dt)
        at_m = np.array(ways[every - 1 :: every])
        return replace(ConstantSpeed(wanted).act(obs), waypoints_62=curve_through(obs.target_points_22, at_m),
                       speeds_3=np.full(3, speed, np.float32))


def understanding_policy(policy: str) -> tuple[UnderstandingPolicy, str]:
    """The understanding expert and its model hash."""
    if policy in BASELINES:
        return Silent(policy), policy
    from automot_ros.policy.nano import Understanding  # torch and transformers: seconds that baselines need not pay

    made = Understanding(model_folder(policy))
    return made, made.model_hash


def action_policy(policy: str, lidar_position_ego_m: tuple[float, float, float]) -> tuple[ActionPolicy, str]:
    """The action expert, for points of a LiDAR at this place, and its model hash."""
    if policy == "constant-speed":
        return ConstantSpeed(), policy
    if policy == "stand-still":
        return StandStill(), policy
    if policy == "steady":
        return Steady(), policy
    from automot_ros.policy.nano import Action

    made = Action(model_folder(policy), lidar_position_ego_m)
    return made, made.model_hash


def refiner_policy(policy: str, mode: str, seed: int) -> RefinerPolicy | None:
    """The refiner, or None where drafts are not refined (baselines have none)."""
    if mode == "none" or policy in BASELINES:
        return None
    from automot_ros.policy.nano import Refiner

    return Refiner(model_folder(policy), mode, seed)
