"""From what every tick was like to the figures of a fault, and whether they keep the limits. Pure: no ROS here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

COMMANDED_S = 0.5  # a stop or a safe limit, after the fault shows
OLDEST_COMMAND_S = 0.25
HOLD_MIN = 0.9
RESUME_S = 0.6
FALSE_STOPS_MAX = 0.05
STANDING_MPS = 0.1
SILENCE = "SILENCE"  # the guard itself is silent: the drive interface holds the brake
LIMIT_SLACK_MPS = 0.3
_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of the world. time_s simulated; x_m, y_m, speed_mps of the car as it is; mode and reason of the guard's
    last word (mode -1: none in this tick); throttle and brake that the world applied, from a command whose inputs are
    `command_age_s` old; held: the drive interface itself held the brake.
    """

    time_s: float
    x_m: float
    y_m: float
    speed_mps: float
    mode: int
    reason: str
    text: str
    throttle: float
    brake: float
    command_age_s: float
    held: bool

    @property
    def stops(self) -> bool:
        """Whether a stop is commanded: by the guard, by the drive interface on silence, or by a plan that says so."""
        braked = self.brake > 0.0 or self.speed_mps < STANDING_MPS
        # The guard builds its brake up within a limit of jerk: its first tick may have no more than no throttle.
        return self.throttle == 0.0 and (self.held or self.mode >= 2 or (self.reason == "PLAN_STOP" and braked))

    @property
    def limits(self) -> bool:
        """Whether the car is stopped or held below a limit. A command that is only smoothed is neither."""
        return self.stops or self.held or self.mode >= 2 or (self.mode == 1 and self.reason != "COMMAND_ENVELOPE")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come of a fault. kind: stop, limit, harmless, or unhurried (no stop, no stale command);
    shows_s: seconds of the fault that are within what is allowed anyway; limit_mps of a limit; heals: it may resume.
    """

    kind: str
    shows_s: float = 0.0
    limit_mps: float = math.inf


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one fault; times in simulated seconds, from the last good tick on, resume_s from the first good one.

    None where there was nothing to measure. hold, false_stops: shares of ticks.
    """

    speed_mps: float
    reason: str
    text: str
    detected_s: float | None
    commanded_s: float | None
    standstill_s: float | None
    distance_m: float | None
    false_stops: float
    hold: float | None
    resume_s: float | None
    oldest_command_s: float
    stopped_ticks: int
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values, and whether all limits hold."""
        return {**asdict(self), "passed": not self.failures}


def figures(expected: Expectation, before: Sequence[Tick], during: Sequence[Tick], after: Sequence[Tick]) -> Figures:
    """before: ready to drive, its last tick the last good one; during: faulty; after: healthy again."""
    begin, last = before[-1], before[-1].time_s
    noticed = next((t for t in during if t.limits), None)
    safe = [t.limits if expected.kind == "limit" else t.stops for t in during]
    commanded = safe.index(True) if True in safe else None
    way_m, standstill, distance = 0.0, None, None
    for a, b in zip([begin, *during], [*during, *after], strict=False):
        way_m += math.hypot(b.x_m - a.x_m, b.y_m - a.y_m)
        if b.speed_mps < STANDING_MPS:
            standstill, distance = b.time_s - last, way_m
            break
    healthy = during[-1].time_s if during else last
    resumed = next((t for t in after if t.mode == 0 and t.throttle > 0.0), None)
    found = Figures(
        speed_mps=begin.speed_mps, reason="" if noticed is None else SILENCE if noticed.held else noticed.reason,
        text="" if noticed is None else noticed.text, detected_s=None if noticed is None else noticed.time_s - last,
        commanded_s=None if commanded is None else during[commanded].time_s - last, standstill_s=standstill,
        distance_m=distance, false_stops=_share(t.limits for t in before),
        hold=None if commanded is None else _hold(expected, during[commanded:]),
        resume_s=None if resumed is None or commanded is None else resumed.time_s - healthy,
        oldest_command_s=max((t.command_age_s for t in [*during, *after]), default=0.0),
        stopped_ticks=sum(t.stops for t in [*during, *after]))
    found.failures.extend(_failures(expected, found))
    return found


def _hold(expected: Expectation, ticks: Sequence[Tick]) -> float:
    if expected.kind == "limit":
        return _share(t.throttle == 0.0 or t.speed_mps <= expected.limit_mps + LIMIT_SLACK_MPS for t in ticks)
    return _share(t.stops for t in ticks)


def _failures(expected: Expectation, f: Figures) -> list[str]:
    bad = []
    if f.false_stops > FALSE_STOPS_MAX:
        bad.append(f"false stops {100.0 * f.false_stops:.0f} %")
    if f.oldest_command_s > OLDEST_COMMAND_S + _EPS:
        bad.append(f"a command of {f.oldest_command_s:.2f} s was applied")
    if expected.kind in ("harmless", "unhurried"):
        if f.stopped_ticks and expected.kind == "harmless":
            bad.append(f"stopped for nothing in {f.stopped_ticks} ticks")
        return bad
    allowed_s = expected.shows_s + COMMANDED_S
    if f.commanded_s is None:
        bad.append("never commanded")
    elif f.commanded_s > allowed_s + _EPS:
        bad.append(f"commanded after {f.commanded_s:.2f} s, limit {allowed_s:.2f} s")
    if f.hold is not None and f.hold < HOLD_MIN:
        bad.append(f"held in {100.0 * f.hold:.0f} % of the ticks")
    if f.commanded_s is not None and (f.resume_s is None or f.resume_s > RESUME_S + _EPS):
        bad.append("never resumed" if f.resume_s is None else f"resumed after {f.resume_s:.2f} s")
    return bad


def _share(flags: Any) -> float:
    values = list(flags)
    return sum(map(bool, values)) / len(values) if values else 0.0
