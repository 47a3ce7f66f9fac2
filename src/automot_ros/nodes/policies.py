"""Which policy a node runs: the shipped model, a model folder, or a baseline. Each node loads only its own part."""

from __future__ import annotations

import numpy as np

from automot_ros.driving.interfaces import ActionPolicy, RefinerPolicy, UnderstandingPolicy
from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.baselines import ConstantSpeed, StandStill
from automot_ros.policy.locations import model_folder
from automot_ros.policy.preprocess import UnderstandingObservation
from automot_ros.scene.context import AttentionContext

BASELINES = ("constant-speed", "stand-still")
POLICY_TEXT = "nano (shipped), a model folder, or a baseline: " + ", ".join(BASELINES)


class Silent:
    """The understanding of a baseline: a context of one zero, so that the rest of the stack runs as it always does."""

    def __init__(self, model_hash: str) -> None:
        self.model_hash = model_hash

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """Nothing seen, nothing said."""
        nothing = np.zeros((1, 1, 1, 1), np.float32)
        return AttentionContext(obs.stamp_ns, epoch, sequence, self.model_hash, nothing, nothing, 1, pose)


def understanding_policy(policy: str) -> tuple[UnderstandingPolicy, str]:
    """The understanding expert and its model hash."""
    if policy in BASELINES:
        return Silent(policy), policy
    from automot_ros.policy.nano import Understanding  # torch and transformers: seconds that baselines need not pay

    made = Understanding(model_folder(policy))
    return made, made.model_hash


def action_policy(policy: str) -> tuple[ActionPolicy, str]:
    """The action expert and its model hash."""
    if policy == "constant-speed":
        return ConstantSpeed(), policy
    if policy == "stand-still":
        return StandStill(), policy
    from automot_ros.policy.nano import Action

    made = Action(model_folder(policy))
    return made, made.model_hash


def refiner_policy(policy: str, mode: str, seed: int) -> RefinerPolicy | None:
    """The refiner, or None where drafts are not refined (baselines have none)."""
    if mode == "none" or policy in BASELINES:
        return None
    from automot_ros.policy.nano import Refiner

    return Refiner(model_folder(policy), mode, seed)
