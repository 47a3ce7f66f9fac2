"""Writers that are killed in the middle of a write, and whether a reader ever gets a wrong context from what they left.

A child fills the ring as fast as it can and says which slot it is at; it is killed at a moment drawn by chance. Then
every slot is read with the record of each of its last contexts: what comes out must be that context, to the bit.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from automot_ros.base.errors import ContextError, MachineError
from automot_ros.context.codec import in_band
from automot_ros.context.layout import ContextRecord, SlotHandle, segment_name
from automot_ros.context.ring import SHARED_MEMORY, RingReader, RingWriter, remove_abandoned
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.context import AttentionContext

_SAID = struct.Struct("<qI")
_SLOTS = 3
_CHECKED = 2 * _SLOTS


@dataclass(frozen=True, slots=True)
class KilledWriters:
    """What came of it. `mid_write`: killed while a slot was being filled; `read` and `refused`: of the contexts tried;
    `wrong`: read, but not what was written; `left`: segments still there at the end.
    """

    killed: int
    mid_write: int
    read: int
    refused: int
    wrong: int
    left: int


def kill_writers(count: int, payload_bytes: int, seed: int = 0, folder: Path = SHARED_MEMORY) -> KilledWriters:
    """Kill `count` writers of contexts of about `payload_bytes`. Forks: call it from a process without threads."""
    tokens, chance = max(1, payload_bytes // (4 * 2 * 64 * 4)), random.Random(seed)
    mid_write = read = refused = wrong = 0
    epochs = [time.time_ns() + n for n in range(count)]
    for epoch in epochs:
        written = _write_until_killed(epoch, tokens, folder, chance.uniform(0.002, 0.012))
        segment = folder / segment_name(epoch)
        if not segment.exists():
            raise MachineError("the writer did not come as far as its segment", where=segment.name)
        mid_write += any(_generation_in(segment, slot) == 0 for slot in range(_SLOTS)) and written >= _SLOTS
        reader = RingReader(folder)
        # Also the one it was at when it died, and the one after: their records are what it would have sent.
        for generation in range(max(1, written + 2 - _CHECKED), written + 3):
            record = _record_of(epoch, generation, tokens)
            try:
                context = reader.take(record)
            except ContextError:
                refused += 1
                continue
            read += 1
            expected = _context(epoch, generation, tokens)
            wrong += not (np.array_equal(context.keys_LGTH, expected.keys_LGTH)
                          and np.array_equal(context.values_LGTV, expected.values_LGTV))
        reader.close()
        remove_abandoned(folder)
    left = sum((folder / segment_name(epoch)).exists() for epoch in epochs)
    return KilledWriters(count, mid_write, read, refused, wrong, left)


def _write_until_killed(epoch: int, tokens: int, folder: Path, after_s: float) -> int:
    """The last generation that a child says it has written before SIGKILL."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            contexts = [_context(epoch, n, tokens) for n in range(1, 1 + _CHECKED)]
            size = in_band(contexts[0]).layout.size_bytes
            ring = RingWriter(epoch, size, _SLOTS, folder)
            for generation in range(1, 1 << 30):
                ring.write(replace(_renumbered(contexts, generation), sequence=generation))
                os.write(into, _SAID.pack(generation, 0))
        finally:
            os._exit(1)
    os.close(into)
    first = os.read(out, _SAID.size)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = first
    while piece := os.read(out, 1 << 16):
        said += piece
    os.close(out)
    return int(_SAID.unpack(said[-_SAID.size :])[0]) if len(said) >= _SAID.size else 0


def _context(epoch: int, generation: int, tokens: int) -> AttentionContext:
    """Every number says which of a cycle of contexts it belongs to: neighbours in a slot always differ."""
    value = np.float32((generation - 1) % _CHECKED + 1)
    numbers = np.full((4, 2, tokens, 32), value, np.float32)
    return AttentionContext(generation, epoch, generation, "", numbers, -numbers, tokens, Pose2(0.0, 0.0, 0.0))


def _renumbered(contexts: list[AttentionContext], generation: int) -> AttentionContext:
    return contexts[(generation - 1) % _CHECKED]


def _record_of(epoch: int, generation: int, tokens: int) -> ContextRecord:
    record = in_band(_context(epoch, generation, tokens))
    handle = SlotHandle(segment_name(epoch), generation % _SLOTS, generation, record.layout.size_bytes)
    return replace(record, handle=handle, payload=None)


def _generation_in(segment: Path, slot: int) -> int:
    with segment.open("rb") as file:
        size = segment.stat().st_size
        slot_bytes = (size - 4096) // _SLOTS
        file.seek(4096 + slot * slot_bytes)
        return int.from_bytes(file.read(8), "little")
