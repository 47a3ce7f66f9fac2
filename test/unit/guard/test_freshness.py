"""Ages of inputs."""

from __future__ import annotations

import math

from automot_ros.guard.freshness import Newest

MS = 1_000_000


def test_the_age_is_that_of_the_stamp_or_of_the_arrival_whichever_is_worse() -> None:
    newest: Newest[str] = Newest()
    assert newest.age_s(5 * MS) == math.inf
    newest.observe("a", stamp_ns=1000 * MS, now_ns=1100 * MS)
    assert newest.age_s(1200 * MS) == 0.2
    newest.observe("stamped ahead", stamp_ns=1500 * MS, now_ns=1200 * MS)
    assert newest.age_s(1450 * MS) == 0.25
    assert newest.ahead_s(1450 * MS) == 0.05
    assert newest.ahead_s(1600 * MS) == 0.0


def test_a_late_or_repeated_message_replaces_nothing_and_renews_no_age() -> None:
    newest: Newest[str] = Newest()
    assert newest.observe("new", 1000 * MS, 1000 * MS)
    assert not newest.observe("late", 900 * MS, 1100 * MS)
    assert not newest.observe("again", 1000 * MS, 1100 * MS)
    assert newest.value == "new"
    assert newest.age_s(1200 * MS) == 0.2


def test_a_stamp_far_back_is_a_restarted_world() -> None:
    newest: Newest[str] = Newest()
    newest.observe("old world", 60_000 * MS, 60_000 * MS)
    assert newest.observe("new world", 1000 * MS, 1000 * MS)
    assert newest.value == "new world"


def test_nothing_seen_is_not_ahead_of_the_clock() -> None:
    empty: Newest[str] = Newest()
    assert empty.ahead_s(0) == 0.0

