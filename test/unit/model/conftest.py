"""One debug model and one batch for all tests of the model."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from automot_ros.model.action import ActionBatch
from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import variant


@dataclass(frozen=True)
class Scene:
    """Inputs of both experts for a batch of two."""

    frames: Tensor
    prompt: Tensor
    report: Tensor
    batch: ActionBatch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model() -> AutoMoT:
    made = AutoMoT(variant("debug"), seed=1).eval()
    made.action.attach_language_head(made.understanding.language_head_WD)
    return made


@pytest.fixture(scope="session")
def scene(model: AutoMoT) -> Scene:
    draw = torch.Generator().manual_seed(2)
    size = model.variant.understanding
    image = [size.vision_start_id, *[size.image_id] * size.tokens_per_frame, size.vision_end_id]
    prompt = torch.tensor([[1, *image * size.frames, 20, 21, 22]] * 2)
    report = torch.tensor([[30, 31, 32, 2, 0], [40, 2, 0, 0, 0]])
    frames = torch.randint(0, 256, (2, size.frames, size.frame_height, size.frame_width, 3), generator=draw,
                           dtype=torch.uint8)
    batch = ActionBatch(
        torch.randint(0, 256, (2, 96, 256, 3), generator=draw, dtype=torch.uint8),
        torch.randint(0, 256, (2, 2, 128, 128), generator=draw, dtype=torch.uint8),
        torch.tensor([[[8.0, 0.1], [19.5, 1.0]], [[7.0, 2.0], [12.0, 9.0]]]),
        torch.tensor([[5.0, 0.3, 1.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.1]]),
    )
    return Scene(frames, prompt, report, batch)
