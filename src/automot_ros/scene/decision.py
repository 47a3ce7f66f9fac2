"""Meta-actions: what the driver means to do 1, 2 and 3 s from now, in words the language head speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

DECISION_INSTANTS_S = (1.0, 2.0, 3.0)


class Longitudinal(IntEnum):
    """What happens to the speed."""

    ACCELERATE = 0
    KEEP = 1
    SLOW = 2
    STOP = 3


class Lateral(IntEnum):
    """What happens to the heading."""

    TURN_LEFT = 0
    SLIGHT_LEFT = 1
    STRAIGHT = 2
    SLIGHT_RIGHT = 3
    TURN_RIGHT = 4


LONGITUDINAL_WORDS = ("accelerate", "keep", "slow", "stop")
LATERAL_WORDS = ("turn_left", "slight_left", "straight", "slight_right", "turn_right")


@dataclass(frozen=True, slots=True)
class Decision:
    """Probabilities of the meta-actions at 1, 2, 3 s; each row sums to one."""

    longitudinal_34: NDArray[np.float32]
    lateral_35: NDArray[np.float32]

    def words(self) -> list[str]:
        """The likeliest pair at each instant, e.g. ["slow straight", "stop straight", "stop straight"]."""
        pairs = zip(self.longitudinal_34.argmax(1), self.lateral_35.argmax(1), strict=True)
        return [f"{LONGITUDINAL_WORDS[a]} {LATERAL_WORDS[b]}" for a, b in pairs]
