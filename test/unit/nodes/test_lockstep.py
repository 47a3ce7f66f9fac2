"""At least once: what a lost message costs is a repetition, not the drive."""

import pytest

from automot_ros.nodes.lockstep import REPEAT_S, Answer, Intake, Wait


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Publisher:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def publish(self, message: str) -> None:
        self.sent.append(message)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_answer_is_sent_again_for_its_own_stamp_only():
    publisher = Publisher()
    answer = Answer(publisher)
    assert not answer.again(-1)
    answer.send(5, "five")
    assert answer.again(5)
    assert answer.again(5)
    assert not answer.again(6)
    answer.send(6, "six")
    assert not answer.again(5)
    assert publisher.sent == ["five"] * 3 + ["six"]
    answer.forget()
    assert not answer.again(6)


def test_a_tick_is_taken_when_its_last_input_is_here_and_again_when_one_is_repeated():
    intake = Intake("odometry", "points", "image")
    assert not intake.take("odometry", 5)
    assert not intake.take("image", 5)
    assert intake.take("points", 5)
    assert intake.take("odometry", 5)
    assert not intake.take("odometry", 6)
    assert not intake.take("image", 5)


def test_no_stamp_makes_a_tick_of_inputs_that_never_came():
    for stamp in range(-4, 2):
        assert not Intake("odometry", "points", "image").take("points", stamp)


def test_everybody_must_answer_the_present_tick(clock):
    wait = Wait(["controller", "action"], 30.0, clock)
    wait.begin(5)
    wait.answer("action", 5)
    assert wait.silent == ["controller"]
    wait.answer("controller", 5)
    wait.answer("stranger", 4)
    assert wait.silent == []
    wait.begin(6)
    wait.answer("action", 5)
    assert wait.silent == ["controller", "action"]


def test_an_unanswered_tick_is_repeated_until_it_is_given_up(clock):
    wait = Wait(["controller"], 3.0, clock)
    for stamp in (1, 2):  # the second tick is waited for as long as the first
        wait.begin(stamp)
        repeats = 0
        while not wait.overdue():
            repeats += wait.repeat()
            clock.now += 0.1
        assert 3.0 / (REPEAT_S + 0.1) - 1 <= repeats <= 3.0 / REPEAT_S
