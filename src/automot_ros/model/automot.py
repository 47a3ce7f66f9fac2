"""AutoMoT whole: understanding expert, action expert, refiner; how they are trained, and how they pass contexts.

Reading order: joint_attention, mask, mixture, understanding, bev_encoder, action, refiner, this.

    model = AutoMoT(variant("nano"), seed=0)

1. Understanding. frames, uint8: the older ones (B, 3, 64, 256, 3) and the newest (B, 1, 96, 512, 3); prompt ids
   (B, 116) and report ids (B, 22), int64 (policy.vocabulary: Vocabulary.nano().prompt / .report;
   policy.preprocess.understanding_inputs); and form, the ids allowed at each place of a report
   (Vocabulary.nano().report_slots()).

       loss = model.understanding.loss(frames, prompt, report, form)
       loss.words.backward()                                   # also: loss.word_accuracy, loss.newest_BKD for a probe

2. Contexts for the action stage, from the frozen understanding expert. Either its own words (as in driving)

       report, context = model.understanding.say(frames, prompt, form)

   or the demonstrated report: with torch.no_grad(): context = model.understanding.context(frames, prompt, report).
   Store per sample keys (L, G, T, 32), values (L, G, T, 32), next_position: `split_context(context)` gives float16 rows
   without padding (4 x 2 x 138 x 64 values = 141 kB a sample); `join_contexts(rows)` makes a batch of any such rows.

3. Action. `ActionBatch` of stacked policy.preprocess.ActionInputs arrays (uint8 stays uint8):

       model.action.attach_language_head(model.understanding.language_head_WD)      # once, before training
       output = model.action(batch, context.keys, context.values, context.next_position_B, context.mask_BT)
       waypoints L1, route L1, speeds smooth L1 (speeds_B3 in m/s at 1, 2, 3 s),
       cross_entropy(output.decision_logits_B8W.flatten(0, 1), Vocabulary.nano().decision(pairs).flatten()),
       output.noticed: cross_entropy of light_logits_B4, smooth L1 of lead_m_B where something is ahead, cross_entropy
       of bodies_BCXY and L1 of velocity_B2XY on the map around the car.

   An older context comes with its age and the ego's motion since in state_B5.

4. Refiner, on drafts of the frozen action expert:

       draft = draft_of(batch, output); t, noise = model.refiner.draw(B, generator)
       clean = model.refiner(draft, t, noise)          # L1 of clean.waypoints_B62 and clean.route_B202

Saving and loading: policy.checkpoint.save_part(folder, "understanding" | "action" | "refiner", module).
Importing this module imports transformers (7 s); model.action and model.refiner alone do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from automot_ros.model.action import ActionBatch, ActionExpert, ActionOutput
from automot_ros.model.refiner import ActionRefiner, RefinerDraft
from automot_ros.model.understanding import Context, Frames, Understanding
from automot_ros.model.variants import Variant


class AutoMoT(nn.Module):
    """The three parts of one variant, freshly drawn from `seed`."""

    def __init__(self, variant: Variant, seed: int = 0) -> None:
        super().__init__()
        self.variant = variant
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.understanding = Understanding(variant)
            self.action = ActionExpert(variant)
            self.refiner = ActionRefiner(variant)

    def forward(self, frames: Frames, prompt_ids_BP: Tensor, report_ids_BR: Tensor,
                batch: ActionBatch) -> ActionOutput:
        """Both experts at once, gradients through both: the context is read now instead of from a store."""
        context = self.understanding.context(frames, prompt_ids_BP, report_ids_BR)
        output: ActionOutput = self.action(batch, context.keys, context.values, context.next_position_B,
                                           context.mask_BT)
        return output


@dataclass(frozen=True, slots=True)
class ContextRow:
    """One sample's context without padding: (L, G, T, H), (L, G, T, V), and the position after it."""

    keys_LGTH: Tensor
    values_LGTV: Tensor
    next_position: int


def split_context(context: Context, dtype: torch.dtype = torch.float16) -> list[ContextRow]:
    """A batch's contexts one by one, padding cut off."""
    keys_LBGTH, values_LBGTV = torch.stack(context.keys), torch.stack(context.values)
    rows = []
    for i, mask_T in enumerate(context.mask_BT):
        rows.append(ContextRow(keys_LBGTH[:, i, :, mask_T].to(dtype).contiguous(),
                               values_LBGTV[:, i, :, mask_T].to(dtype).contiguous(),
                               int(context.next_position_B[i])))
    return rows


def join_contexts(rows: Sequence[ContextRow]) -> Context:
    """Rows of any length as a batch, float32, padded at the right."""
    longest = max(row.keys_LGTH.shape[2] for row in rows)
    first = rows[0]
    layers, heads = first.keys_LGTH.shape[:2]
    keys = torch.zeros(layers, len(rows), heads, longest, first.keys_LGTH.shape[3])
    values = torch.zeros(layers, len(rows), heads, longest, first.values_LGTV.shape[3])
    mask_BT = torch.zeros(len(rows), longest, dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens = row.keys_LGTH.shape[2]
        keys[:, i, :, :tokens], values[:, i, :, :tokens] = row.keys_LGTH, row.values_LGTV
        mask_BT[i, :tokens] = True
    return Context(list(keys), list(values), torch.tensor([row.next_position for row in rows]), mask_BT)


def draft_of(batch: ActionBatch, output: ActionOutput) -> RefinerDraft:
    """What the refiner reads of an action expert's output, cut from its gradient graph."""
    state_B5 = torch.cat([batch.state_B5[:, :2], output.speeds_B3.detach()], dim=1)
    return RefinerDraft(output.waypoints_B62.detach(), output.route_B202.detach(), state_B5,
                        output.bev_tokens_B64D.detach(), output.decision_latents_B8D.detach())
