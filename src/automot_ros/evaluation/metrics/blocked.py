"""Blocked: slower than 0.1 m/s for more than 60 s without a break. Ends the drive.

Source: ActorBlockedTest of scenario_runner's atomic_criteria.py (MIT), with the limits of the leaderboard.
"""

from __future__ import annotations

BLOCKED_MPS = 0.1
BLOCKED_S = 60.0


class Blocked:
    """Call `observe` at every tick; `blocked` once it has happened."""

    def __init__(self) -> None:
        self._moved_s: float | None = None
        self.blocked = False

    def observe(self, time_s: float, speed_mps: float) -> None:
        """Look at the ego's speed; time_s in simulated seconds."""
        if speed_mps < BLOCKED_MPS and self._moved_s is not None:
            if time_s - self._moved_s > BLOCKED_S:
                self.blocked = True
        else:
            self._moved_s = time_s
