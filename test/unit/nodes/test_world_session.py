"""Whose command the world obeys: the newest, for a quarter of a second; then the brake."""

import pytest

from automot_ros.nodes.world_session import HOLD_BRAKE, WorldSession, emptied
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation.tasks import plain_task

MAX_AGE_S = 0.25


@pytest.fixture(scope="module")
def session():
    return WorldSession(emptied(plain_task(1_000_002)), 0, MAX_AGE_S)


def test_silence_is_answered_with_the_brake_after_a_quarter_of_a_second(session):
    assert session.receive(DriveCommand.of(session.stamp_ns, 0.5, 0.0, 0.0))
    applied = []
    for _ in range(10):
        session.step()
        applied.append(session.applied)
    assert [a.throttle for a in applied] == [0.5] * 6 + [0.0] * 4  # ages 0, 0.05 ... 0.25 s
    assert all(a.brake == pytest.approx(HOLD_BRAKE) for a in applied[6:])
    assert session.held_ticks == 4


def test_an_old_or_early_command_does_not_end_the_silence(session):
    newest = session.command.stamp_ns
    assert not session.receive(DriveCommand.of(newest, 1.0, 0.0, 0.0))
    assert not session.receive(DriveCommand.of(session.stamp_ns + 1, 1.0, 0.0, 0.0))
    session.step()
    assert session.applied.throttle == 0.0


def test_an_emptied_task_keeps_its_road_and_loses_everybody():
    task = plain_task(1_000_004)
    empty = emptied(task)
    assert (empty.traffic.vehicles, empty.traffic.parked, empty.traffic.walkers, empty.scenarios) == (0, 0, 0, ())
    assert empty.xodr == task.xodr
    assert (empty.route_map_N2 == task.route_map_N2).all()
    assert empty.conditions.rain == 0.0 < task.conditions.rain
