"""What one of several training processes does: its part of every batch, on its device; averages over all of them.

Launched plainly there is one process and its share is everything. Launched by `torchrun --nproc-per-node 2`, a stage
learns the same from the same batches, divided. All of it on CPUs: the stages build their batches there.

    share = Share.here()
    rows = train[rng.choice(len(train), config.batch_size, p=weights)]     # the whole batch, in every process
    noise = torch.randn(config.batch_size, 2, generator=generator)         # everything random too
    rows, noise = rows[share.part], noise[share.part]                      # and then only this process's rows

The average over processes is the whole batch's where every term of the loss is a mean over the rows, or a sum over
some of them divided by `len(rows)`. A mean over some rows only (those with a light) is not: it weighs them by who
else is in the same part.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, gather, reduce
from torch import Tensor, nn

from automot_ros.base.errors import CheckpointError, ConfigError

# The others wait while the main process collects drives or writes contexts; the launcher ends them all if one dies.
_PATIENCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Share:
    """Process `rank` of `processes`, and where its tensors belong."""

    rank: int
    processes: int
    device: torch.device

    @staticmethod
    def here() -> Share:
        """This process's; joins the others at the first call. Without a launcher: all of it."""
        # Without `cpu`, accelerate takes processes launched on a machine of no accelerator for so many lonely ones.
        state = PartialState(cpu=True, timeout=_PATIENCE)
        return Share(state.process_index, state.num_processes, state.device)

    @property
    def main(self) -> bool:
        """Whether this is the one process that writes files and prints."""
        return self.rank == 0

    @property
    def part(self) -> slice:
        """Which rows of a batch are this process's."""
        return slice(self.rank, None, self.processes)

    def wait(self) -> None:
        """Until all processes are here."""
        PartialState().wait_for_everyone()

    def leave(self) -> None:
        """Wait for the others, then end this process with 0, if it has others: its work is done.

        The interpreter is not taken down: a thread of the process group that asks for it just then aborts the process
        now and then, and the launcher would call all that was done a failure.
        """
        if self.processes > 1:
            self.wait()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def check_batch(self, size: int) -> None:
        """ConfigError unless all parts of a batch are equally large: else their means do not average to the whole's."""
        if size % self.processes:
            raise ConfigError("the batch cannot be shared equally", got=f"{size} samples",
                              wanted=f"a multiple of {self.processes} processes")

    def begin_alike(self, module: nn.Module) -> None:
        """Give all processes the main one's weights."""
        if self.processes > 1:
            for value in module.state_dict().values():
                broadcast(value)

    def check_step(self, step: int, where: str) -> None:
        """CheckpointError unless all processes go on from the same step."""
        if self.processes > 1:
            steps = gather(torch.tensor([step], device=self.device)).tolist()
            if len(set(steps)) > 1:
                raise CheckpointError("the processes found different states", where=where, got=steps,
                                      wanted="a folder that all of them see")

    def average(self, parameters: Sequence[nn.Parameter], figures: Sequence[float]) -> list[float]:
        """Replace the gradients by their averages over all processes; returns the averages of `figures`.

        One exchange of one flat tensor. A gradient stays None where no process has one.
        """
        if self.processes == 1:
            return list(figures)
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        used = [0.0 if p.grad is None else 1.0 for p in parameters]
        sizes = [g.numel() for g in gradients]
        told = torch.tensor([*used, *figures], dtype=torch.float32, device=self.device)
        flat = torch.cat([*(g.flatten() for g in gradients), told])
        averaged: Tensor = reduce(flat, "mean")
        *parts, told = torch.split(averaged, [*sizes, len(told)])
        numbers: list[float] = told.tolist()
        for p, part, share in zip(parameters, parts, numbers[: len(used)], strict=True):
            p.grad = part.view_as(p) if share > 0.0 else None
        return numbers[len(used) :]
