"""How old the inputs are, by their stamp and by their arrival, whichever is worse; and whether the clock jumped."""

from __future__ import annotations

import math

from automot_ros.scene.sensing import SECOND_NS


class Newest:
    """Stamp and arrival of the newest message of an input. Late, repeated and future ones are dropped: it ages.

    `ahead_s`: how far ahead of the clock the last message was stamped, when it was dropped for that; else 0.
    """

    def __init__(self, future_s: float) -> None:
        self.ahead_s, self._future_s, self._stamp_ns = 0.0, future_s, 0
        self._oldest_ns: int | None = None

    def observe(self, stamp_ns: int, now_ns: int) -> bool:
        """Take a message that arrived at `now_ns`. True when it is newer than all before."""
        ahead_s = (stamp_ns - now_ns) / SECOND_NS
        self.ahead_s = ahead_s if ahead_s > self._future_s else 0.0
        if self.ahead_s or (self._oldest_ns is not None and stamp_ns <= self._stamp_ns):
            return False
        self._stamp_ns, self._oldest_ns = stamp_ns, min(stamp_ns, now_ns)
        return True

    def age_s(self, now_ns: int) -> float:
        """Age by stamp or by arrival, the greater; infinite when nothing came."""
        return math.inf if self._oldest_ns is None else max(0, now_ns - self._oldest_ns) / SECOND_NS


class Clock:
    """The newest time that was seen. A step beyond the limit, forwards or backwards, is a jump."""

    def __init__(self, jump_s: float) -> None:
        self._jump_s = jump_s
        self._now_ns: int | None = None

    def step_to(self, now_ns: int) -> float:
        """Seconds of the jump to `now_ns`, negative for backwards; 0 while the clock runs as it should."""
        step_s = 0.0 if self._now_ns is None else (now_ns - self._now_ns) / SECOND_NS
        jumped = abs(step_s) > self._jump_s
        self._now_ns = now_ns if self._now_ns is None or jumped else max(now_ns, self._now_ns)
        return step_s if jumped else 0.0
