"""Shared memory of the ring: this user's own, and only this user's; what others put in its place is not touched."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import ContextError, MachineError
from automot_ros.context.layout import ContextRecord, segment_name
from automot_ros.context.ring import SHARED_MEMORY, RingReader, RingWriter, remove_abandoned
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.context import AttentionContext

EPOCH = 0x5EC0
NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")


def written(folder: Path) -> tuple[RingWriter, ContextRecord]:
    ring = RingWriter(EPOCH, slot_bytes=20000, slots=2, folder=folder)
    keys = np.zeros((2, 2, 8, 8), np.float32)
    return ring, ring.write(AttentionContext(1, EPOCH, 1, "m", keys, keys, 8, Pose2(0.0, 0.0, 0.0)))


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_only_the_owner_may_read_and_write_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        ring = RingWriter(EPOCH, slot_bytes=1000, folder=tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / ring.name).stat().st_mode & 0o177 == 0
    ring.close()


def test_the_segment_in_real_shared_memory_is_private() -> None:
    ring = RingWriter(os.getpid() | 1 << 62, slot_bytes=1000)
    try:
        status = (SHARED_MEMORY / ring.name).lstat()
        assert stat.S_ISREG(status.st_mode)
        assert (status.st_mode & 0o777, status.st_uid) == (0o600, os.getuid())
    finally:
        ring.close()


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o666, 0o601])
def test_a_segment_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    ring, record = written(tmp_path)
    (tmp_path / ring.name).chmod(mode)
    with pytest.raises(ContextError, match="not private"):
        RingReader(tmp_path).read(record)
    ring.close()


@as_root
def test_a_segment_of_another_user_is_refused(tmp_path: Path) -> None:
    ring, record = written(tmp_path)
    os.chown(tmp_path / ring.name, NOBODY, NOBODY)
    with pytest.raises(ContextError, match="not private"):
        RingReader(tmp_path).read(record)
    ring.close()


def test_a_segment_that_seems_to_be_of_another_user_is_refused(tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    ring, record = written(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: NOBODY + 1)
    with pytest.raises(ContextError, match="not private"):
        RingReader(tmp_path).read(record)
    monkeypatch.undo()
    ring.close()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    ring, record = written(tmp_path)
    ring.close()
    make(tmp_path / ring.name, 0o600)
    with pytest.raises(ContextError, match="not private"):
        RingReader(tmp_path).read(record)
    remove_abandoned(tmp_path)


@pytest.mark.parametrize("what", ["file", "link", "dangling"])
def test_a_writer_never_takes_what_is_there_already(tmp_path: Path, what: str) -> None:
    place, elsewhere = tmp_path / segment_name(EPOCH), tmp_path / "elsewhere"
    if what == "file":
        place.write_bytes(b"theirs")
    else:
        place.symlink_to(elsewhere)
        if what == "link":
            elsewhere.write_bytes(b"theirs")
    with pytest.raises(MachineError, match="no shared memory"):
        RingWriter(EPOCH, slot_bytes=1000, folder=tmp_path)
    assert elsewhere.exists() == (what == "link")
    assert what == "dangling" or place.read_bytes() == b"theirs"


@as_root
def test_what_another_user_left_stays(tmp_path: Path) -> None:
    theirs = tmp_path / segment_name(EPOCH)
    theirs.write_bytes(b"theirs")
    os.chown(theirs, NOBODY, NOBODY)
    assert remove_abandoned(tmp_path) == []
    assert theirs.exists()
