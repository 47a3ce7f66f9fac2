"""The beat of the fast loop: inputs set it, the timer keeps it when they fail."""

import pytest

from automot_ros.nodes.pacing import Pacer


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_complete_set_of_one_stamp_steps_once(clock):
    pacer = Pacer(20.0, clock)
    assert not pacer.complete(5, 5, 4)
    assert pacer.complete(5, 5, 5)
    clock.now += 0.05
    assert not pacer.complete(5, 5, 5)
    assert pacer.complete(6, 6, 6)


def test_the_timer_keeps_still_while_inputs_set_the_beat(clock):
    pacer = Pacer(20.0, clock)
    for stamp in range(1, 20):
        assert pacer.complete(stamp)
        clock.now += 0.025
        assert not pacer.overdue()
        clock.now += 0.025


def test_the_timer_steps_in_soon_when_the_inputs_stop(clock):
    pacer = Pacer(20.0, clock)
    pacer.complete(1)
    clock.now += 0.066
    assert pacer.overdue()


def test_a_lost_beat_is_replaced_at_the_full_rate(clock):
    pacer = Pacer(20.0, clock)
    pacer.complete(1)
    steps = 0
    for _ in range(20):  # a second
        clock.now += 0.05
        steps += pacer.overdue()
    assert steps >= 18


def test_without_any_beat_the_timer_runs_at_the_rate(clock):
    pacer = Pacer(20.0, clock)
    steps = 0
    for _ in range(400):  # 10 s of a timer at twice the rate
        steps += pacer.overdue()
        clock.now += 0.025
    assert 195 <= steps <= 201


def test_inputs_faster_than_the_rate_do_not_drive_it_up(clock):
    pacer = Pacer(20.0, clock)
    steps = 0
    for stamp in range(1000):  # 10 s at 100 Hz
        steps += pacer.complete(stamp)
        clock.now += 0.01
    assert 195 <= steps <= 202


def test_a_clock_that_goes_back_stops_nobody(clock):
    pacer = Pacer(20.0, clock)
    assert pacer.complete(100)
    clock.now -= 0.6
    assert pacer.overdue()
    clock.now += 0.05
    assert pacer.complete(101)
