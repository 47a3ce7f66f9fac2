"""One debug model and one batch for all tests of the model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from automot_ros.model.action import ActionBatch
from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import variant


@dataclass(frozen=True)
class Scene:
    """Inputs of both experts for a batch of two."""

    frames: list[Tensor]
    prompt: Tensor
    report: Tensor
    padded: Tensor
    form: list[list[int]]
    batch: ActionBatch

    def of(self, i: int) -> Scene:
        """One of the two, as a batch of one."""
        row, batch = slice(i, i + 1), self.batch
        return Scene([group[row] for group in self.frames], self.prompt[row], self.report[row], self.padded[row],
                     self.form, ActionBatch(tuple(image[row] for image in batch.images), batch.bev_BCXY[row],
                                            batch.target_points_B22[row], batch.state_B5[row]))

    def in_negative(self) -> Scene:
        """With other pictures for the understanding expert."""
        return replace(self, frames=[255 - group for group in self.frames])


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
    images = [i for tokens in size.frame_tokens
              for i in (size.vision_start_id, *[size.image_id] * tokens, size.vision_end_id)]
    prompt = torch.tensor([[1, *images, 20, 21, 22]] * 2)
    form = [[20], list(range(30, 60)), [21], [22], [31, 45, 70], [33, 12], list(range(100, 160)), [23], [2]]
    report = torch.tensor([[20, 31, 21, 22, 70, 12, 101, 23, 2], [20, 55, 21, 22, 31, 33, 159, 23, 2]])
    padded = report.clone()
    padded[1, 4:] = 0

    def pixels(*shape: int) -> Tensor:
        return torch.randint(0, 256, (2, *shape), generator=draw, dtype=torch.uint8)

    frames = [pixels(*shape, 3) for shape in size.frame_shapes]
    action = model.variant.action
    batch = ActionBatch(
        tuple(pixels(*shape, 3) for shape in action.image_shapes),
        pixels(action.bev_channels, *action.bev_shape),
        torch.tensor([[[8.0, 0.1], [19.5, 1.0]], [[7.0, 2.0], [12.0, 9.0]]]),
        torch.tensor([[5.0, 0.3, 1.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.1]]),
    )
    return Scene(frames, prompt, report, padded, form, batch)
