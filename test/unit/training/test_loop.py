"""Training resumes where it stopped, step for step."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from automot_ros.base.errors import CheckpointError
from automot_ros.training.loop import LoopConfig, fit

CONFIG = LoopConfig(steps=12, batch_size=1, learning_rate=0.05, warm_up_steps=2, save_every=4, print_every=4)


def problem() -> tuple[nn.Linear, list[int]]:
    torch.manual_seed(0)
    return nn.Linear(3, 1), []


def trained(state: Path, stop_at: int | None = None) -> Tensor:
    module, seen = problem()

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        seen.append(step)
        if stop_at is not None and step == stop_at:
            raise KeyboardInterrupt
        x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        return (module(x) - x.sum(1, keepdim=True)).square().mean(), {}

    fit(module, loss, CONFIG, state, lambda line: None)
    return module.weight.detach().clone()


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole.pt")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut.pt", stop_at=10)
    assert torch.equal(trained(tmp_path / "cut.pt"), whole)


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = trained(tmp_path / "state.pt")
    assert torch.equal(trained(tmp_path / "state.pt", stop_at=0), first)


def test_the_state_of_another_run_is_refused(tmp_path: Path) -> None:
    trained(tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="another run"):
        fit(nn.Linear(3, 1), lambda step: (torch.zeros(()), {}), LoopConfig(steps=99), tmp_path / "state.pt",
            lambda line: None)
