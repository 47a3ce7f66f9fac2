"""The attention context: what the understanding expert hands to the action expert, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2


@dataclass(frozen=True, slots=True)
class AttentionContext:
    """Keys (after norm and rotary position) and values that the action expert reads.

    Shapes: L layers, G kv heads, T tokens, H key width, V value width; float32. `stamp_ns` is the stamp of the newest
    image read; `epoch` is new at each start of the understanding node; `sequence` counts up within an epoch.
    """

    stamp_ns: int
    epoch: int
    sequence: int
    model_hash: str
    keys_LGTH: NDArray[np.float32]
    values_LGTV: NDArray[np.float32]
    next_position: int
    pose_map_to_ego: Pose2
    text: str = ""
    compute_s: float = 0.0
