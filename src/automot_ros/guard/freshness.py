"""How old the inputs are: by their stamp and by their arrival, whichever is worse."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

from automot_ros.scene.sensing import SECOND_NS

T = TypeVar("T")
# A stamp this much older than the newest one seen is not a late message but a restarted world.
RESTART_NS = SECOND_NS // 2


class Newest(Generic[T]):
    """The newest value of one input. Late messages are dropped: a plan is never replaced by an older one."""

    def __init__(self) -> None:
        self.value: T | None = None
        self._stamp_ns = 0
        self._arrived_ns = 0

    def observe(self, value: T, stamp_ns: int, now_ns: int) -> bool:
        """Keep the value unless a newer one is here. True when kept; a repeated stamp is not new."""
        if self.value is not None and 0 <= self._stamp_ns - stamp_ns < RESTART_NS:
            return False
        self.value, self._stamp_ns, self._arrived_ns = value, stamp_ns, now_ns
        return True

    def age_s(self, now_ns: int) -> float:
        """Age by stamp or by arrival, the greater; infinite when nothing came."""
        if self.value is None:
            return math.inf
        return max(now_ns - self._stamp_ns, now_ns - self._arrived_ns, 0) / SECOND_NS

    def ahead_s(self, now_ns: int) -> float:
        """How far the stamp lies in the future; 0 when it does not."""
        return 0.0 if self.value is None else max(0, self._stamp_ns - now_ns) / SECOND_NS
