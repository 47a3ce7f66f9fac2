"""How `models/nano` is made: from nothing to shipped weights, one function, resumable at any point.

Every step leaves its result in the work folder and is skipped when it is there. Training seeds are below 1 000 000.

    demonstrations/  bags        samples/demonstrations/  what is learned from them
    corrections-N/   bags        samples/corrections-N/   the same of round N
    features/        what the vision tower makes of the frames of each of these folders
    contexts/        what the frozen understanding expert made of each of these folders
    *.pt             state of each stage          model-N/  the policy that drove round N

Two lines of work need nothing of each other and may be done side by side: the understanding expert learns to see, then
to speak; the action expert learns to drive with its own eyes and is corrected. Then it learns to read the other's mind.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError
from automot_ros.base.results import run_header, write_bytes, write_json
from automot_ros.evaluation.pool import Runner
from automot_ros.model.action import ActionExpert
from automot_ros.model.refiner import ActionRefiner
from automot_ros.model.understanding import Understanding
from automot_ros.model.variants import variant
from automot_ros.policy.checkpoint import model_hash, save_part
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.simulation.scenarios import SIX
from automot_ros.simulation.suites import suites_of
from automot_ros.training import critical
from automot_ros.training.action_stage import action_errors, train_action
from automot_ros.training.contexts import Contexts, ContextSource, NoContexts, write_contexts
from automot_ros.training.demonstrations import collect
from automot_ros.training.features import Features, write_features
from automot_ros.training.loop import LoopConfig
from automot_ros.training.prepare import prepare
from automot_ros.training.refiner_stage import refiner_errors, train_refiner
from automot_ros.training.samples import Samples, read_samples
from automot_ros.training.settings import STAGES, NanoRecipe
from automot_ros.training.share import Share
from automot_ros.training.sight import SceneProbe, sight_figures, train_sight
from automot_ros.training.understanding_stage import examine, texts_of, train_understanding

Progress = Callable[[str], None]
HELD_OUT = 12
CORRECTION_SEEDS = 20_000
_SEEDS_A_PASS, _SECOND_SEED, _MORE_PLAIN = 64, 32 * 64, 3
_WITHOUT_UNDERSTANDING = ("warm-up", "corrections")


def held_out(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(training, held-out) samples: one drive of twelve, by its name alone, is never trained on.

    MessageError when nothing is left to train on.
    """
    out = np.array([zlib.crc32(name.encode()) % HELD_OUT == 0 for name in samples.names])
    if not out.any():
        out[-1] = True
    if out.all():
        raise MessageError("every drive is held out", got=f"{len(out)} drives", wanted="more of them")
    return np.flatnonzero(~out[samples.episode]), np.flatnonzero(out[samples.episode])


def drives(passes: int, first_seed: int) -> list[tuple[str, int]]:
    """(suite, seed) of what is driven, classes in turn: the six scenarios twice a pass, plain roads four times.

    No seed is used twice in 32 passes, so that each drive has a weather of its own.
    """
    jobs = []
    for k in range(passes):
        for i, suite in enumerate(suites_of("all,plain")):
            times = 1 + _MORE_PLAIN if suite == "plain" else 2 if suite in SIX else 1
            jobs += [(suite, first_seed + _SEEDS_A_PASS * k + i + n * _SECOND_SEED) for n in range(times)]
    return jobs


class NanoMaker:
    """The steps, in order. `work` holds all between; `out` gets the shipped model."""

    def __init__(self, recipe: NanoRecipe, work: Path, out: Path, runner: Runner, progress: Progress) -> None:
        self.recipe, self.work, self.out, self._runner, self._print = recipe, work, out, runner, progress
        self._share = Share.here()
        torch.manual_seed(recipe.seed)
        nano = variant("nano")
        self.understanding, self.action, self.refiner = Understanding(nano), ActionExpert(nano), ActionRefiner(nano)
        self.probe = SceneProbe(nano.understanding.hidden)

    def make(self, last: str = STAGES[-1]) -> None:
        """Everything that a stage needs, and the stage; after the last one the model is written to `out`."""
        began = time.monotonic()
        until, alone = STAGES.index(last), last in _WITHOUT_UNDERSTANDING
        folders = [self.collect("demonstrations", "expert", self.recipe.passes, self.recipe.first_seed)]
        if until >= STAGES.index("sight") and not alone:
            self.learn_sight(folders)
        if until >= STAGES.index("understanding") and not alone:
            self.learn_understanding(folders)
        if until >= STAGES.index("warm-up"):
            self.learn_to_drive(folders, "warm-up", self.recipe.warm_up_steps, 6e-4)
        if until >= STAGES.index("corrections"):
            for number in range(1, self.recipe.rounds + 1):
                folders.append(self.correct(folders, number))
        if until >= STAGES.index("action"):
            self.learn_action(folders)
        if until >= STAGES.index("refiner"):
            self.learn_refiner(folders)
            self.save(self.out)
            self._print(f"model hash {model_hash(self.out)}")
        self._note("wall_time_s", lambda: round(time.monotonic() - began))

    def collect(self, name: str, driver: str, passes: int, first_seed: int) -> str:
        """Drive and prepare; `name` is the folder of bags and of samples. A model drives by its own eyes."""
        if self._share.main:
            collect(drives(passes, first_seed), driver, self.work / name, self._runner, self._print,
                    () if driver == "expert" else ("context",))
            prepare(self.work / name, self.work / "samples" / name, self._runner, self._print)
        self._share.wait()
        return name

    def learn_sight(self, folders: list[str]) -> None:
        """Before stage 1: the vision tower learns what is where."""
        samples = self._samples(folders)
        train, test = held_out(samples)
        train_sight(self.understanding, self.probe, samples, train, self._loop(self.recipe.sight_steps, 1e-3),
                    self.recipe.seed, self.work / "sight.pt", self._print)
        self._note("sight", lambda: sight_figures(self.understanding, self.probe, samples, test))

    def learn_understanding(self, folders: list[str]) -> None:
        """Stage 1 and its examination; the expert is frozen afterwards."""
        samples = self._samples(folders)
        train, test = held_out(samples)
        train_understanding(self.understanding, samples, self._features(samples), train,
                            self._loop(self.recipe.understanding_steps, 8e-4), self.recipe.seed,
                            self.work / "understanding.pt", self._print)
        self.understanding.requires_grad_(False)
        if "understanding" not in self._notes():
            self._note("understanding", lambda: examine(self.understanding, samples, train, test))

    def learn_to_drive(self, folders: list[str], name: str, steps: int, rate: float) -> None:
        """Before stage 2: the action expert learns to see and to drive, without a context and without words."""
        samples = self._samples(folders)
        self._print(critical.table(samples.labels))
        self._learn_action(samples, NoContexts(self.action.size), name, steps, rate)

    def correct(self, folders: list[str], number: int) -> str:
        """One round: the policy in hand drives, the expert says what it should have done, and that is learned too."""
        driver = self.work / f"model-{number}"
        if not driver.exists():
            half = driver.with_name(f".{driver.name}.part")
            self.save(half)
            if self._share.main:
                half.rename(driver)
            self._share.wait()
        seed = self.recipe.first_seed + CORRECTION_SEEDS * number
        folder = self.collect(f"corrections-{number}", str(driver), self.recipe.corrections, seed)
        self.learn_to_drive([*folders, folder], f"corrections-{number}", self.recipe.correction_steps, 5e-4)
        return folder

    def learn_action(self, folders: list[str]) -> None:
        """Stage 2, from the weights in hand: drive with the contexts of the frozen understanding expert."""
        self.action.attach_language_head(self.understanding.language_head_WD)
        samples, contexts = self._with_contexts(folders)
        self._learn_action(samples, contexts, "action", self.recipe.action_steps, 5e-4)

    def _learn_action(self, samples: Samples, contexts: ContextSource, name: str, steps: int, rate: float) -> None:
        train, test = held_out(samples)
        train_action(self.action, samples, contexts, train, self._loop(steps, rate), self.recipe.seed,
                     self.work / f"{name}.pt", self._print)
        self._note(name, lambda: {"samples": len(train), **action_errors(self.action, samples, contexts, test)})

    def learn_refiner(self, folders: list[str]) -> None:
        """Stage 3: polish the drafts of the action expert in hand."""
        samples, contexts = self._with_contexts(folders)
        train, test = held_out(samples)
        train_refiner(self.refiner, self.action, samples, contexts, train, self._loop(self.recipe.refiner_steps, 6e-4),
                      self.recipe.seed, self.work / "refiner.pt", self._print)
        self._note("refiner", lambda: refiner_errors(self.refiner, self.action, samples, contexts, test))

    def save(self, out: Path) -> None:
        """Write a model folder."""
        if self._share.main:
            out.mkdir(parents=True, exist_ok=True)
            write_bytes(out / "vocabulary.json", Vocabulary.nano().to_json().encode())
            for part in ("understanding", "action", "refiner"):
                save_part(out, part, getattr(self, part))
        self._share.wait()

    def _samples(self, folders: list[str]) -> Samples:
        return read_samples([self.work / "samples" / name for name in folders])

    def _with_contexts(self, folders: list[str]) -> tuple[Samples, Contexts]:
        samples = self._samples(folders)
        features = self._features(samples)
        if self._share.main:
            write_contexts(self.understanding, samples, features, texts_of(samples, Vocabulary.nano()),
                           self.work / "contexts", self._print)
        self._share.wait()
        return samples, Contexts(samples, self.work / "contexts")

    def _features(self, samples: Samples) -> Features:
        if self._share.main:
            write_features(self.understanding, samples, self.work / "features", self._print)
        self._share.wait()
        return Features(samples, self.work / "features")

    def _loop(self, steps: int, rate: float) -> LoopConfig:
        return LoopConfig(steps=steps, batch_size=self.recipe.batch_size, learning_rate=rate)

    def _notes(self) -> dict[str, Any]:
        path = self.work / "result.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _note(self, name: str, measure: Callable[[], object]) -> None:
        """Measure in one process, print it, and add it to result.json."""
        if self._share.main:
            value = measure()
            self._print(f"{name}: {json.dumps(value, indent=1)}")
            write_json(self.work / "result.json", {**run_header(seeds=f"{self.recipe.first_seed}+"), **self._notes(),
                                                   name: value})
        self._share.wait()
