"""Ages of inputs, and jumps of the clock."""

from __future__ import annotations

import math

import pytest

from automot_ros.guard.freshness import Clock, Newest

MS = 1_000_000


def test_the_age_is_that_of_the_stamp_or_of_the_arrival_whichever_is_worse() -> None:
    newest = Newest(0.2)
    assert newest.age_s(5 * MS) == math.inf
    assert newest.ahead_s == 0.0
    assert newest.observe(1000 * MS, 1100 * MS)
    assert newest.age_s(1200 * MS) == 0.2
    assert newest.observe(1300 * MS, 1200 * MS)
    assert newest.age_s(1450 * MS) == 0.25
    assert newest.age_s(1100 * MS) == 0.0


def test_a_late_or_repeated_message_renews_no_age_however_old() -> None:
    newest = Newest(0.2)
    assert newest.observe(5000 * MS, 5000 * MS)
    for stamp in (5000, 4900, 1000, 0):
        assert not newest.observe(stamp * MS, 5100 * MS)
    assert newest.age_s(5200 * MS) == 0.2
    assert newest.observe(5001 * MS, 5100 * MS)


def test_a_message_from_the_future_is_dropped_and_says_how_far_until_a_good_one_comes() -> None:
    newest = Newest(0.2)
    assert newest.observe(1200 * MS, 1000 * MS)
    assert newest.ahead_s == 0.0
    assert not newest.observe(1301 * MS, 1100 * MS)
    assert newest.ahead_s == pytest.approx(0.201)
    assert newest.age_s(1300 * MS) == 0.3
    assert newest.observe(1350 * MS, 1350 * MS)
    assert newest.ahead_s == 0.0
    first = Newest(0.2)
    assert not first.observe(9000 * MS, 0)
    assert first.age_s(0) == math.inf


def test_stamps_below_zero_are_stamps() -> None:
    newest = Newest(0.2)
    assert newest.observe(-100 * MS, -100 * MS)
    assert newest.age_s(0) == 0.1
    assert newest.observe(-50 * MS, 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_jumps_beyond_its_limit_either_way(sign: int) -> None:
    clock = Clock(0.5)
    assert clock.step_to(10_000 * MS) == 0.0
    assert clock.step_to((10_000 + sign * 500) * MS) == 0.0
    base = 10_500 if sign > 0 else 10_000
    assert clock.step_to((base + sign * 501) * MS) == pytest.approx(sign * 0.501)
    assert clock.step_to((base + sign * 501) * MS) == 0.0, "the time after a jump is the time"


def test_small_steps_back_add_up_to_a_jump() -> None:
    clock = Clock(0.5)
    clock.step_to(1000 * MS)
    assert [clock.step_to((1000 - 200 * k) * MS) for k in (1, 2, 3)] == [0.0, 0.0, pytest.approx(-0.6)]
