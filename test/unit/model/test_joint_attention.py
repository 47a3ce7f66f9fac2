"""Joint attention: padding of heads, the buffer, and what can be read."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from automot_ros.base.errors import ContextError
from automot_ros.model.action import ActionOutput, Noticed
from automot_ros.model.automot import AutoMoT, join_contexts, split_context
from automot_ros.model.joint_attention import JointAttention, Rotary
from automot_ros.model.mask import ACTION_BLOCKS
from automot_ros.model.variants import variant


def test_own_keys_hold_zeros_in_the_padding_and_queries_do_not() -> None:
    size = variant("debug").action
    torch.manual_seed(0)
    attention = JointAttention(size)
    cos, sin = Rotary(size.key_dim, 10_000.0)(torch.arange(5)[None])
    q, k, v = attention.project(torch.randn(1, 5, size.width), cos, sin)
    assert q.shape == (1, size.heads, 5, size.key_dim)
    assert k.shape == (1, size.kv_heads, 5, size.key_dim)
    assert v.shape == (1, size.kv_heads, 5, size.head_dim)
    assert not k[..., size.head_dim :].any()
    assert q[:, :, 1:, size.head_dim :].any()


def test_a_later_block_does_not_change_an_earlier_token() -> None:
    expert = AutoMoT(variant("debug"), seed=1).action.eval()
    size = expert.size
    tokens = torch.randn(1, 101, size.width, generator=torch.Generator().manual_seed(0))
    keys = [torch.randn(1, size.kv_heads, 6, size.key_dim) for _ in range(size.layers)]
    values = [torch.randn(1, size.kv_heads, 6, size.head_dim) for _ in range(size.layers)]
    from automot_ros.model.joint_attention import BatchContext
    from automot_ros.model.mask import with_context

    def run(x: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            out: torch.Tensor = expert.mixture(x, torch.tensor([6]), with_context(6), BatchContext(keys, values))
        return out

    before, start = run(tokens), 0
    for length in ACTION_BLOCKS:
        changed = tokens.clone()
        changed[:, start : start + length] += 1.0
        after = run(changed)
        assert torch.equal(after[:, :start], before[:, :start])
        assert not torch.equal(after[:, start:], before[:, start:])
        start += length


def test_a_loaded_buffer_gives_what_the_batch_gives(model: AutoMoT, scene) -> None:
    with torch.no_grad():
        context = model.understanding.context(scene.frames, scene.prompt, scene.padded)
        together = model.action(scene.batch, context.keys, context.values, context.next_position_B, context.mask_BT)
        for i, row in enumerate(split_context(context, torch.float32)):
            buffer = model.action.buffer(row.keys_LGTH.shape[2] + 3)
            buffer.load(row.keys_LGTH, row.values_LGTV, row.next_position)
            first = model.action.step(scene.of(i).batch, buffer)
            again = model.action.step(scene.of(i).batch, buffer)
            for all_of_it, one, same in zip(tensors(together), tensors(first), tensors(again), strict=True):
                torch.testing.assert_close(all_of_it[i], one[0], atol=1e-5, rtol=0)
                assert torch.equal(one, same)


def tensors(output: ActionOutput) -> list[torch.Tensor]:
    parts = [getattr(output, f.name) for f in dataclasses.fields(output)]
    noticed = parts.pop()
    assert isinstance(noticed, Noticed)
    return [*parts, *(getattr(noticed, f.name) for f in dataclasses.fields(noticed))]


def test_joined_rows_are_the_batch_again(model: AutoMoT, scene) -> None:
    with torch.no_grad():
        context = model.understanding.context(scene.frames, scene.prompt, scene.padded)
    joined = join_contexts(split_context(context, torch.float32))
    assert torch.equal(joined.mask_BT, context.mask_BT[:, : joined.mask_BT.shape[1]])
    assert torch.equal(joined.next_position_B, context.next_position_B)
    for ours, theirs in zip(joined.keys, context.keys, strict=True):
        kept = joined.mask_BT[:, None, :, None]
        assert torch.equal(ours, theirs[:, :, : ours.shape[2]] * kept)


def test_a_context_of_another_shape_is_refused(model: AutoMoT) -> None:
    size = model.action.size
    buffer = model.action.buffer(8)
    values = torch.zeros(size.layers, size.kv_heads, 4, size.head_dim)
    with pytest.raises(ContextError, match="another model"):
        buffer.load(torch.zeros(size.layers, size.kv_heads, 4, size.key_dim + 1), values, 4)
    long_keys = torch.zeros(size.layers, size.kv_heads, 9, size.key_dim)
    with pytest.raises(ContextError, match="too long"):
        buffer.load(long_keys, torch.zeros(size.layers, size.kv_heads, 9, size.head_dim), 9)


def test_an_empty_context_is_what_training_calls_a_lost_one(model: AutoMoT, scene) -> None:
    with torch.no_grad():
        context = model.understanding.context(scene.frames, scene.prompt, scene.padded)
        nothing = torch.zeros_like(context.mask_BT)
        lost = model.action(scene.batch, context.keys, context.values, context.next_position_B, nothing)
        for i, row in enumerate(split_context(context, torch.float32)):
            buffer = model.action.buffer(row.keys_LGTH.shape[2])
            buffer.load(row.keys_LGTH, row.values_LGTV, row.next_position)
            buffer.load(row.keys_LGTH[:, :, :0], row.values_LGTV[:, :, :0], row.next_position)
            empty = model.action.step(scene.of(i).batch, buffer)
            torch.testing.assert_close(lost.waypoints_B62[i], empty.waypoints_B62[0], atol=1e-5, rtol=0)
            torch.testing.assert_close(lost.speeds_B3[i], empty.speeds_B3[0], atol=1e-5, rtol=0)
