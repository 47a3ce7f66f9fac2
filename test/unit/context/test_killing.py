"""Writers killed in the middle of a write leave nothing that could be taken for a context."""

from pathlib import Path

import pytest

from automot_ros.context import ring
from automot_ros.context.killing import kill_writers


def test_a_hundred_writers_killed_never_leave_a_wrong_context(tmp_path: Path) -> None:
    done = kill_writers(100, 300_000, folder=tmp_path)
    assert done.killed == 100
    assert done.mid_write >= 30, "the kills missed the writing"
    assert done.read >= 100
    assert (done.wrong, done.left) == (0, 0)


def test_the_examination_notices_a_reader_that_checks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring.RingReader, "_check_slot", lambda *_: None)
    monkeypatch.setattr(ring, "check_sum", lambda *_: None)
    assert kill_writers(5, 500_000, folder=tmp_path).wrong > 0
