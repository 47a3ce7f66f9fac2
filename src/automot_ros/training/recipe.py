"""How `models/nano` is made: from nothing to shipped weights, one function, resumable at any point.

Every step leaves its result in the work folder and is skipped when it is there. Training seeds are below 1 000 000.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automot_ros.base.results import run_header, write_bytes, write_json
from automot_ros.model.action import ActionExpert
from automot_ros.model.refiner import ActionRefiner
from automot_ros.model.understanding import Understanding
from automot_ros.model.variants import variant
from automot_ros.policy.checkpoint import model_hash, save_part
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.training.action_stage import Contexts, NoContexts, action_errors, train_action, write_contexts
from automot_ros.training.demonstrations import collect
from automot_ros.training.loop import LoopConfig
from automot_ros.training.refiner_stage import refiner_errors, train_refiner
from automot_ros.training.samples import Samples, read_samples
from automot_ros.training.settings import NanoRecipe
from automot_ros.training.understanding_stage import report_accuracy, train_understanding

Progress = Callable[[str], None]
CORRECTION_SEEDS = 20_000


def held_out(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(training, held-out) samples: every tenth episode is never trained on, of fewer the last."""
    out = samples.episode % 10 == min(9, int(samples.episode.max()))
    return np.flatnonzero(~out), np.flatnonzero(out)


class NanoMaker:
    """The steps, in order. `work` holds demonstrations, contexts and training states; `out` the shipped model."""

    def __init__(self, recipe: NanoRecipe, work: Path, out: Path, progress: Progress) -> None:
        self.recipe, self.work, self.out, self._print = recipe, work, out, progress
        torch.manual_seed(0)
        nano = variant("nano")
        self.understanding, self.action, self.refiner = Understanding(nano), ActionExpert(nano), ActionRefiner(nano)

    def make(self) -> None:
        """All of it."""
        r = self.recipe
        began = time.monotonic()
        first = self.work / "demonstrations"
        collect(range(r.first_seed, r.first_seed + r.demonstrations), "expert", first, r.workers, self._print)
        self.learn_understanding([first])
        folders = [first]
        self.warm_up_action(folders)
        self.learn_action(folders, "action", r.action_steps, 5e-4)
        for n in range(1, r.rounds + 1):
            self.save("understanding", "action", "refiner")
            folder = self.work / f"corrections-{n}"
            seed = r.first_seed + CORRECTION_SEEDS * n
            collect(range(seed, seed + r.corrections), str(self.out), folder, r.workers, self._print)
            folders.append(folder)
            self.learn_action(folders, f"action-{n}", r.correction_steps, 3e-4)
        self.learn_refiner(folders)
        self.save("understanding", "action", "refiner")
        self._note("wall_time_s", round(time.monotonic() - began))
        self._print(f"wrote {self.out}, hash {model_hash(self.out)}")

    def learn_understanding(self, folders: list[Path]) -> None:
        """Stage 1. What it says on held-out episodes is noted when the contexts are made."""
        r = self.recipe
        samples = read_samples(folders, ("band",), r.understanding_demonstrations)
        train, _ = held_out(samples)
        loop = LoopConfig(steps=r.understanding_steps, batch_size=r.understanding_batch, learning_rate=8e-4)
        train_understanding(self.understanding, samples, train, loop, self.work / "understanding.pt", self._print)
        self.understanding.requires_grad_(False)
        self.action.attach_language_head(self.understanding.language_head_WD)

    def warm_up_action(self, folders: list[Path]) -> None:
        """Before stage 2: the action expert learns to see and to steer, without a context."""
        samples, contexts = read_samples(folders, ("image", "bev")), NoContexts(self.action.size)
        train, test = held_out(samples)
        train_action(self.action, samples, contexts, train, self._loop(self.recipe.warm_up_steps, 6e-4),
                     self.work / "warm-up.pt", self._print)
        self._note("warm_up", {"samples": len(train), **action_errors(self.action, samples, contexts, test)})

    def learn_action(self, folders: list[Path], name: str, steps: int, rate: float) -> None:
        """Stage 2 on these folders, from the weights in hand."""
        samples, contexts = self._with_contexts(folders)
        train, test = held_out(samples)
        train_action(self.action, samples, contexts, train, self._loop(steps, rate), self.work / f"{name}.pt",
                     self._print)
        self._note(name, {"samples": len(train), **action_errors(self.action, samples, contexts, test)})

    def learn_refiner(self, folders: list[Path]) -> None:
        """Stage 3: polish the drafts of the action expert in hand."""
        samples, contexts = self._with_contexts(folders)
        train, test = held_out(samples)
        train_refiner(self.refiner, self.action, samples, contexts, train, self._loop(self.recipe.refiner_steps, 6e-4),
                      self.work / "refiner.pt", self._print)
        self._note("refiner", refiner_errors(self.refiner, self.action, samples, contexts, test))

    def save(self, *parts: str) -> None:
        """Write the shipped folder."""
        modules = {"understanding": self.understanding, "action": self.action, "refiner": self.refiner}
        self.out.mkdir(parents=True, exist_ok=True)
        write_bytes(self.out / "vocabulary.json", Vocabulary.nano().to_json().encode())
        for part in parts:
            save_part(self.out, part, modules[part])

    def _with_contexts(self, folders: list[Path]) -> tuple[Samples, Contexts]:
        """Samples that have contexts: of each folder the first episodes, since a context costs time."""
        most = self.recipe.context_demonstrations
        for folder in folders:
            if not (folder / "contexts" / "next_position.npy").exists():
                write_contexts(self.understanding, read_samples([folder], ("band",), most), folder / "contexts",
                               self._print)
        samples = read_samples(folders, ("image", "bev"), most)
        said = np.concatenate([np.load(folder / "contexts" / "said.npy") for folder in folders])
        test = held_out(samples)[1]
        self._note("understanding", {"held_out_samples": len(test), **report_accuracy(said, samples, test)})
        return samples, Contexts([f / "contexts" for f in folders])

    def _loop(self, steps: int, rate: float) -> LoopConfig:
        return LoopConfig(steps=steps, batch_size=self.recipe.batch_size, learning_rate=rate)

    def _notes(self) -> dict[str, Any]:
        path = self.work / "result.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _note(self, name: str, value: object) -> None:
        self._print(f"{name}: {value}")
        write_json(self.work / "result.json", {**run_header(seeds=f"{self.recipe.first_seed}+"), **self._notes(),
                                               name: value})
