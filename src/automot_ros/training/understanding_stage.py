"""Stage 1: the understanding expert learns to answer questions about the scene from four frames; then it is frozen.

Labels are the expert's reports. Each question of a report is examined on drives that were not trained on, beside two
baselines: the most frequent answer of the training drives, and the same model with black images (which still reads the
route in words and the speed, and its own earlier answers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automot_ros.base.errors import MessageError
from automot_ros.base.seeds import stream
from automot_ros.model.understanding import Form, SceneProbe, Understanding
from automot_ros.policy.preprocess import FRAME_TOKENS
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.report import AHEAD_WORDS, LIGHT_WORDS, QUESTIONS, Report
from automot_ros.training import critical
from automot_ros.training.augment import Augment
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import Samples
from automot_ros.training.share import Share

Frames = list[Tensor]
"""The older frames (B, 3, 64, 256, 3) and the newest (B, 1, 96, 512, 3), uint8."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of every sample: prompts (N, P), the expert's reports (N, R), probe classes (N, 2); and the form of a
    report. Samples without a report have an empty one (pad ids) and are not `told`.
    """

    prompts: NDArray[np.int64]
    reports: NDArray[np.int64]
    classes: NDArray[np.int64]
    told: NDArray[np.bool_]
    form: Form


def texts_of(samples: Samples, vocabulary: Vocabulary) -> Texts:
    """Tokenise what the samples hold as words."""
    labels, form = samples.labels, vocabulary.report_slots()
    prompts = [vocabulary.prompt(str(words), float(v), FRAME_TOKENS)
               for words, v in zip(labels.route_words, labels.speed, strict=True)]
    reports, classes = np.zeros((len(samples), len(form)), np.int64), np.zeros((len(samples), 2), np.int64)
    for i, text in enumerate(labels.report):
        if not text:
            continue
        report = Report.parse(str(text))
        if report is None:
            raise MessageError("the expert's report has another form", where=samples.names[samples.episode[i]],
                               got=str(text), wanted="drives collected with this version")
        reports[i] = vocabulary.report(report)
        classes[i] = LIGHT_WORDS.index(report.light), AHEAD_WORDS.index(report.ahead)
    return Texts(np.array(prompts), reports, classes, labels.report != "", form)


def frames_of(samples: Samples, rows: NDArray[np.int64]) -> Frames:
    """The histories of samples."""
    older = np.array([samples.history(int(i))[:-1] for i in rows])
    past = samples.pictures["past"][older.ravel()]
    return [torch.from_numpy(past.reshape(*older.shape, *past.shape[1:])),
            torch.from_numpy(samples.pictures["band"][rows])[:, None]]


class _Trained(nn.Module):
    """The understanding expert with the probe that teaches it."""

    def __init__(self, understanding: Understanding) -> None:
        super().__init__()
        self.understanding = understanding
        self.probe = SceneProbe(understanding.size.hidden)


def train_understanding(understanding: Understanding, samples: Samples, train: NDArray[np.int64], config: LoopConfig,
                        seed: int, state_file: Path, progress: Callable[[str], None]) -> None:
    """Train in place on the samples `train`, drawn by `seed`; resumable through `state_file`."""
    texts = texts_of(samples, Vocabulary.nano())
    train = train[texts.told[train]]
    if not len(train):
        raise MessageError("nobody says anything in these samples", wanted="drives of `automot collect` among them")
    # A light or a body ahead is worth more looks than an empty road.
    weights = critical.weights(samples.labels)[train] * np.where(texts.classes[train].any(axis=1), 1.5, 1.0)
    weights = weights / weights.sum()
    trained = _Trained(understanding)

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng, part = stream(seed, "understanding", step), Share.here().part
        rows = train[rng.choice(len(train), config.batch_size, p=weights)][part]
        augment = Augment.draw(config.batch_size, rng).part(part)
        loss = understanding.loss([augment.recolour(group) for group in frames_of(samples, rows)],
                                  torch.from_numpy(texts.prompts[rows]), torch.from_numpy(texts.reports[rows]),
                                  texts.form, trained.probe, torch.from_numpy(texts.classes[rows]))
        return loss.total, {"words": float(loss.words.detach()), "probe": float(loss.probe.detach()),
                            "accuracy": float(loss.word_accuracy)}

    trained.train()
    fit(trained, step_loss, config, state_file, progress)
    trained.eval()


@torch.inference_mode()
def examine(understanding: Understanding, samples: Samples, train: NDArray[np.int64], test: NDArray[np.int64],
            batch: int = 64) -> dict[str, dict[str, float | None]]:
    """Accuracy of each question on the samples `test`, said freely, beside the two baselines; and over all.

    Nothing where no report is held out.
    """
    texts = texts_of(samples, Vocabulary.nano())
    train, test = train[texts.told[train]], test[texts.told[test]]
    if not len(test):
        return {}
    said: dict[str, list[NDArray[np.int64]]] = {"model": [], "black": []}
    for i in range(0, len(test), batch):
        rows = test[i : i + batch]
        frames, prompts = frames_of(samples, rows), torch.from_numpy(texts.prompts[rows])
        for name, shown in (("model", frames), ("black", [torch.zeros_like(group) for group in frames])):
            said[name].append(understanding.say(shown, prompts, texts.form)[0].numpy())
    answers = {name: np.concatenate(parts) for name, parts in said.items()}
    truth = texts.reports[test]
    figures: dict[str, dict[str, float | None]] = {}
    for question in QUESTIONS:
        words, counts = np.unique(texts.reports[train, question.at], return_counts=True)
        usual = words[counts.argmax()]
        figures[question.name] = {
            "accuracy": _mean(answers["model"][:, question.at] == truth[:, question.at]),
            "most_frequent": _mean(truth[:, question.at] == usual),
            "black_images": _mean(answers["black"][:, question.at] == truth[:, question.at]),
            "accuracy_unusual": _mean((answers["model"] == truth)[truth[:, question.at] != usual, question.at]),
            "black_unusual": _mean((answers["black"] == truth)[truth[:, question.at] != usual, question.at])}
    figures["all"] = {name: _mean(np.array([row[name] for row in figures.values() if row[name] is not None]))
                      for name in next(iter(figures.values()))}
    return figures


def _mean(values: NDArray[np.floating] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
