"""What the bytes of a context mean, and the one place where sizes from outside are believed or refused.

Payload, little-endian, C order: for each of L layers all keys (G, T, H), then all values (G, T, V); G kv heads,
T tokens, H key width, V value width. With int8 the scales come first, float32: keys (L, G, H), then values (L, G, V).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from automot_ros.base.errors import ContextError
from automot_ros.geometry.se2 import Pose2

DTYPES = ("float32", "bfloat16", "int8")
ITEM_BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}
MAX_PAYLOAD_BYTES = 1 << 30
MAX_SLOTS = 64
SEGMENT_PREFIX = "automot_"
SEGMENT_PATTERN = re.compile(r"automot_[0-9a-f]{16}")

_LIMITS = {"layers": 256, "kv_heads": 256, "key_dim": 1024, "value_dim": 1024, "tokens": 65536}


@dataclass(frozen=True, slots=True)
class ContextLayout:
    """Shape and number format of one payload. Refuses shapes that no model has."""

    layers: int
    kv_heads: int
    key_dim: int
    value_dim: int
    tokens: int
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, high in _LIMITS.items():
            value = getattr(self, name)
            if not 1 <= value <= high:
                raise ContextError("impossible layout", where=f"context.{name}", got=value, wanted=f"1..{high}")
        if self.dtype not in DTYPES:
            raise ContextError("unknown number format", where="context.dtype", got=repr(self.dtype[:32]),
                               wanted=" | ".join(DTYPES))
        if self.size_bytes > MAX_PAYLOAD_BYTES:
            raise ContextError("payload too large", where="context", got=f"{self.size_bytes} bytes",
                               wanted=f"<= {MAX_PAYLOAD_BYTES}")

    @property
    def keys_shape(self) -> tuple[int, int, int, int]:
        """(L, G, T, H)."""
        return (self.layers, self.kv_heads, self.tokens, self.key_dim)

    @property
    def values_shape(self) -> tuple[int, int, int, int]:
        """(L, G, T, V)."""
        return (self.layers, self.kv_heads, self.tokens, self.value_dim)

    @property
    def scales(self) -> int:
        """How many float32 scales stand before the numbers (int8 only)."""
        return self.layers * self.kv_heads * (self.key_dim + self.value_dim) if self.dtype == "int8" else 0

    @property
    def size_bytes(self) -> int:
        """Bytes of the whole payload."""
        numbers = self.layers * self.kv_heads * self.tokens * (self.key_dim + self.value_dim)
        return 4 * self.scales + numbers * ITEM_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class SlotHandle:
    """Where a payload lies on this host. Everything in it is hostile until `RingReader.read` has checked it."""

    segment: str
    slot: int
    generation: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ContextRecord:
    """What a context message says beside the payload: a handle, or the payload itself in band."""

    stamp_ns: int
    epoch: int
    sequence: int
    model_hash: str
    layout: ContextLayout
    next_position: int
    pose_map_to_ego: Pose2
    checksum: int
    compute_s: float
    handle: SlotHandle | None
    payload: bytes | bytearray | memoryview | None = None

    def __post_init__(self) -> None:
        if (self.handle is None) == (self.payload is None):
            raise ContextError("a context travels either in a slot or in band", got=f"slot {self.handle}",
                               wanted="exactly one of the two")
        size = self.handle.size_bytes if self.handle is not None else len(self.payload or b"")
        if size != self.layout.size_bytes:
            raise ContextError("payload does not fit its layout", where="context.size", got=f"{size} bytes",
                               wanted=f"{self.layout.size_bytes}")
        if not 0 <= self.next_position <= 1 << 20:
            raise ContextError("impossible position", where="context.next_position", got=self.next_position,
                               wanted=f"0..{1 << 20}")


def segment_name(epoch: int) -> str:
    """Name of the shared-memory segment of an epoch (an epoch is new at each start of the understanding node)."""
    if not 0 < epoch < 1 << 64:
        raise ContextError("impossible epoch", where="context.epoch", got=epoch, wanted="1..2^64-1")
    return f"{SEGMENT_PREFIX}{epoch:016x}"


def checked_segment_name(name: str) -> str:
    """`name` if it is one that this package gives; anything else (a path, another program's memory) is refused."""
    if not SEGMENT_PATTERN.fullmatch(name):
        raise ContextError("not a segment of this package", where="context.segment", got=repr(name[:64]),
                           wanted=SEGMENT_PATTERN.pattern)
    return name
