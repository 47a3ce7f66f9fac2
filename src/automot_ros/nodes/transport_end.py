"""One end of the context transport in a process of its own, for `automot bench transport`: a writer or a reader.

Takes one argument, a JSON object of TransportCell's fields and `role`. Contexts have the released layout (36 layers, 4
heads, keys of 128, values of 80, bfloat16) and as many tokens as make the wanted size. Stamps are CLOCK_MONOTONIC,
which all processes of a machine share.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from automot_ros.base.errors import ContextError
from automot_ros.base.results import write_json
from automot_ros.context.codec import Raw, check_sum, checksum, views
from automot_ros.context.layout import ContextLayout, ContextRecord
from automot_ros.context.ring import RingReader, RingWriter
from automot_ros.geometry.se2 import Pose2
from automot_ros.model.variants import ACTION_TOKENS
from automot_ros.msg import AttentionContext
from automot_ros.nodes import convert_plan, qos
from automot_ros.nodes.security import close_shared_memory

TOPIC = "/automot/bench/attention_context"
MEGABYTE = 1_000_000
FIND_S, SETTLE_S = 30.0, 1.0
_LAYERS, _HEADS, _KEY_DIM, _VALUE_DIM = 36, 4, 128, 80


@dataclass(frozen=True, slots=True)
class TransportCell:
    """One row of the table. `way`: handle, or in band; `result` is the file that the reader leaves."""

    way: str
    megabytes: float
    rate_hz: float
    count: int
    result: str

    @property
    def layout(self) -> ContextLayout:
        """The released layout with as many tokens as come closest to the size."""
        token_bytes = _LAYERS * _HEADS * (_KEY_DIM + _VALUE_DIM) * 2
        tokens = max(1, round(self.megabytes * MEGABYTE / token_bytes))
        return ContextLayout(_LAYERS, _HEADS, _KEY_DIM, _VALUE_DIM, tokens, "bfloat16")


class Numbers:
    """What is sent: the same random numbers each time, and the sequence at the head of every head."""

    def __init__(self, layout: ContextLayout) -> None:
        rng = np.random.default_rng(7)
        self._keys = rng.integers(0, 0x7F00, layout.keys_shape, np.uint16)
        self._values = rng.integers(0, 0x7F00, layout.values_shape, np.uint16)

    def put(self, target: memoryview, layout: ContextLayout, sequence: int) -> None:
        """Write the payload of a sequence number."""
        _, keys, values = views(target, layout)
        keys[...], values[...] = self._keys, self._values
        keys[:, :, 0, 0] = values[:, :, 0, 0] = sequence % 0x7F00

    def are(self, keys_LGTH: Raw, values_LGTV: Raw, sequence: int) -> bool:
        """Whether these are the numbers of a sequence number, every one of them."""
        self._keys[:, :, 0, 0] = self._values[:, :, 0, 0] = sequence % 0x7F00
        return all(np.array_equal(mine[n], other[n]) for mine, other in
                   ((self._keys, keys_LGTH), (self._values, values_LGTV)) for n in range(len(mine)))


def write(node: Any, cell: TransportCell) -> dict[str, Any]:
    """Send contexts at the rate; how long filling took, for each."""
    layout, numbers = cell.layout, Numbers(cell.layout)
    publisher = node.create_publisher(AttentionContext, TOPIC, qos.context(False))
    close_shared_memory()
    epoch = time.time_ns()
    ring = RingWriter(epoch, layout.size_bytes) if cell.way == "handle" else None
    payload = bytearray(0 if ring else layout.size_bytes)
    fills_s: list[float] = []
    try:
        # Both ends must know each other: what is sent before is lost, which is the start's loss, not the transport's.
        _wait_for(lambda: publisher.get_subscription_count() == 1 and _ready_file(cell).exists())
        due_s = time.monotonic() + SETTLE_S
        for sequence in range(cell.count):
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1.0 / cell.rate_hz
            begin = time.perf_counter()
            if ring is not None:
                handle, total = ring.fill(layout, lambda to, n=sequence: numbers.put(to, layout, n))  # type: ignore[misc]
            else:
                handle = None
                numbers.put(memoryview(payload), layout, sequence)
                total = checksum(payload, layout)
            fills_s.append(time.perf_counter() - begin)
            record = ContextRecord(time.monotonic_ns(), epoch, sequence, "bench", layout, layout.tokens,
                                   Pose2(0.0, 0.0, 0.0), total, 0.0, handle, None if handle else payload)
            publisher.publish(convert_plan.context_to_msg(record))
        time.sleep(0.5 + cell.megabytes / 20.0)  # what is on its way arrives
    finally:
        if ring is not None:
            ring.close()
    return {"fill_s": fills_s, "segment": "" if ring is None else ring.name}


class Reader:
    """Brings every context into one attention buffer, and compares it with a copy of as many bytes."""

    def __init__(self, node: Any, cell: TransportCell) -> None:
        self._layout, self._numbers = cell.layout, Numbers(cell.layout)
        layers, heads, tokens, _ = self._layout.keys_shape
        room = (layers, heads, tokens + ACTION_TOKENS)
        self._keys = np.ones((*room, _KEY_DIM), np.uint16)[:, :, :tokens]
        self._values = np.ones((*room, _VALUE_DIM), np.uint16)[:, :, :tokens]
        self._from = np.ones(self._layout.size_bytes, np.uint8)
        self._to = np.ones_like(self._from)
        self._ring = RingReader()
        self.hand_over_s: list[float] = []
        self.memcpy_s: list[float] = []
        self.corrupted, self.refused = 0, 0
        self.sequences: list[int] = []
        met = SubscriptionEventCallbacks(matched=lambda _: _ready_file(cell).touch())
        node.create_subscription(AttentionContext, TOPIC, self._on_context, qos.context(False), event_callbacks=met)

    def _on_context(self, message: AttentionContext) -> None:
        record = convert_plan.context_from_msg(message)
        try:
            if record.payload is None:
                self._ring.read_into(record, self._keys, self._values)
            else:
                check_sum(record, checksum(record.payload, record.layout))
                _, self._keys[...], self._values[...] = views(memoryview(record.payload), record.layout)
        except ContextError:
            self.refused += 1
            return
        self.hand_over_s.append((time.monotonic_ns() - record.stamp_ns) / 1e9)
        self.sequences.append(record.sequence)
        self.corrupted += not self._numbers.are(self._keys, self._values, record.sequence)
        begin = time.perf_counter()
        np.copyto(self._to, self._from)
        self.memcpy_s.append(time.perf_counter() - begin)


def read(node: Any, cell: TransportCell) -> dict[str, Any]:
    """Take contexts until SIGTERM."""
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    reader, executor = Reader(node, cell), SingleThreadedExecutor()
    executor.add_node(node)
    close_shared_memory()
    while not stop:
        executor.spin_once(timeout_sec=0.2)
    executor.shutdown(timeout_sec=1.0)
    return {"hand_over_s": reader.hand_over_s, "memcpy_s": reader.memcpy_s, "corrupted": reader.corrupted,
            "refused": reader.refused, "sequences": reader.sequences}


def _ready_file(cell: TransportCell) -> Path:
    return Path(cell.result).with_suffix(".ready")


def _wait_for(condition: Any) -> None:
    until = time.monotonic() + FIND_S
    while not condition():
        if time.monotonic() > until:
            raise ContextError("nobody reads", where=TOPIC, got=f"{FIND_S} s without a subscription")
        time.sleep(0.02)


def main() -> int:
    """Be one end."""
    values = json.loads(sys.argv[1])
    role, cell = values.pop("role"), TransportCell(**values)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"bench_{role}")
    try:
        figures = write(node, cell) if role == "writer" else read(node, cell)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    write_json(Path(cell.result).with_suffix(f".{role}.json"), figures)
    return 0



if __name__ == "__main__":
    raise SystemExit(main())
