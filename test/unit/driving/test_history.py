"""Values by stamp, and the ego's pose at any of them."""

from __future__ import annotations

import math

import pytest

from automot_ros.driving.history import History, pose_at
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.sensing import EgoState

MS = 1_000_000


def history(*stamps_ms: int) -> History[str]:
    h: History[str] = History(1000 * MS)
    for ms in stamps_ms:
        h.add(ms * MS, f"at {ms}")
    return h


def test_values_are_found_by_their_stamp_newest_first_or_nearest() -> None:
    h = history(100, 150, 200)
    assert h.newest == (200 * MS, "at 200")
    assert h.at(150 * MS) == "at 150"
    assert h.at(160 * MS) is None
    assert h.at(50 * MS) is None
    assert [v for _, v in h.up_to(160 * MS)] == ["at 150", "at 100"]
    assert h.nearest(170 * MS) == (150 * MS, "at 150")
    assert h.around(170 * MS) == ((150 * MS, "at 150"), (200 * MS, "at 200"))
    assert h.around(200 * MS) is None
    assert h.around(50 * MS) is None


def test_an_empty_history_has_nothing() -> None:
    h = history()
    assert h.newest is None
    assert h.nearest(0) is None
    assert h.up_to(10**18) == []


def test_late_and_repeated_values_are_dropped_and_old_ones_forgotten() -> None:
    h = history(1000)
    assert not h.add(1000 * MS, "again")
    assert not h.add(900 * MS, "late")
    assert h.add(1900 * MS, "new")
    assert h.add(2100 * MS, "newer")
    assert [v for _, v in h.up_to(10**18)] == ["newer", "new"]
    h.forget_before(2100 * MS)
    assert [v for _, v in h.up_to(10**18)] == ["newer"]


def test_another_drive_begins_a_new_history() -> None:
    assert [v for _, v in history(60_000, 1000).up_to(10**18)] == ["at 1000"]
    assert [v for _, v in history(1000, 60_000).up_to(10**18)] == ["at 60000"]


def test_a_pose_is_exact_or_between_two_or_near_the_end() -> None:
    egos: History[EgoState] = History(1000 * MS)
    assert pose_at(egos, 0, 0) is None
    for ms, x, yaw in ((0, 0.0, math.pi - 0.1), (100, 2.0, -math.pi + 0.1)):
        egos.add(ms * MS, EgoState(ms * MS, Pose2(x, 0.0, yaw), 5.0))
    assert pose_at(egos, 100 * MS, 0) == Pose2(2.0, 0.0, -math.pi + 0.1)
    between = pose_at(egos, 50 * MS, 0)
    assert between is not None
    assert between.x_m == pytest.approx(1.0)
    assert abs(between.yaw_rad) == pytest.approx(math.pi)
    assert pose_at(egos, 130 * MS, 50 * MS) == Pose2(2.0, 0.0, -math.pi + 0.1)
    assert pose_at(egos, 130 * MS, 20 * MS) is None
