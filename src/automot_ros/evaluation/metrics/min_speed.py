"""Minimum speed: at each checkpoint the ego's mean speed since the last one, in per cent of the traffic's.

Source: MinimumSpeedRouteTest (atomic_criteria.py, MIT). Bench2Drive sets 20 checkpoints and records every value, which
its efficiency is made of; the leaderboard sets 4 and records values below 100 only.
"""

from __future__ import annotations

BENCH2DRIVE_CHECKPOINTS = 20
LEADERBOARD_CHECKPOINTS = 4
LAST_SHARE = 0.95  # routes end at about 99 %: beyond this share the open stretch counts as a checkpoint at the end
NO_TRAFFIC_PERCENT = 100.0


class MinimumSpeed:
    """Call `observe` at every tick; `values()` gives the per cent of each checkpoint."""

    def __init__(self, route_length_m: float, checkpoints: int) -> None:
        self._length_m, self._stretch_m = route_length_m, route_length_m / checkpoints
        self._passed_m = self._begun_m = 0.0
        self._ego = self._traffic = 0.0
        self._samples = 0
        self._values: list[float] = []

    def pass_to(self, passed_m: float) -> None:
        """The ego has passed so many metres of route; call before `sample` at the same tick."""
        self._passed_m = passed_m
        if passed_m - self._begun_m > self._stretch_m:
            self._values.append(self._value())
            self._begun_m, self._ego, self._traffic, self._samples = passed_m, 0.0, 0.0, 0

    def sample(self, ego_mps: float, traffic_mps: float | None) -> None:
        """Speed of the ego and mean speed of the background traffic (None when there is none: nothing is recorded)."""
        if traffic_mps is not None:
            self._ego += ego_mps
            self._traffic += traffic_mps
            self._samples += 1

    def _value(self) -> float:
        """The open stretch in per cent, two decimals; 100 where no traffic was seen or none moved."""
        if self._samples == 0 or self._traffic == 0.0:
            return NO_TRAFFIC_PERCENT
        return round(self._ego / self._traffic * 100.0, 2)

    def values(self) -> list[float]:
        """Values of the checkpoints so far, with the last open stretch once the route is nearly done."""
        nearly_done = self._passed_m / self._length_m > LAST_SHARE
        return [*self._values, self._value()] if nearly_done else list(self._values)
