"""The understanding expert: a Qwen3-VL of `transformers`, reached through its public interface alone.

Sentences are [prompt | report]; prompts of a batch are equally long (they hold the images). A report has a form: the
word ids allowed at each of its places. One id alone is no question, it is put there and costs nothing; elsewhere the
network chooses among the allowed ones.

Training:  `see(frames)` = what the vision tower makes of them; `loss(seen, prompt, report, form)` = loss of the
           answers, each among its allowed words. `context(frames, prompt, report)` = the keys and values of
           [prompt | report] that the action expert reads; here a report may be padded at the right with id 0, which
           `Context.mask_BT` tells the action expert.
Driving:   `say(frames, prompt, form)` = the report, greedily, and the context.

Letters: B batch, F frames, I rows, J columns, P prompt tokens, R report tokens, T = P + R, K image tokens of a frame,
L layers, G key-value heads that the action expert reads, H key width, V value width that it reads, W words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.cache_utils import DynamicCache
from transformers.models.qwen3_vl.modeling_qwen3_vl import BaseModelOutputWithDeepstackFeatures

from automot_ros.model.variants import UnderstandingSize, Variant

PAD_ID = 0
Form = Sequence[Sequence[int]]
Frames = Sequence[Tensor]
"""Groups of frames of one size, (B, F, I, J, 3) uint8 each, oldest first, as the variant's frame_shapes."""
Seen = Sequence[Sequence[Tensor]]
"""For each group: image tokens, then one tensor a tap of the vision tower, all (B, F, K, D)."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a batch of action tokens reads: per layer keys (B, G, T, H) and values (B, G, T, V)."""

    keys: list[Tensor]
    values: list[Tensor]
    next_position_B: Tensor
    mask_BT: Tensor


@dataclass(frozen=True, slots=True)
class UnderstandingLoss:
    """words: cross-entropy of the answers. word_accuracy: part of them guessed right, the words before them given."""

    words: Tensor
    word_accuracy: Tensor


def qwen_config(size: UnderstandingSize) -> Qwen3VLConfig:
    """The configuration that `transformers` builds the network from."""
    return Qwen3VLConfig(
        text_config={
            "hidden_size": size.hidden, "num_hidden_layers": size.layers, "num_attention_heads": size.heads,
            "num_key_value_heads": size.kv_heads, "head_dim": size.head_dim, "intermediate_size": size.mlp,
            "vocab_size": size.vocabulary, "initializer_range": size.initializer_range, "tie_word_embeddings": True,
            "max_position_embeddings": 262_144,
            "rope_parameters": {"rope_type": "default", "rope_theta": size.rope_theta,
                                "mrope_section": list(size.mrope_section), "mrope_interleaved": True},
        },
        vision_config={
            "hidden_size": size.vision_hidden, "depth": size.vision_depth, "num_heads": size.vision_heads,
            "intermediate_size": size.vision_mlp, "deepstack_visual_indexes": list(size.deepstack),
            "patch_size": size.patch, "temporal_patch_size": size.temporal_patch, "spatial_merge_size": size.merge,
            "num_position_embeddings": size.vision_positions, "out_hidden_size": size.hidden,
            "initializer_range": size.initializer_range,
        },
        image_token_id=size.image_id, video_token_id=size.video_id, vision_start_token_id=size.vision_start_id,
        vision_end_token_id=size.vision_end_id, tie_word_embeddings=True,
    )


def pixel_patches(frames_BFIJ3: Tensor, size: UnderstandingSize) -> Tensor:
    """uint8 RGB frames to Qwen's flat patches (B * F * rows * columns, 3 * temporal * patch * patch).

    Patches run in 2 x 2 groups, row by row; a frame stands for all steps of its temporal patch; pixels are in -1..1.
    """
    rows, columns = frames_BFIJ3.shape[2] // size.patch, frames_BFIJ3.shape[3] // size.patch
    x = frames_BFIJ3.flatten(0, 1).float() / 127.5 - 1.0
    m, p = size.merge, size.patch
    x = x.reshape(len(x), rows // m, m, p, columns // m, m, p, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)
    x = x.reshape(-1, 3, 1, p * p).expand(-1, -1, size.temporal_patch, -1)
    return x.reshape(len(x), -1)


class Understanding(nn.Module):
    """A Qwen3-VL with what driving needs around it; `self.model` is the untouched network."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.size, self._action = variant.understanding, variant.action
        self.model = Qwen3VLForConditionalGeneration(qwen_config(self.size))
        self._positions: dict[bytes, Tensor] = {}

    @property
    def language_head_WD(self) -> Tensor:
        """The (tied) embedding matrix."""
        weight: Tensor = self.model.lm_head.weight
        return weight

    def positions(self, prompt_ids_BP: Tensor, more: int) -> Tensor:
        """(3, B, P + more) rotary positions of a batch of equally built prompts with `more` words behind."""
        row = prompt_ids_BP[:1].cpu()
        kinds = (row == self.size.image_id).int()
        key = kinds.numpy().tobytes()
        if key not in self._positions:
            found, _ = self.model.model.get_rope_index(row, mm_token_type_ids=kinds,
                                                       image_grid_thw=torch.tensor(self.size.grids))
            self._positions[key] = found
        head_31P = self._positions[key]
        tail = head_31P.max() + 1 + torch.arange(more)
        positions = torch.cat([head_31P, tail.expand(3, 1, -1)], dim=2)
        return positions.expand(-1, len(prompt_ids_BP), -1).to(prompt_ids_BP.device)

    def image_features(self, frames_BFIJ3: Tensor) -> list[Tensor]:
        """What the vision tower makes of frames of one size: image tokens, then one tensor a tap, all (B, F, K, D)."""
        batch, count, height, width = frames_BFIJ3.shape[:4]
        grid = torch.tensor([[1, height // self.size.patch, width // self.size.patch]], device=frames_BFIJ3.device)
        patches = pixel_patches(frames_BFIJ3, self.size).to(self.model.dtype)
        found = self.model.get_image_features(patches, grid.expand(batch * count, -1), return_dict=True)
        parts = [torch.cat(list(found.pooler_output)), *(torch.cat(list(tap)) for tap in found.deepstack_features)]
        return [part.reshape(batch, count, -1, part.shape[-1]) for part in parts]

    def see(self, frames: Frames) -> Seen:
        """What the vision tower makes of all frames."""
        return [self.image_features(group) for group in frames]

    def read(self, seen: Seen, ids_BT: Tensor, prompt_tokens: int, cache: DynamicCache, logits: int) -> Tensor:
        """Fill `cache` with [prompt | report]; logits of the last `logits` tokens."""
        # Sample by sample, oldest frame first: one flat list of images for each kind of feature.
        tokens, *taps = ([image for b in range(len(ids_BT)) for group in seen for image in group[kind][b]]
                         for kind in range(len(seen[0])))
        features = BaseModelOutputWithDeepstackFeatures(pooler_output=tokens, deepstack_features=taps)
        out = self.model(
            input_ids=ids_BT, position_ids=self.positions(ids_BT[:, :prompt_tokens], ids_BT.shape[1] - prompt_tokens),
            mm_encoder_outputs={"image": features}, past_key_values=cache, logits_to_keep=logits,
        )
        answer: Tensor = out.logits
        return answer

    def loss(self, seen: Seen, prompt_ids_BP: Tensor, report_ids_BR: Tensor, form: Form) -> UnderstandingLoss:
        """Cross-entropy of the answers of a report in its form."""
        ids_BT = torch.cat([prompt_ids_BP, report_ids_BR[:, :-1]], dim=1)
        logits_BRW = self.read(seen, ids_BT, prompt_ids_BP.shape[1], DynamicCache(), report_ids_BR.shape[1])
        asked, closed_QW = _questions(form, logits_BRW.shape[-1])
        answers_BQW = logits_BRW[:, asked].float().masked_fill(closed_QW.to(logits_BRW.device), -torch.inf)
        wanted_BQ = report_ids_BR[:, asked]
        words = F.cross_entropy(answers_BQW.flatten(0, 1), wanted_BQ.flatten())
        right = (answers_BQW.detach().argmax(-1) == wanted_BQ).float().mean()
        return UnderstandingLoss(words, right)

    def context(self, frames: Frames, prompt_ids_BP: Tensor, report_ids_BR: Tensor) -> Context:
        """The context of a batch. Differentiable; wrap in torch.no_grad() to keep the understanding expert frozen."""
        ids_BT = torch.cat([prompt_ids_BP, report_ids_BR], dim=1)
        cache = DynamicCache()
        self.read(self.see(frames), ids_BT, prompt_ids_BP.shape[1], cache, 1)
        mask_BT = torch.cat([torch.ones_like(prompt_ids_BP), report_ids_BR != PAD_ID], dim=1).bool()
        start = self.positions(prompt_ids_BP, 1)[0, :, -1]
        return self._context(cache, start + (report_ids_BR != PAD_ID).sum(1), mask_BT)

    @torch.inference_mode()
    def say(self, frames: Frames, prompt_ids_BP: Tensor, form: Form) -> tuple[Tensor, Context]:
        """Report ids (B, R) in their form, said greedily; and the whole context."""
        return self.speak(self.see(frames), prompt_ids_BP, form)

    def speak(self, seen: Seen, prompt_ids_BP: Tensor, form: Form) -> tuple[Tensor, Context]:
        """`say` of what was seen.

        All answers are guessed, at first the first word allowed, and read at once; what the network would say at each
        place is the next guess. An answer is right for ever when all before it are, so every pass makes at least one
        more right, most make many, and a guess that leads to itself is the greedy report.
        """
        batch, prompt = prompt_ids_BP.shape
        places = len(form)
        report_BR = torch.tensor([words[0] for words in form], device=prompt_ids_BP.device).repeat(batch, 1)
        positions_3BR = self.positions(prompt_ids_BP, places)[:, :, prompt:]
        cache = DynamicCache()
        # One more than the places: the prompt's last token asks for the first word.
        ids_BT = torch.cat([prompt_ids_BP, report_BR], dim=1)
        logits_BRW = self.read(seen, ids_BT, prompt, cache, places + 1)[:, :-1]
        asked, closed_QW = _questions(form, logits_BRW.shape[-1])
        closed_QW = closed_QW.to(logits_BRW.device)
        while True:
            said_BR = report_BR.clone()
            said_BR[:, asked] = logits_BRW[:, asked].masked_fill(closed_QW, -torch.inf).argmax(-1)
            changed_R = (said_BR != report_BR).any(dim=0)
            if not changed_R.any():
                break
            # What stands before the first change stays, and so do its keys and values.
            begin, report_BR = int(changed_R.int().argmax()), said_BR
            cache.crop(begin - places)
            out = self.model(input_ids=report_BR[:, begin:], position_ids=positions_3BR[:, :, begin:],
                             attention_mask=_last_rows(prompt + places, places - begin, logits_BRW),
                             past_key_values=cache)
            logits_BRW[:, begin + 1 :] = out.logits[:, :-1]
        mask_BT = torch.ones(batch, prompt + places, dtype=torch.bool, device=prompt_ids_BP.device)
        return report_BR, self._context(cache, positions_3BR[0, :, 0] + places, mask_BT)

    def _context(self, cache: DynamicCache, next_position_B: Tensor, mask_BT: Tensor) -> Context:
        heads, value_dim = self._action.kv_heads, self._action.head_dim
        keys = [layer.keys[:, :heads] for layer in cache.layers]
        values = [layer.values[:, :heads, :, :value_dim] for layer in cache.layers]
        return Context(keys, values, next_position_B, mask_BT)


def _questions(form: Form, words: int) -> tuple[list[int], Tensor]:
    """The places of a form where more than one word is allowed, and (Q, W) True for the words that are not, there."""
    asked = [place for place, allowed in enumerate(form) if len(allowed) > 1]
    closed_QW = torch.ones(len(asked), words, dtype=torch.bool)
    for row, place in zip(closed_QW, asked, strict=True):
        row[list(form[place])] = False
    return asked, closed_QW


def _last_rows(tokens: int, rows: int, like: Tensor) -> Tensor:
    """(1, 1, rows, tokens): the end of a causal mask to add to scores. `transformers` would take longer to build it."""
    return like.new_full((1, 1, rows, tokens), -torch.inf).triu(tokens - rows + 1)
