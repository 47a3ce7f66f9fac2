"""When a node of the fast loop steps in real time: as soon as a complete set of inputs is there, else by the timer.

A free-running timer adds up to a period of delay between sensor and command. So the arrival of the last input of a
stamp sets the beat, and the timer only steps in when that beat stops.

Time is that of the drive: in simulation a pace of 20 Hz is one of simulated time, however fast the world runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LATE = 1.3


class Pacer:
    """`complete` on every input, `overdue` on every timer tick; both are True at most once a step."""

    def __init__(self, rate_hz: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period_s = 1.0 / rate_hz
        self._clock = clock
        self._last_step_s = self._last_beat_s = -1.0
        self._last_stamp_ns = -1
        self._due_s = 0.0

    def complete(self, *stamps_ns: int) -> bool:
        """Whether these inputs are of one stamp that has not been stepped on, and a step is allowed by the rate."""
        now = self._clock()
        self._follow_back(now)
        stamp = stamps_ns[0]
        if stamp == self._last_stamp_ns or any(s != stamp for s in stamps_ns):
            return False
        if now < self._due_s - 0.5 * self._period_s:  # half a period of jitter is no higher rate
            return False
        self._due_s = max(self._due_s, now - self._period_s) + self._period_s
        self._last_stamp_ns, self._last_step_s, self._last_beat_s = stamp, now, now
        return True

    def overdue(self) -> bool:
        """Whether the timer must step because the inputs did not."""
        now = self._clock()
        self._follow_back(now)
        beating = self._last_step_s == self._last_beat_s  # one may be late; when it is missing, it is lost
        if now - self._last_step_s < (LATE if beating else 0.9) * self._period_s:
            return False
        self._last_step_s = now
        return True

    def _follow_back(self, now_s: float) -> None:
        """A clock that goes back must not hold the next step until it has caught up."""
        if now_s < self._last_step_s:
            self._last_step_s = self._last_beat_s = now_s - 1.0
            self._due_s = now_s
