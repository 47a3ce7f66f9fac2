"""The understanding expert is plain transformers, with or without the action expert."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F
from transformers import Qwen3VLForConditionalGeneration

from automot_ros.model.automot import AutoMoT
from automot_ros.model.joint_attention import rotate
from automot_ros.model.mask import whole_sequence
from automot_ros.model.understanding import PAD_ID, pixel_patches, qwen_config
from automot_ros.model.variants import variant


def plain_transformers(model: AutoMoT) -> Qwen3VLForConditionalGeneration:
    plain = Qwen3VLForConditionalGeneration(qwen_config(model.variant.understanding)).eval()
    plain.load_state_dict(model.understanding.model.state_dict())
    return plain


def plain_inputs(model: AutoMoT, scene) -> dict[str, torch.Tensor]:
    size = model.variant.understanding
    # One flat list of images, of any size: a scene's frames in order, scene by scene.
    patches = [pixel_patches(group, size) for i in range(len(scene.prompt)) for group in scene.of(i).frames]
    return {
        "input_ids": scene.prompt,
        "pixel_values": torch.cat(patches),
        "image_grid_thw": torch.tensor(size.grids * len(scene.prompt)),
        "mm_token_type_ids": (scene.prompt == size.image_id).int(),
    }


def test_logits_with_the_action_expert_attached_are_those_of_plain_transformers_to_the_bit(
    model: AutoMoT, scene
) -> None:
    from transformers.cache_utils import DynamicCache

    with torch.inference_mode():
        wanted = plain_transformers(model)(**plain_inputs(model, scene)).logits
        context = model.understanding.context(scene.frames, scene.prompt, scene.report)
        model.action(scene.batch, context.keys, context.values, context.next_position_B, context.mask_BT)
        seen, tokens = model.understanding.see(scene.frames), scene.prompt.shape[1]
        got = model.understanding.read(seen, scene.prompt, tokens, DynamicCache(), tokens)
    assert torch.equal(got, wanted)


@pytest.mark.parametrize("negative", [False, True])
def test_said_text_is_that_of_plain_transformers_to_the_word(model: AutoMoT, scene, negative: bool) -> None:
    scene = scene.in_negative() if negative else scene
    plain = plain_transformers(model)
    prompt = scene.prompt.shape[1]
    wanted = plain.generate(**plain_inputs(model, scene), max_new_tokens=len(scene.form), do_sample=False,
                            attention_mask=torch.ones_like(scene.prompt), eos_token_id=None, pad_token_id=PAD_ID,
                            prefix_allowed_tokens_fn=lambda _, ids: scene.form[len(ids) - prompt])
    said, _ = model.understanding.say(scene.frames, scene.prompt, scene.form)
    assert torch.equal(said, wanted[:, prompt:])
    assert len({int(word) for word in said[0]}) > 4


def test_a_right_first_guess_needs_one_pass_and_a_wrong_one_leads_to_the_same_words(
    model: AutoMoT, scene, monkeypatch
) -> None:
    one, forward, passes = scene.of(0), model.understanding.model.forward, []

    def counted(**inputs: object) -> object:
        passes.append(inputs["input_ids"].shape[1])
        return forward(**inputs)

    monkeypatch.setattr(model.understanding.model, "forward", counted)
    wanted, context = model.understanding.say(one.frames, one.prompt, one.form)
    assert 2 < len(passes) <= 1 + sum(len(words) > 1 for words in one.form)
    passes.clear()
    right = [sorted(words, key=lambda word: word != said) for words, said in zip(one.form, wanted[0], strict=True)]
    said, same = model.understanding.say(one.frames, one.prompt, right)
    assert passes == [one.prompt.shape[1] + len(one.form)]
    assert torch.equal(said, wanted)
    for a, b in zip([*context.keys, *context.values], [*same.keys, *same.values], strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_what_is_said_of_a_scene_does_not_depend_on_the_scenes_beside_it(model: AutoMoT, scene) -> None:
    said, _ = model.understanding.say(scene.frames, scene.prompt, scene.form)
    for i in range(2):
        one = scene.of(i)
        alone, _ = model.understanding.say(one.frames, one.prompt, one.form)
        assert torch.equal(alone[0], said[i])


def test_every_form_is_kept_whatever_it_begins_and_ends_with(model: AutoMoT, scene) -> None:
    for form in ([[30, 31]], [[20], [2]], [[30, 31], [40, 41], [2]]):
        said, context = model.understanding.say(scene.frames, scene.prompt, form)
        assert all(int(word) in allowed for row in said for word, allowed in zip(row, form, strict=True))
        assert context.keys[0].shape[2] == context.mask_BT.shape[1] == scene.prompt.shape[1] + len(form)


def test_the_context_of_saying_is_that_of_reading_the_same_words(model: AutoMoT, scene) -> None:
    said, spoken = model.understanding.say(scene.frames, scene.prompt, scene.form)
    with torch.inference_mode():
        read = model.understanding.context(scene.frames, scene.prompt, said)
    assert torch.equal(spoken.next_position_B, read.next_position_B)
    assert torch.equal(spoken.mask_BT, read.mask_BT)
    for a, b in zip([*spoken.keys, *spoken.values], [*read.keys, *read.values], strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_words_teach_the_vision_tower_unless_it_has_looked_before(scene) -> None:
    understanding = AutoMoT(variant("debug"), seed=3).understanding
    with torch.no_grad():
        looked = understanding.see(scene.frames)
    for seen, taught in ((looked, False), (understanding.see(scene.frames), True)):
        understanding.zero_grad()
        understanding.loss(seen, scene.prompt, scene.report, scene.form).words.backward()
        grads = [p.grad for p in understanding.model.model.visual.parameters()]
        assert any(g is not None and bool(g.any()) for g in grads) is taught
        assert bool(understanding.language_head_WD.grad.any())


def test_an_older_frame_changes_what_is_read(model: AutoMoT, scene) -> None:
    with torch.no_grad():
        before = model.understanding.context(scene.frames, scene.prompt, scene.report).keys[-1]
        for group, frame in ((0, 0), (0, 2), (1, 0)):
            other = [part.clone() for part in scene.frames]
            other[group][:, frame] = 255 - other[group][:, frame]
            assert not torch.equal(model.understanding.context(other, scene.prompt, scene.report).keys[-1], before)


def test_the_loss_is_on_the_answers_alone_each_among_its_allowed_words(model: AutoMoT, scene) -> None:
    prompt = scene.prompt.shape[1]
    ids = torch.cat([scene.prompt, scene.report], dim=1)
    inputs = plain_inputs(model, scene) | {"input_ids": ids}
    inputs["mm_token_type_ids"] = (ids == model.variant.understanding.image_id).int()
    with torch.no_grad():
        logits = plain_transformers(model)(**inputs).logits[:, prompt - 1 : -1]
        got = model.understanding.loss(model.understanding.see(scene.frames), scene.prompt, scene.report, scene.form)
    losses, right = [], []
    for place, allowed in enumerate(scene.form):
        if len(allowed) > 1:
            wanted = torch.tensor([allowed.index(int(word)) for word in scene.report[:, place]])
            losses.append(F.cross_entropy(logits[:, place, allowed], wanted))
            right.append((logits[:, place, allowed].argmax(-1) == wanted).float().mean())
    assert len(losses) == 4
    torch.testing.assert_close(got.words, torch.stack(losses).mean(), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.word_accuracy, torch.stack(right).mean())


def test_a_forward_with_cached_context_equals_one_over_the_whole_sequence(model: AutoMoT, scene) -> None:
    """The reference computes both experts in one sequence, layer by layer, with one mask and one softmax."""
    one = scene.of(0)
    frames, prompt, report = one.frames, one.prompt, one.report[:, :4]
    with torch.no_grad():
        context = model.understanding.context(frames, prompt, report)
        tokens, *_ = model.action.tokens(one.batch)
        mask = context.mask_BT.shape[1]
        from automot_ros.model.joint_attention import BatchContext
        from automot_ros.model.mask import with_context

        got = model.action.mixture(tokens, context.next_position_B, with_context(mask),
                                   BatchContext(context.keys, context.values))
        wanted = whole_sequence_forward(model, frames, torch.cat([prompt, report], dim=1), prompt.shape[1], tokens,
                                        context.next_position_B)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def whole_sequence_forward(model: AutoMoT, frames: list[torch.Tensor], ids: torch.Tensor, prompt: int,
                           action_BAD: torch.Tensor, next_position_B: torch.Tensor) -> torch.Tensor:
    text, size, action = model.understanding.model.model.language_model, model.variant.understanding, model.action
    groups = [model.understanding.image_features(group) for group in frames]
    images, *taps = (torch.cat([part.flatten(0, 2) for part in kinds]) for kinds in zip(*groups, strict=True))
    where = ids == size.image_id
    hidden = text.embed_tokens(ids)
    hidden[where] = images
    positions = model.understanding.positions(ids[:, :prompt], ids.shape[1] - prompt)
    cos, sin = (x[:, None] for x in text.rotary_emb(hidden, positions))
    action_cos, action_sin = action.mixture.rotary(next_position_B[:, None] + torch.arange(action_BAD.shape[1]))
    mask, count, own = whole_sequence(ids.shape[1]), ids.shape[1], action.size
    for i, (layer, twin) in enumerate(zip(text.layers, action.mixture.layers, strict=True)):
        attention, normed = layer.self_attn, layer.input_layernorm(hidden)

        def heads(x: torch.Tensor) -> torch.Tensor:
            return x.unflatten(-1, (-1, size.head_dim))

        q = rotate(attention.q_norm(heads(attention.q_proj(normed))).transpose(1, 2), cos, sin)
        k = rotate(attention.k_norm(heads(attention.k_proj(normed))).transpose(1, 2), cos, sin)
        v = heads(attention.v_proj(normed)).transpose(1, 2)
        q2, k2, v2 = twin.self_attn.project(twin.input_layernorm(action_BAD), action_cos, action_sin)
        q2 = F.pad(q2, (0, 0, 0, 0, 0, size.heads - own.heads))
        k2 = F.pad(k2, (0, 0, 0, 0, 0, size.kv_heads - own.kv_heads))
        v2 = F.pad(v2, (0, size.head_dim - own.head_dim, 0, 0, 0, size.kv_heads - own.kv_heads))
        group = size.heads // size.kv_heads
        q_all, k_all, v_all = (torch.cat(pair, dim=2) for pair in ((q, q2), (k, k2), (v, v2)))
        scores = q_all @ k_all.repeat_interleave(group, 1).transpose(2, 3) * size.head_dim**-0.5
        read = scores.masked_fill(~mask, -torch.inf).softmax(-1) @ v_all.repeat_interleave(group, 1)
        hidden = hidden + attention.o_proj(read[:, :, :count].transpose(1, 2).flatten(2))
        hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        if i < len(taps):
            hidden[where] = hidden[where] + taps[i]
        own_read = read[:, : own.heads, count:, : own.head_dim].transpose(1, 2).flatten(2)
        action_BAD = action_BAD + twin.self_attn.o_proj(own_read)
        action_BAD = action_BAD + twin.mlp(twin.post_attention_layernorm(action_BAD))
    out: torch.Tensor = action.mixture.norm(action_BAD)
    return out
