"""Route time-out: 300 s, and for every metre passed the time it takes at a tenth of the speed limit there.

Source: RouteTimeoutBehavior in scenario_runner's timer.py of Bench2Drive (MIT).
"""

from __future__ import annotations

LEAST_S = 300.0
LIMIT_SHARE = 0.1


class RouteTimeout:
    """Call `observe` at every tick; `timed_out` once it has happened. Time runs from the first call."""

    def __init__(self) -> None:
        self.allowed_s = LEAST_S
        self._start_s: float | None = None
        self.timed_out = False

    def observe(self, time_s: float, newly_passed_m: float, speed_limit_mps: float) -> None:
        """Look at the clock and at what has been passed since the last call, under the limit where the ego is."""
        if self._start_s is None:
            self._start_s = time_s
        self.allowed_s += newly_passed_m / (LIMIT_SHARE * speed_limit_mps)
        if time_s - self._start_s > self.allowed_s:
            self.timed_out = True
