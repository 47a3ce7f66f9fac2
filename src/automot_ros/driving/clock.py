"""When a context is computed and from when it is used: one rule for the nodes and for the in-process schedule.

Time is cut into ticks of 50 ms, tick = stamp // 50 ms. In lockstep, contexts are computed at ticks that are multiples
of the period, and each is used from its stamp plus the lag until the next one is due.
"""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.quantity import check_bounds, quantity, switch

TICK_NS = 50_000_000
TICK_S = 0.05
# Stamps further apart than this, or backwards, belong to another drive.
GAP_NS = 500_000_000


# No slots: other configs with slots inherit from this one beside their own base.
@dataclass(frozen=True, kw_only=True)
class TimingConfig:
    """The clock of a drive; every node of one stack must have the same."""

    lockstep: bool = switch(False, "Compute exactly once a stamp, from inputs of that stamp; else use the newest.")
    context_period_s: float = quantity(0.25, "s", "Time between contexts.", low=0.05, high=5.0)
    context_lag_s: float = quantity(0.0, "s", "Lockstep: a context is used from its stamp plus this.",
                                    low=0.0, high=5.0)

    def __post_init__(self) -> None:
        check_bounds(self)

    @property
    def period_ticks(self) -> int:
        """Ticks between contexts."""
        return max(1, round(self.context_period_s / TICK_S))


def tick_of(stamp_ns: int) -> int:
    """Number of the tick a stamp belongs to."""
    return stamp_ns // TICK_NS


def is_context_tick(stamp_ns: int, timing: TimingConfig) -> bool:
    """Whether a context is computed from the inputs of this stamp (lockstep)."""
    return tick_of(stamp_ns) % timing.period_ticks == 0


def due_context_stamp(now_ns: int, period_s: float, lag_s: float, first_stamp_ns: int) -> int | None:
    """Stamp of the context to use at `now_ns` in lockstep; None before the first one is due.

    Stamps are multiples of a tick, as in simulation; `first_stamp_ns` is the first stamp of the drive.
    """
    period = max(1, round(period_s / TICK_S))
    newest = tick_of(now_ns - round(lag_s / TICK_S) * TICK_NS)
    stamp = newest // period * period * TICK_NS
    return stamp if stamp >= first_stamp_ns else None


class DriveStart:
    """Finds the first stamp of the present drive from the stamps of the odometry."""

    def __init__(self) -> None:
        self.first_stamp_ns: int | None = None
        self._last_ns = 0

    def observe(self, stamp_ns: int) -> bool:
        """Take the next stamp; True when it begins a drive (the first one, a gap, a step back)."""
        step = stamp_ns - self._last_ns
        begins = self.first_stamp_ns is None or step > GAP_NS or step < -GAP_NS
        if begins:
            self.first_stamp_ns = stamp_ns
        if begins or step > 0:
            self._last_ns = stamp_ns
        return begins

    def due(self, now_ns: int, timing: TimingConfig) -> int | None:
        """Stamp of the context to use at `now_ns`; None when none is due yet."""
        if self.first_stamp_ns is None:
            return None
        return due_context_stamp(now_ns, timing.context_period_s, timing.context_lag_s, self.first_stamp_ns)
