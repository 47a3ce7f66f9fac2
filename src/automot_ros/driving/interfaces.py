"""What a policy must be able to do, whoever stands behind it: nano, released, a baseline, a test's fake."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.preprocess import ActionObservation, UnderstandingObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft


class UnderstandingPolicy(Protocol):
    """Reads the scene slowly."""

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """The attention context of an observation; `pose` is the ego's on the map at its stamp."""
        ...


class ActionPolicy(Protocol):
    """Plans fast, on the newest context."""

    def act(self, obs: ActionObservation) -> Draft:
        """The draft for an observation, in its ego frame."""
        ...


class RefinerPolicy(Protocol):
    """Polishes a draft."""

    def refine(self, draft: Draft) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(waypoints_62, route_202) in the ego frame of the draft."""
        ...
