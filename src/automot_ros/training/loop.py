"""One resumable training loop for every stage, in one process or shared by many (see `share`).

A batch is a pure function of the step, so a stopped run that resumes sees exactly the batches it would have seen, and
several processes agree on it without a word.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from automot_ros.base.errors import CheckpointError
from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.base.results import write_bytes
from automot_ros.training.share import Share


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
        progress: Callable[[str], None]) -> list[float]:
    """Train `module` in place; at the end it holds the averaged weights. Returns the loss of every step run here.

    `step_loss(step)` gives the loss and figures to print, the same figures at every step of all processes. While it
    is called, `module` stands on `Share.here().device`; afterwards it is back where it was. The state (weights,
    average, optimiser, step) is kept in `state_file` and picked up again, by any number of processes; a finished state
    returns at once.

    Under `accelerate launch` or `torchrun`, gradients, loss and figures are averaged over the processes: where
    `step_loss` takes its `Share.part` of every batch, the curve is that of one process (to rounding). The main process
    alone writes and prints; all need to see the folder of `state_file`, and leave `fit` together.
    """
    share = Share.here()
    share.check_batch(config.batch_size)
    home = next(module.parameters()).device
    share.begin_alike(module.to(share.device))
    state = _State(module, config)
    start = state.load(state_file) if state_file.exists() else 0
    share.check_step(start, str(state_file))
    window, losses = _Window(start), []
    for step in range(start, config.steps):
        torch.manual_seed(step)
        loss, figures = step_loss(step)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        told = share.average(state.parameters, [float(loss.detach()), *figures.values()])
        state.learn(step)
        losses.append(told[0])
        window.add(dict(zip(("loss", *figures), told, strict=True)))
        if share.main and (step + 1) % config.print_every == 0:
            progress(window.line(step + 1, config))
        if share.main and ((step + 1) % config.save_every == 0 or step + 1 == config.steps):
            state.save(state_file, step + 1)
    module.load_state_dict(state.average)
    module.to(home)
    share.wait()
    return losses


class _State:
    """A module that learns: its optimiser and the average of its weights."""

    def __init__(self, module: nn.Module, config: LoopConfig) -> None:
        self.module, self.config = module, config
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        groups = [{"params": [p for p in self.parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
                  {"params": [p for p in self.parameters if p.ndim < 2], "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True)
        self._live = module.state_dict()
        # Whole numbers have no average: their entry is the module's own tensor.
        self.average = {k: v.clone() if v.is_floating_point() else v for k, v in self._live.items()}
        self._averaged = [k for k, v in self._live.items() if v.is_floating_point()]

    def load(self, file: Path) -> int:
        """Pick up a saved state; returns the steps already done. CheckpointError when it is another run's."""
        try:
            state = torch.load(file, weights_only=True, map_location="cpu")
            steps, step, module = int(state["steps"]), int(state["step"]), set(state["module"])
            if (steps, module) == (self.config.steps, set(self.average)) and 0 <= step <= steps:
                self.module.load_state_dict(state["module"])
                self.optimiser.load_state_dict(state["optimiser"])
                for name in self._averaged:
                    self.average[name].copy_(state["average"][name])
                return step
        except Exception as error:  # a broken file fails in many ways inside torch
            raise CheckpointError("training state not readable", where=str(file), got=repr(error)[:300]) from error
        raise CheckpointError("training state of another run", where=str(file), got=f"{step} of {steps} steps",
                              wanted=f"up to {self.config.steps} of {self.config.steps}")

    def learn(self, step: int) -> None:
        """One step down the gradients at hand; the average follows."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * _schedule(step, self.config)
        nn.utils.clip_grad_norm_(self.parameters, self.config.clip_norm)
        self.optimiser.step()
        decay = min(self.config.ema_decay, (1 + step) / (10 + step))
        follow = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        follow([self.average[k] for k in self._averaged], [self._live[k] for k in self._averaged], step)

    def save(self, file: Path, step: int) -> None:
        """Keep everything that the steps after `step` depend on."""
        buffer = io.BytesIO()
        torch.save({"module": self.module.state_dict(), "average": self.average,
                    "optimiser": self.optimiser.state_dict(), "step": step, "steps": self.config.steps}, buffer)
        write_bytes(file, buffer.getvalue())


class _Window:
    """Figures since the last progress line."""

    def __init__(self, step: int) -> None:
        self._began, self._first = time.monotonic(), step
        self._figures: dict[str, list[float]] = {}

    def add(self, figures: dict[str, float]) -> None:
        """Those of one step."""
        for name, number in figures.items():
            self._figures.setdefault(name, []).append(number)

    def line(self, step: int, config: LoopConfig) -> str:
        """Means since the last line, and the speed since the start; begins anew."""
        rate = (step - self._first) * config.batch_size / (time.monotonic() - self._began)
        text = "  ".join(f"{k} {sum(v) / len(v):.4f}" for k, v in self._figures.items())
        self._figures.clear()
        return f"step {step}/{config.steps}  {rate:.0f} samples/s  {text}"


def _schedule(step: int, config: LoopConfig) -> float:
    if step < config.warm_up_steps:
        return (step + 1) / config.warm_up_steps
    share = (step - config.warm_up_steps) / max(1, config.steps - config.warm_up_steps)
    return 0.03 + 0.97 * 0.5 * (1.0 + math.cos(math.pi * share))
