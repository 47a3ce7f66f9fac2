"""The debug model's numbers at fixed weights and inputs: a change of any figure here is a change of the model.

Weights and inputs come from numpy by name, so neither torch's random numbers nor the order of construction matter.
Refresh, in a commit of its own that says why: `python test/golden/test_debug_model.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from automot_ros.base.seeds import stream
from automot_ros.model.action import ActionBatch, Noticed
from automot_ros.model.automot import AutoMoT, draft_of
from automot_ros.model.variants import variant

GOLDEN = Path(__file__).with_name("debug_model.json")
END_ID = 2
FORM = ((30,), tuple(range(31, 40)), (40, 41), (END_ID,))


def debug_model() -> AutoMoT:
    model = AutoMoT(variant("debug")).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            values = stream(0, name).standard_normal(tuple(weight.shape)).astype(np.float32)
            fan_in = max(1, weight[0].numel()) if weight.ndim > 1 else 1
            base = 1.0 if weight.ndim == 1 and name.endswith("weight") else 0.0
            weight.copy_(base + torch.from_numpy(values) * (fan_in**-0.5 if weight.ndim > 1 else 0.1))
    model.action.attach_language_head(model.understanding.language_head_WD)
    return model


def inputs(model: AutoMoT) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor, ActionBatch]:
    size, action, draw = model.variant.understanding, model.variant.action, stream(0, "inputs")

    def pixels(*shape: int) -> torch.Tensor:
        return torch.from_numpy(draw.integers(0, 256, shape, np.uint8))

    images = [i for tokens in size.frame_tokens
              for i in (size.vision_start_id, *[size.image_id] * tokens, size.vision_end_id)]
    prompt = torch.tensor([[1, *images, 20, 21, 22]] * 2)
    report = torch.tensor([[30, 31, 41, END_ID], [30, 33, 40, END_ID]])
    batch = ActionBatch(tuple(pixels(2, *shape, 3) for shape in action.image_shapes),
                        pixels(2, action.bev_channels, *action.bev_shape),
                        torch.tensor([[[8.0, 0.0], [20.0, 1.0]], [[7.0, 3.0], [10.0, 12.0]]]),
                        torch.tensor([[5.0, 0.25, 1.2, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.1]]))
    frames = [pixels(2, count, height, width, 3) for count, height, width in size.frame_shapes]
    return frames, prompt, report, batch


def figures() -> dict[str, Any]:
    torch.set_num_threads(1)
    model = debug_model()
    frames, prompt, report, batch = inputs(model)
    said, _ = model.understanding.say(frames, prompt, FORM)
    with torch.no_grad():
        context = model.understanding.context(frames, prompt, report)
        output = model.action(batch, context.keys, context.values, context.next_position_B, context.mask_BT)
        noise = torch.from_numpy(stream(0, "noise").standard_normal((2, 2, 2)).astype(np.float32))
        refined = model.refiner.refine(draft_of(batch, output), noise)
    return {
        "said": said.tolist(),
        "next_position": context.next_position_B.tolist(),
        "keys": [float(keys.abs().mean()) for keys in context.keys],
        "values": [float(values.abs().mean()) for values in context.values],
        "waypoints": output.waypoints_B62.flatten().tolist(),
        "route_ends": output.route_B202[:, -1].flatten().tolist(),
        "speeds": output.speeds_B3.flatten().tolist(),
        "decision": output.decision_logits_B8W.std(dim=-1).flatten().tolist(),
        "noticed": noticed_figures(output.noticed),
        "refined_waypoints": refined.waypoints_B62.flatten().tolist(),
        "refined_route_ends": refined.route_B202[:, -1].flatten().tolist(),
        "training_losses": training_losses(model, frames, prompt, report, batch),
    }


def noticed_figures(noticed: Noticed | None) -> list[float]:
    assert noticed is not None
    return [*noticed.light_logits_B4.flatten().tolist(), *noticed.lead_m_B.tolist(),
            *noticed.bodies_BCXY.mean((0, 2, 3)).tolist(), *noticed.velocity_B2XY.mean((0, 2, 3)).tolist()]


def training_losses(model: AutoMoT, frames: list[torch.Tensor], prompt: torch.Tensor, report: torch.Tensor,
                    batch: ActionBatch) -> list[float]:
    """All three parts at once for three steps."""
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    t, noise, losses = torch.tensor([3, 20]), torch.ones(2, 2, 2), []
    for _ in range(3):
        output = model(frames, prompt, report, batch)
        clean = model.refiner(draft_of(batch, output), t, noise)
        words = model.understanding.loss(model.understanding.see(frames), prompt, report, FORM)
        loss = (words.words + output.waypoints_B62.abs().mean() + output.route_B202.abs().mean()
                + output.decision_logits_B8W.square().mean() + clean.route_B202.abs().mean())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_the_debug_model_gives_the_figures_it_gave() -> None:
    wanted, got = json.loads(GOLDEN.read_text()), figures()
    assert got.keys() == wanted.keys()
    assert got["said"] == wanted["said"]
    assert got["next_position"] == wanted["next_position"]
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], rtol=2e-3, atol=2e-3, err_msg=name)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(figures(), indent=1) + "\n")
