"""The shared-memory ring: nothing torn, foreign, stale or out of bounds ever comes out of it."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import ContextError
from automot_ros.context.codec import decode, in_band
from automot_ros.context.layout import ContextLayout, ContextRecord, SlotHandle
from automot_ros.context.ring import RingReader, RingWriter, remove_abandoned
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.context import AttentionContext

EPOCH = 0x1234


def make_context(sequence: int, epoch: int = EPOCH) -> AttentionContext:
    keys = np.full((2, 2, 40, 8), float(sequence), np.float32)
    return AttentionContext(sequence, epoch, sequence, "m", keys, keys + 0.5, 40, Pose2(0.0, 0.0, 0.0))


@pytest.fixture
def writer(tmp_path: Path):  # type: ignore[no-untyped-def]
    ring = RingWriter(EPOCH, slot_bytes=20000, slots=3, folder=tmp_path)
    yield ring
    ring.close()


def with_handle(record: ContextRecord, **change: object) -> ContextRecord:
    assert record.handle is not None
    return dataclasses.replace(record, handle=dataclasses.replace(record.handle, **change))  # type: ignore[arg-type]


def test_a_written_context_is_read_back(writer: RingWriter, tmp_path: Path) -> None:
    reader = RingReader(tmp_path)
    for sequence in range(1, 8):
        record = writer.write(make_context(sequence))
        back = decode(record, reader.read(record))
        assert np.all(back.keys_LGTH == sequence)
        assert np.all(back.values_LGTV == sequence + 0.5)


def test_the_segment_is_private_to_its_owner(writer: RingWriter, tmp_path: Path) -> None:
    assert (tmp_path / writer.name).stat().st_mode & 0o777 == 0o600


def test_a_slot_that_was_overwritten_is_dropped(writer: RingWriter, tmp_path: Path) -> None:
    old = writer.write(make_context(1))
    for sequence in range(2, 5):
        writer.write(make_context(sequence))
    with pytest.raises(ContextError, match="overwritten before"):
        RingReader(tmp_path).read(old)


def test_a_slot_overwritten_during_the_copy_is_dropped(
    writer: RingWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = writer.write(make_context(1))
    real = os.preadv

    def preadv_and_be_overtaken(fd: int, buffers: list[bytearray], offset: int) -> int:
        for sequence in range(2, 5):
            writer.write(make_context(sequence))
        return real(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv_and_be_overtaken)
    with pytest.raises(ContextError, match="overwritten during"):
        RingReader(tmp_path).read(record)


@pytest.mark.parametrize("segment", ["../../etc/passwd", "automot_", "/dev/shm/automot_0000000000001234",
                                     "automot_0000000000001234/..", "fastdds_0000000000001234", ""])
def test_a_foreign_name_is_refused(writer: RingWriter, tmp_path: Path, segment: str) -> None:
    record = writer.write(make_context(1))
    with pytest.raises(ContextError, match="not a segment"):
        RingReader(tmp_path).read(with_handle(record, segment=segment))


def test_the_segment_of_another_epoch_is_refused(writer: RingWriter, tmp_path: Path) -> None:
    record = writer.write(make_context(1))
    with pytest.raises(ContextError, match="another epoch"):
        RingReader(tmp_path).read(dataclasses.replace(record, epoch=EPOCH + 1))


@pytest.mark.parametrize("slot", [-1, 3, 2**31])
def test_a_slot_out_of_bounds_is_refused(writer: RingWriter, tmp_path: Path, slot: int) -> None:
    record = writer.write(make_context(1))
    with pytest.raises(ContextError, match="out of bounds"):
        RingReader(tmp_path).read(with_handle(record, slot=slot))


def test_a_wrong_generation_is_refused(writer: RingWriter, tmp_path: Path) -> None:
    record = writer.write(make_context(1))
    with pytest.raises(ContextError, match="overwritten"):
        RingReader(tmp_path).read(with_handle(record, generation=99))


def test_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 8192)
    (tmp_path / "automot_0000000000001234").symlink_to(tmp_path / "secret")
    record = ContextRecord(0, EPOCH, 0, "", make_layout(), 1, Pose2(0, 0, 0), 0, 0.0,
                           SlotHandle("automot_0000000000001234", 0, 1, make_layout().size_bytes))
    with pytest.raises(ContextError, match="no such segment"):
        RingReader(tmp_path).read(record)


def test_a_segment_that_shrinks_is_an_error_and_not_a_crash(writer: RingWriter, tmp_path: Path) -> None:
    record = writer.write(make_context(1))
    reader = RingReader(tmp_path)
    reader.read(record)
    os.truncate(tmp_path / writer.name, 4096)
    with pytest.raises(ContextError):
        reader.read(record)


def test_a_context_larger_than_a_slot_is_refused(tmp_path: Path) -> None:
    ring = RingWriter(EPOCH, slot_bytes=1000, folder=tmp_path)
    with pytest.raises(ContextError, match="larger than a slot"):
        ring.write(dataclasses.replace(make_context(1), keys_LGTH=np.zeros((9, 9, 40, 8), np.float32),
                                       values_LGTV=np.zeros((9, 9, 40, 8), np.float32)))
    ring.close()


def test_closing_removes_the_segment(tmp_path: Path) -> None:
    RingWriter(EPOCH, slot_bytes=1000, folder=tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_only_the_segments_of_dead_writers_are_removed(writer: RingWriter, tmp_path: Path) -> None:
    dead = tmp_path / "automot_00000000000000aa"
    dead.write_bytes(b"left behind")
    (tmp_path / "automot_notes.txt").write_text("mine")
    assert remove_abandoned(tmp_path) == [dead.name]
    assert (tmp_path / writer.name).exists()
    assert (tmp_path / "automot_notes.txt").exists()


def make_layout() -> ContextLayout:
    return ContextLayout(1, 1, 8, 8, 10)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_a_context_is_taken_as_it_would_be_in_band(writer: RingWriter, tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    context = dataclasses.replace(make_context(1), keys_LGTH=rng.normal(size=(2, 2, 37, 8)).astype(np.float32),
                                  values_LGTV=rng.normal(size=(2, 2, 37, 3)).astype(np.float32))
    taken = RingReader(tmp_path).take(writer.write(context, dtype))
    record = in_band(context, dtype)
    sent = decode(record, record.payload or b"")
    assert np.array_equal(taken.keys_LGTH, sent.keys_LGTH)
    assert np.array_equal(taken.values_LGTV, sent.values_LGTV)


@pytest.mark.parametrize("tokens", [40, 20_000])
def test_a_context_is_read_into_a_buffer_with_room_behind_each_head(tmp_path: Path, tokens: int) -> None:
    rng = np.random.default_rng(0)
    context = dataclasses.replace(make_context(1), keys_LGTH=rng.normal(size=(3, 2, tokens, 8)).astype(np.float32),
                                  values_LGTV=rng.normal(size=(3, 2, tokens, 6)).astype(np.float32))
    ring, reader = RingWriter(EPOCH, slot_bytes=8_000_000, folder=tmp_path), RingReader(tmp_path)
    keys, values = np.zeros((3, 2, tokens + 5, 8), np.float32), np.zeros((3, 2, tokens + 5, 6), np.float32)
    reader.read_into(ring.write(context), keys[:, :, :tokens], values[:, :, :tokens])
    assert np.array_equal(keys[:, :, :tokens], context.keys_LGTH)
    assert np.array_equal(values[:, :, :tokens], context.values_LGTV)
    assert not keys[:, :, tokens:].any()
    assert not values[:, :, tokens:].any()
    reader.close()
    ring.close()


def test_a_slot_changed_behind_the_writers_back_is_noticed(writer: RingWriter, tmp_path: Path) -> None:
    record = writer.write(make_context(1))
    assert record.handle is not None
    with (tmp_path / writer.name).open("r+b") as segment:
        segment.seek(4096 + record.handle.slot * writer.slot_bytes + 64 + 1000)
        segment.write(b"\x01")
    with pytest.raises(ContextError, match="torn or altered"):
        RingReader(tmp_path).take(record)


def test_a_buffer_of_another_shape_is_refused(writer: RingWriter, tmp_path: Path) -> None:
    record = writer.write(make_context(1))
    with pytest.raises(ContextError, match="another shape"):
        RingReader(tmp_path).read_into(record, np.zeros((2, 2, 39, 8), np.float32), np.zeros((2, 2, 39, 8), np.float32))
