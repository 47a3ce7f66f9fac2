"""A ring of slots in POSIX shared memory: one writer fills a slot in place, readers copy it out once and check it.

Segment: 64 bytes of header (magic, version, slots, slot bytes, epoch), then each slot as 64 bytes of slot header
(generation, size, checksum; generation 0 while the slot is being filled) and the payload. The reader uses `pread`,
not a mapping: a writer that shrinks the segment gives a short read, not a SIGBUS. The writer holds a lock on the
segment for as long as it lives, so that a starter can tell a segment in use from one left behind by a killed process.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
import struct
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import ContextError, MachineError
from automot_ros.context.codec import (
    F32,
    RAW_TYPES,
    Raw,
    check_sum,
    checksum,
    combine,
    decode_numbers,
    encode_into,
    head_sums,
    layout_of,
)
from automot_ros.context.layout import (
    MAX_PAYLOAD_BYTES,
    MAX_SLOTS,
    SEGMENT_PATTERN,
    ContextLayout,
    ContextRecord,
    SlotHandle,
    checked_segment_name,
    segment_name,
)
from automot_ros.scene.context import AttentionContext

SHARED_MEMORY = Path("/dev/shm")
_MAGIC = b"AUTOMOT1"
_HEADER = struct.Struct("<8sIIQQ")
_SLOT = struct.Struct("<QQIxxxx")
_HEADER_BYTES = 64
_PAGE = 4096
# From here on two threads copy: below, waking the second costs more than it brings.
_SHARED_WORK_BYTES = 4 << 20


class RingWriter:
    """Owns the segment of one epoch: created new, readable and writable by the owner only, removed by `close`."""

    def __init__(self, epoch: int, slot_bytes: int, slots: int = 4, folder: Path = SHARED_MEMORY) -> None:
        if not 2 <= slots <= MAX_SLOTS or not 0 < slot_bytes <= MAX_PAYLOAD_BYTES:
            raise ContextError("impossible ring", got=f"{slots} slots of {slot_bytes} bytes",
                               wanted=f"2..{MAX_SLOTS} slots of 1..{MAX_PAYLOAD_BYTES}")
        self.epoch, self.slots = epoch, slots
        self.slot_bytes = -(-(slot_bytes + _HEADER_BYTES) // _PAGE) * _PAGE
        self.name = segment_name(epoch)
        self._path = folder / self.name
        self._generation = 0
        size = _PAGE + slots * self.slot_bytes
        try:
            fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MachineError("no shared memory", where=str(self._path), got=error.strerror,
                               wanted="a writable /dev/shm (in a container: --ipc=host or --shm-size=1g)") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(fd, 0, size)  # all of it now: a full /dev/shm is an error here, not a SIGBUS later
            self._memory = mmap.mmap(fd, size)
        except OSError as error:
            os.unlink(self._path)
            os.close(fd)
            raise MachineError("shared memory is full", where=str(folder), got=error.strerror,
                               wanted=f"{size >> 20} MiB free") from error
        self._fd = fd
        _HEADER.pack_into(self._memory, 0, _MAGIC, 1, slots, self.slot_bytes, epoch)

    def write(self, context: AttentionContext, dtype: str = "float32") -> ContextRecord:
        """Fill the oldest slot with `context`; the record is what to publish. Raises ContextError if it cannot fit."""
        if context.epoch != self.epoch:
            raise ContextError("context of another epoch", got=context.epoch, wanted=self.epoch)
        layout = layout_of(context, dtype)
        handle, total = self.fill(layout, lambda target: encode_into(target, context, layout))
        return ContextRecord(context.stamp_ns, context.epoch, context.sequence, context.model_hash, layout,
                             context.next_position, context.pose_map_to_ego, total, context.compute_s, handle)

    def fill(self, layout: ContextLayout, put: Callable[[memoryview], None]) -> tuple[SlotHandle, int]:
        """Let `put` write a payload of this layout in place; where it lies then, and its checksum."""
        size = layout.size_bytes
        if size > self.slot_bytes - _HEADER_BYTES:
            raise ContextError("context larger than a slot", got=f"{size} bytes",
                               wanted=f"<= {self.slot_bytes - _HEADER_BYTES}")
        self._generation += 1
        slot = self._generation % self.slots
        at = _PAGE + slot * self.slot_bytes
        _SLOT.pack_into(self._memory, at, 0, 0, 0)
        with memoryview(self._memory) as whole, whole[at + _HEADER_BYTES : at + _HEADER_BYTES + size] as target:
            put(target)
            total = checksum(target, layout)
        _SLOT.pack_into(self._memory, at, self._generation, size, total)
        return SlotHandle(self.name, slot, self._generation, size), total

    def close(self) -> None:
        """Remove the segment. Readers that hold it keep what they have; new reads fail."""
        if self._fd < 0:
            return
        self._memory.close()
        os.close(self._fd)
        self._fd = -1
        self._path.unlink(missing_ok=True)


class RingReader:
    """Reads slots by handle. Keeps the segment of the present epoch open; a new epoch replaces it."""

    def __init__(self, folder: Path = SHARED_MEMORY) -> None:
        self._folder = folder
        self._name, self._fd, self._slots, self._slot_bytes = "", -1, 0, 0
        self._second: ThreadPoolExecutor | None = None

    def read(self, record: ContextRecord) -> bytearray:
        """A copy of the payload that `record.handle` names, for a bag.

        Raises ContextError when the name, a bound, the epoch or the generation is wrong, or when the writer came
        round the ring while it was copied. The checksum of what came out is the codec's to check.
        """
        handle, at = self._slot_of(record)
        payload = bytearray(handle.size_bytes)
        self._copy([payload], at + _HEADER_BYTES)
        self._check_slot(handle, at, "during the copy")
        return payload

    def take(self, record: ContextRecord) -> AttentionContext:
        """The context that `record.handle` names, with every check of `read_into` and of its numbers."""
        layout = record.layout
        kind = RAW_TYPES[layout.dtype]
        keys, values = np.empty(layout.keys_shape, kind), np.empty(layout.values_shape, kind)
        return decode_numbers(record, self.read_into(record, keys, values), keys, values)

    def read_into(self, record: ContextRecord, keys_LGTH: Raw, values_LGTV: Raw) -> F32:
        """Copy the payload once, into an attention buffer: arrays of the layout's shapes and `RAW_TYPES`, of which
        each head's tokens are contiguous; there may be room behind them. Returns the scales (int8; else none).

        Raises ContextError as `read` does, and when the checksum of what came out is another: the buffer then holds
        no context. Each layer is summed while it is in the cache.
        """
        layout = record.layout
        if keys_LGTH.shape != layout.keys_shape or values_LGTV.shape != layout.values_shape:
            raise ContextError("buffer of another shape", got=f"{keys_LGTH.shape}, {values_LGTV.shape}",
                               wanted=f"{layout.keys_shape}, {layout.values_shape}")
        handle, at = self._slot_of(record)
        begin = at + _HEADER_BYTES + 4 * layout.scales
        layer_bytes = (layout.size_bytes - 4 * layout.scales) // layout.layers
        scales_S = np.empty(layout.scales, np.float32)
        if layout.scales:
            self._copy([scales_S], at + _HEADER_BYTES)
        sums = np.empty((layout.layers, 2 * layout.kv_heads), np.uint64)

        def copy(layers: Iterable[int]) -> None:
            for n in layers:
                self._copy([*keys_LGTH[n], *values_LGTV[n]], begin + n * layer_bytes)
                sums[n, : layout.kv_heads] = head_sums(keys_LGTH[n : n + 1])[0]
                sums[n, layout.kv_heads :] = head_sums(values_LGTV[n : n + 1])[0]

        if handle.size_bytes < _SHARED_WORK_BYTES:
            copy(range(layout.layers))
        else:
            self._second = self._second or ThreadPoolExecutor(1, "context")
            half = self._second.submit(copy, range(layout.layers // 2))
            try:
                copy(range(layout.layers // 2, layout.layers))
            finally:
                half.result()
        self._check_slot(handle, at, "during the copy")
        check_sum(record, combine(scales_S, sums))
        return scales_S

    def close(self) -> None:
        """Let go of the segment."""
        self._let_go()
        if self._second is not None:
            self._second.shutdown()
            self._second = None

    def _let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._name, self._fd, self._slots, self._slot_bytes = "", -1, 0, 0

    def _copy(self, targets: list[Any], at: int) -> None:
        if os.preadv(self._fd, targets, at) != sum(memoryview(t).nbytes for t in targets):
            raise ContextError("segment shrank while it was read", where=self._name)

    def _slot_of(self, record: ContextRecord) -> tuple[SlotHandle, int]:
        """The handle when all that it claims is possible, and where in the segment its slot begins."""
        handle = record.handle
        if handle is None:
            raise ContextError("no slot to read", where=f"context {record.sequence}")
        if checked_segment_name(handle.segment) != segment_name(record.epoch):
            raise ContextError("segment of another epoch", got=handle.segment, wanted=segment_name(record.epoch))
        if handle.segment != self._name:
            self._open(handle.segment, record.epoch)
        if not 0 <= handle.slot < self._slots or not 0 < handle.size_bytes <= self._slot_bytes - _HEADER_BYTES:
            raise ContextError("slot out of bounds", where=handle.segment,
                               got=f"slot {handle.slot}, {handle.size_bytes} bytes",
                               wanted=f"slot 0..{self._slots - 1}, 1..{self._slot_bytes - _HEADER_BYTES} bytes")
        at = _PAGE + handle.slot * self._slot_bytes
        self._check_slot(handle, at, "before the copy")
        return handle, at

    def _check_slot(self, handle: SlotHandle, at: int, when: str) -> None:
        head = os.pread(self._fd, _SLOT.size, at)
        generation, size, _ = _SLOT.unpack(head) if len(head) == _SLOT.size else (0, 0, 0)
        if (generation, size) != (handle.generation, handle.size_bytes):
            raise ContextError(f"slot was overwritten {when}", where=f"{handle.segment} slot {handle.slot}",
                               got=f"generation {generation}, {size} bytes",
                               wanted=f"generation {handle.generation}, {handle.size_bytes} bytes")

    def _open(self, name: str, epoch: int) -> None:
        self._let_go()
        try:
            fd = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise ContextError("no such segment on this host", where=name, got=error.strerror) from error
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
                raise ContextError("segment is not private to this user", where=name, got=oct(status.st_mode),
                                   wanted="a regular file of mode 0600")
            head = os.pread(fd, _HEADER.size, 0)
            if len(head) != _HEADER.size:
                raise ContextError("segment without header", where=name, got=f"{len(head)} bytes")
            magic, version, slots, slot_bytes, found = _HEADER.unpack(head)
            if magic != _MAGIC or version != 1 or found != epoch:
                raise ContextError("foreign segment", where=name, got=f"{magic!r} version {version} epoch {found}",
                                   wanted=f"{_MAGIC!r} version 1 epoch {epoch}")
            if not 2 <= slots <= MAX_SLOTS or status.st_size != _PAGE + slots * slot_bytes:
                raise ContextError("segment of another size than it says", where=name, got=f"{status.st_size} bytes",
                                   wanted=f"{slots} slots of {slot_bytes}")
        except ContextError:
            os.close(fd)
            raise
        self._name, self._fd, self._slots, self._slot_bytes = name, fd, slots, slot_bytes


def remove_abandoned(folder: Path = SHARED_MEMORY) -> list[str]:
    """Remove the segments of this user whose writer is gone (killed before it could clean up); their names."""
    removed = []
    for path in sorted(folder.glob("automot_*")):
        if not SEGMENT_PATTERN.fullmatch(path.name):
            continue
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            continue  # another user's, or gone meanwhile
        try:
            if os.fstat(fd).st_uid == os.getuid():
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
                removed.append(path.name)
        except OSError:
            pass  # locked: its writer lives
        finally:
            os.close(fd)
    return removed
