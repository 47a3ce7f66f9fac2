"""Parts of a model taken away while it drives, to measure what each of them is worth.

Each wrapper stands in the place of a policy and shows it less. What is taken away is taken as training takes it: a lost
context has no tokens, a lost camera is black, a lost LiDAR has no points. The guard keeps what it knows: it still sees
every point and the true age of a context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ConfigError
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.variants import ActionSize
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft

PARTS = {
    "context": "the action expert reads no context",
    "frames": "the understanding expert sees black images",
    "camera": "the action expert sees black images",
    "lidar": "the action expert sees no points",
    "motion": "the action expert sees no points of the past",
    "age": "action expert and refiner take every context for one of this instant",
    "decisions": "route and waypoints do not read the decision, and the refiner is given none",
}
_HERE = Pose2(0.0, 0.0, 0.0)

Read = Callable[[UnderstandingObservation, int, int, Pose2], AttentionContext]
Act = Callable[[ActionObservation], Draft]
Refine = Callable[[Draft], tuple[NDArray[np.float32], NDArray[np.float32]]]


def parts_of(names: Iterable[str]) -> tuple[str, ...]:
    """The parts of these names, each once, in the order of PARTS. ConfigError names an unknown one."""
    asked = set(names)
    unknown = sorted(asked - set(PARTS))
    if unknown:
        raise ConfigError("no such part of a model", got=", ".join(unknown), wanted=" | ".join(PARTS))
    return tuple(name for name in PARTS if name in asked)


@dataclass(frozen=True, slots=True)
class LessUnderstanding:
    """An understanding expert without `frames`."""

    read: Read
    without: tuple[str, ...]

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """The context of what is left of the observation."""
        if "frames" in self.without:
            obs = replace(obs, frames_4=tuple(np.zeros_like(frame) for frame in obs.frames_4))
        return self.read(obs, epoch, sequence, pose)


@dataclass(frozen=True, slots=True)
class Unread:
    """In the place of an understanding expert that nobody reads: contexts of no tokens, of a model's shape and name."""

    model_hash: str
    size: ActionSize

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """A context without tokens and text."""
        heads = (self.size.layers, self.size.kv_heads, 0)
        keys, values = (np.zeros((*heads, width), np.float32) for width in (self.size.key_dim, self.size.head_dim))
        return AttentionContext(obs.stamp_ns, epoch, sequence, self.model_hash, keys, values, 1, pose, "")


@dataclass(frozen=True, slots=True)
class LessAction:
    """An action expert without context, camera, lidar, motion or age."""

    plan: Act
    without: tuple[str, ...]

    def act(self, obs: ActionObservation) -> Draft:
        """The draft from what is left of the observation; it carries the true age of its context."""
        return replace(self.plan(self._left_of(obs)), context_age_s=obs.context_age_s)

    def _left_of(self, obs: ActionObservation) -> ActionObservation:
        if "context" in self.without:
            context = obs.context
            obs = replace(obs, context=replace(context, keys_LGTH=context.keys_LGTH[:, :, :0],
                                               values_LGTV=context.values_LGTV[:, :, :0]))
        if "camera" in self.without:
            obs = replace(obs, image_HW3=np.zeros_like(obs.image_HW3))
        if "lidar" in self.without:
            obs = replace(obs, sweeps=(), past_sweeps=())
        if "motion" in self.without:
            obs = replace(obs, past_sweeps=())
        if "age" in self.without:
            obs = replace(obs, context_age_s=0.0, pose_context_to_ego=_HERE)
        return obs


@dataclass(frozen=True, slots=True)
class LessRefiner:
    """A refiner without age or decisions."""

    polish: Refine
    without: tuple[str, ...]

    def refine(self, draft: Draft) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Waypoints and route from what is left of the draft."""
        if "age" in self.without:
            draft = replace(draft, context_age_s=0.0)
        if "decisions" in self.without:
            draft = replace(draft, decision_latents_8D=np.zeros_like(draft.decision_latents_8D))
        return self.polish(draft)
