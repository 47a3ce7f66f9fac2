"""Training resumes where it stopped, step for step; two processes learn what one does.

Run as a program under a launcher, this file is one of the two processes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from automot_ros.base.errors import CheckpointError, ConfigError
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.share import Share

CONFIG = LoopConfig(steps=12, batch_size=4, learning_rate=0.05, warm_up_steps=2, save_every=4, print_every=4)


class Problem(nn.Module):
    """A sum to learn. `rare` is asked of the first row of every third batch only: most steps do not use it."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.often, self.rare = nn.Linear(3, 1), nn.Linear(3, 1)
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.count: Tensor

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        part = Share.here().part
        x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))[part]
        asked = torch.arange(4)[part] == (0 if step % 3 == 0 else -1)
        error = (self.often(x) - x.sum(1, keepdim=True)).square().mean()
        if bool(asked.any()):
            error = error + self.rare(x[asked]).square().sum() / len(x)
        self.count += 1
        return error, {"first": float(x[:, 0].mean())}


def trained(state: Path, stop_at: int | None = None, seed: int = 0) -> tuple[list[float], list[float], list[str]]:
    """Losses, final weights and progress lines."""
    problem, lines = Problem(seed), []

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        if step == stop_at:
            raise KeyboardInterrupt
        return problem.loss(step)

    losses = fit(problem, loss, CONFIG, state, lines.append)
    return losses, torch.cat([p.detach().flatten() for p in problem.parameters()]).tolist(), lines


def cut(state: Path) -> Path:
    """A state file of a run that was stopped in its eleventh step."""
    with pytest.raises(KeyboardInterrupt):
        trained(state, stop_at=10)
    return state


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    losses, weights, _ = trained(tmp_path / "whole.pt")
    assert trained(cut(tmp_path / "cut.pt"))[:2] == (losses[8:], weights)
    assert len(losses) == 12 and weights != trained(tmp_path / "other.pt", seed=1)[1]


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    _, weights, _ = trained(tmp_path / "state.pt")
    assert trained(tmp_path / "state.pt", stop_at=0) == ([], weights, [])


def test_the_average_follows_the_weights_and_whole_numbers_are_not_averaged(tmp_path: Path) -> None:
    problem, seen = Problem(), []

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        seen.append(problem.often.weight.detach().clone())
        return problem.loss(step)

    fit(problem, loss, LoopConfig(steps=3, batch_size=4, learning_rate=0.05, warm_up_steps=0), tmp_path / "a.pt", print)
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    average = seen[0]
    for step, weight in enumerate([seen[1], seen[2], state["module"]["often.weight"]]):
        average = average.lerp(weight, 1.0 - (1 + step) / (10 + step))
    assert torch.allclose(problem.often.weight, average, atol=1e-7)
    assert not torch.allclose(average, state["module"]["often.weight"], atol=1e-3)
    assert int(problem.count) == int(state["average"]["count"]) == 3


def test_the_state_of_another_run_is_refused(tmp_path: Path) -> None:
    trained(tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="another run"):
        fit(nn.Linear(3, 1), lambda step: (torch.zeros(()), {}), LoopConfig(steps=99), tmp_path / "state.pt",
            lambda line: None)


def test_a_batch_that_cannot_be_shared_equally_is_refused() -> None:
    share = Share(1, 3, torch.device("cpu"))
    with pytest.raises(ConfigError, match="a multiple of 3 processes"):
        share.check_batch(32)
    assert list(range(7))[share.part] == [1, 4]


def launched(folder: Path) -> list[dict[str, object]]:
    """What each of two processes of this file told. They see no accelerator, whatever the machine has."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", __file__]
    done = subprocess.run([*command, str(folder)], env=environment, timeout=300, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"told-{rank}.json").read_text()) for rank in range(2)]


def test_two_processes_learn_what_one_does_and_one_writes(tmp_path: Path) -> None:
    losses, weights, lines = trained(tmp_path / "one.pt")
    main, other = launched(tmp_path)
    for told in (main, other):
        assert told["processes"] == 2
        assert told["losses"] == pytest.approx(losses, abs=1e-6)
        assert told["weights"] == pytest.approx(weights, abs=1e-6)
        assert told["resumed_losses"] == pytest.approx(losses[8:], abs=1e-6)
        assert told["resumed_weights"] == pytest.approx(weights, abs=1e-6)
        assert "different states" in str(told["refused"])
    # One process goes on where two stopped.
    assert trained(tmp_path / "cut.copy")[1] == pytest.approx(weights, abs=1e-6)

    def figures(said: object) -> list[str]:
        return [line.split("samples/s")[1] for line in said] if isinstance(said, list) else []

    assert len(lines) == 3 and figures(main["lines"]) == figures(lines)
    assert other["lines"] == []
    assert (tmp_path / "whole-0.pt").exists() and not (tmp_path / "whole-1.pt").exists()


def one_of_two(folder: Path) -> None:
    """Train; train, stop and resume; resume where the processes see different folders. Weights begin differently."""
    share = Share.here()
    losses, weights, lines = trained(folder / f"whole-{share.rank}.pt", seed=share.rank)
    state = cut(folder / "cut.pt")
    share.wait()
    if share.main:
        (folder / "cut.copy").write_bytes(state.read_bytes())
    resumed_losses, resumed_weights, _ = trained(state)
    with pytest.raises(CheckpointError) as refused:
        trained(folder / f"whole-{share.rank}.pt")
    told = {"processes": share.processes, "losses": losses, "weights": weights, "lines": lines,
            "resumed_losses": resumed_losses, "resumed_weights": resumed_weights, "refused": str(refused.value)}
    (folder / f"told-{share.rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    one_of_two(Path(sys.argv[1]))
    Share.here().leave()
    raise SystemExit("nobody left")
