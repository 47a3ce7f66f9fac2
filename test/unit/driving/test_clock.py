"""When contexts are computed and used."""

from __future__ import annotations

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.driving.clock import TICK_NS, DriveStart, TimingConfig, due_context_stamp, is_context_tick

MS = 1_000_000


def test_contexts_are_computed_every_fifth_tick_at_a_quarter_of_a_second() -> None:
    timing = TimingConfig(lockstep=True)
    assert [k for k in range(20, 36) if is_context_tick(k * TICK_NS, timing)] == [20, 25, 30, 35]
    assert TimingConfig(context_period_s=0.05).period_ticks == 1


def test_a_context_is_due_from_its_stamp_plus_the_lag_until_the_next() -> None:
    def due(now_ms: int, lag_s: float) -> int | None:
        stamp = due_context_stamp(now_ms * MS, 0.25, lag_s, 1000 * MS)
        return None if stamp is None else stamp // MS

    assert [due(ms, 0.0) for ms in (1000, 1200, 1250, 1450)] == [1000, 1000, 1250, 1250]
    assert [due(ms, 0.5) for ms in (1000, 1450, 1500, 1700, 1750)] == [None, None, 1000, 1000, 1250]


def test_a_drive_that_begins_between_two_context_ticks_waits_for_the_next() -> None:
    assert due_context_stamp(1050 * MS, 0.25, 0.0, 1050 * MS) is None
    assert due_context_stamp(1250 * MS, 0.25, 0.0, 1050 * MS) == 1250 * MS


def test_a_gap_or_a_step_back_begins_a_drive_and_a_late_stamp_does_not() -> None:
    start = DriveStart()
    assert start.due(0, TimingConfig()) is None
    begins = [start.observe(ms * MS) for ms in (1000, 1050, 1000, 1100, 5000, 5050, 1000)]
    assert begins == [True, False, False, False, True, False, True]
    assert start.first_stamp_ns == 1000 * MS
    assert start.due(1250 * MS, TimingConfig()) == 1250 * MS


def test_timing_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match="context_lag_s"):
        TimingConfig(context_lag_s=60.0)
