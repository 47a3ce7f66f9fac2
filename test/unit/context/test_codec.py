"""The payload of a context: what goes in comes out, and what was altered is refused."""

import dataclasses

import numpy as np
import pytest

from automot_ros.base.errors import ContextError
from automot_ros.context.codec import checksum, decode, in_band
from automot_ros.context.layout import ContextLayout, ContextRecord
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.context import AttentionContext


def make_context(seed: int = 0, tokens: int = 50) -> AttentionContext:
    rng = np.random.default_rng(seed)
    keys = rng.normal(size=(3, 2, tokens, 8)).astype(np.float32)
    values = rng.normal(size=(3, 2, tokens, 6)).astype(np.float32)
    return AttentionContext(5, 77, 1, "abc", keys, values, tokens, Pose2(1.0, 2.0, 0.3), compute_s=0.1)


def through(context: AttentionContext, dtype: str) -> AttentionContext:
    record = in_band(context, dtype)
    assert record.payload is not None
    return decode(record, record.payload)


def test_float32_comes_back_to_the_bit() -> None:
    context = make_context()
    back = through(context, "float32")
    assert np.array_equal(back.keys_LGTH, context.keys_LGTH)
    assert np.array_equal(back.values_LGTV, context.values_LGTV)
    assert (back.stamp_ns, back.epoch, back.sequence, back.next_position) == (5, 77, 1, 50)
    assert back.pose_map_to_ego == context.pose_map_to_ego


def test_bfloat16_is_within_one_part_in_256() -> None:
    context = make_context()
    back = through(context, "bfloat16")
    assert np.all(np.abs(back.keys_LGTH - context.keys_LGTH) <= np.abs(context.keys_LGTH) / 256)
    half = (context.keys_LGTH.nbytes + context.values_LGTV.nbytes) // 2
    assert in_band(context, "bfloat16").layout.size_bytes == half


def test_bfloat16_rounds_to_nearest() -> None:
    exact = np.float32(1.0)
    context = make_context(tokens=1)
    context.keys_LGTH[...] = exact + np.float32(1.5 * 2.0**-8)  # above half of the last place: up
    assert np.all(through(context, "bfloat16").keys_LGTH == np.float32(1.0 + 2.0**-7))


def test_int8_is_within_half_a_step_of_each_head_and_channel() -> None:
    context = make_context()
    context.keys_LGTH[0, 0, :, 0] *= 100.0  # one loud channel must not cost the others their precision
    back = through(context, "int8")
    step = np.abs(context.keys_LGTH).max(axis=2, keepdims=True) / 127
    assert np.all(np.abs(back.keys_LGTH - context.keys_LGTH) <= 0.5001 * step)


def test_all_zeros_survive_int8() -> None:
    context = make_context()
    context.values_LGTV[...] = 0.0
    assert np.all(through(context, "int8").values_LGTV == 0.0)


@pytest.mark.parametrize("position", [0, 3000, 9000, -1])
def test_a_flipped_byte_is_noticed(position: int) -> None:
    record = in_band(make_context(), "float32")
    payload = bytearray(record.payload or b"")
    payload[position] ^= 0x40
    with pytest.raises(ContextError, match="torn or altered"):
        decode(record, payload)


def test_swapped_heads_change_the_checksum() -> None:
    context = make_context()
    swapped = dataclasses.replace(context, keys_LGTH=context.keys_LGTH[:, ::-1].copy())
    assert in_band(context, "float32").checksum != in_band(swapped, "float32").checksum


def test_the_checksum_covers_the_scales_of_int8() -> None:
    record = in_band(make_context(), "int8")
    payload = bytearray(record.payload or b"")
    payload[1] ^= 1
    assert checksum(payload, record.layout) != record.checksum


def test_not_a_number_is_refused_even_with_the_right_checksum() -> None:
    context = make_context()
    context.values_LGTV[1, 1, 3, 2] = np.nan
    with pytest.raises(ContextError, match="not finite"):
        through(context, "float32")


@pytest.mark.parametrize("change", [{"layers": 0}, {"layers": 2**31}, {"tokens": -1}, {"dtype": "pickle"},
                                    {"layers": 256, "kv_heads": 256, "tokens": 65536}])
def test_an_impossible_layout_is_refused(change: dict[str, object]) -> None:
    good = ContextLayout(3, 2, 8, 6, 50)
    with pytest.raises(ContextError):
        dataclasses.replace(good, **change)  # type: ignore[arg-type]


def test_a_payload_of_another_size_than_its_layout_is_refused() -> None:
    with pytest.raises(ContextError, match="does not fit"):
        ContextRecord(0, 1, 0, "", ContextLayout(3, 2, 8, 6, 50), 50, Pose2(0, 0, 0), 0, 0.0, None, b"1234")
