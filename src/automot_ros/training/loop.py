"""One resumable training loop for every stage.

A batch is a pure function of the step, so a stopped run that resumes sees exactly the batches it would have seen.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from automot_ros.base.errors import CheckpointError
from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.base.results import write_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopConfig:
    """How long and how fast a stage learns."""

    steps: int = quantity(4000, "", "Optimiser steps.", low=1, high=10_000_000)
    batch_size: int = quantity(32, "", "Samples a step.", low=1, high=4096)
    learning_rate: float = quantity(6e-4, "", "Peak learning rate of AdamW.", low=1e-7, high=1.0)
    warm_up_steps: int = quantity(100, "", "Linear warm-up.", low=0, high=100_000)
    weight_decay: float = quantity(0.01, "", "Of matrices; vectors are not decayed.", low=0.0, high=1.0)
    clip_norm: float = quantity(1.0, "", "Largest gradient norm.", low=0.01, high=100.0)
    ema_decay: float = quantity(0.998, "", "Of the averaged weights that are shipped.", low=0.0, high=0.99999)
    save_every: int = quantity(250, "", "Steps between checkpoints.", low=1, high=100_000)
    print_every: int = quantity(50, "", "Steps between progress lines.", low=1, high=100_000)

    def __post_init__(self) -> None:
        check_bounds(self)


StepLoss = Callable[[int], tuple[Tensor, dict[str, float]]]


def fit(module: nn.Module, step_loss: StepLoss, config: LoopConfig, state_file: Path,
        progress: Callable[[str], None]) -> None:
    """Train `module` in place; at the end it holds the averaged weights.

    `step_loss(step)` gives the loss and figures to print. The state (weights, average, optimiser, step) is kept in
    `state_file` and picked up again; a finished state returns at once.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    groups = [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
              {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))
    average = {k: v.detach().clone() for k, v in module.state_dict().items()}
    start = 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        if state["steps"] != config.steps or set(state["module"]) != set(average):
            raise CheckpointError("training state of another run", where=str(state_file), got=state["steps"],
                                  wanted=config.steps)
        module.load_state_dict(state["module"])
        optimiser.load_state_dict(state["optimiser"])
        average, start = state["average"], int(state["step"])
    window: dict[str, list[float]] = {}
    began, first = time.monotonic(), start
    for step in range(start, config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config)
        torch.manual_seed(step)
        loss, figures = step_loss(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, config.clip_norm)
        optimiser.step()
        decay = min(config.ema_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in module.state_dict().items():
                if value.dtype.is_floating_point:
                    average[name].lerp_(value, 1.0 - decay)
                else:
                    average[name].copy_(value)
        for name, number in {"loss": float(loss.detach()), **figures}.items():
            window.setdefault(name, []).append(number)
        if (step + 1) % config.print_every == 0:
            rate = (step + 1 - first) * config.batch_size / (time.monotonic() - began)
            text = "  ".join(f"{k} {sum(v) / len(v):.4f}" for k, v in window.items())
            progress(f"step {step + 1}/{config.steps}  {rate:.0f} samples/s  {text}")
            window.clear()
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            buffer = io.BytesIO()
            torch.save({"module": module.state_dict(), "average": average, "optimiser": optimiser.state_dict(),
                        "step": step + 1, "steps": config.steps}, buffer)
            write_bytes(state_file, buffer.getvalue())
    module.load_state_dict(average)


def _schedule(step: int, config: LoopConfig) -> float:
    if step < config.warm_up_steps:
        return (step + 1) / config.warm_up_steps
    share = (step - config.warm_up_steps) / max(1, config.steps - config.warm_up_steps)
    return 0.03 + 0.97 * 0.5 * (1.0 + math.cos(math.pi * share))


def chunks(items: list[int], size: int) -> Iterator[list[int]]:
    """`items` in runs of at most `size`."""
    for i in range(0, len(items), size):
        yield items[i : i + size]
