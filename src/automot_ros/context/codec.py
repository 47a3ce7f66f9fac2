"""An attention context as bytes and back: float32 as it is, bfloat16, or int8 with a scale per head and channel.

Shapes: L layers, G kv heads, T tokens, H key width, V value width, C either width. Nothing is ever unpickled.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import ContextError
from automot_ros.context.layout import ContextLayout, ContextRecord
from automot_ros.scene.context import AttentionContext

F32 = NDArray[np.float32]
Bytes = bytes | bytearray | memoryview
Raw = NDArray[np.generic]
RAW_TYPES: dict[str, type[np.generic]] = {"float32": np.float32, "bfloat16": np.uint16, "int8": np.int8}
"""The numpy type of the numbers as they travel; bfloat16 as its bits."""


def layout_of(context: AttentionContext, dtype: str = "float32") -> ContextLayout:
    """The layout of a context when encoded as `dtype`."""
    layers, heads, tokens, key_dim = context.keys_LGTH.shape
    if context.values_LGTV.shape[:3] != (layers, heads, tokens):
        raise ContextError("keys and values disagree", where="context", got=context.values_LGTV.shape,
                           wanted=f"({layers}, {heads}, {tokens}, V)")
    return ContextLayout(layers, heads, key_dim, context.values_LGTV.shape[3], tokens, dtype)


def encode_into(target: memoryview, context: AttentionContext, layout: ContextLayout) -> None:
    """Write the payload of `context` into `target` (exactly `layout.size_bytes` long) without a copy in between."""
    if len(target) != layout.size_bytes:
        raise ContextError("target does not fit the payload", got=len(target), wanted=layout.size_bytes)
    scales_S, keys, values = views(target, layout)
    if layout.dtype == "float32":
        keys[...], values[...] = context.keys_LGTH, context.values_LGTV
    elif layout.dtype == "bfloat16":
        keys[...], values[...] = _to_bfloat16(context.keys_LGTH), _to_bfloat16(context.values_LGTV)
    else:
        split = layout.layers * layout.kv_heads * layout.key_dim
        keys[...], scales_S[:split] = _to_int8(context.keys_LGTH)
        values[...], scales_S[split:] = _to_int8(context.values_LGTV)


def encode(context: AttentionContext, dtype: str = "float32") -> bytes:
    """The payload of `context` as bytes, for another host or a bag."""
    layout = layout_of(context, dtype)
    payload = bytearray(layout.size_bytes)
    encode_into(memoryview(payload), context, layout)
    return bytes(payload)


def in_band(context: AttentionContext, dtype: str = "float32") -> ContextRecord:
    """The record of `context` that carries its payload, for another host or a bag."""
    payload, layout = encode(context, dtype), layout_of(context, dtype)
    return ContextRecord(context.stamp_ns, context.epoch, context.sequence, context.model_hash, layout,
                         context.next_position, context.pose_map_to_ego, checksum(payload, layout), context.compute_s,
                         None, payload)


def decode(record: ContextRecord, payload: Bytes) -> AttentionContext:
    """The context that `record` and its payload describe; float32 arrays are views of `payload`, not copies.

    Raises ContextError when the size, the checksum or a number (not finite) is wrong.
    """
    layout = record.layout
    if len(payload) != layout.size_bytes:
        raise ContextError("payload does not fit its layout", where=f"context {record.sequence}",
                           got=f"{len(payload)} bytes", wanted=f"{layout.size_bytes}")
    check_sum(record, checksum(payload, layout))
    return decode_numbers(record, *views(memoryview(payload), layout))


def decode_numbers(record: ContextRecord, scales_S: F32, raw_keys: Raw, raw_values: Raw) -> AttentionContext:
    """The context of numbers as they travel (`RAW_TYPES`), checked before; ContextError when one is not finite."""
    layout = record.layout
    if layout.dtype == "float32":
        keys, values = raw_keys.view(np.float32), raw_values.view(np.float32)
    elif layout.dtype == "bfloat16":
        keys, values = _from_bfloat16(raw_keys), _from_bfloat16(raw_values)
    else:
        split = layout.layers * layout.kv_heads * layout.key_dim
        keys, values = _from_int8(raw_keys, scales_S[:split]), _from_int8(raw_values, scales_S[split:])
    if not (np.isfinite(keys).all() and np.isfinite(values).all()):
        raise ContextError("not finite", where=f"context {record.sequence}", got="NaN or infinity", wanted="numbers")
    return AttentionContext(record.stamp_ns, record.epoch, record.sequence, record.model_hash, keys, values,
                            record.next_position, record.pose_map_to_ego, "", record.compute_s)


def checksum(payload: Bytes, layout: ContextLayout) -> int:
    """32 bits over the payload: CRC of the scales and of the wrapped sum of the words of each head of each layer.

    A plain CRC-32 runs at a quarter of the speed of memory, a sum at its full speed. A sum a head notices a changed
    word, a piece of another context and heads in another order; it does not notice words that changed places within a
    head, which a torn write cannot do. A reader that scatters the heads can sum each while it is in the cache.
    """
    scales_S, keys, values = views(memoryview(payload), layout)
    return combine(scales_S, np.concatenate([head_sums(keys), head_sums(values)], axis=1))


def head_sums(x_LGTC: NDArray[np.generic]) -> NDArray[np.uint64]:
    """(L, G) wrapped sums of the 64-bit words of each head's tokens; the last axis must be contiguous."""
    rows = x_LGTC.reshape(*x_LGTC.shape[:2], -1).view(np.uint8)
    if rows.shape[2] % 8:
        rows = np.pad(rows, ((0, 0), (0, 0), (0, -rows.shape[2] % 8)))
    sums: NDArray[np.uint64] = np.add.reduce(rows.view(np.uint64), axis=2, dtype=np.uint64)
    return sums


def combine(scales_S: F32, sums_LG: NDArray[np.uint64]) -> int:
    """The checksum from the sums of the heads (L, keys then values)."""
    return zlib.crc32(np.ascontiguousarray(sums_LG).tobytes(), zlib.crc32(scales_S.tobytes()))


def check_sum(record: ContextRecord, found: int) -> None:
    """ContextError when a payload is not what its record says."""
    if found != record.checksum:
        raise ContextError("torn or altered payload", where=f"context {record.sequence}",
                           got=f"checksum {found:08x}", wanted=f"{record.checksum:08x}")


def views(buffer: memoryview, layout: ContextLayout) -> tuple[F32, Raw, Raw]:
    """(scales, keys (L, G, T, H), values (L, G, T, V)) of a payload, as they travel, without a copy."""
    kind = RAW_TYPES[layout.dtype]
    scales_S = np.frombuffer(buffer, np.float32, layout.scales)
    numbers = np.frombuffer(buffer, kind, offset=4 * layout.scales).reshape(layout.layers, -1)
    split = layout.kv_heads * layout.tokens * layout.key_dim
    return scales_S, numbers[:, :split].reshape(layout.keys_shape), numbers[:, split:].reshape(layout.values_shape)


def _to_bfloat16(x: F32) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    nearest_even = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    high: NDArray[np.uint16] = ((bits + nearest_even) >> np.uint32(16)).astype(np.uint16)
    return high


def _from_bfloat16(x: NDArray[np.generic]) -> F32:
    wide: F32 = (x.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return wide


def _to_int8(x_LGTC: F32) -> tuple[NDArray[np.int8], F32]:
    scale_LG1C = np.maximum(np.abs(x_LGTC).max(axis=2, keepdims=True), np.float32(1e-12)) / np.float32(127.0)
    return np.rint(x_LGTC / scale_LG1C).astype(np.int8), scale_LG1C.astype(np.float32).ravel()


def _from_int8(x_LGTC: NDArray[np.generic], scales_S: F32) -> F32:
    layers, heads, _, width = x_LGTC.shape
    return x_LGTC.astype(np.float32) * scales_S.reshape(layers, heads, 1, width)
