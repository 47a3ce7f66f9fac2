"""Stage 1: the understanding expert learns to say what is ahead and what to do about it, from four frames.

Labels are the expert's reports. Afterwards it is frozen, and says its own report for every sample once: the action
expert must learn on what it will really be told, errors included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automot_ros.base.seeds import stream
from automot_ros.model.understanding import SceneProbe, Understanding
from automot_ros.policy.preprocess import TOKENS_PER_FRAME
from automot_ros.policy.vocabulary import (
    AHEAD_WORDS,
    LIGHT_WORDS,
    Report,
    Vocabulary,
)
from automot_ros.training.augment import jitter
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import FRAMES, Samples

# The probe knows "nothing" and the first words of each list that are something: one head of three each.
_LIGHTS = {word: (0 if word == "none" else LIGHT_WORDS.index(word)) for word in LIGHT_WORDS}
_AHEAD = {word: AHEAD_WORDS.index(word) for word in AHEAD_WORDS}


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of every sample: prompts (N, P), the expert's reports (N, R), probe classes (N, 2)."""

    prompts: NDArray[np.int64]
    reports: NDArray[np.int64]
    classes: NDArray[np.int64]


def texts_of(samples: Samples, vocabulary: Vocabulary) -> Texts:
    """Tokenise what the samples hold as words."""
    prompts = [vocabulary.prompt(str(words), float(v), FRAMES, TOKENS_PER_FRAME)
               for words, v in zip(samples.route_words, samples.speed, strict=True)]
    parsed = [Report.parse(str(text)) for text in samples.report]
    reports, classes = [], []
    for text, report in zip(samples.report, parsed, strict=True):
        if report is None:
            raise ValueError(f"the expert's report is not in the grammar: {text!r}")
        reports.append(vocabulary.report(report))
        classes.append((_LIGHTS[report.light], _AHEAD[report.ahead]))
    return Texts(np.array(prompts), np.array(reports), np.array(classes))


def frames_of(samples: Samples, indices: NDArray[np.int64]) -> Tensor:
    """(B, 4, 96, 512, 3) uint8 histories of samples."""
    rows = np.array([samples.history(int(i)) for i in indices])
    return torch.from_numpy(samples.band[rows])


class _Trained(nn.Module):
    """The understanding expert with the probe that teaches it."""

    def __init__(self, understanding: Understanding) -> None:
        super().__init__()
        self.understanding = understanding
        self.probe = SceneProbe(understanding.size.hidden)


def train_understanding(understanding: Understanding, samples: Samples, train: NDArray[np.int64], config: LoopConfig,
                        state_file: Path, progress: Callable[[str], None]) -> None:
    """Train in place on the samples `train`; resumable through `state_file`."""
    texts = texts_of(samples, Vocabulary.nano())
    weights = samples.weights()[train]
    # A light or a body ahead is worth more looks than an empty road.
    weights = weights * np.where(texts.classes[train].any(axis=1), 1.5, 1.0)
    weights = weights / weights.sum()
    trained = _Trained(understanding)

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng = stream(step, "understanding")
        batch = train[rng.choice(len(train), config.batch_size, p=weights)]
        frames = jitter(frames_of(samples, batch), rng)
        loss = understanding.loss(frames, torch.from_numpy(texts.prompts[batch]),
                                  torch.from_numpy(texts.reports[batch]), trained.probe,
                                  torch.from_numpy(texts.classes[batch]))
        return loss.total, {"words": float(loss.words.detach()), "probe": float(loss.probe.detach()),
                            "accuracy": float(loss.word_accuracy)}

    trained.train()
    fit(trained, step_loss, config, state_file, progress)
    trained.eval()


def report_accuracy(said: NDArray[np.int64], samples: Samples, rows: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    """Accuracy of said reports (N, R) on some samples, per question, beside the most frequent answer."""
    vocabulary = Vocabulary.nano()
    truth = [Report.parse(str(samples.report[i])) for i in rows]
    guess = [Report.parse(vocabulary.decode([int(t) for t in said[i]])) for i in rows]
    figures: dict[str, dict[str, float]] = {}
    for name in ("light", "ahead", "lateral", "longitudinal", "reason"):
        wanted = [getattr(t, name) for t in truth]
        got = [getattr(g, name) if g is not None else "" for g in guess]
        _, counts = np.unique(wanted, return_counts=True)
        figures[name] = {"accuracy": float(np.mean([a == b for a, b in zip(wanted, got, strict=True)])),
                         "most_frequent": float(counts.max() / len(wanted)), "n": float(len(wanted))}
        if name in ("light", "ahead"):
            some = [(a, b) for a, b in zip(wanted, got, strict=True) if a not in ("none", "free")]
            if some:
                figures[f"{name}_when_present"] = {"accuracy": float(np.mean([a == b for a, b in some])),
                                                   "most_frequent": 0.0, "n": float(len(some))}
    return figures
